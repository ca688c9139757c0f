//! Objectives among replicas: every replica counts every probe in memory, writes what it probed itself, and hears of
//! definitions that others made.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_kernel::Micros;
use mainstay_store::{StoreError, Transaction, Wakes};
use mainstay_watch::Watch;

use crate::{
    error::SloError,
    ledger::{Counted, Rows, promises_by_service},
    service::Objectives,
    store::{self, Kept},
};

/// A new SLO counts events from so much later on, so that every replica has heard of it by then: or what others probed in
/// between would be in some counts and not in others.
const HEARD_BY_ALL: Duration = Duration::from_secs(2);

/// The one order in which all replicas store probes.
#[async_trait]
pub(crate) trait Flushes: Send + Sync {
    /// The newest flush that a snapshot sees.
    async fn last_in(&self, snapshot: &mut Transaction) -> Result<Micros, StoreError>;
}

#[async_trait]
impl Flushes for Watch {
    async fn last_in(&self, snapshot: &mut Transaction) -> Result<Micros, StoreError> {
        self.last_flush_in(snapshot).await
    }
}

/// What objectives need to know of other replicas.
pub(crate) struct Sharing {
    pub wakes: Wakes,
    pub flushes: Arc<dyn Flushes>,
}

impl Objectives {
    /// Takes part among other replicas, if there can be any; before [`Objectives::open`].
    pub(crate) fn share(&self, sharing: Sharing) {
        if self.inner.db.is_shared() {
            self.inner.ledger.share();
            self.inner.sharing.get_or_init(|| sharing);
        }
    }

    /// From when on a new SLO counts.
    pub(crate) fn counts_from(&self, now: Timestamp) -> Timestamp {
        match self.inner.sharing.get() {
            None => now,
            Some(_) => now.checked_add(HEARD_BY_ALL).unwrap_or(now),
        }
    }

    /// Reads the definitions and brings the accounts into line with them.
    pub(crate) async fn refresh(&self) -> Result<(), SloError> {
        let inner = &self.inner;
        // Looked at first: what changes in between is read again rather than missed.
        let version = store::versions(&inner.db).await?.objectives;
        let promises: Vec<_> = store::all(&inner.db).await?.into_iter().map(Arc::new).collect();
        inner
            .ledger
            .keep(&promises, inner.world.now_micros(), inner.sink.as_ref());
        inner.version.store(version, std::sync::atomic::Ordering::Release);
        Ok(())
    }

    /// Takes over definitions that another replica may have changed.
    pub(crate) async fn take_over(&self) -> Result<(), SloError> {
        let _changing = self.inner.changing.lock().await;
        self.refresh().await
    }

    /// The version of the definitions that the accounts follow.
    pub(crate) fn version(&self) -> i64 {
        self.inner.version.load(std::sync::atomic::Ordering::Acquire)
    }

    /// Has every condition stated anew, for an engine that has heard of none.
    pub(crate) fn state_anew(&self) {
        self.inner.ledger.state_anew(self.inner.world.now_micros());
    }

    /// The newest flush that a snapshot includes. Alone there is nothing to hear of others.
    pub(crate) async fn last_flush_in(&self, snapshot: &mut Transaction) -> Result<Micros, StoreError> {
        match self.inner.sharing.get() {
            None => Ok(Micros::MIN),
            Some(sharing) => sharing.flushes.last_in(snapshot).await,
        }
    }

    /// Writes what the probes add to the counts, in the transaction that keeps the probes.
    pub(crate) async fn persist<'a>(
        &self,
        tx: &mut Transaction,
        probes: impl Iterator<Item = Counted<'a>> + Send,
    ) -> Result<(), StoreError> {
        let rows = self.rows(tx, probes).await?;
        store::add_buckets(tx, self.inner.writer, rows.buckets).await?;
        store::add_latency(tx, self.inner.writer, rows.latency).await?;
        Ok(())
    }

    /// By the definitions that are in force in this transaction, also when this replica has not heard of them yet: what it
    /// does not write, nobody does.
    async fn rows<'a>(
        &self,
        tx: &mut Transaction,
        probes: impl Iterator<Item = Counted<'a>> + Send,
    ) -> Result<Rows, StoreError> {
        let ledger = &self.inner.ledger;
        if let Some(sharing) = self.inner.sharing.get()
            && store::objectives_version(tx).await? != self.version()
        {
            sharing.wakes.ring(Kept::Objectives.topic());
            let promises = promises_by_service(store::all_in(tx).await?);
            return Ok(Rows::of(probes, |environment, service| {
                let place = (environment.clone(), service.clone());
                promises.get(&place).cloned().unwrap_or_default()
            }));
        }
        Ok(Rows::of(probes, |environment, service| {
            ledger.promises_of(environment, service)
        }))
    }
}
