//! What an operator sees of a background task.

use jiff::Timestamp;
use serde::Serialize;

/// Whether a task is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskState {
    /// The task is alive.
    Running,
    /// The task is alive, and its last run failed.
    Failed,
    /// The task has done all it was started for, and ended.
    Finished,
    /// The task has ended, because of a shutdown or an error.
    Stopped,
}

/// What an operator sees of one background task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskStatus {
    /// The task's unique name, such as `watch.flush`.
    pub name: String,
    /// Whether it is alive.
    pub state: TaskState,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it last finished a run.
    pub last_run_at: Option<Timestamp>,
    /// What the last run said of itself.
    pub detail: Option<String>,
    /// The last failure, kept until the next success.
    pub last_error: Option<String>,
    /// How many runs have finished, failed ones included.
    pub runs: u64,
}
