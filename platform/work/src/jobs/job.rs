//! What a job is to the module that defines it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use mainstay_kernel::{OrganizationId, TypedId, World, typed_id};
use mainstay_store::{Database, GroupCommit, StoreError, StoreErrorKind, Transaction};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::store;
use crate::replica::ReplicaId;

typed_id!(
    /// Identifies a job.
    JobId
);

/// Progress reaches the database at most so often.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// A kind of job: its payload and how it is run.
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// Its unique name, `module.verb`, as in `catalog.import`.
    const KIND: &'static str;
    /// Of the payload; counts up when its fields change their meaning.
    const VERSION: u32 = 1;
    /// Jobs of one queue share its concurrency.
    const QUEUE: &'static str = "default";
    /// How long one attempt may take.
    const TIMEOUT: Duration = Duration::from_mins(5);
    /// Attempts before it counts as failed.
    const ATTEMPTS: u32 = 10;

    /// Makes today's payload of one that an earlier version wrote.
    ///
    /// # Errors
    /// When that version is not known; the job then fails with the reason.
    fn upgrade(version: u32, _payload: Value) -> Result<Value, String> {
        Err(format!("{} has no upgrade from version {version}", Self::KIND))
    }
}

/// How to run a job.
#[derive(Debug, Clone, Default)]
pub struct EnqueueOptions {
    /// Whose it is; the default organisation unless said otherwise.
    pub organization: Option<OrganizationId>,
    /// As long as a job of this kind and key waits or runs, another is not added.
    pub unique_key: Option<String>,
    /// Not before this time.
    pub run_at: Option<Timestamp>,
}

/// Why an attempt did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It may work later.
    #[error("{0}")]
    Retry(String),
    /// It will never work.
    #[error("{0}")]
    Fail(String),
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::Retry(error.to_string())
    }
}

/// Proof that a job has ended well; made by [`JobContext::done`] or [`JobContext::commit`].
#[derive(Debug)]
pub struct Done {
    pub(crate) result: Option<Value>,
    /// Whether the database knows already.
    pub(crate) committed: bool,
}

/// What one attempt knows of itself. Cheap to clone.
#[derive(Debug, Clone)]
pub struct JobContext {
    pub(crate) inner: Arc<Attempt>,
}

#[derive(Debug)]
pub(crate) struct Attempt {
    pub id: JobId,
    pub number: i64,
    pub holder: ReplicaId,
    pub organization: OrganizationId,
    pub database: Database,
    pub group: GroupCommit,
    pub world: World,
    pub cancelled: CancellationToken,
    pub reported: Mutex<Option<Instant>>,
}

impl JobContext {
    /// Which job.
    pub fn id(&self) -> JobId {
        self.inner.id
    }

    /// When it was made, to the millisecond, by the clock of whoever made it.
    pub fn made_at(&self) -> Timestamp {
        let made = self.inner.id.as_uuid().get_timestamp().map(|time| time.to_unix());
        made.and_then(|(seconds, nanos)| Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok())
            .unwrap_or_default()
    }

    /// Whose it is.
    pub fn organization(&self) -> OrganizationId {
        self.inner.organization
    }

    /// Which attempt, counted from 1.
    pub fn attempt(&self) -> i64 {
        self.inner.number
    }

    /// Resolves when somebody cancelled the job, or another replica took it over. An attempt that does not listen is dropped
    /// where it stands a moment later.
    pub async fn cancelled(&self) {
        self.inner.cancelled.cancelled().await;
    }

    /// Whether [`JobContext::cancelled`] has resolved.
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancelled.is_cancelled()
    }

    /// Shows how far the job has come: at most once a second, and the last step in any case.
    pub async fn progress(&self, done: u64, total: u64, text: &str) {
        {
            let mut reported = self.inner.reported.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            if done < total && reported.is_some_and(|at| now.duration_since(at) < PROGRESS_EVERY) {
                return;
            }
            *reported = Some(now);
        }
        let statement = store::progress(self.inner.id, self.inner.number, done, total, text);
        if let Err(error) = self.inner.group.execute(statement).await {
            tracing::debug!(job.id = %self.inner.id, %error, "progress was not written");
        }
    }

    /// The job has ended well, with a result that people can read.
    pub fn done(&self, result: impl Into<Option<Value>>) -> Done {
        Done {
            result: result.into(),
            committed: false,
        }
    }

    /// Commits what the job did together with the fact that it is done, so that neither happens without the other, nor twice.
    ///
    /// # Errors
    /// Of kind [`StoreErrorKind::Fenced`] when the job was cancelled or another replica has taken it over: then nothing of the
    /// transaction happened.
    pub async fn commit(&self, mut tx: Transaction, result: impl Into<Option<Value>>) -> Result<Done, StoreError> {
        let result = result.into();
        let Attempt {
            id,
            number,
            holder,
            world,
            ..
        } = &*self.inner;
        let finish = store::finish(*id, *number, *holder, world.now(), result.as_ref());
        if tx.execute(finish).await? != 1 {
            return Err(StoreError::new(
                StoreErrorKind::Fenced,
                format!("job {id} was cancelled or taken over, so what it did was undone"),
            ));
        }
        tx.commit().await?;
        Ok(Done {
            result,
            committed: true,
        })
    }

    /// The database, for what the job does.
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    /// Time and chance.
    pub fn world(&self) -> &World {
        &self.inner.world
    }
}
