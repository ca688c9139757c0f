//! `mainstay jobs`: what is to be done, what is being done, what became of it; cancelling and running again.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use mainstay_kernel::{World, uuid::Uuid};
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::{
    Asking, OK,
    words::{facts, path, progress, text, when},
};

/// Flags of `jobs`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct JobsArgs {
    #[command(subcommand)]
    verb: Option<JobsVerb>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum JobsVerb {
    /// The same as the noun alone
    #[command(hide = true)]
    List(ListArgs),
    /// Show one job in full
    Show(JobArgs),
    /// Cancel a job: at once when it waits, within seconds when it runs
    Cancel(JobArgs),
    /// Run a job again that failed or was cancelled
    Again(JobArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Only jobs in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only jobs of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only jobs of this queue
    #[arg(long, value_name = "QUEUE")]
    queue: Option<String>,
    /// How many, the newest first
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Waiting,
    Running,
    Done,
    Failed,
    Cancelled,
}

#[derive(Debug, Args)]
struct JobArgs {
    /// Which job
    #[arg(value_name = "ID")]
    id: Uuid,
    #[command(flatten)]
    asking: Asking,
}

impl JobArgs {
    fn path(&self, action: &[&str]) -> anyhow::Result<String> {
        let id = self.id.to_string();
        path(&[&["jobs", id.as_str()], action].concat())
    }
}

/// Lists, shows or steers jobs.
pub async fn run(args: JobsArgs) -> anyhow::Result<u8> {
    match args.verb {
        None => list(&args.list).await,
        Some(JobsVerb::List(args)) => list(&args).await,
        Some(JobsVerb::Show(job)) => {
            let shown = job.asking.server.get(&job.path(&[])?).await?;
            let now = World::system().now();
            job.asking.output.print(&shown, |job| described(job, now))?;
            Ok(OK)
        }
        Some(JobsVerb::Cancel(job)) => {
            let path = job.path(&["cancel"])?;
            job.asking.act(&path, cancelled).await
        }
        Some(JobsVerb::Again(job)) => {
            let path = job.path(&["run-again"])?;
            let sentence = |job: &Value| format!("{} {} runs again.", text(job, "kind"), text(job, "id"));
            job.asking.act(&path, sentence).await
        }
    }
}

async fn list(args: &ListArgs) -> anyhow::Result<u8> {
    let mut query = Serializer::new(String::new());
    query.append_pair("limit", &args.limit.to_string());
    let state = args.state.and_then(|state| state.to_possible_value());
    for (name, value) in [
        ("state", state.as_ref().map(clap::builder::PossibleValue::get_name)),
        ("kind", args.kind.as_deref()),
        ("queue", args.queue.as_deref()),
    ] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let page = args
        .asking
        .server
        .get(&format!("{}?{}", path(&["jobs"])?, query.finish()))
        .await?;
    let jobs = page["items"].as_array().cloned().unwrap_or_default();
    let now = World::system().now();
    args.asking.output.print_list(
        &jobs,
        ["JOB", "KIND", "STATE", "ATTEMPT", "DUE", "ENDED", "NOW", "ERROR"],
        |job| row(job, now),
        "No such jobs. Mainstay adds them by itself when there is something to do.",
    )
}

fn row(job: &Value, now: Timestamp) -> [String; 8] {
    [
        text(job, "id"),
        text(job, "kind"),
        state(job),
        attempts(job),
        when(job, "run_at", now),
        when(job, "finished_at", now),
        if job["state"] == "running" {
            progress(job)
        } else {
            String::new()
        },
        text(job, "last_error"),
    ]
}

fn state(job: &Value) -> String {
    let state = text(job, "state");
    if state == "running" && job["cancel_requested"] == true {
        return "running, asked to stop".to_owned();
    }
    state
}

fn attempts(job: &Value) -> String {
    format!("{} of {}", text(job, "attempt"), text(job, "max_attempts"))
}

/// A job in full.
pub(super) fn described(job: &Value, now: Timestamp) -> String {
    facts(&[
        ("job", text(job, "id")),
        ("kind", text(job, "kind")),
        ("queue", text(job, "queue")),
        ("state", state(job)),
        ("attempt", attempts(job)),
        ("progress", progress(job)),
        ("replica", text(&job["replica"], "name")),
        ("written", when(job, "created_at", now)),
        ("due", when(job, "run_at", now)),
        ("begun", when(job, "started_at", now)),
        ("ended", when(job, "finished_at", now)),
        ("error", text(job, "last_error")),
        ("given", text(job, "payload")),
        ("answered", text(job, "result")),
    ])
}

fn cancelled(job: &Value) -> String {
    let (kind, id) = (text(job, "kind"), text(job, "id"));
    if job["state"] == "cancelled" {
        format!("{kind} {id} is cancelled.")
    } else {
        format!("{kind} {id} was asked to stop. See its end with `mainstay jobs show {id}`.")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_that_is_asked_to_stop_says_so() {
        let job = json!({
            "id": "0", "kind": "boat.paint", "state": "running", "cancel_requested": true, "attempt": 2, "max_attempts": 10,
            "run_at": "2026-03-01T11:59:30Z", "progress": {"done": 3, "total": 9, "text": "the hull"}, "last_error": null,
        });
        let row = row(&job, "2026-03-01T12:00:00Z".parse().unwrap());
        assert_eq!(
            row,
            [
                "0",
                "boat.paint",
                "running, asked to stop",
                "2 of 10",
                "30 s ago",
                "",
                "3/9 the hull",
                ""
            ]
        );
        assert!(cancelled(&job).contains("was asked to stop"));
    }
}
