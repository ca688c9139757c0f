//! Deliveries that are not final, in the database: how they come to be, and what the dispatcher reads of them.

use std::sync::Arc;

use jiff::Timestamp;
use mainstay_kernel::{Scope, TypedId, to_micros, uuid::Uuid};
use mainstay_store::{Database, Row, StoreError, Transaction, Value, sql};

use super::super::model::{DeliveryEvent, DeliveryId, DeliveryStatus, WebhookId};
use crate::alert::model::AlertId;

/// A delivery about to exist.
#[derive(Debug, Clone)]
pub(crate) struct NewDelivery {
    pub id: DeliveryId,
    pub scope: Scope,
    pub webhook_id: WebhookId,
    pub alert_id: Option<AlertId>,
    pub event: DeliveryEvent,
    /// What may be sent to the webhook only once.
    pub once_key: String,
    pub position: i64,
    pub body: Arc<str>,
    pub created_at: Timestamp,
}

/// A delivery that is not final, as the dispatcher knows it.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub id: DeliveryId,
    pub webhook_id: WebhookId,
    pub alert_id: Option<AlertId>,
    pub event: DeliveryEvent,
    pub position: i64,
    pub attempts: i64,
    pub series_attempts: i64,
    pub series_started_at: Timestamp,
    pub next_attempt_at: Option<Timestamp>,
    /// Kept until the first attempt failed, so that a first attempt needs no query.
    pub body: Option<Arc<str>>,
}

impl From<&NewDelivery> for Job {
    fn from(new: &NewDelivery) -> Self {
        Self {
            id: new.id,
            webhook_id: new.webhook_id,
            alert_id: new.alert_id,
            event: new.event,
            position: new.position,
            attempts: 0,
            series_attempts: 0,
            series_started_at: new.created_at,
            next_attempt_at: None,
            body: Some(new.body.clone()),
        }
    }
}

/// Inserts deliveries; one that exists already is left as it is.
pub(crate) async fn insert(tx: &mut Transaction, deliveries: &[NewDelivery]) -> Result<(), StoreError> {
    let row = |new: &NewDelivery| {
        vec![
            Value::id(new.id),
            Value::id(new.scope.organization),
            Value::Text(Some(new.scope.environment.to_string())),
            Value::id(new.webhook_id),
            Value::Uuid(new.alert_id.map(TypedId::as_uuid)),
            Value::Text(Some(new.event.as_str().to_owned())),
            Value::Text(Some(new.once_key.clone())),
            Value::Int(Some(new.position)),
            Value::Text(Some(DeliveryStatus::Pending.as_str().to_owned())),
            Value::Int(Some(0)),
            Value::Int(Some(0)),
            Value::Int(Some(to_micros(new.created_at))),
            Value::Text(Some(new.body.to_string())),
            Value::Int(Some(to_micros(new.created_at))),
        ]
    };
    // Collected first: an iterator over borrowed rows could not be held across the writing.
    let rows: Vec<Vec<Value>> = deliveries.iter().map(row).collect();
    tx.insert_many(
        "INSERT INTO slo_delivery (id, organization_id, environment, webhook_id, alert_id, event, once_key, position, status, \
         attempts, series_attempts, series_started_at, body, created_at) VALUES",
        "ON CONFLICT (webhook_id, once_key) DO NOTHING",
        rows,
    )
    .await?;
    Ok(())
}

/// Up to `limit` deliveries that are not final, oldest first, after `after`.
pub(crate) async fn unfinished(db: &Database, after: Option<DeliveryId>, limit: i64) -> Result<Vec<Job>, StoreError> {
    let rows = db
        .fetch_all(
            sql(
                "SELECT id, webhook_id, alert_id, event, position, attempts, series_attempts, series_started_at, \
                 next_attempt_at FROM slo_delivery WHERE status IN ('pending', 'failed') AND id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after.map_or(Uuid::nil(), TypedId::as_uuid))
            .bind(limit),
        )
        .await?;
    rows.iter().map(job).collect()
}

/// Up to `limit` deliveries that were not attempted since they were made or sent again, oldest first.
pub(crate) async fn pending(db: &Database, limit: i64) -> Result<Vec<Job>, StoreError> {
    let rows = db
        .fetch_all(
            sql(
                "SELECT id, webhook_id, alert_id, event, position, attempts, series_attempts, series_started_at, \
                 next_attempt_at FROM slo_delivery WHERE status = 'pending' ORDER BY id LIMIT $1",
            )
            .bind(limit),
        )
        .await?;
    rows.iter().map(job).collect()
}

/// One delivery as the dispatcher knows it.
pub(crate) async fn one(db: &Database, id: DeliveryId) -> Result<Option<Job>, StoreError> {
    let row = db
        .fetch_optional(
            sql(
                "SELECT id, webhook_id, alert_id, event, position, attempts, series_attempts, series_started_at, \
                 next_attempt_at FROM slo_delivery WHERE id = $1",
            )
            .id(id),
        )
        .await?;
    row.as_ref().map(job).transpose()
}

fn job(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        id: row.id("id")?,
        webhook_id: row.id("webhook_id")?,
        alert_id: row.get::<Option<_>>("alert_id")?.map(AlertId::from_uuid),
        event: row.parse("event")?,
        position: row.get("position")?,
        attempts: row.get("attempts")?,
        series_attempts: row.get("series_attempts")?,
        series_started_at: row.time("series_started_at")?,
        next_attempt_at: row.optional_time("next_attempt_at")?,
        body: None,
    })
}

/// The body of a delivery.
pub(crate) async fn body(db: &Database, id: DeliveryId) -> Result<Option<String>, StoreError> {
    let row = db
        .fetch_optional(sql("SELECT body FROM slo_delivery WHERE id = $1").id(id))
        .await?;
    row.map(|row| row.get("body")).transpose()
}

/// Makes a delivery due again from the beginning of its backoff.
pub(crate) async fn restart(db: &Database, id: DeliveryId, at: Timestamp) -> Result<(), StoreError> {
    db.execute(
        sql(
            "UPDATE slo_delivery SET status = 'pending', series_attempts = 0, series_started_at = $2, \
             next_attempt_at = NULL, delivered_at = NULL WHERE id = $1",
        )
        .id(id)
        .bind(at),
    )
    .await?;
    Ok(())
}

/// Makes a delivery that waits for its next attempt due now.
pub(crate) async fn hasten(db: &Database, id: DeliveryId, at: Timestamp) -> Result<(), StoreError> {
    db.execute(
        sql("UPDATE slo_delivery SET next_attempt_at = $2 WHERE id = $1 AND next_attempt_at > $2")
            .id(id)
            .bind(at),
    )
    .await
    .map(drop)
}

/// Gives up whatever was still to be sent to a webhook.
pub(crate) async fn abandon(tx: &mut Transaction, webhook: WebhookId, reason: &str) -> Result<u64, StoreError> {
    tx.execute(
        sql(
            "UPDATE slo_delivery SET status = 'dead', next_attempt_at = NULL, last_error = $2 \
             WHERE webhook_id = $1 AND status IN ('pending', 'failed')",
        )
        .id(webhook)
        .bind(reason),
    )
    .await
}

/// Gives up whatever was to be sent to a webhook that was deleted by another replica at the same moment.
pub(crate) async fn abandon_orphans(db: &Database) -> Result<u64, StoreError> {
    db.execute(sql(
        "UPDATE slo_delivery SET status = 'dead', next_attempt_at = NULL, last_error = 'the webhook was deleted' \
         WHERE status IN ('pending', 'failed') AND webhook_id NOT IN (SELECT id FROM slo_webhook)",
    ))
    .await
}
