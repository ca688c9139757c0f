//! `mainstay schedules`: jobs that come again and again; holding them back and having them come now.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use mainstay_kernel::World;
use serde_json::Value;

use super::{
    Asking,
    words::{path, text, when},
};

/// Flags of `schedules`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct SchedulesArgs {
    #[command(subcommand)]
    verb: Option<SchedulesVerb>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Debug, Subcommand)]
enum SchedulesVerb {
    /// The same as the noun alone
    #[command(hide = true)]
    List(Asking),
    /// Hold a schedule back
    Pause(ScheduleArgs),
    /// Let a schedule go on, from now
    Resume(ScheduleArgs),
    /// Have a schedule come now, paused or not
    Run(ScheduleArgs),
}

#[derive(Debug, Args)]
struct ScheduleArgs {
    /// Which schedule
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    asking: Asking,
}

/// Lists or steers schedules.
pub async fn run(args: SchedulesArgs) -> anyhow::Result<u8> {
    match args.verb {
        None => list(&args.asking).await,
        Some(SchedulesVerb::List(asking)) => list(&asking).await,
        Some(SchedulesVerb::Pause(args)) => {
            let path = path(&["schedules", &args.name, "pause"])?;
            let sentence = |schedule: &Value| format!("{} is held back.", text(schedule, "name"));
            args.asking.act(&path, sentence).await
        }
        Some(SchedulesVerb::Resume(args)) => {
            let path = path(&["schedules", &args.name, "resume"])?;
            let now = World::system().now();
            args.asking.act(&path, |schedule| resumed(schedule, now)).await
        }
        Some(SchedulesVerb::Run(args)) => {
            let path = path(&["schedules", &args.name, "run-now"])?;
            let sentence = |job: &Value| {
                let (kind, id) = (text(job, "kind"), text(job, "id"));
                format!(
                    "{} added the job {kind} {id}. See it with `mainstay jobs show {id}`.",
                    args.name
                )
            };
            args.asking.act(&path, sentence).await
        }
    }
}

async fn list(asking: &Asking) -> anyhow::Result<u8> {
    let page = asking.server.get(&path(&["schedules"])?).await?;
    let schedules = page["items"].as_array().cloned().unwrap_or_default();
    let now = World::system().now();
    asking.output.print_list(
        &schedules,
        ["SCHEDULE", "KIND", "COMES", "NEXT", "LAST", "LAST JOB"],
        |schedule| row(schedule, now),
        "No schedules. Nothing that Mainstay does comes at a fixed time.",
    )
}

fn row(schedule: &Value, now: Timestamp) -> [String; 6] {
    let next = when(schedule, "next_at", now);
    [
        text(schedule, "name"),
        text(schedule, "kind"),
        format!("{} {}", text(schedule, "cron"), text(schedule, "zone")),
        match schedule["paused"].as_bool() {
            Some(true) => "paused".to_owned(),
            _ if next.is_empty() => "never".to_owned(),
            _ => next,
        },
        when(schedule, "last_at", now),
        last_job(&schedule["last_job"]),
    ]
}

fn last_job(job: &Value) -> String {
    if job.is_null() {
        return String::new();
    }
    let words = [text(job, "state"), text(job, "last_error")];
    match words
        .iter()
        .filter(|word| !word.is_empty())
        .cloned()
        .collect::<Vec<_>>()
    {
        words if words.is_empty() => "forgotten".to_owned(),
        words => words.join(": "),
    }
}

fn resumed(schedule: &Value, now: Timestamp) -> String {
    let name = text(schedule, "name");
    match when(schedule, "next_at", now).as_str() {
        "" => format!("{name} goes on, but its pattern never comes."),
        next => format!("{name} goes on; it comes next {next}."),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schedule_says_when_it_comes_and_what_became_of_its_last_job() {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let mut schedule = json!({
            "name": "nightly", "kind": "boat.paint", "cron": "0 3 * * *", "zone": "UTC", "paused": false,
            "next_at": "2026-03-01T15:00:00Z", "last_at": "2026-03-01T03:00:00Z",
            "last_job": {"id": "0", "state": "failed", "last_error": "no paint"},
        });
        assert_eq!(
            row(&schedule, now),
            [
                "nightly",
                "boat.paint",
                "0 3 * * * UTC",
                "in 3 h",
                "9 h ago",
                "failed: no paint"
            ]
        );
        assert_eq!(resumed(&schedule, now), "nightly goes on; it comes next in 3 h.");
        schedule["paused"] = true.into();
        schedule["last_job"] = json!({"id": "0", "state": null});
        let paused = row(&schedule, now);
        assert_eq!((paused[3].as_str(), paused[5].as_str()), ("paused", "forgotten"));
    }
}
