//! `mainstay import`: what a fleet's own files say, and where they contradict each other.
//!
//! With `--dry-run` nothing but the files is needed; without it the running Mainstay takes the result over.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use mainstay_catalog::import::{ImportOptions, InputFile, analyse, excerpt, read_paths};
use mainstay_kernel::Environment;
use serde_json::{Value, json};

use super::{NO, OK, Output, client::ServerUrl, output::table};

/// Flags of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Files and folders: registries, slos.json, compose files, Kubernetes manifests, Prometheus and Backstage files, ...
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only report; needs no server and changes nothing
    #[arg(long)]
    dry_run: bool,
    /// Exit with 1 when there is a finding of severity error
    #[arg(long)]
    strict: bool,
    /// A name in the files that means another service
    #[arg(long, value_name = "NAME=SERVICE", value_parser = parse_alias)]
    alias: Vec<(String, String)>,
    /// Where the services run
    #[arg(long, default_value = "production")]
    environment: Environment,
    #[command(flatten)]
    server: ServerUrl,
    #[command(flatten)]
    output: Output,
}

fn parse_alias(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, service)) if !name.is_empty() && !service.is_empty() => Ok((name.to_owned(), service.to_owned())),
        _ => Err("write NAME=SERVICE, for example payments=payments-api".to_owned()),
    }
}

/// Imports, or only reports.
pub async fn run(args: ImportArgs) -> anyhow::Result<u8> {
    let progress = spinner();
    progress.set_message("reading files");
    let files = read_paths(&args.paths)?;
    if files.is_empty() {
        bail!("there are no files to read under the given paths");
    }
    progress.set_message(format!("analysing {} files", files.len()));
    let report = if args.dry_run {
        offline(files, &args)
    } else {
        apply(files, &args).await?
    };
    progress.finish_and_clear();
    args.output.print(&report, render)?;
    let errors = report["summary"]["errors"].as_u64().unwrap_or_default();
    Ok(if args.strict && errors > 0 { NO } else { OK })
}

/// A sign of life on standard error; invisible unless it is a terminal.
fn spinner() -> ProgressBar {
    let progress = ProgressBar::new_spinner();
    progress.set_draw_target(ProgressDrawTarget::stderr());
    progress.enable_steady_tick(Duration::from_millis(120));
    progress
}

fn offline(files: Vec<InputFile>, args: &ImportArgs) -> Value {
    let contents: BTreeMap<String, Vec<u8>> = files
        .iter()
        .map(|file| (file.path.clone(), file.bytes.clone()))
        .collect();
    let analysis = analyse(
        files,
        &ImportOptions {
            aliases: args.alias.iter().cloned().collect(),
            environment: args.environment.clone(),
        },
    );
    let findings: Vec<Value> = analysis
        .findings
        .iter()
        .map(|finding| {
            let mut value = serde_json::to_value(finding).unwrap_or_default();
            let lines = contents
                .get(&finding.file)
                .map(|bytes| excerpt(bytes, finding.line, 1))
                .unwrap_or_default();
            value["excerpt"] = serde_json::to_value(lines).unwrap_or_default();
            value
        })
        .collect();
    let count = |severity: &str| {
        findings
            .iter()
            .filter(|finding| finding["severity"] == severity)
            .count()
    };
    json!({
        "dry_run": true,
        "files": analysis.files,
        "proposals": analysis.proposals,
        "summary": {
            "files": analysis.files.len(), "services": analysis.services.len(),
            "errors": count("error"), "warnings": count("warning"), "infos": count("info"),
        },
        "findings": findings,
    })
}

async fn apply(files: Vec<InputFile>, args: &ImportArgs) -> anyhow::Result<Value> {
    let files: Vec<Value> = files
        .into_iter()
        .map(|file| json!({ "path": file.path, "content": String::from_utf8_lossy(&file.bytes) }))
        .collect();
    let aliases: BTreeMap<_, _> = args.alias.iter().cloned().collect();
    let path = format!("/api/v1/imports?environment={}", args.environment);
    args.server
        .post(&path, &json!({ "files": files, "dry_run": false, "aliases": aliases }))
        .await
        .context("nothing was imported (--dry-run reports without a server)")
}

fn render(report: &Value) -> String {
    let mut text = String::new();
    for finding in report["findings"].as_array().into_iter().flatten() {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            text,
            "{}[{}] {}:{}\n  {}",
            string(&finding["severity"]),
            string(&finding["code"]),
            string(&finding["file"]),
            finding["line"],
            string(&finding["message"])
        );
        for line in finding["excerpt"].as_array().into_iter().flatten() {
            let mark = if line["line"] == finding["line"] { ">" } else { " " };
            let _ = writeln!(
                text,
                "  {mark} {:>4} | {}",
                line["line"].to_string(),
                string(&line["text"])
            );
        }
        text.push('\n');
    }
    for proposal in report["proposals"].as_array().into_iter().flatten() {
        let _ = writeln!(
            text,
            "is `{0}` the service `{1}`? {2} If so: --alias {0}={1}",
            string(&proposal["name"]),
            string(&proposal["matches"]),
            string(&proposal["because"])
        );
    }
    let files = report["files"].as_array().cloned().unwrap_or_default();
    let rows = files.iter().map(|file| {
        [
            string(&file["status"]),
            string(&file["kind"]),
            string(&file["path"]),
            string(&file["note"]),
        ]
    });
    let _ = writeln!(text, "{}\n", table(["STATUS", "KIND", "FILE", "NOTE"], rows));
    for change in report["changes"].as_array().into_iter().flatten() {
        let _ = writeln!(
            text,
            "{} {} {}",
            string(&change["change"]),
            string(&change["service"]),
            string(&change["field"])
        );
    }
    let summary = &report["summary"];
    let _ = write!(
        text,
        "{} files, {} services: {} errors, {} warnings, {} infos{}",
        summary["files"],
        summary["services"],
        summary["errors"],
        summary["warnings"],
        summary["infos"],
        if report["dry_run"] == true {
            " (dry run, nothing was changed)"
        } else {
            ""
        }
    );
    text
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
