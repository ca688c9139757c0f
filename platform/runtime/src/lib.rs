//! Owns every background task: named, tracked, cancellable, with a status that an operator can read.
//!
//! **Invariant:** nothing else in Mainstay calls `tokio::spawn`, so nothing runs that `/api/v1/admin/tasks` does not show
//! and that a shutdown does not wait for.

mod latest;

use std::{
    collections::BTreeMap,
    fmt::Display,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use jiff::Timestamp;
use mainstay_kernel::World;
use serde::Serialize;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::latest::{Follower, Latest};

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

/// What a task knows of itself.
#[derive(Debug, Clone)]
pub struct TaskContext {
    name: String,
    tasks: Tasks,
    stop: CancellationToken,
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

    fn update(&self, change: impl FnOnce(&mut TaskStatus)) {
        if let Some(status) = self.tasks.statuses().get_mut(&self.name) {
            change(status);
        }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn status(tasks: &Tasks, name: &str) -> TaskStatus {
        tasks
            .statuses_snapshot()
            .into_iter()
            .find(|status| status.name == name)
            .unwrap()
    }

    #[tokio::test]
    async fn a_task_that_did_its_work_is_finished_and_one_that_merely_ended_is_stopped() {
        let tasks = Tasks::new(World::system());
        tasks.spawn("loads", |context| async move {
            context.finished("12 rows loaded");
            Ok::<_, Infallible>(())
        });
        tasks.spawn("ends", |context| async move {
            context.ran("once");
            Ok::<_, Infallible>(())
        });
        tasks.spawn("breaks", |context| async move {
            context.finished("all of it");
            Err::<(), _>("not quite")
        });
        assert!(tasks.stop_and_wait(Duration::from_secs(5)).await.is_empty());
        let loads = status(&tasks, "loads");
        assert_eq!((loads.state, loads.runs), (TaskState::Finished, 1));
        assert_eq!(loads.detail.as_deref(), Some("12 rows loaded"));
        assert_eq!(status(&tasks, "ends").state, TaskState::Stopped);
        assert_eq!(status(&tasks, "breaks").state, TaskState::Stopped);
    }

    #[tokio::test]
    async fn a_shutdown_waits_for_tasks_and_names_the_stubborn() {
        let tasks = Tasks::new(World::system());
        tasks.spawn("polite", |context| async move {
            context.stopping().await;
            Ok::<_, Infallible>(())
        });
        tasks.spawn("stubborn", |_| std::future::pending::<Result<(), Infallible>>());
        assert_eq!(tasks.stop_and_wait(Duration::from_millis(50)).await, ["stubborn"]);
        assert_eq!(status(&tasks, "polite").state, TaskState::Stopped);
    }

    #[tokio::test]
    async fn tasks_go_on_while_answers_are_given() {
        let tasks = Tasks::new(World::system());
        tasks.spawn("polite", |context| async move {
            context.stopping().await;
            Ok::<_, Infallible>(())
        });
        tasks.drain();
        tasks.draining().await;
        assert!(tasks.is_draining() && !tasks.is_stopping());
        assert_eq!(status(&tasks, "polite").state, TaskState::Running);
        assert!(tasks.stop_and_wait(Duration::from_secs(5)).await.is_empty());

        let at_once = Tasks::new(World::system());
        at_once.stop();
        assert!(at_once.is_draining() && at_once.is_stopping());
    }

    #[tokio::test]
    async fn a_keeper_serves_until_the_others_have_finished() {
        let tasks = Tasks::new(World::system());
        let (ask, mut asked) = tokio::sync::mpsc::channel::<tokio::sync::oneshot::Sender<()>>(1);
        tasks.spawn_keeper("keeper", |context| async move {
            loop {
                tokio::select! {
                    Some(reply) = asked.recv() => reply.send(()).unwrap(),
                    () = context.stopping() => return Ok::<_, Infallible>(()),
                }
            }
        });
        tasks.spawn("needs it", |context| async move {
            context.stopping().await;
            let (reply, answer) = tokio::sync::oneshot::channel();
            ask.send(reply).await.map_err(|error| error.to_string())?;
            answer.await.map_err(|error| error.to_string())
        });
        assert!(tasks.stop_and_wait(Duration::from_secs(5)).await.is_empty());
        assert_eq!(status(&tasks, "needs it").last_error, None);
    }

    #[tokio::test]
    async fn an_abort_ends_tasks_where_they_stand() {
        let tasks = Tasks::new(World::system());
        tasks.spawn("deaf", |_| std::future::pending::<Result<(), Infallible>>());
        tasks.detached(std::future::pending());
        tasks.abort();
        tasks.stop_and_wait(Duration::from_secs(5)).await;
        assert!(tasks.inner.tracker.is_empty());
    }

    #[tokio::test]
    async fn a_panic_and_an_error_are_shown_not_swallowed() {
        let tasks = Tasks::new(World::system());
        tasks.spawn("fails", |_| async { Err::<(), _>("no luck") });
        tasks.spawn("panics", |_| async {
            assert!(std::hint::black_box(false), "boom");
            Ok::<_, Infallible>(())
        });
        assert!(tasks.stop_and_wait(Duration::from_secs(5)).await.is_empty());
        assert_eq!(status(&tasks, "fails").last_error.unwrap(), "no luck");
        assert_eq!(status(&tasks, "panics").last_error.unwrap(), "panicked: boom");
    }

    #[tokio::test]
    async fn a_failed_run_shows_until_the_next_success() {
        let tasks = Tasks::new(World::system());
        tasks.spawn("loop", |context| async move {
            context.failed("database away");
            assert_eq!(status(context.tasks(), "loop").state, TaskState::Failed);
            context.ran("12 rows");
            Ok::<_, Infallible>(())
        });
        tasks.stop_and_wait(Duration::from_secs(5)).await;
        let status = status(&tasks, "loop");
        assert_eq!((status.runs, status.last_error), (2, None));
    }
}
