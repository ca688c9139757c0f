//! `mainstay up`: build everything, serve until told to stop, then let go in order.

use std::time::Duration;

use anyhow::bail;
use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_telemetry::Logs;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    OK, ServerArgs, auth,
    data_folder::DataFolder,
    listen::bind,
    reload::{Reload, say_doubt},
};
use crate::{
    config::{Config, Finding, Loaded, Severity},
    wiring,
};

/// How long background tasks may take to finish after a shutdown has begun.
const PATIENCE: Duration = Duration::from_secs(15);

/// How a server is started.
#[derive(Debug, clap::Args)]
pub struct UpArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Stop also when standard input closes, so that the server never outlives the program that started it
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

/// Serves until SIGTERM or SIGINT.
pub fn run(args: &UpArgs) -> anyhow::Result<u8> {
    let loaded = args.server.load()?;
    // The trace exporter builds its own client, which takes the process's default. Only a second call would fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8)))
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let doubts = refuse_wrong(loaded.findings())?;
        // Inside the runtime, because a trace exporter needs one.
        let guard = mainstay_telemetry::init(&loaded.config.telemetry()?)?;
        doubts.iter().for_each(say_doubt);
        let result = serve(args, loaded, guard.logs()).await;
        drop(guard);
        result
    })
}

/// Ends the start with everything that is wrong; answers the rest, for the log. What is left out because a file is missing
/// is said by the task that needs the file, for as long as it is missing.
fn refuse_wrong(findings: Vec<Finding>) -> anyhow::Result<Vec<Finding>> {
    let (refused, rest): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.severity == Severity::Refused);
    if let [one] = refused.as_slice() {
        bail!("{one}");
    }
    if !refused.is_empty() {
        let lines: Vec<_> = refused.iter().map(|finding| format!("\n  {finding}")).collect();
        bail!("the configuration is wrong:{}", lines.concat());
    }
    Ok(rest)
}

async fn serve(args: &UpArgs, loaded: Loaded, logs: Logs) -> anyhow::Result<u8> {
    // From here on a SIGHUP ends nothing; one that comes during the start is obeyed after it.
    let hangup = signal(SignalKind::hangup())?;
    // The address first: when it is taken, nothing must have been made.
    let listener = bind(loaded.config.listen).await?;
    let address = listener.local_addr()?;
    let config = Config {
        listen: address,
        ..loaded.config.clone()
    };
    let folder = DataFolder::make(&config.data_dir)?;
    let world = World::system();
    let tasks = Tasks::new(world.clone());
    let mainstay = match wiring::build(&config, world, tasks.clone()).await {
        Ok(mainstay) => mainstay,
        Err(error) => {
            folder.undo();
            return Err(error);
        }
    };
    if config.auth.required {
        auth::first_link(mainstay.auth(), &config.reached_at()).await?;
    }
    let mainstay = mainstay.start().await?;
    if loaded.file.is_none() {
        folder.write_first_configuration();
    }
    let reload = Reload {
        args: args.server.clone(),
        started: loaded,
        running: config,
        logs,
        reconfigure: mainstay.reconfigure.clone(),
    };
    reload.start(hangup, &tasks);
    stop_on_signals(&tasks)?;
    if args.until_stdin_closes {
        stop_when_stdin_closes(&tasks)?;
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        address = %address,
        database = mainstay.database.dialect().name(),
        "Mainstay is running at http://{address}"
    );

    // Readiness goes, nobody new is let in, and answers under way are given; the tasks that they need go on until then.
    let served = mainstay_http::serve(listener, mainstay.router.clone(), tasks.clone()).await;
    // Then tasks finish what they have begun and flush it, and after them those whom they need for that.
    let stubborn = tasks.stop_and_wait(PATIENCE).await;
    if !stubborn.is_empty() {
        tracing::warn!(
            tasks = stubborn.join(", "),
            "some background tasks did not finish in time"
        );
    }
    mainstay.database.close().await;
    served?;
    tracing::info!("Mainstay has stopped");
    Ok(OK)
}

/// Reading blocks, so a thread of its own does it; it ends with the process.
fn stop_when_stdin_closes(tasks: &Tasks) -> anyhow::Result<()> {
    let stopper = tasks.clone();
    let wait = move || {
        // Nobody writes anything; the end of the stream or its failure both mean that the other side is gone.
        let _ended = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        tracing::info!("standard input closed; stopping");
        stopper.drain();
    };
    std::thread::Builder::new()
        .name("standard-input".to_owned())
        .spawn(wait)?;
    Ok(())
}

/// The first signal begins an orderly shutdown, the second ends the process at once.
fn stop_on_signals(tasks: &Tasks) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stopper = tasks.clone();
    tasks.untracked(async move {
        for last in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if last {
                tracing::warn!("second signal: stopping at once");
                std::process::exit(130);
            }
            tracing::info!("stopping; a second signal stops at once");
            stopper.drain();
        }
    });
    Ok(())
}
