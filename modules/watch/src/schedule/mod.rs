//! The scheduler: one task that starts every probe when its time has come, and hears when it ended.
//!
//! Knows when, never what: how a check is probed and what its result means is the runner's business.

mod planner;

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use mainstay_runtime::{TaskContext, Tasks};
use metrics::{Counter, Gauge, Histogram as Metric};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

pub use self::planner::{Planner, Timing};
use crate::model::{
    check::CheckId,
    histogram::Histogram,
    probe::{Attempt, Probe},
};

/// How often the scheduler reports on itself.
const REPORT_EVERY: Duration = Duration::from_secs(5);
/// Commands handled before the plan is looked at again.
const COMMANDS_AT_ONCE: usize = 256;

/// What the scheduler starts.
pub trait Runner: Send + Sync + 'static {
    /// Probes a check and decides its state; `None` when the check is gone.
    fn run(&self, check: CheckId, attempt: Attempt) -> BoxFuture<'static, Option<Outcome>>;
}

/// How a probe ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The probe.
    pub probe: Probe,
    /// Whether the next one should follow soon.
    pub undecided: bool,
}

#[derive(Debug)]
enum Command {
    Put(Vec<(CheckId, Timing)>),
    Remove(Vec<CheckId>),
    Ask(CheckId, Attempt, Option<oneshot::Sender<Probe>>),
    Finished(CheckId, Option<Box<Outcome>>),
    Limit(usize),
}

/// Talks to the scheduler. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scheduler {
    commands: mpsc::UnboundedSender<Command>,
    stats: Arc<Mutex<Stats>>,
}

/// What the scheduler did so far.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Probes started.
    pub started: u64,
    /// Slots that passed without a probe.
    pub missed: u64,
    /// How late probes started, in microseconds.
    pub lateness: Histogram,
}

/// The receiving end, until the scheduler is started.
#[derive(Debug)]
pub struct Inbox(mpsc::UnboundedReceiver<Command>);

impl Scheduler {
    /// A scheduler that collects what it is told until [`Scheduler::start`].
    pub fn new() -> (Self, Inbox) {
        // Unbounded, because what is sent is bounded elsewhere: one message for each running probe and each request.
        let (commands, inbox) = mpsc::unbounded_channel();
        let scheduler = Self {
            commands,
            stats: Arc::default(),
        };
        (scheduler, Inbox(inbox))
    }

    /// Starts the task `watch.schedule`.
    pub fn start(&self, inbox: Inbox, tasks: &Tasks, concurrency: usize, runner: Arc<dyn Runner>) {
        let work = Loop {
            planner: Planner::new(Instant::now(), concurrency),
            inbox: inbox.0,
            scheduler: self.clone(),
            runner,
            waiting: HashMap::new(),
            meters: Meters::new(),
        };
        tasks.spawn("watch.schedule", |context| work.run(context));
    }

    /// Adds checks or changes their timing.
    pub fn put(&self, checks: Vec<(CheckId, Timing)>) {
        self.send(Command::Put(checks));
    }

    /// Stops probing checks.
    pub fn remove(&self, checks: Vec<CheckId>) {
        self.send(Command::Remove(checks));
    }

    /// Wants a probe at once and does not wait for it.
    pub fn kick(&self, check: CheckId) {
        self.send(Command::Ask(check, Attempt::Retry, None));
    }

    /// Probes at once and waits; `None` when the check is not scheduled or Mainstay is stopping.
    pub async fn run_now(&self, check: CheckId) -> Option<Probe> {
        let (reply, probe) = oneshot::channel();
        self.send(Command::Ask(check, Attempt::Manual, Some(reply)));
        probe.await.ok()
    }

    /// Changes how many probes may run at once; those under way end in their own time.
    pub fn limit(&self, concurrency: usize) {
        self.send(Command::Limit(concurrency));
    }

