//! The owner of the tasks: starts them, shows them, and ends them in order.

mod context;
mod status;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fmt::Display,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use mainstay_kernel::World;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{
    context::TaskContext,
    status::{TaskState, TaskStatus},
};

/// The owner of all background tasks of one process.
#[derive(Debug, Clone)]
pub struct Tasks {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    world: World,
    /// Tells those who serve others from outside that nobody new is to be let in.
    drain: CancellationToken,
    stop: CancellationToken,
    tracker: TaskTracker,
    /// Stops those who serve the others, once the others have finished.
    release: CancellationToken,
    keepers: TaskTracker,
    abort: CancellationToken,
    statuses: Mutex<BTreeMap<String, TaskStatus>>,
}

impl Tasks {
    /// An empty set of tasks.
    pub fn new(world: World) -> Self {
        Self {
            inner: Arc::new(Inner {
                world,
                drain: CancellationToken::new(),
                stop: CancellationToken::new(),
                tracker: TaskTracker::new(),
                release: CancellationToken::new(),
                keepers: TaskTracker::new(),
                abort: CancellationToken::new(),
                statuses: Mutex::new(BTreeMap::new()),
            }),
        }
    }

    /// Starts a long-lived task. A task that panics or returns an error is reported, not restarted: a loop that should
    /// survive its errors reports them with [`TaskContext::failed`] and goes on.
    pub fn spawn<F, E>(&self, name: impl Into<String>, task: impl FnOnce(TaskContext) -> F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let context = self.context(name.into(), &self.inner.stop);
        let work = task(context.clone());
        self.inner.tracker.spawn(self.reported(context, work));
    }

    /// Starts a task that others need until they have finished, such as one that writes for them: a shutdown stops it after
    /// them.
    pub fn spawn_keeper<F, E>(&self, name: impl Into<String>, task: impl FnOnce(TaskContext) -> F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let context = self.context(name.into(), &self.inner.release);
        let work = task(context.clone());
        self.inner.keepers.spawn(self.reported(context, work));
    }

    /// Shows a task as running from now on.
    fn context(&self, name: String, stop: &CancellationToken) -> TaskContext {
        self.statuses().insert(
            name.clone(),
            TaskStatus {
                name: name.clone(),
                state: TaskState::Running,
                started_at: self.inner.world.now(),
                last_run_at: None,
                detail: None,
                last_error: None,
                runs: 0,
            },
        );
        TaskContext {
            name,
            tasks: self.clone(),
            stop: stop.clone(),
        }
    }

    /// A task whose end, however it comes, shows in its status.
    fn reported<F, E>(&self, context: TaskContext, work: F) -> impl Future<Output = ()> + Send + 'static + use<F, E>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let aborted = self.inner.abort.clone();
        async move {
            let Some(end) = aborted.run_until_cancelled(AssertUnwindSafe(work).catch_unwind()).await else {
                return;
            };
            let error = match end {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(panic) => Some(format!("panicked: {}", panic_message(panic.as_ref()))),
            };
            if let Some(error) = &error {
                tracing::error!(task.name = context.name, error, "a background task ended with an error");
            }
            context.update(|status| {
                if error.is_some() || status.state != TaskState::Finished {
                    status.state = TaskState::Stopped;
                }
                status.last_error = error.or(status.last_error.take());
            });
        }
    }

    /// Starts a short-lived piece of work, such as one probe. It is waited for at shutdown but has no status.
    pub fn detached<F>(&self, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let aborted = self.inner.abort.clone();
        self.inner.tracker.spawn(async move {
            aborted.run_until_cancelled(work).await;
        });
    }

    /// Starts work that outlives a shutdown, such as waiting for the second signal. Nothing else belongs here.
    #[expect(clippy::disallowed_methods, reason = "the one home of spawning")]
    pub fn untracked<F>(&self, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(tokio::spawn(work));
    }

    /// The status of every long-lived task, by name.
    pub fn statuses_snapshot(&self) -> Vec<TaskStatus> {
        self.statuses().values().cloned().collect()
    }

    /// Begins a shutdown: what comes from outside is let in no more, and answers under way are given. Every task goes on, so
    /// that they can be.
    pub fn drain(&self) {
        self.inner.drain.cancel();
    }

    /// Resolves when a shutdown has begun, by [`Tasks::drain`] or at once by [`Tasks::stop`].
    pub async fn draining(&self) {
        self.inner.drain.cancelled().await;
    }

    /// Whether a shutdown has begun.
    pub fn is_draining(&self) -> bool {
        self.inner.drain.is_cancelled()
    }

    /// Resolves when tasks should finish.
    pub async fn stopping(&self) {
        self.inner.stop.cancelled().await;
    }

    /// Whether tasks should finish.
    pub fn is_stopping(&self) -> bool {
        self.inner.stop.is_cancelled()
    }

    /// Tells every task to finish.
    pub fn stop(&self) {
        self.inner.drain.cancel();
        self.inner.stop.cancel();
        self.inner.tracker.close();
    }

    /// Ends every task where it stands, as the end of the process would. For simulations of a crash.
    pub fn abort(&self) {
        self.inner.abort.cancel();
    }

    /// Stops, then waits for the tasks and after them for the keepers, at most `patience` for each. Answers the names of those
    /// still running.
    pub async fn stop_and_wait(&self, patience: Duration) -> Vec<String> {
        self.stop();
        let finished = tokio::time::timeout(patience, self.inner.tracker.wait()).await.is_ok();
        self.inner.release.cancel();
        self.inner.keepers.close();
        if tokio::time::timeout(patience, self.inner.keepers.wait()).await.is_ok() && finished {
            return Vec::new();
        }
        self.statuses()
            .values()
            .filter(|status| !matches!(status.state, TaskState::Finished | TaskState::Stopped))
            .map(|status| status.name.clone())
            .collect()
    }

    fn statuses(&self) -> MutexGuard<'_, BTreeMap<String, TaskStatus>> {
        self.inner.statuses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
