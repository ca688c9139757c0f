//! A task's view of itself: when it should finish, and how it reports its runs.

use std::{fmt::Display, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{TaskState, TaskStatus, Tasks};

/// What a task knows of itself.
#[derive(Debug, Clone)]
pub struct TaskContext {
    pub(super) name: String,
    pub(super) tasks: Tasks,
    pub(super) stop: CancellationToken,
}

impl TaskContext {
    /// Resolves when this task should finish.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Whether this task should finish.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Sleeps, or returns `false` at once when a shutdown begins.
    pub async fn sleep(&self, duration: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stopping() => false,
            () = tokio::time::sleep(duration) => true,
        }
    }

    /// The owner, to start further work with.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Records a finished run.
    pub fn ran(&self, detail: impl Into<String>) {
        self.went_well(TaskState::Running, detail.into());
    }

    /// Records the last run of a task that was started for one piece of work and returns now.
    pub fn finished(&self, detail: impl Into<String>) {
        self.went_well(TaskState::Finished, detail.into());
    }

    fn went_well(&self, state: TaskState, detail: String) {
        let now = self.tasks.inner.world.now();
        let mut again = false;
        self.update(|status| {
            again = status.state == TaskState::Failed;
            status.state = state;
            status.last_run_at = Some(now);
            status.last_error = None;
            status.detail = Some(detail);
            status.runs += 1;
        });
        if again {
            tracing::info!(task.name = self.name, "a background task works again");
        }
    }

    /// Records a failed run of a task that goes on.
    pub fn failed(&self, error: impl Display) {
        let now = self.tasks.inner.world.now();
        let error = error.to_string();
        let mut anew = false;
        self.update(|status| {
            anew = status.state != TaskState::Failed;
            status.state = TaskState::Failed;
            status.last_run_at = Some(now);
            status.last_error = Some(error.clone());
            status.runs += 1;
        });
        // Its beginning and its end are said; in between the status has the latest.
        if anew {
            tracing::warn!(task.name = self.name, error, "a background task's run failed");
        } else {
            tracing::debug!(task.name = self.name, error, "a background task's run failed again");
        }
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut TaskStatus)) {
        if let Some(status) = self.tasks.statuses().get_mut(&self.name) {
            change(status);
        }
    }
}