    /// What the scheduler did so far.
    pub fn stats(&self) -> Stats {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn send(&self, command: Command) {
        // The loop is gone only when Mainstay is stopping.
        drop(self.commands.send(command));
    }
}

struct Meters {
    started: Counter,
    missed: Counter,
    lateness: Metric,
    running: Gauge,
    checks: Gauge,
}

impl Meters {
    fn new() -> Self {
        Self {
            started: metrics::counter!("mainstay_probes_started_total"),
            missed: metrics::counter!("mainstay_probe_slots_missed_total"),
            lateness: metrics::histogram!("mainstay_probe_lateness_seconds"),
            running: metrics::gauge!("mainstay_probes_running"),
            checks: metrics::gauge!("mainstay_checks_scheduled"),
        }
    }
}

struct Loop {
    planner: Planner,
    inbox: mpsc::UnboundedReceiver<Command>,
    scheduler: Scheduler,
    runner: Arc<dyn Runner>,
    /// Who waits for the next probe of a check.
    waiting: HashMap<CheckId, Vec<oneshot::Sender<Probe>>>,
    meters: Meters,
}

impl Loop {
    async fn run(mut self, context: TaskContext) -> Result<(), Infallible> {
        let mut report = tokio::time::interval(REPORT_EVERY);
        let mut commands = Vec::with_capacity(COMMANDS_AT_ONCE);
        loop {
            let now = Instant::now();
            while let Some(start) = self.planner.start(now) {
                self.begin(start, context.tasks());
            }
            let wake = self.planner.next_wake();
            tokio::select! {
                biased;
                () = context.stopping() => return Ok(()),
                received = self.inbox.recv_many(&mut commands, COMMANDS_AT_ONCE) => {
                    if received == 0 {
                        return Ok(());
                    }
                    for command in commands.drain(..) {
                        self.obey(command);
                    }
                }
                () = sleep_until(wake) => {}
                _ = report.tick() => self.report(&context),
            }
        }
    }

    fn begin(&mut self, start: planner::Start, tasks: &Tasks) {
        self.meters.started.increment(1);
        self.meters.missed.increment(start.missed);
        self.meters.lateness.record(start.lateness.as_secs_f64());
        {
            let mut stats = self.scheduler.stats.lock().unwrap_or_else(PoisonError::into_inner);
            stats.started += 1;
            stats.missed += start.missed;
            stats
                .lateness
                .record(u64::try_from(start.lateness.as_micros()).unwrap_or(u64::MAX));
        }
        let work = self.runner.run(start.check, start.attempt);
        let mut report = Report(Some((start.check, self.scheduler.commands.clone())));
        let owner = tasks.clone();
        tasks.detached(async move {
            tokio::select! {
                biased;
                outcome = work => report.finished(outcome),
                // A probe that has not ended when Mainstay stops says nothing about its target.
                () = owner.stopping() => {}
            }
        });
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Put(checks) => self.planner.put(&checks, now),
            Command::Remove(checks) => {
                for check in checks {
                    self.planner.remove(check);
                    // Dropping the senders tells those who wait that nothing will come.
                    self.waiting.remove(&check);
                }
            }
            Command::Ask(check, attempt, reply) => {
                if self.planner.ask(check, attempt, now)
                    && let Some(reply) = reply
                {
                    self.waiting.entry(check).or_default().push(reply);
                }
            }
            Command::Finished(check, outcome) => self.finish(check, outcome, now),
            Command::Limit(concurrency) => self.planner.limit(concurrency),
        }
    }

    fn finish(&mut self, check: CheckId, outcome: Option<Box<Outcome>>, now: Instant) {
        let undecided = outcome.as_ref().is_some_and(|outcome| outcome.undecided);
        let missed = self.planner.finished(check, undecided, now);
        if missed > 0 {
            self.meters.missed.increment(missed);
            self.scheduler
                .stats
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .missed += missed;
        }
        // Who asked while an earlier probe ran waits for the one that began after the question.
        let Some(outcome) = outcome else { return };
        let answers = outcome.probe.attempt == Attempt::Manual;
        if answers && let Some(waiting) = self.waiting.remove(&check) {
            for reply in waiting {
                // The one who asked may have left.
                drop(reply.send(outcome.probe.clone()));
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge of small counts")]
    fn report(&self, context: &TaskContext) {
        self.meters.running.set(self.planner.running() as f64);
        self.meters.checks.set(self.planner.len() as f64);
        let stats = self.scheduler.stats();
        let p99 = stats.lateness.percentile(990).unwrap_or_default();
        context.ran(format!(
            "{} checks, {} probes started, {} under way, {} slots missed, 99 of 100 started within {}.{:03} ms",
            self.planner.len(),
            stats.started,
            self.planner.running(),
            stats.missed,
            p99 / 1000,
            p99 % 1000,
        ));
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Makes sure that the end of a probe is heard of, even when it panics.
struct Report(Option<(CheckId, mpsc::UnboundedSender<Command>)>);

impl Report {
    fn finished(&mut self, outcome: Option<Outcome>) {
        if let Some((check, commands)) = self.0.take() {
            drop(commands.send(Command::Finished(check, outcome.map(Box::new))));
        }
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        self.finished(None);
    }
}

#[cfg(test)]
mod tests;
