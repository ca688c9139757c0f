//! One attempt of one delivery: call, judge, write down.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use mainstay_kernel::TypedId;
use mainstay_providers::{Method, OutgoingFailure, OutgoingFailureKind, OutgoingRequest, OutgoingResponse};
use mainstay_runtime::Tasks;
use mainstay_store::{StoreError, StoreErrorKind};
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use super::{
    dispatch::{Chain, Done, Parts},
    model::{Attempt, DeliveryEvent, DeliveryStatus, Webhook},
    schedule::{Verdict, judge},
    store::{self, AttemptRow, Job, Outcome, WebhookRow},
};
use crate::{
    alert::{
        engine::live,
        model::{AlertId, What},
    },
    model::milliseconds_in_words,
    term::Term,
};

/// How long an attempt under way may go on after a shutdown began, so that what was accepted is known to be.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Makes one attempt and writes down what came of it. `None` when a shutdown or the end of the term came before that was
/// possible.
pub(super) async fn attempt(
    parts: &Parts,
    term: &Term,
    tasks: &Tasks,
    row: &WebhookRow,
    mut job: Job,
    chain: Chain,
) -> Option<Done> {
    let body = match job.body.take() {
        Some(body) => Bytes::copy_from_slice(body.as_bytes()),
        None => Bytes::from(
            persistently(tasks, || store::body(&parts.db, job.id))
                .await?
                .unwrap_or_default(),
        ),
    };
    let at = parts.world.now();
    let begun = Instant::now();
    let result = tokio::select! {
        biased;
        result = call(parts, &row.webhook, &job, body, at) => result,
        // The attempt is not counted: the next process makes it again.
        () = async { tasks.stopping().await; tokio::time::sleep(LAST_WORDS).await } => return None,
    };
    let duration = begun.elapsed();
    let now = parts.world.now();
    let verdict = judge(&result, now);
    let response = result.ok();
    job.attempts += 1;
    job.series_attempts += 1;
    let backoff = &parts.config.backoff;
    let (status, error, again) = match verdict {
        Verdict::Accepted => (DeliveryStatus::Delivered, None, None),
        Verdict::Hopeless { error } => (DeliveryStatus::Dead, Some(error), None),
        Verdict::Retry { error, .. } if backoff.is_over(job.series_started_at, now) => (
            DeliveryStatus::Dead,
            Some(format!(
                "given up after {} attempts; the last error: {error}",
                job.series_attempts
            )),
            None,
        ),
        Verdict::Retry { error, asked_for } => {
            let wait = backoff.wait(job.series_attempts, parts.world.fraction(), asked_for);
            (DeliveryStatus::Failed, Some(error), Some(wait))
        }
    };
    job.next_attempt_at = again
        .and_then(|wait| jiff::SignedDuration::try_from(wait).ok())
        .and_then(|wait| now.checked_add(wait).ok());
    let record = AttemptRow {
        delivery_id: job.id,
        organization: row.scope.organization,
        number: job.attempts,
        series_attempts: job.series_attempts,
        attempt: Attempt {
            at,
            ok: status == DeliveryStatus::Delivered,
            status: response.as_ref().map(|response| response.status),
            duration_ms: duration.as_secs_f64() * 1000.0,
            error: error.clone(),
            response_excerpt: response
                .map(|response| response.excerpt)
                .filter(|text| !text.is_empty()),
        },
        status,
        next_attempt_at: job.next_attempt_at,
        outcome: outcome(row, &job, status, duration, error.as_deref()),
    };
    if let Some(error) = &error {
        tracing::warn!(
            webhook.name = row.webhook.name,
            delivery.id = %job.id,
            delivery.attempts = job.attempts,
            delivery.status = %status,
            error,
            "a delivery was not accepted"
        );
    }
    metrics::counter!("mainstay_delivery_attempts_total", "status" => status.as_str()).increment(1);
    let opening_accepted = persistently(tasks, || write_down(parts, term, &record)).await?;
    if let Some(alert) = opening_accepted {
        (parts.opening_accepted)(alert);
    }
    parts.hub.publish(
        "delivery",
        &json!({"id": job.id, "webhook_id": job.webhook_id, "alert_id": job.alert_id, "status": status}),
    );
    Some(Done { job, chain, again })
}

/// Writes down an attempt, if this replica is still the one that delivers. Answers the alert whose opening was accepted by it
/// for the first time.
async fn write_down(parts: &Parts, term: &Term, record: &AttemptRow) -> Result<Option<AlertId>, StoreError> {
    let mut tx = parts.db.begin().await?;
    term.guard(&mut tx).await?;
    let opening_accepted = store::record_attempt(&mut tx, record).await?;
    live::deliveries_change(&mut tx, &parts.sender, &[record.delivery_id.as_uuid()]).await?;
    if let Some(outcome) = &record.outcome {
        live::alerts_change(&mut tx, &parts.sender, &[outcome.alert.as_uuid()]).await?;
    }
    tx.commit().await?;
    Ok(opening_accepted)
}

/// What the timeline of the alert says of the attempt; nothing while it is not the last one.
fn outcome(
    row: &WebhookRow,
    job: &Job,
    status: DeliveryStatus,
    duration: Duration,
    error: Option<&str>,
) -> Option<Outcome> {
    let name = &row.webhook.name;
    let message = match job.event {
        DeliveryEvent::Opened => "the opening",
        DeliveryEvent::Escalated => "that it is a page now",
        DeliveryEvent::Acknowledged => "the acknowledgement",
        DeliveryEvent::Resolved => "the resolution",
        DeliveryEvent::Test => return None,
    };
    let (what, detail) = match status {
        DeliveryStatus::Delivered => {
            let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
            let took = milliseconds_in_words(micros);
            (What::Delivered, format!("{name} accepted {message} after {took}."))
        }
        DeliveryStatus::Dead => {
            let error = error.unwrap_or("no reason is known");
            (What::GivenUp, format!("{name} did not accept {message}: {error}."))
        }
        DeliveryStatus::Pending | DeliveryStatus::Failed => return None,
    };
    Some(Outcome {
        alert: job.alert_id?,
        event: job.event,
        what,
        detail,
    })
}

async fn call(
    parts: &Parts,
    webhook: &Webhook,
    job: &Job,
    body: Bytes,
    at: Timestamp,
) -> Result<OutgoingResponse, OutgoingFailure> {
    let url: Url = webhook.url.parse().map_err(|error| OutgoingFailure {
        kind: OutgoingFailureKind::Blocked,
        message: format!("the webhook's URL cannot be called: {error}"),
    })?;
    let message_id = format!("msg_{}", job.id);
    let timestamp = at.as_second();
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", message_id.clone()),
        ("webhook-timestamp", timestamp.to_string()),
    ];
    if let Some(secret) = &webhook.secret {
        headers.push(("webhook-signature", secret.sign(&message_id, timestamp, &body)));
    }
    let request = OutgoingRequest {
        method: Method::Post,
        url,
        headers,
        body,
        timeout: parts.config.timeout,
    };
    parts.outgoing.send(request).await
}

/// Repeats a database operation until it succeeds; `None` when a shutdown or another replica's term came first.
async fn persistently<T, F>(tasks: &Tasks, mut operation: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut wait = Duration::from_millis(100);
    loop {
        match operation().await {
            Ok(value) => return Some(value),
            Err(error) if error.kind == StoreErrorKind::Fenced => return None,
            Err(error) => tracing::warn!(%error, "the database refused what delivery must write; trying again"),
        }
        tokio::select! {
            biased;
            () = tasks.stopping() => return None,
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(Duration::from_secs(5)),
        }
    }
}
