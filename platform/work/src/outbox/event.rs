//! What is announced, and who wants to hear it.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_kernel::{OrganizationId, typed_id};
use mainstay_store::{StoreError, Transaction};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::replica::Role;

typed_id!(
    /// Identifies an event, so that a handler can tell a repetition.
    EventId
);

/// A kind of event that a module announces.
pub trait Announcement: Serialize + DeserializeOwned + Send + Sync {
    /// What it is about, `module.thing`, as in `slo.alert`.
    const TOPIC: &'static str;
    /// Of its fields; counts up when a reader of the old ones would misunderstand the new.
    const VERSION: u32;

    /// Events of the same key are handled in the order in which they were committed.
    fn key(&self) -> String;
}

/// An event about to be written.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub(crate) organization: OrganizationId,
    pub(crate) topic: &'static str,
    pub(crate) version: u32,
    pub(crate) key: String,
    pub(crate) payload: String,
}

impl NewEvent {
    /// The event that announces this.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which is a defect of its type.
    pub fn of<A: Announcement>(organization: OrganizationId, announcement: &A) -> Result<Self, StoreError> {
        let payload = serde_json::to_string(announcement)
            .map_err(|error| StoreError::corrupt(format_args!("an event of {}: {error}", A::TOPIC)))?;
        Ok(Self {
            organization,
            topic: A::TOPIC,
            version: A::VERSION,
            key: announcement.key(),
            payload,
        })
    }
}

/// An event as it was committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its place among all events, in the order of their commits.
    pub position: i64,
    /// Its identity.
    pub id: EventId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What it is about.
    pub topic: String,
    /// The version of its payload.
    pub version: u32,
    /// Events of the same key keep their order.
    pub key: String,
    /// What happened.
    pub payload: Value,
    /// When it was written.
    pub created_at: Timestamp,
}

impl Event {
    /// The announcement in it.
    ///
    /// # Errors
    /// When it is of another topic or version, or damaged.
    pub fn read<A: Announcement>(&self) -> Result<A, HandlerError> {
        if self.topic != A::TOPIC || self.version != A::VERSION {
            return Err(HandlerError::Refused(format!(
                "expected {} version {}, this is {} version {}",
                A::TOPIC,
                A::VERSION,
                self.topic,
                self.version
            )));
        }
        A::deserialize(&self.payload).map_err(|error| HandlerError::Refused(error.to_string()))
    }
}

/// Why an event was not handled.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The database refused. If it is only away, the event waits and is not counted as failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The handler refused; the event is tried again later, and those of its key wait behind it.
    #[error("{0}")]
    Refused(String),
}

/// Somebody who reacts to events.
///
/// What it writes goes into the transaction it is given, which also moves its cursor: so its effects in the database happen
/// exactly once per event. It must not do anything that a rollback does not undo; a call to the outside becomes a job.
#[async_trait]
pub trait EventHandler: Send + Sync + 'static {
    /// Its unique name, which its cursor is kept under.
    fn name(&self) -> &'static str;

    /// The topics it wants to hear of.
    fn topics(&self) -> &'static [&'static str];

    /// Which replicas run it.
    fn role(&self) -> Role {
        Role::Work
    }

    /// How long one event may take.
    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// Handles one event. Between two statements it must not wait for long: PostgreSQL undoes a transaction that is idle for five
    /// seconds.
    async fn handle(&self, tx: &mut Transaction, event: &Event) -> Result<(), HandlerError>;
}
