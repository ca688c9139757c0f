//! What an operator sees of the jobs and does about them: a list, one, the queues; cancelling, running again, forgetting.

use std::{
    collections::BTreeMap,
    sync::{Arc, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use mainstay_store::StoreError;
use tokio::time::Instant;

use super::{
    Inner, Jobs,
    job::JobId,
    store,
    view::{JobFilter, JobState, JobView, QueueStatus},
};

/// Ended jobs are kept for a week.
const KEEP: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);
/// Jobs forgotten in one statement, so that none holds up other writers for long.
const FORGET_BATCH: i64 = 5_000;
/// Counting what ended well may take one part in so many of the time.
const COUNTING_SHARE: u32 = 20;

/// How many jobs of each queue ended well.
#[derive(Debug, Clone)]
pub struct Counted {
    jobs: Arc<Vec<(String, i64)>>,
    good_until: Instant,
}

impl Jobs {
    /// One job.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn get(&self, id: JobId) -> Result<Option<JobView>, StoreError> {
        store::get(&self.inner.database, id).await
    }

    /// Jobs, the newest first, those before a certain one if it is named. They come without payload and result, which may be
    /// large.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list(
        &self,
        filter: &JobFilter,
        before: Option<JobId>,
        limit: i64,
    ) -> Result<Vec<JobView>, StoreError> {
        store::list(&self.inner.database, filter, before, limit).await
    }

    /// How each queue stands. How many ended well is counted anew only as often as the counting is cheap.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn queues(&self) -> Result<Vec<QueueStatus>, StoreError> {
        let mut queues: BTreeMap<String, QueueStatus> = BTreeMap::new();
        let mut set = |queue: &str, state, jobs, oldest_waiting_at: Option<Timestamp>| {
            let status = queues
                .entry(queue.to_owned())
                .or_insert_with(|| QueueStatus::empty(queue));
            status.jobs.insert(state, jobs);
            status.oldest_waiting_at = oldest_waiting_at.or(status.oldest_waiting_at);
        };
        for kind in self.inner.kinds().values() {
            set(kind.queue, JobState::Waiting, 0, None);
        }
        for (queue, state, jobs, oldest) in store::counts(&self.inner.database).await? {
            set(&queue, state, jobs, Some(oldest).filter(|_| state == JobState::Waiting));
        }
        for (queue, jobs) in &*self.inner.done_by_queue().await? {
            set(queue, JobState::Done, *jobs, None);
        }
        Ok(queues.into_values().collect())
    }

    /// Cancels a waiting job and asks a running one to stop; answers whether there was such a job.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn cancel(&self, id: JobId) -> Result<bool, StoreError> {
        store::cancel(&self.inner.database, id, self.inner.world.now()).await
    }

    /// Lets a failed or cancelled job run again; answers whether there was such a job.
    ///
    /// # Errors
    /// When the database refuses, or its unique key is taken by another by now.
    pub async fn again(&self, id: JobId) -> Result<bool, StoreError> {
        let there_was = store::again(&self.inner.database, id, self.inner.world.now()).await?;
        if let Some(job) = self.get(id).await? {
            self.wake(&job.queue);
        }
        Ok(there_was)
    }

    /// Forgets jobs that ended before a certain time; answers how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.inner.forget_before(before).await
    }
}

impl Inner {
    /// How many jobs of each queue ended well, counted now or a moment ago.
    async fn done_by_queue(&self) -> Result<Arc<Vec<(String, i64)>>, StoreError> {
        let counted = self.done().clone();
        if let Some(counted) = counted.filter(|counted| Instant::now() < counted.good_until) {
            return Ok(counted.jobs);
        }
        let began = Instant::now();
        let jobs = Arc::new(store::count_done(&self.database).await?);
        let good_until = Instant::now() + began.elapsed() * COUNTING_SHARE;
        *self.done() = Some(Counted {
            jobs: Arc::clone(&jobs),
            good_until,
        });
        Ok(jobs)
    }

    fn done(&self) -> MutexGuard<'_, Option<Counted>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets jobs that ended longer ago than they are kept.
    pub(super) async fn forget_old(&self) -> Result<u64, StoreError> {
        let before = self.world.now().checked_sub(KEEP).unwrap_or(Timestamp::MIN);
        self.forget_before(before).await
    }

    async fn forget_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let now = store::forget(&self.database, before, FORGET_BATCH).await?;
            forgotten += now;
            if i64::try_from(now).is_ok_and(|now| now < FORGET_BATCH) {
                return Ok(forgotten);
            }
        }
    }
}
