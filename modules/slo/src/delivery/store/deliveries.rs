//! Deliveries and their attempts in the database.

use std::sync::Arc;

use jiff::Timestamp;
use mainstay_kernel::{Cursor, OrganizationId, Page, PageRequest, Problem, Scope, TypedId, to_micros, uuid::Uuid};
use mainstay_store::{Database, Row, StoreError, Transaction, Value, sql, sql_owned};

use super::super::model::{Attempt, Delivery, DeliveryEvent, DeliveryId, DeliveryStatus, WebhookId};
use crate::alert::{
    model::{AlertId, What},
    store::{NewStep, add_outcome, append, count_acceptance, parameters},
};

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
            .bind(after.map_or(mainstay_kernel::uuid::Uuid::nil(), TypedId::as_uuid))
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

/// What an attempt came to.
#[derive(Debug, Clone)]
pub(crate) struct AttemptRow {
    pub delivery_id: DeliveryId,
    pub organization: OrganizationId,
    pub number: i64,
    pub series_attempts: i64,
    pub attempt: Attempt,
    pub status: DeliveryStatus,
    pub next_attempt_at: Option<Timestamp>,
    pub outcome: Option<Outcome>,
}

/// What a final attempt means for the alert that the delivery is about.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub alert: AlertId,
    pub event: DeliveryEvent,
    pub what: What,
    pub detail: String,
}

/// Writes an attempt, what became of its delivery, and what that means for its alert. Answers the alert whose opening was
/// accepted by it for the first time.
pub(crate) async fn record_attempt(tx: &mut Transaction, row: &AttemptRow) -> Result<Option<AlertId>, StoreError> {
    let attempt = &row.attempt;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds of one attempt, whole microseconds"
    )]
    let duration_us = (attempt.duration_ms * 1000.0) as i64;
    let accepted_before = tx
        .fetch_optional(
            sql("SELECT number FROM slo_delivery_attempt WHERE delivery_id = $1 AND ok = $2 LIMIT 1")
                .id(row.delivery_id)
                .bind(true),
        )
        .await?
        .is_some();
    let new = tx.execute(
        sql(
            "INSERT INTO slo_delivery_attempt (delivery_id, number, organization_id, at, ok, status, duration_us, error, \
             response_excerpt) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (delivery_id, number) DO NOTHING",
        )
        .id(row.delivery_id)
        .bind(row.number)
        .id(row.organization)
        .bind(attempt.at)
        .bind(attempt.ok)
        .bind(attempt.status.map(i64::from))
        .bind(duration_us)
        .bind(attempt.error.clone())
        .bind(attempt.response_excerpt.clone()),
    )
    .await?;
    tx.execute(
        sql(
            "UPDATE slo_delivery SET status = $2, attempts = $3, series_attempts = $4, next_attempt_at = $5, \
             delivered_at = $6, last_error = $7 WHERE id = $1 AND status <> 'dead'",
        )
        .id(row.delivery_id)
        .bind(row.status.as_str())
        .bind(row.number)
        .bind(row.series_attempts)
        .bind(row.next_attempt_at)
        .bind(attempt.ok.then_some(attempt.at))
        .bind(attempt.error.clone()),
    )
    .await?;
    let mut opening_accepted = None;
    // An attempt that was written before its commit seemed to fail is not told twice.
    if let Some(outcome) = row.outcome.as_ref().filter(|_| new > 0) {
        let step = NewStep {
            alert: outcome.alert,
            organization: row.organization,
            position: to_micros(attempt.at),
            at: attempt.at,
            what: outcome.what,
            detail: Some(outcome.detail.clone()),
        };
        add_outcome(tx, &step).await?;
        if attempt.ok && !accepted_before && outcome.event == DeliveryEvent::Opened {
            count_acceptance(tx, outcome.alert).await?;
            opening_accepted = Some(outcome.alert);
        }
    }
    Ok(opening_accepted)
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

/// Which deliveries a list shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeliveryFilter {
    pub webhook_id: Option<WebhookId>,
    pub alert_id: Option<AlertId>,
    pub status: Option<DeliveryStatus>,
}

const COLUMNS: &str = "SELECT d.id, d.webhook_id, COALESCE(w.name, '') AS webhook_name, d.alert_id, d.event, d.status, \
    d.attempts, d.next_attempt_at, d.created_at, d.delivered_at, d.last_error FROM slo_delivery d \
    LEFT JOIN slo_webhook w ON w.id = d.webhook_id";

