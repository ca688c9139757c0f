//! `mainstay admin reset-link` and `mainstay admin verify-log`: for whoever has the machine itself, on a Mainstay that is stopped, or
//! beside servers on PostgreSQL.

use std::{path::PathBuf, time::Duration};

use anyhow::bail;
use clap::Args;
use mainstay_auth::Username;
use mainstay_kernel::{OrganizationId, World};
use mainstay_runtime::Tasks;
use serde_json::json;

use super::link::told_now;
use crate::{
    cli::{NO, OK, Output},
    config::{Config, Overrides, load},
    wiring::{self, Accounts},
};

/// How long what was opened may take to close.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which installation.
#[derive(Debug, Args)]
struct Place {
    /// Configuration file [default: mainstay.toml in the current folder, else in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder that everything is kept in [default: mainstay-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Flags of `admin reset-link`.
#[derive(Debug, Args)]
#[command(after_help = "The link works once, for 30 minutes. It is shown here and stands nowhere else.")]
pub struct ResetLinkArgs {
    /// Whose password; the first administrator's when left out
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

/// Flags of `admin verify-log`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 the log is what was written; 1 it is not; 2 could not run.")]
pub struct VerifyLogArgs {
    /// The hash that this printed before: the log must still hold it at the same place
    #[arg(long, value_name = "POSITION:HASH", value_parser = place_and_hash)]
    expect: Option<(i64, String)>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

fn place_and_hash(text: &str) -> Result<(i64, String), String> {
    let (position, hash) = text.split_once(':').ok_or("it is not like 120:9f86d081…")?;
    let position = position
        .parse()
        .map_err(|_| "what stands before the colon is no number")?;
    Ok((position, hash.to_ascii_lowercase()))
}

/// Prints a one-time link.
pub async fn reset_link(args: ResetLinkArgs) -> anyhow::Result<u8> {
    let username: Option<Username> = match args.user.as_deref().map(str::parse) {
        Some(Ok(name)) => Some(name),
        Some(Err(error)) => bail!("the name {error}"),
        None => None,
    };
    let (config, accounts, tasks) = open(&args.place).await?;
    let result = match accounts.auth.first_administrator().await {
        // An empty installation has one account now, and this is its link.
        Ok(Some(link)) => Ok(link),
        Ok(None) => accounts.auth.rescue_link(username.as_ref()).await,
        Err(error) => Err(error),
    };
    close(&accounts, &tasks).await;
    let link = result?;
    let url = link.url(&config.reached_at());
    let answer = json!({ "url": url, "username": link.username, "expires_at": link.expires_at });
    args.output.print(&answer, |_| told_now(&link, &config.reached_at()))?;
    Ok(OK)
}

/// Says whether the change log is what was written.
pub async fn verify_log(args: VerifyLogArgs) -> anyhow::Result<u8> {
    let (_, accounts, tasks) = open(&args.place).await?;
    let auth = &accounts.auth;
    let organization = OrganizationId::DEFAULT;
    let verified = auth.verify_log(organization).await;
    let anchored = match &args.expect {
        Some((position, hash)) => auth
            .log_hash_at(organization, *position)
            .await
            .map(|found| found.as_ref() == Some(hash)),
        None => Ok(true),
    };
    close(&accounts, &tasks).await;
    let (report, anchored) = (verified?, anchored?);
    let hash = report.good.hash_text();
    let problem = report.broken.map(|broken| broken.to_string()).or_else(|| {
        (!anchored)
            .then(|| "the log does not hold the expected hash at its place: it was written anew since then".to_owned())
    });
    let answer = json!({
        "whole": problem.is_none(), "entries": report.good.entries, "hash": hash, "problem": problem,
    });
    args.output.print(&answer, |_| match &problem {
        None => format!(
            "the change log is whole: {} entries\nKeep this elsewhere to be able to prove it later: {}:{hash}",
            report.good.entries, report.good.entries
        ),
        Some(problem) => format!("the change log is not what was written: {problem}"),
    })?;
    Ok(if problem.is_none() { OK } else { NO })
}

async fn open(place: &Place) -> anyhow::Result<(Config, Accounts, Tasks)> {
    let loaded = load(&Overrides {
        file: place.config.clone(),
        data_dir: place.data.clone(),
        // A role without leases: beside servers on PostgreSQL, no share of the work must move here for a moment.
        roles: Some(vec!["api".to_owned()]),
        ..Overrides::default()
    })?;
    crate::cli::operate::must_exist(&loaded.config)?;
    let world = World::system();
    let tasks = Tasks::new(world.clone());
    let mainstay = wiring::build(&loaded.config, world, tasks.clone()).await?;
    Ok((loaded.config, mainstay.into_accounts(), tasks))
}

async fn close(accounts: &Accounts, tasks: &Tasks) {
    tasks.stop_and_wait(PATIENCE).await;
    accounts.database.close().await;
}
