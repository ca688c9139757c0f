//! Durable jobs: written in the transaction that needs them, claimed by one replica at a time, retried with growing waits,
//! and kept with their end so that people can see what happened.

mod inline;
pub mod job;
mod keep_up;
mod operate;
mod run;
mod running;
pub mod schedule;
mod store;
mod view;
mod worker;

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use mainstay_kernel::{OrganizationId, World};
use mainstay_runtime::Tasks;
use mainstay_store::{Database, GroupCommit, StoreError, StoreErrorKind, Transaction, Wakes};
use serde_json::Value;

pub use self::{
    inline::{CannotRun, Inline},
    view::{JobFilter, JobState, JobView, QueueStatus, UnknownState},
};
use self::{
    job::{Done, EnqueueOptions, Job, JobContext, JobError, JobId},
    running::Running,
    store::NewJob,
    worker::Worker,
};
use crate::{
    lease::Leases,
    replica::{ReplicaId, Role},
};

/// Jobs of one queue that run at once in one replica, unless said otherwise.
const CONCURRENCY: usize = 64;

type Handler = Arc<dyn Fn(Value, JobContext) -> BoxFuture<'static, Result<Done, JobError>> + Send + Sync>;

/// A registered kind.
#[derive(Clone)]
struct Kind {
    queue: &'static str,
    version: u32,
    attempts: u32,
    timeout: Duration,
    upgrade: fn(u32, Value) -> Result<Value, String>,
    /// Whether a payload of today's version can be read.
    check: fn(&Value) -> Result<(), String>,
    handler: Handler,
}

/// The jobs. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    world: World,
    wakes: Wakes,
    group: GroupCommit,
    leases: Leases,
    kinds: Mutex<BTreeMap<&'static str, Kind>>,
    concurrency: Mutex<BTreeMap<&'static str, usize>>,
    schedules: Mutex<Vec<schedule::Declared>>,
    running: Mutex<Vec<Arc<Running>>>,
    inline: Arc<Running>,
    done: Mutex<Option<operate::Counted>>,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs").finish_non_exhaustive()
    }
}

impl Jobs {
    /// Jobs without kinds.
    pub fn new(database: Database, world: World, wakes: Wakes, group: GroupCommit, leases: Leases) -> Self {
        let inline = Arc::<Running>::default();
        Self {
            inner: Arc::new(Inner {
                database,
                world,
                wakes,
                group,
                leases,
                kinds: Mutex::default(),
                concurrency: Mutex::default(),
                schedules: Mutex::default(),
                running: Mutex::new(vec![Arc::clone(&inline)]),
                inline,
                done: Mutex::default(),
            }),
        }
    }

