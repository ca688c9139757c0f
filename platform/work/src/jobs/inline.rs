//! A job run here and now, ahead of its queue and by the process that asks: for tests and for the command line.

use std::future::Future;

use mainstay_kernel::OrganizationId;
use mainstay_store::{StoreError, StoreErrorKind};
use serde_json::Value;

use super::{
    Inner, Jobs,
    job::{EnqueueOptions, Job, JobId},
    millis,
    running::Stop,
    store::{self, Claimed, NewJob},
    view::JobView,
};
use crate::replica::ReplicaId;

/// Why a job that is named by its kind cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum CannotRun {
    /// Nobody registered this kind.
    #[error("there is no kind of job `{kind}`; {}", known(.there_are))]
    UnknownKind {
        /// What was asked for.
        kind: String,
        /// The kinds that were registered.
        there_are: Vec<&'static str>,
    },
    /// The kind does not understand the payload.
    #[error("`{kind}` cannot read this payload: {reason}")]
    Payload {
        /// What was asked for.
        kind: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn known(kinds: &[&str]) -> String {
    match kinds {
        [] => "this Mainstay has no jobs".to_owned(),
        [one] => format!("there is `{one}`"),
        [firsts @ .., last] => format!("there are `{}` and `{last}`", firsts.join("`, `")),
    }
}

/// A job that this process has claimed and not begun yet.
#[derive(Debug)]
#[must_use = "a claimed job that is not run waits until this replica is gone"]
pub struct Inline {
    jobs: Jobs,
    claimed: Claimed,
    holder: ReplicaId,
}

impl Jobs {
    /// Writes a job and runs it here and now, ahead of its queue; answers what became of it.
    ///
    /// # Errors
    /// When the database refuses, or a job with the same unique key waits or runs.
    pub async fn run_inline<J: Job>(&self, job: &J, options: EnqueueOptions) -> Result<JobView, StoreError> {
        let new = self.inner.new_job(job, options)?;
        let inline = self.claim_inline(new).await?;
        inline.run_until(std::future::pending()).await
    }

    /// The names of all registered kinds.
    pub fn kinds(&self) -> Vec<&'static str> {
        self.inner.kinds().keys().copied().collect()
    }

    /// Writes a job that is named by its kind and claims it for this process.
    ///
    /// # Errors
    /// When there is no such kind, when it cannot read the payload, or when the database refuses.
    pub async fn begin_inline(&self, kind: &str, payload: &Value) -> Result<Inline, CannotRun> {
        let inner = &self.inner;
        let registered = inner
            .kinds()
            .get_key_value(kind)
            .map(|(name, kind)| (*name, kind.clone()));
        let Some((name, registered)) = registered else {
            return Err(CannotRun::UnknownKind {
                kind: kind.to_owned(),
                there_are: self.kinds(),
            });
        };
        (registered.check)(payload).map_err(|reason| CannotRun::Payload { kind: name, reason })?;
        let new = NewJob {
            id: inner.world.id(),
            organization: OrganizationId::DEFAULT,
            queue: registered.queue,
            kind: name,
            version: registered.version,
            payload: payload.to_string(),
            unique_key: None,
            max_attempts: registered.attempts,
            timeout_ms: millis(registered.timeout),
            run_at: inner.world.now(),
        };
        Ok(self.claim_inline(new).await?)
    }

    async fn claim_inline(&self, mut new: NewJob) -> Result<Inline, StoreError> {
        let inner = &self.inner;
        let (holder, now) = (inner.holder()?, inner.world.now());
        new.run_at = now;
        // In one transaction, so that no worker takes it in between.
        let statements = vec![store::insert(&inner.world, &new), store::claim_one(new.id, holder, now)];
        if inner.group.write(statements).await? != [1, 1] {
            return Err(StoreError::new(
                StoreErrorKind::Conflict,
                format!("a job of {} with this key waits or runs already", new.kind),
            ));
        }
        Ok(Inline {
            jobs: self.clone(),
            claimed: Claimed {
                id: new.id,
                organization: new.organization,
                kind: new.kind.to_owned(),
                version: new.version,
                payload: new.payload,
                attempt: 1,
                max_attempts: i64::from(new.max_attempts),
                timeout_ms: new.timeout_ms,
            },
            holder,
        })
    }
}

impl Inline {
    /// Which job.
    pub fn id(&self) -> JobId {
        self.claimed.id
    }

    /// Runs it; answers what became of it. When `stop` resolves first, the job is cancelled.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<JobView, StoreError> {
        let (inner, id): (&Inner, _) = (&self.jobs.inner, self.id());
        let handle = Stop::default();
        let run = inner.inline.add(id, self.holder, handle.clone());
        let stopped = async {
            stop.await;
            handle.request();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            settled = inner.run(self.claimed, self.holder, handle.clone()) => run.end(settled),
            () = stopped => {}
        }
        self.jobs
            .get(id)
            .await?
            .ok_or_else(|| StoreError::corrupt("a job that ran is gone"))
    }
}
