//! `mainstay services|checks|alerts|silences|maintenance|webhooks`: what a running Mainstay knows, through its API. The noun alone
//! lists, and so does the noun with `list` after it.

mod rows;

use clap::{Args, Subcommand};
use mainstay_kernel::{Environment, World};
use serde_json::Value;

use super::{Output, client::ServerUrl};

/// Flags of every list.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    server: ServerUrl,
    /// Environment that is meant
    #[arg(long, value_name = "NAME", default_value = "production")]
    environment: Environment,
    #[command(flatten)]
    pub output: Output,
}

/// A noun that can only be listed.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Listing {
    #[command(subcommand)]
    verb: Option<ListVerb>,
    #[command(flatten)]
    args: ListArgs,
}

/// What people who come from other nouns add.
#[derive(Debug, Subcommand)]
enum ListVerb {
    /// The same as the noun alone
    #[command(hide = true)]
    List(ListArgs),
}

impl Listing {
    fn args(self) -> ListArgs {
        match self.verb {
            Some(ListVerb::List(args)) => args,
            None => self.args,
        }
    }
}

impl ListArgs {
    /// Fetches every item of a resource in the environment.
    pub async fn fetch(&self, resource: &str) -> anyhow::Result<Vec<Value>> {
        let path = format!("/api/v1/{resource}?environment={}", self.environment);
        self.server.list(&path).await
    }
}

/// Services with their state, worst first.
pub async fn services(listing: Listing) -> anyhow::Result<u8> {
    let args = listing.args();
    let services = args.fetch("services").await?;
    let rows = rows::with_states(services, args.fetch("service-states").await?);
    let now = World::system().now();
    args.output.print_list(
        &rows,
        ["SERVICE", "STATE", "SINCE", "TIER", "OWNER", "REASON"],
        |row| rows::service(row, now),
        "No services yet. Bring them in with `mainstay import PATH`.",
    )
}

/// Checks with their state.
pub async fn checks(listing: Listing) -> anyhow::Result<u8> {
    let args = listing.args();
    let now = World::system().now();
    args.output.print_list(
        &args.fetch("checks").await?,
        ["CHECK", "SERVICE", "STATE", "SINCE", "TARGET", "LAST", "FAILURE"],
        |check| rows::check(check, now),
        "No checks yet. Services with a health URL get theirs by themselves.",
    )
}

/// Alerts, newest first.
pub async fn alerts(listing: Listing) -> anyhow::Result<u8> {
    let args = listing.args();
    let now = World::system().now();
    args.output.print_list(
        &args.fetch("alerts").await?,
        ["OPENED", "STATE", "SEVERITY", "SERVICE", "ALERT", "TOLD"],
        |alert| rows::alert(alert, now),
        "No alerts. Nothing has broken a promise.",
    )
}

/// Silences.
pub async fn silences(listing: Listing) -> anyhow::Result<u8> {
    let args = listing.args();
    let now = World::system().now();
    args.output.print_list(
        &args.fetch("silences").await?,
        ["SILENCES", "BEGINS", "ENDS", "BY", "REASON"],
        |silence| rows::silence(silence, now),
        "No silences. Every alert is delivered.",
    )
}

/// Maintenance windows.
pub async fn maintenance(listing: Listing) -> anyhow::Result<u8> {
    let args = listing.args();
    let now = World::system().now();
    args.output.print_list(
        &args.fetch("maintenance").await?,
        ["SERVICE", "BEGINS", "ENDS", "REASON"],
        |window| rows::window(window, now),
        "No maintenance is announced.",
    )
}

/// Webhooks.
pub async fn webhooks(listing: Listing) -> anyhow::Result<u8> {
    let args = listing.args();
    args.output.print_list(
        &args.fetch("webhooks").await?,
        ["WEBHOOK", "URL", "FORMAT", "SIGNED", "ENABLED", "MANAGED BY", "PROBLEM"],
        rows::webhook,
        "No webhooks yet, so nobody is told of alerts. Add one in the dashboard or in the configuration.",
    )
}