/// Deliveries, newest first.
pub(crate) async fn list(
    db: &Database,
    scope: &Scope,
    filter: &DeliveryFilter,
    page: &PageRequest,
) -> Result<Page<Delivery>, Problem> {
    let mut text = format!("{COLUMNS} WHERE d.organization_id = $1 AND d.environment = $2");
    let mut values = vec![
        Value::id(scope.organization),
        Value::Text(Some(scope.environment.to_string())),
    ];
    let mut and = |condition: &str, value: Value| {
        values.push(value);
        append(&mut text, format_args!(" AND {condition} ${}", values.len()));
    };
    if let Some(webhook) = filter.webhook_id {
        and("d.webhook_id =", Value::id(webhook));
    }
    if let Some(alert) = filter.alert_id {
        and("d.alert_id =", Value::id(alert));
    }
    if let Some(status) = filter.status {
        and("d.status =", Value::Text(Some(status.as_str().to_owned())));
    }
    if let Some(cursor) = &page.cursor {
        let before: DeliveryId = cursor
            .part(0)
            .map_err(|error| Problem::invalid("invalid-cursor", error.to_string()))?;
        and("d.id <", Value::id(before));
    }
    append(
        &mut text,
        format_args!(" ORDER BY d.id DESC LIMIT {}", page.overfetch()),
    );
    let statement = values
        .into_iter()
        .fold(sql_owned(text), mainstay_store::Statement::bind);
    let rows = db.fetch_all(statement).await?;
    let items = rows.iter().map(delivery).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_overfetch(items, page.limit, |delivery| {
        Cursor::of(&delivery.id)
    }))
}

/// The deliveries with these identifiers, as far as there are any.
pub(crate) async fn by_ids(db: &Database, ids: &[Uuid]) -> Result<Vec<Delivery>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = sql_owned(format!("{COLUMNS} WHERE d.id IN ({})", parameters(ids.len())));
    for id in ids {
        statement = statement.bind(*id);
    }
    let rows = db.fetch_all(statement).await?;
    rows.iter().map(delivery).collect()
}

fn delivery(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: row.id("id")?,
        webhook_id: row.id("webhook_id")?,
        webhook_name: row.get("webhook_name")?,
        alert_id: row.get::<Option<_>>("alert_id")?.map(AlertId::from_uuid),
        event: row.parse("event")?,
        status: row.parse("status")?,
        attempts: row.get("attempts")?,
        next_attempt_at: row.optional_time("next_attempt_at")?,
        created_at: row.time("created_at")?,
        delivered_at: row.optional_time("delivered_at")?,
        last_error: row.get("last_error")?,
    })
}

/// One delivery with its attempts, oldest first, and its body.
pub(crate) async fn find_with_attempts(
    db: &Database,
    scope: &Scope,
    id: DeliveryId,
) -> Result<Option<(Delivery, Vec<Attempt>, String)>, StoreError> {
    let statement = sql_owned(format!(
        "{COLUMNS} WHERE d.organization_id = $1 AND d.environment = $2 AND d.id = $3"
    ));
    let row = db
        .fetch_optional(statement.id(scope.organization).bind(&scope.environment).id(id))
        .await?;
    let Some(row) = row else { return Ok(None) };
    let attempts = db
        .fetch_all(
            sql(
                "SELECT at, ok, status, duration_us, error, response_excerpt FROM slo_delivery_attempt \
                 WHERE delivery_id = $1 ORDER BY number",
            )
            .id(id),
        )
        .await?;
    let attempts = attempts.iter().map(attempt).collect::<Result<Vec<_>, _>>()?;
    let body = body(db, id).await?.unwrap_or_default();
    Ok(Some((delivery(&row)?, attempts, body)))
}

fn attempt(row: &Row) -> Result<Attempt, StoreError> {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of one attempt")]
    let duration_ms = row.get::<i64>("duration_us")? as f64 / 1000.0;
    Ok(Attempt {
        at: row.time("at")?,
        ok: row.get("ok")?,
        status: row
            .get::<Option<i64>>("status")?
            .and_then(|status| u16::try_from(status).ok()),
        duration_ms,
        error: row.get("error")?,
        response_excerpt: row.get("response_excerpt")?,
    })
}

/// Deletes final deliveries made before `before`, at most `limit`, with their attempts. Answers how many.
pub(crate) async fn delete_older_than(db: &Database, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let mut tx = db.begin().await?;
    tx.execute(
        sql(
            "DELETE FROM slo_delivery_attempt WHERE delivery_id IN (SELECT id FROM slo_delivery \
             WHERE status IN ('delivered', 'dead') AND created_at < $1 ORDER BY id LIMIT $2)",
        )
        .bind(before)
        .bind(limit),
    )
    .await?;
    let deleted = tx
        .execute(
            sql("DELETE FROM slo_delivery WHERE id IN (SELECT id FROM slo_delivery \
                 WHERE status IN ('delivered', 'dead') AND created_at < $1 ORDER BY id LIMIT $2)")
            .bind(before)
            .bind(limit),
        )
        .await?;
    tx.commit().await?;
    Ok(deleted)
}
