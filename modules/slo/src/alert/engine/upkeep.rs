//! What goes on beside deciding: the heartbeat of whoever decides, and forgetting what is old.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use mainstay_runtime::Tasks;
use mainstay_store::StoreError;
use mainstay_work::reconcile::reconcile;

use super::{Alerts, Inner};
use crate::{
    alert::store,
    delivery::{
        heartbeat::{Beats, Heartbeat, HeartbeatState},
        store as delivery_store,
    },
    jobs::UPKEEP,
};

const PRUNE_EVERY: Duration = Duration::from_hours(1);
/// An answer is read within seconds of being given.
const KEEP_ANSWERS: Duration = Duration::from_hours(1);

impl Alerts {
    pub(super) fn start_upkeep(&self, tasks: &Tasks) {
        let inner = &self.inner;
        let db = inner.db.clone();
        let heartbeat = Heartbeat::start(
            inner.beat_to.clone(),
            Beats {
                outgoing: inner.deliveries.outgoing.clone(),
                healthy: Arc::new(move || {
                    let db = db.clone();
                    Box::pin(async move { db.ping().await.map_err(|error| error.to_string()) })
                }),
                seat: inner.seat.clone(),
                shown_to_others: inner.db.is_shared().then(|| inner.db.clone()),
            },
            &inner.world,
            tasks,
        );
        *inner.heartbeat.write().unwrap_or_else(PoisonError::into_inner) = heartbeat;

        let inner = inner.clone();
        let leases = &self.inner.shared.leases;
        reconcile(
            tasks,
            leases,
            "slo.prune-alerts",
            UPKEEP,
            PRUNE_EVERY,
            None,
            move || {
                let inner = inner.clone();
                async move { inner.prune().await }
            },
        );
    }

    /// What is known of the outgoing heartbeat, wherever it is sent from.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn heartbeat(&self) -> Result<HeartbeatState, StoreError> {
        let heartbeat = self
            .inner
            .heartbeat
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut state = heartbeat.state();
        if state.configured && self.inner.seat.term().is_none() {
            let (last_ok_at, last_error) = delivery_store::heartbeat(&self.inner.db).await?;
            state.last_ok_at = last_ok_at;
            state.last_error = last_error;
        }
        Ok(state)
    }
}

impl Inner {
    async fn prune(&self) -> Result<String, StoreError> {
        const BATCH: i64 = 1000;
        let ago = |age: Duration| {
            let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
            self.world.now().checked_sub(age).unwrap_or(Timestamp::MIN)
        };
        store::forget_commands(&self.db, ago(KEEP_ANSWERS)).await?;
        let deliveries = self.deliveries.prune(ago(self.config.keep_deliveries)).await?;
        let mut alerts = 0;
        loop {
            let deleted = store::delete_older_than(&self.db, ago(self.config.keep_alerts), BATCH).await?;
            alerts += deleted;
            if deleted < BATCH.unsigned_abs() {
                return Ok(format!("deleted {alerts} old alerts and {deliveries} old deliveries"));
            }
        }
    }
}
