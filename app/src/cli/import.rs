//! `mainstay import`: what a fleet's own files say, and where they contradict each other.
//!
//! With `--dry-run` nothing but the files is needed; without it the running Mainstay takes the result over.

mod places;
mod text;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use mainstay_catalog::{
    DeclarationValidator, Import,
    import::{ImportOptions, read_paths, unsendable},
    preview,
};
use mainstay_kernel::{Environment, World};
use mainstay_slo::{
    SloDeclarations,
    alert::{SilenceDeclarations, WebhookDeclarations},
};
use mainstay_watch::{CheckValidator, MaintenanceValidator};
use serde_json::{Value, json};

use self::places::Named;
use super::{NO, OK, Output, client::ServerUrl};

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
    /// What stands for the repository in the names of the files; they are otherwise named by their repository's remote, or
    /// by their absolute path
    #[arg(long, value_name = "NAME", value_parser = parse_source)]
    source: Option<String>,
    /// Where the services run
    #[arg(long, default_value = "production")]
    environment: Environment,
    /// Show every file, every change, and the lines around each finding
    #[arg(long, short)]
    verbose: bool,
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

fn parse_source(text: &str) -> Result<String, String> {
    if text.trim_matches('/').trim().is_empty() || text.chars().any(char::is_control) {
        return Err("write a name such as acme/shop".to_owned());
    }
    Ok(text.to_owned())
}

/// Imports, or only reports.
pub async fn run(args: ImportArgs) -> anyhow::Result<u8> {
    let progress = spinner();
    progress.set_message("reading files");
    let found = read_paths(&args.paths)?;
    if found.is_empty() {
        bail!("there are no files to read under the given paths");
    }
    progress.set_message(format!("analysing {} files", found.files.len()));
    let here = std::env::current_dir().context("the current folder cannot be read")?;
    let named = places::name(found, args.source.as_deref(), &here.to_string_lossy());
    let report = if args.dry_run {
        offline(&named, &args)
    } else {
        apply(&named, &args).await?
    };
    progress.finish_and_clear();
    args.output.print(&report, |report| {
        text::render(&named.places.localise(report), args.verbose)
    })?;
    Ok(if args.strict && report.summary.errors > 0 {
        NO
    } else {
        OK
    })
}

/// A sign of life on standard error; invisible unless it is a terminal.
fn spinner() -> ProgressBar {
    let progress = ProgressBar::new_spinner();
    progress.set_draw_target(ProgressDrawTarget::stderr());
    progress.enable_steady_tick(Duration::from_millis(120));
    progress
}

fn offline(named: &Named, args: &ImportArgs) -> Import {
    let options = ImportOptions {
        left_out: named.left_out.clone(),
        aliases: args.alias.iter().cloned().collect(),
        environment: args.environment.clone(),
        catalog: None,
    };
    let world = World::system();
    preview(&named.files, &options, &validators(), world.id(), world.now())
}

/// The judges of everything a file may declare, with the defaults of a Mainstay without configuration.
fn validators() -> [Arc<dyn DeclarationValidator>; 5] {
    [
        Arc::new(CheckValidator::default()),
        Arc::new(MaintenanceValidator),
        Arc::new(SloDeclarations::default()),
        Arc::new(WebhookDeclarations::default()),
        Arc::new(SilenceDeclarations),
    ]
}

async fn apply(named: &Named, args: &ImportArgs) -> anyhow::Result<Import> {
    let mut left_out = named.left_out.clone();
    let mut files: Vec<Value> = Vec::with_capacity(named.files.len());
    for file in &named.files {
        match unsendable(file) {
            Some(left) => left_out.push(left),
            None => files.push(json!({
                "path": file.path,
                "formerly": named.formerly.get(&file.path),
                "content": String::from_utf8_lossy(&file.bytes),
            })),
        }
    }
    let aliases: BTreeMap<_, _> = args.alias.iter().cloned().collect();
    let path = format!("/api/v1/imports?environment={}", args.environment);
    let body = json!({ "files": files, "left_out": left_out, "dry_run": false, "aliases": aliases });
    let answer = args
        .server
        .post(&path, &body)
        .await
        .context("nothing was imported (--dry-run reports without a server)")?;
    serde_json::from_value(answer).context("the answer is not the report of an import; is the server of this version?")
}
