//! Live events for browsers that are connected to a replica which does not decide alerts: whoever changes an alert or a
//! delivery says which ones, and the others read them and publish what they find.

use std::convert::Infallible;

use mainstay_kernel::uuid::Uuid;
use mainstay_runtime::Tasks;
use mainstay_store::{StoreError, Transaction, Wakes};
use serde_json::json;

use super::Alerts;
use crate::{alert::store, delivery::store as delivery_store, shared::Sender};

const ALERTS: &str = "slo.alerts";
const DELIVERIES: &str = "slo.deliveries";

/// So many identifiers fit into one message with room to spare.
const AT_ONCE: usize = 100;

/// Tells the other replicas, once the transaction has committed, which alerts it changes.
pub(crate) async fn alerts_change(tx: &mut Transaction, sender: &Sender, ids: &[Uuid]) -> Result<(), StoreError> {
    say(tx, sender, ALERTS, ids).await
}

/// The same of deliveries.
pub(crate) async fn deliveries_change(tx: &mut Transaction, sender: &Sender, ids: &[Uuid]) -> Result<(), StoreError> {
    say(tx, sender, DELIVERIES, ids).await
}

async fn say(tx: &mut Transaction, sender: &Sender, topic: &str, ids: &[Uuid]) -> Result<(), StoreError> {
    for ids in ids.chunks(AT_ONCE) {
        let words: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        Wakes::ring_on_commit(tx, &sender.message(topic, &words.join(" "))).await?;
    }
    Ok(())
}

impl Alerts {
    /// Starts the task `slo.live`. Alone, whoever changes something publishes it itself.
    pub(super) fn follow_live(&self, tasks: &Tasks) {
        let wakes = &self.inner.shared.wakes;
        if !self.inner.shared.leases.is_shared() {
            return;
        }
        let (mut alerts, mut deliveries) = (wakes.messages(ALERTS), wakes.messages(DELIVERIES));
        // Nobody rings these; they ring when messages may have been lost.
        let mut lost = wakes.bell(ALERTS);
        let this = self.clone();
        tasks.spawn("slo.live", |context| async move {
            loop {
                let published = tokio::select! {
                    biased;
                    () = context.stopping() => return Ok::<_, Infallible>(()),
                    message = alerts.next() => this.publish_alerts(&message).await,
                    message = deliveries.next() => this.publish_deliveries(&message).await,
                    () = lost.rung() => {
                        this.inner.hub.publish("resync", &json!({ "missed": 0 }));
                        Ok(())
                    }
                };
                match published {
                    Ok(()) => context.ran("browsers hear of what other replicas change"),
                    Err(error) => context.failed(error),
                }
            }
        });
    }

    async fn publish_alerts(&self, message: &str) -> Result<(), StoreError> {
        let inner = &self.inner;
        for record in store::by_ids(&inner.db, &self.ids_to_publish(message)).await? {
            inner.hub.publish("alert", &record.shown(self.is_silenced(&record)));
        }
        Ok(())
    }

    async fn publish_deliveries(&self, message: &str) -> Result<(), StoreError> {
        let inner = &self.inner;
        for delivery in delivery_store::by_ids(&inner.db, &self.ids_to_publish(message)).await? {
            inner.hub.publish(
                "delivery",
                &json!({
                    "id": delivery.id, "webhook_id": delivery.webhook_id, "alert_id": delivery.alert_id,
                    "status": delivery.status,
                }),
            );
        }
        Ok(())
    }

    /// None of this process's own, and none when nobody listens.
    fn ids_to_publish(&self, message: &str) -> Vec<Uuid> {
        let words = self.inner.sender.words_of_another(message).unwrap_or_default();
        if !self.inner.hub.has_listeners() {
            return Vec::new();
        }
        words.split(' ').filter_map(|word| word.parse().ok()).collect()
    }
}