    /// Says how jobs of a kind are run; before [`Jobs::start`].
    pub fn register<J, F>(&self, handler: impl Fn(J, JobContext) -> F + Send + Sync + 'static)
    where
        J: Job,
        F: Future<Output = Result<Done, JobError>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |payload, context| match serde_json::from_value::<J>(payload) {
            Ok(job) => Box::pin(handler(job, context)),
            Err(error) => Box::pin(async move { Err(JobError::Fail(format!("its payload cannot be read: {error}"))) }),
        });
        self.inner.kinds().insert(
            J::KIND,
            Kind {
                queue: J::QUEUE,
                version: J::VERSION,
                attempts: J::ATTEMPTS,
                timeout: J::TIMEOUT,
                upgrade: J::upgrade,
                check: |payload| J::deserialize(payload).map(drop).map_err(|error| error.to_string()),
                handler,
            },
        );
    }

    /// How many jobs of a queue run at once in one replica; before [`Jobs::start`].
    pub fn set_concurrency(&self, queue: &'static str, jobs: usize) {
        self.inner
            .concurrency
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(queue, jobs.max(1));
    }

    /// Makes a job durable, together with the small writes of others; answers its id, or `None` when its unique key is taken.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enqueue<J: Job>(&self, job: &J, options: EnqueueOptions) -> Result<Option<JobId>, StoreError> {
        let inner = &self.inner;
        let new = inner.new_job(job, options)?;
        let mut statements = vec![store::insert(&inner.world, &new)];
        statements.extend(Wakes::ring_statement(&inner.database, &bell(J::QUEUE)));
        let touched = inner.group.write(statements).await?;
        inner.wakes.ring(&bell(J::QUEUE));
        Ok((touched.first() == Some(&1)).then_some(new.id))
    }

    /// Writes a job in the transaction that needs it; answers its id, or `None` when its unique key is taken. Call
    /// [`Jobs::wake`] after the commit, or it begins up to a second later.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enqueue_in<J: Job>(
        &self,
        tx: &mut Transaction,
        job: &J,
        options: EnqueueOptions,
    ) -> Result<Option<JobId>, StoreError> {
        let inner = &self.inner;
        let new = inner.new_job(job, options)?;
        let added = store::insert_in(tx, &inner.world, &new).await?;
        Wakes::ring_on_commit(tx, &bell(J::QUEUE)).await?;
        Ok(added.then_some(new.id))
    }

    /// Wakes those who run a queue.
    pub fn wake(&self, queue: &str) {
        self.inner.wakes.ring(&bell(queue));
    }

    /// Starts the task `work.jobs.<queue>` for each queue, `work.jobs` for cancelling and reclaiming, `work.claims`, and `work.schedules`, if
    /// this replica has the role `work`.
    ///
    /// # Errors
    /// When the schedules cannot be written.
    pub async fn start(&self, tasks: &Tasks) -> Result<(), StoreError> {
        let inner = &self.inner;
        inner.declare_schedules().await?;
        if !inner.leases.has(Role::Work) {
            return Ok(());
        }
        let mut queues: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
        for (kind, registered) in &*inner.kinds() {
            queues.entry(registered.queue).or_default().push(kind);
        }
        for (queue, kinds) in queues {
            let concurrency = inner.concurrency.lock().unwrap_or_else(PoisonError::into_inner);
            let worker = Worker::new(
                Arc::clone(inner),
                queue,
                kinds,
                concurrency.get(queue).copied().unwrap_or(CONCURRENCY),
                tasks,
            );
            tasks.spawn(format!("work.jobs.{queue}"), |context| worker.run(context));
        }
        let watch = Arc::clone(inner);
        tasks.spawn_keeper(
            "work.claims",
            |context| async move { watch.watch_claims(&context).await },
        );
        let upkeep = Arc::clone(inner);
        tasks.spawn("work.jobs", |context| async move { upkeep.keep_up(&context).await });
        let scheduler = Arc::clone(inner);
        tasks.spawn("work.schedules", |context| async move {
            scheduler.follow_schedules(&context).await
        });
        Ok(())
    }
}

impl Inner {
    fn kinds(&self) -> MutexGuard<'_, BTreeMap<&'static str, Kind>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, Vec<Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holder(&self) -> Result<ReplicaId, StoreError> {
        self.leases.me().ok_or_else(|| {
            StoreError::new(
                StoreErrorKind::Unavailable,
                "this replica has lost touch with the database and runs no jobs until it has joined again",
            )
        })
    }

    fn new_job<J: Job>(&self, job: &J, options: EnqueueOptions) -> Result<NewJob, StoreError> {
        let payload = serde_json::to_string(job)
            .map_err(|error| StoreError::corrupt(format_args!("a job of {}: {error}", J::KIND)))?;
        Ok(NewJob {
            id: self.world.id(),
            organization: options.organization.unwrap_or(OrganizationId::DEFAULT),
            queue: J::QUEUE,
            kind: J::KIND,
            version: J::VERSION,
            payload,
            unique_key: options.unique_key,
            max_attempts: J::ATTEMPTS,
            timeout_ms: millis(J::TIMEOUT),
            run_at: options.run_at.unwrap_or_else(|| self.world.now()),
        })
    }
}

/// What rings when jobs of a queue were added.
fn bell(queue: &str) -> String {
    format!("jobs.{queue}")
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
