//! Attempts at deliveries in the database, and what follows from one for its delivery and its alert.

use jiff::Timestamp;
use mainstay_kernel::{OrganizationId, to_micros};
use mainstay_store::{Database, Row, StoreError, Transaction, sql};

use super::super::model::{Attempt, DeliveryEvent, DeliveryId, DeliveryStatus};
use crate::alert::{
    model::{AlertId, What},
    store::{NewStep, add_outcome, count_acceptance},
};

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

/// The attempts at a delivery, oldest first.
pub(super) async fn attempts_of(db: &Database, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
    let rows = db
        .fetch_all(
            sql(
                "SELECT at, ok, status, duration_us, error, response_excerpt FROM slo_delivery_attempt \
                 WHERE delivery_id = $1 ORDER BY number",
            )
            .id(id),
        )
        .await?;
    rows.iter().map(attempt).collect()
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
