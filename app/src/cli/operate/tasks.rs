//! `mainstay tasks`: what runs in the background of the process that answers, and how it fares.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use mainstay_kernel::World;
use serde_json::Value;

use super::{
    Asking,
    words::{path, text, when},
};

/// Flags of `tasks`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct TasksArgs {
    #[command(subcommand)]
    verb: Option<TasksVerb>,
    #[command(flatten)]
    asking: Asking,
}

#[derive(Debug, Subcommand)]
enum TasksVerb {
    /// The same as the noun alone
    #[command(hide = true)]
    List(Asking),
}

/// Lists tasks; those whose last run failed come first.
pub async fn run(args: TasksArgs) -> anyhow::Result<u8> {
    let asking = match args.verb {
        Some(TasksVerb::List(asking)) => asking,
        None => args.asking,
    };
    let page = asking.server.get(&path(&["tasks"])?).await?;
    let mut tasks = page["items"].as_array().cloned().unwrap_or_default();
    tasks.sort_by_key(|task| task["state"] != "failed");
    let now = World::system().now();
    asking.output.print_list(
        &tasks,
        ["TASK", "STATE", "LAST RUN", "RUNS", "SAYS"],
        |task| row(task, now),
        "Nothing runs in the background.",
    )
}

fn row(task: &Value, now: Timestamp) -> [String; 5] {
    let says = if task["last_error"].is_null() {
        "detail"
    } else {
        "last_error"
    };
    [
        text(task, "name"),
        text(task, "state"),
        when(task, "last_run_at", now),
        text(task, "runs"),
        text(task, says),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_that_failed_says_why_and_another_what_it_did() {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let mut task = json!({
            "name": "work.forget", "state": "running", "last_run_at": "2026-03-01T11:59:00Z", "runs": 7,
            "detail": "3 rows forgotten", "last_error": null,
        });
        assert_eq!(
            row(&task, now),
            ["work.forget", "running", "1 min ago", "7", "3 rows forgotten"]
        );
        task["last_error"] = json!("the database is away");
        assert_eq!(row(&task, now)[4], "the database is away");
    }
}
