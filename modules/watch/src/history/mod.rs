//! History: results wait in bounded memory, are written in one transaction at most a second apart together with whatever
//! other modules count by them, and are added up by minute, five minutes and hour.

mod accumulator;
mod buffer;
mod retention;
mod writer;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use mainstay_store::{StoreError, Transaction};

pub use self::{
    accumulator::Accumulator,
    buffer::{Batch, Buffer},
    retention::Retention,
    writer::Writer,
};
use crate::model::probe::ProbeEvent;

/// Writes something of its own in the transaction that writes probe results, so that counts and results never disagree.
#[async_trait]
pub trait FlushParticipant: Send + Sync {
    /// Writes what follows from `events`. An error undoes the whole flush; it is tried again with the same events.
    ///
    /// # Errors
    /// When the database refuses.
    async fn persist(&self, tx: &mut Transaction, events: &[ProbeEvent]) -> Result<(), StoreError>;
}
