//! One attempt at one job.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::FutureExt;
use mainstay_kernel::Micros;
use mainstay_store::{Statement, StoreError};
use serde_json::Value;

use super::{
    Inner, JobState, Kind,
    job::{Attempt, Done, JobContext, JobError},
    running::Stop,
    store::{self, Claimed},
};
use crate::replica::ReplicaId;

/// How long a cancelled attempt may take to notice before it is dropped.
const GRACE: Duration = Duration::from_secs(5);
/// Waits double from the first to the longest.
const FIRST_WAIT: Micros = 1_000_000;
const LONGEST_WAIT: Micros = 3_600 * 1_000_000;
/// A job of a newer version waits for a replica that can read it.
const NOT_MINE_WAIT: Micros = 5_000_000;

/// What an attempt came to.
enum Outcome {
    Ended(Result<Done, JobError>),
    Panicked,
    TimedOut,
    Cancelled,
}

impl Inner {
    /// Runs a claimed job to the end of this attempt and writes down what became of it; answers whether that is settled.
    pub(super) async fn run(&self, job: Claimed, holder: ReplicaId, stop: Stop) -> bool {
        let kind = self.kinds().get(job.kind.as_str()).cloned();
        let Some(kind) = kind.filter(|kind| kind.version >= job.version) else {
            let reason = "no replica that could run it has taken it yet; it needs a newer version of Mainstay";
            let at = self.world.now_micros() + NOT_MINE_WAIT;
            return self
                .write(&job, store::put_back(job.id, job.attempt, holder, at, reason))
                .await;
        };
        let outcome = match payload(&kind, &job) {
            Ok(payload) => self.attempt(&kind, &job, payload, holder, &stop).await,
            Err(reason) => Outcome::Ended(Err(JobError::Fail(reason))),
        };
        let now = self.world.now();
        let end = |state, error: &str| store::end(job.id, job.attempt, holder, now, state, error);
        let failed = |error: &str| {
            if job.attempt >= job.max_attempts {
                end(JobState::Failed, error)
            } else {
                let at = self.world.now_micros() + self.wait_after(job.attempt);
                store::retry(job.id, job.attempt, holder, at, error)
            }
        };
        let statement = match outcome {
            Outcome::Ended(Ok(Done { committed: true, .. })) => return true,
            Outcome::Ended(Ok(Done { result, .. })) => store::finish(job.id, job.attempt, holder, now, result.as_ref()),
            Outcome::Ended(Err(JobError::Fail(error))) => end(JobState::Failed, &error),
            Outcome::Ended(Err(JobError::Retry(error))) => failed(&error),
            Outcome::Panicked => failed("it panicked; the log has the place"),
            Outcome::TimedOut => failed(&format!("it did not end within {} ms", job.timeout_ms)),
            Outcome::Cancelled if stop.is_requested() => end(JobState::Cancelled, "cancelled while it ran"),
            Outcome::Cancelled => store::put_back(
                job.id,
                job.attempt,
                holder,
                self.world.now_micros(),
                "the replica that ran it stopped before it ended",
            ),
        };
        self.write(&job, statement).await
    }

    async fn attempt(&self, kind: &Kind, job: &Claimed, payload: Value, holder: ReplicaId, stop: &Stop) -> Outcome {
        let cancelled = stop.token.clone();
        let context = JobContext {
            inner: Arc::new(Attempt {
                id: job.id,
                number: job.attempt,
                holder,
                organization: job.organization,
                database: self.database.clone(),
                group: self.group.clone(),
                world: self.world.clone(),
                cancelled: cancelled.clone(),
                reported: Mutex::default(),
            }),
        };
        let work = AssertUnwindSafe((kind.handler)(payload, context)).catch_unwind();
        let limit = Duration::from_millis(u64::try_from(job.timeout_ms).unwrap_or_default());
        let dropped = async {
            cancelled.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        let outcome = tokio::select! {
            biased;
            outcome = tokio::time::timeout(limit, work) => outcome,
            () = dropped => return Outcome::Cancelled,
        };
        match outcome {
            // What it committed is committed, whoever wanted it cancelled meanwhile.
            Ok(Ok(Ok(done))) => Outcome::Ended(Ok(done)),
            Ok(Ok(Err(_))) if cancelled.is_cancelled() => Outcome::Cancelled,
            Ok(Ok(ended)) => Outcome::Ended(ended),
            Ok(Err(_)) => Outcome::Panicked,
            Err(_) => Outcome::TimedOut,
        }
    }

    /// Writes the end of an attempt; answers whether it is written, or no longer this replica's to write. When even that
    /// fails, the claim stays until this replica or another sees that nobody works on it.
    async fn write(&self, job: &Claimed, statement: Statement) -> bool {
        let mut wait = Duration::from_millis(100);
        loop {
            let error: StoreError = match self.group.execute(statement.clone()).await {
                Ok(1) => return true,
                Ok(_) => {
                    tracing::warn!(job.id = %job.id, job.kind, "a job was taken over before its end was written");
                    return true;
                }
                Err(error) => error,
            };
            if !error.is_transient() || wait > Duration::from_mins(1) || self.leases.me().is_none() {
                tracing::error!(job.id = %job.id, job.kind, %error, "the end of a job could not be written; it will run again");
                return false;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }

    /// A wait of its length to twice that, so that jobs which failed together do not come back together.
    fn wait_after(&self, attempt: i64) -> Micros {
        let doublings = u32::try_from(attempt.clamp(1, 32) - 1).unwrap_or_default();
        let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "microseconds of at most an hour"
        )]
        let jitter = (self.world.fraction() * wait as f64) as Micros;
        wait + jitter
    }
}

/// The payload as today's version wants it.
fn payload(kind: &Kind, job: &Claimed) -> Result<Value, String> {
    let payload: Value =
        serde_json::from_str(&job.payload).map_err(|error| format!("its payload is damaged: {error}"))?;
    if job.version == kind.version {
        return Ok(payload);
    }
    (kind.upgrade)(job.version, payload)
}
