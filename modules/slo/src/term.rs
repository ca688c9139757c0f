//! Terms: the time during which this replica alone does a single task, such as deciding alerts. It knows leases and
//! transactions, not what is done under them.
//!
//! **Invariant:** what a term writes goes through [`Term::guard`] in the transaction that writes it. A term that was refused
//! there is over at once and does not begin again under the same token.

use std::time::Duration;

use mainstay_runtime::{Latest, TaskContext};
use mainstay_store::{StoreError, StoreErrorKind, Transaction};
use mainstay_work::{Lease, Leases, Placement};

/// A task that one replica at a time does. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    leases: Leases,
    name: &'static str,
    /// The last token that the database refused; 0 at first, which is nobody's.
    refused: Latest<i64>,
}

/// The task is this replica's, under one token.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    seat: Seat,
    lease: Lease,
}

impl Seat {
    /// Declares the lease; call it before [`Leases::start`].
    pub fn declare(leases: &Leases, name: &'static str, placement: Placement) -> Self {
        leases.declare([name.to_owned()], placement);
        Self {
            leases: leases.clone(),
            name,
            refused: Latest::default(),
        }
    }

    /// How long whoever waits for a ring waits for it before it looks by itself.
    pub fn look_every(&self) -> Duration {
        self.leases.look_every()
    }

    /// The present term, when the task is this replica's.
    pub fn term(&self) -> Option<Term> {
        let lease = self.leases.lease(self.name)?;
        (lease.token != self.refused.get()).then(|| Term {
            seat: self.clone(),
            lease,
        })
    }

    /// The next term, or nothing when a shutdown comes first.
    pub async fn begin(&self, context: &TaskContext) -> Option<Term> {
        tokio::select! {
            biased;
            () = context.stopping() => None,
            () = self.moved(false) => self.term(),
        }
    }

    /// Resolves when the task has moved: here, if it was elsewhere, and away, if it was here.
    pub async fn moved(&self, was_here: bool) {
        let (mut held, mut refused) = (self.leases.held(), self.refused.follow());
        while self.term().is_some() == was_here {
            tokio::select! {
                biased;
                () = held.changed() => {}
                () = refused.changed() => {}
            }
        }
    }
}

impl Term {
    /// Makes sure that the term is not over, and keeps it so until the transaction ends.
    ///
    /// # Errors
    /// Of kind [`StoreErrorKind::Fenced`] when it is over; then nothing of the transaction may happen.
    pub async fn guard(&self, tx: &mut Transaction) -> Result<(), StoreError> {
        let guarded = self.seat.leases.guard(tx, &self.lease).await;
        if let Err(error) = &guarded
            && error.kind == StoreErrorKind::Fenced
        {
            self.seat.refused.set(self.lease.token);
        }
        guarded
    }

    /// Whether the task is still this replica's, as far as is known here.
    pub fn stands(&self) -> bool {
        self.seat.term().is_some_and(|now| now.lease.token == self.lease.token)
    }

    /// Resolves when the term is over.
    pub async fn over(&self) {
        let (mut held, mut refused) = (self.seat.leases.held(), self.seat.refused.follow());
        while self.stands() {
            tokio::select! {
                biased;
                () = held.changed() => {}
                () = refused.changed() => {}
            }
        }
    }
}
