//! The outbox: events are written in the transaction of the change they announce, and brought to every handler.
//!
//! Positions are handed out under a lock that is held to the commit, so the order of positions is the order of commits, and a
//! handler needs to remember only how far it has come. Each handler is run by one replica at a time, whichever locks its
//! cursor first; when that replica dies, the database lets go of the lock.

mod deliver;
pub mod event;
mod operate;
mod store;

use std::sync::{Arc, Mutex, PoisonError};

use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_store::{Database, GroupCommit, Statement, StoreError, Transaction, Wakes};

pub use self::operate::{HandlerStatus, ParkedEvent, ParkedFilter, ParkedPlace, ParkedState, UnknownParkedState};
use self::{
    deliver::Delivery,
    event::{EventHandler, NewEvent},
};
use crate::lease::Leases;

/// What rings when events were committed.
const TOPIC: &str = "events";

/// The outbox. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    world: World,
    wakes: Wakes,
    handlers: Mutex<Vec<Arc<dyn EventHandler>>>,
}

impl Inner {
    fn handlers(&self) -> Vec<Arc<dyn EventHandler>> {
        self.handlers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

impl Outbox {
    /// An outbox without handlers.
    pub fn new(database: Database, world: World, wakes: Wakes) -> Self {
        Self {
            inner: Arc::new(Inner {
                database,
                world,
                wakes,
                handlers: Mutex::default(),
            }),
        }
    }

    /// Adds a handler; before [`Outbox::start`].
    pub fn add_handler(&self, handler: Arc<dyn EventHandler>) {
        self.inner
            .handlers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(handler);
    }

    /// Commits a transaction together with the events that announce it. Takes the transaction because the events come last:
    /// from them to the commit no other transaction with events can commit.
    ///
    /// # Errors
    /// When the database refuses; then nothing of the transaction happened, except as [`Transaction::commit`] says.
    pub async fn commit(&self, mut tx: Transaction, events: &[NewEvent]) -> Result<(), StoreError> {
        if events.is_empty() {
            return tx.commit().await;
        }
        store::append(&mut tx, &self.inner.world, events).await?;
        Wakes::ring_on_commit(&mut tx, TOPIC).await?;
        tx.commit().await?;
        self.inner.wakes.ring(TOPIC);
        Ok(())
    }

    /// Makes a small change and the event that announces it durable, together with those of others.
    ///
    /// # Errors
    /// As [`GroupCommit::write`].
    pub async fn write(
        &self,
        group: &GroupCommit,
        mut change: Vec<Statement>,
        event: &NewEvent,
    ) -> Result<(), StoreError> {
        change.extend(Wakes::ring_statement(&self.inner.database, TOPIC));
        let row = store::numbered(&self.inner.world, event);
        group.write_numbered(change, row).await?;
        self.inner.wakes.ring(TOPIC);
        Ok(())
    }

    /// Registers the handlers that this replica's roles allow and starts the task `work.events.<handler>` for each, and
    /// `work.forget-events`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn start(&self, tasks: &Tasks, leases: &Leases) -> Result<(), StoreError> {
        let inner = &self.inner;
        for handler in inner.handlers() {
            // Every handler is registered by every replica: an event must wait for it even if no replica runs it yet.
            store::register(&inner.database, &inner.world, handler.name()).await?;
            if !leases.has(handler.role()) {
                continue;
            }
            let delivery = Delivery {
                database: inner.database.clone(),
                world: inner.world.clone(),
                bell: inner.wakes.bell(TOPIC),
                look_every: leases.look_every(),
                handler: Arc::clone(&handler),
            };
            tasks.spawn(format!("work.events.{}", handler.name()), |context| {
                delivery.run(context)
            });
        }
        Ok(())
    }
}
