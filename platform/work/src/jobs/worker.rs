//! Takes jobs of one queue as long as there is room, and watches over those that run.

use std::{convert::Infallible, sync::Arc, time::Duration};

use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::{Bell, StoreError, StoreErrorKind};
use tokio::sync::Notify;

use super::{
    Inner, bell,
    running::{Running, Stop},
    store,
};

/// How long running jobs may take to end after a shutdown has begun, before they are put back.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a claim may take. One whose answer is lost after that is never run here.
const CLAIM_LIMIT: Duration = Duration::from_secs(5);

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
            self.running.cancel_all_but(None);
            return Ok(0);
        };
        self.running.cancel_all_but(Some(holder));
        if room == 0 {
            return Ok(0);
        }
        let now = self.jobs.world.now();
        let claim = store::claim(&self.jobs.database, self.queue, &self.kinds, holder, now, room);
        let claimed = tokio::time::timeout(CLAIM_LIMIT, claim).await.map_err(|_| {
            StoreError::new(
                StoreErrorKind::Unavailable,
                "the database did not answer in time when jobs were claimed",
            )
        })??;
        let count = claimed.len();
        for job in claimed {
            let stop = Stop::default();
            let run = self.running.add(job.id, holder, stop.clone());
            // It may have lost touch while it claimed.
            self.running.cancel_all_but(self.jobs.leases.me());
            let (jobs, freed) = (Arc::clone(&self.jobs), Arc::clone(&self.freed));
            self.tasks.detached(async move {
                let settled = jobs.run(job, holder, stop).await;
                run.end(settled);
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

    /// How long until a job of this queue is due, or until the next look.
    async fn until_next(&self) -> Duration {
        let look = self.jobs.leases.look_every();
        let Ok(Some(at)) = store::next_run_at(&self.jobs.database, self.queue).await else {
            return look;
        };
        let wait = at.duration_since(self.jobs.world.now());
        Duration::try_from(wait)
            .map_or(Duration::ZERO, |wait| wait.min(look))
            .max(Duration::from_millis(5))
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
            self.running.cancel_all_but(None);
        }
    }
}
