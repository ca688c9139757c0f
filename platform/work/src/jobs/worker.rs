//! Takes jobs of one queue as long as there is room, and watches over those that run.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::{Bell, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Inner, bell, job::JobId, store};
use crate::replica::ReplicaId;

/// From one look without a ring to the next.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// From one look after cancelled jobs and lost replicas to the next.
const KEEP_UP_EVERY: Duration = Duration::from_secs(2);
/// How long running jobs may take to end after a shutdown has begun, before they are put back.
const PATIENCE: Duration = Duration::from_secs(10);
const FORGET_EVERY: Duration = Duration::from_hours(1);

/// How to stop a running job.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Tells the attempt to stop.
    pub token: CancellationToken,
    /// Whether somebody wanted the job itself to stop, and not only this attempt.
    requested: Arc<AtomicBool>,
}

impl Stop {
    /// Stops the job itself.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
        self.token.cancel();
    }

    /// Whether the job itself should stop.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }
}

/// Jobs of one queue that this process runs.
#[derive(Debug, Default)]
pub struct Running(Mutex<BTreeMap<JobId, (ReplicaId, Stop)>>);

impl Running {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<JobId, (ReplicaId, Stop)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn len(&self) -> usize {
        self.jobs().len()
    }
}

/// One queue at work.
pub struct Worker {
    jobs: Arc<Inner>,
    queue: &'static str,
    kinds: Vec<&'static str>,
    concurrency: usize,
    tasks: Tasks,
    bell: Bell,
    running: Arc<Running>,
    freed: Arc<Notify>,
}

impl Worker {
    /// A worker for a queue.
    pub fn new(
        jobs: Arc<Inner>,
        queue: &'static str,
        kinds: Vec<&'static str>,
        concurrency: usize,
        tasks: &Tasks,
    ) -> Self {
        let bell = jobs.wakes.bell(&bell(queue));
        let running = Arc::<Running>::default();
        jobs.running().push(Arc::clone(&running));
        Self {
            queue,
            kinds,
            concurrency,
            tasks: tasks.clone(),
            bell,
            running,
            jobs,
            freed: Arc::default(),
        }
    }

    /// Until a shutdown.
    pub async fn run(mut self, context: TaskContext) -> Result<(), Infallible> {
        let mut begun = 0_u64;
        loop {
            match self.fill().await {
                Ok(claimed) => {
                    begun += claimed as u64;
                    context.ran(format!("{begun} begun since the start, {} running", self.running.len()));
                }
                Err(error) => context.failed(error),
            }
            let wait = self.until_next().await;
            let mut bell = self.bell.clone();
            tokio::select! {
                biased;
                () = context.stopping() => break,
                () = bell.rung() => {}
                () = self.half_free() => {}
                () = tokio::time::sleep(wait) => {}
            }
            self.bell = bell;
        }
        self.finish().await;
        Ok(())
    }

    /// Takes as many jobs as there is room for; answers how many.
    async fn fill(&self) -> Result<usize, StoreError> {
        let room = self.concurrency.saturating_sub(self.running.len());
        let Some(holder) = self.jobs.leases.me() else {
            self.cancel_all_but(None);
            return Ok(0);
        };
        self.cancel_all_but(Some(holder));
        if room == 0 {
            return Ok(0);
        }
        let now = self.jobs.world.now();
        let claimed = store::claim(&self.jobs.database, self.queue, &self.kinds, holder, now, room).await?;
        let count = claimed.len();
        for job in claimed {
            let stop = Stop::default();
            self.running.jobs().insert(job.id, (holder, stop.clone()));
            let (jobs, running, freed) = (
                Arc::clone(&self.jobs),
                Arc::clone(&self.running),
                Arc::clone(&self.freed),
            );
            self.tasks.detached(async move {
                let id = job.id;
                jobs.run(job, holder, stop).await;
                running.jobs().remove(&id);
                freed.notify_one();
            });
        }
        Ok(count)
    }

    /// Resolves when half of the room is free, so that jobs are claimed by many and not one by one.
    async fn half_free(&self) {
        // With an empty queue everything is free, and only a ring brings work.
        let waiting_for_room = self.running.len() >= self.concurrency;
        if !waiting_for_room {
            return std::future::pending().await;
        }
        while self.running.len() > self.concurrency / 2 {
            self.freed.notified().await;
        }
    }

    /// How long until a job of this queue is due, at most a second.
    async fn until_next(&self) -> Duration {
        let Ok(Some(at)) = store::next_run_at(&self.jobs.database, self.queue).await else {
            return LOOK_EVERY;
        };
        let wait = at.duration_since(self.jobs.world.now());
        Duration::try_from(wait)
            .map_or(Duration::ZERO, |wait| wait.min(LOOK_EVERY))
            .max(Duration::from_millis(5))
    }

    /// Stops what runs under a claim that is no longer this replica's.
    fn cancel_all_but(&self, holder: Option<ReplicaId>) {
        for (claimed_by, stop) in self.running.jobs().values() {
            if Some(*claimed_by) != holder {
                stop.token.cancel();
            }
        }
    }

    /// Waits for what runs; what does not end in time is stopped, and another replica or the next start runs it again.
    async fn finish(&self) {
        let ended = async {
            while self.running.len() > 0 {
                self.freed.notified().await;
            }
        };
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            tracing::warn!(
                queue = self.queue,
                jobs.running = self.running.len(),
                "jobs did not end in time; they will run again"
            );
            self.cancel_all_but(None);
        }
    }
}

impl Inner {
    /// Cancels what people want cancelled, takes jobs from replicas that are gone, and forgets old ones.
    pub(super) async fn keep_up(&self, context: &TaskContext) -> Result<(), Infallible> {
        let mut forget_at = tokio::time::Instant::now();
        loop {
            match self.keep_up_once().await {
                Ok(0) => context.ran(""),
                Ok(reclaimed) => {
                    tracing::warn!(
                        jobs.reclaimed = reclaimed,
                        "took over jobs whose replica ended before they did"
                    );
                    context.ran(format!("{reclaimed} jobs taken over"));
                }
                Err(error) => context.failed(error),
            }
            if tokio::time::Instant::now() >= forget_at {
                forget_at = tokio::time::Instant::now() + FORGET_EVERY;
                if let Err(error) = self.forget_old().await {
                    context.failed(error);
                }
            }
            if !context.sleep(KEEP_UP_EVERY).await {
                return Ok(());
            }
        }
    }

    async fn keep_up_once(&self) -> Result<u64, StoreError> {
        let running = self.running().clone();
        if let Some(me) = self.leases.me()
            && running.iter().any(|queue| queue.len() > 0)
        {
            self.group.execute(store::heartbeat(me, self.world.now())).await?;
            for id in store::cancel_requests(&self.database, me).await? {
                for queue in &running {
                    if let Some((_, stop)) = queue.jobs().get(&id) {
                        stop.request();
                    }
                }
            }
        }
        let reclaimed = store::reclaim(&self.database, self.world.now()).await?;
        if reclaimed > 0 {
            for kind in self.kinds().values() {
                self.wakes.ring(&bell(kind.queue));
            }
        }
        Ok(reclaimed)
    }
}
