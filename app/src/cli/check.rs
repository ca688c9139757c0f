//! `mainstay check`: one probe now, every phase shown; needs no server and no catalog.

use clap::Args;
use mainstay_kernel::World;
use mainstay_watch::{CheckDraft, Defaults, Probe, ProbeBody, ProberConfig, probe_once};

use super::{NO, OK, Output};

/// Flags of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// `http://...`, `https://...` or `host:port`
    target: String,
    /// Milliseconds the whole probe may take
    #[arg(long, default_value_t = 5_000, value_name = "MS")]
    timeout_ms: u32,
    /// Accept any certificate
    #[arg(long)]
    insecure: bool,
    #[command(flatten)]
    output: Output,
}

/// Probes once.
pub async fn run(args: CheckArgs) -> anyhow::Result<u8> {
    let draft = CheckDraft {
        interval_ms: Some(60_000),
        timeout_ms: Some(args.timeout_ms),
        insecure: Some(args.insecure),
        ..CheckDraft::of(args.target.clone())
    };
    let spec = draft.build(&Defaults::default(), None).map_err(|errors| {
        let lines: Vec<String> = errors
            .iter()
            .map(|error| format!("{}: {}", error.field, error.message))
            .collect();
        anyhow::anyhow!("{}", lines.join("; "))
    })?;
    let probe = probe_once(&World::system(), &ProberConfig::default(), &spec).await?;
    args.output
        .print(&ProbeBody::from(&probe), |_| describe(&args.target, &probe))?;
    Ok(if probe.ok() { OK } else { NO })
}

fn describe(target: &str, probe: &Probe) -> String {
    let verdict = match &probe.failure {
        None => format!("{target} is up"),
        Some(failure) => format!("{target} failed: {}", failure.message),
    };
    let mut lines = vec![verdict];
    let phases = [
        ("resolve", probe.phases.resolve_us),
        ("connect", probe.phases.connect_us),
        ("tls", probe.phases.tls_us),
        ("first byte", probe.phases.first_byte_us),
        ("body", probe.phases.body_us),
    ];
    for (name, took) in phases {
        if let Some(took) = took {
            lines.push(format!("  {name:<11}{:>9.2} ms", f64::from(took) / 1_000.0));
        }
    }
    let total = u32::try_from(probe.duration_us).unwrap_or(u32::MAX);
    lines.push(format!("  {:<11}{:>9.2} ms", "total", f64::from(total) / 1_000.0));
    if let Some(status) = probe.status {
        lines.push(format!("  status     {status}"));
    }
    if let Some(address) = probe.address {
        lines.push(format!("  address    {address}"));
    }
    if let Some(days) = probe.tls_days_left {
        lines.push(format!("  certificate valid for {days} more days"));
    }
    lines.join("\n")
}
