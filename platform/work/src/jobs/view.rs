//! Jobs and queues as people see them.

use std::{collections::BTreeMap, str::FromStr};

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use serde_json::Value;

use super::job::JobId;
use crate::replica::ReplicaId;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobState {
    /// Its time has not come, or nobody is free.
    Waiting,
    /// A replica is at it.
    Running,
    /// It ended well.
    Done,
    /// It ended badly, and nobody tries again by itself.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A word that is no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no state of a job; there are waiting, running, done, failed and cancelled")]
pub struct UnknownState(String);

impl FromStr for JobState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

/// A job as people see it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its queue.
    pub queue: String,
    /// Its kind.
    pub kind: String,
    /// What it was given.
    pub payload: Value,
    /// No second job of this kind and key waits or runs beside it.
    pub unique_key: Option<String>,
    /// Where it stands.
    pub state: JobState,
    /// Attempts begun.
    pub attempt: i64,
    /// Attempts before it counts as failed.
    pub max_attempts: i64,
    /// When it is due, or was.
    pub run_at: Timestamp,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its last attempt began.
    pub started_at: Option<Timestamp>,
    /// When the replica that runs it last said so.
    pub heartbeat_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The replica that runs it.
    pub holder: Option<ReplicaId>,
    /// Whether somebody wants it to stop.
    pub cancel_requested: bool,
    /// Steps done.
    pub progress_done: Option<i64>,
    /// Steps in all.
    pub progress_total: Option<i64>,
    /// What it is doing.
    pub progress_text: Option<String>,
    /// Why the last attempt did not succeed.
    pub last_error: Option<String>,
    /// What it answered.
    pub result: Option<Value>,
}

/// Which jobs are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only those of this organisation.
    pub organization: Option<OrganizationId>,
    /// Only those in this state.
    pub state: Option<JobState>,
    /// Only those of this queue.
    pub queue: Option<String>,
    /// Only those of this kind.
    pub kind: Option<String>,
}

/// How one queue stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueStatus {
    /// Its name.
    pub queue: String,
    /// Jobs by state.
    pub jobs: BTreeMap<JobState, i64>,
    /// When its oldest waiting job was or is due.
    pub oldest_waiting_at: Option<Timestamp>,
}

impl QueueStatus {
    pub(super) fn empty(queue: &str) -> Self {
        Self {
            queue: queue.to_owned(),
            jobs: BTreeMap::new(),
            oldest_waiting_at: None,
        }
    }
}
