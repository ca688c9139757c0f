//! Deliveries as people see them: lists, one with its attempts, and forgetting what is old.

use jiff::Timestamp;
use mainstay_kernel::{Cursor, Page, PageRequest, Problem, Scope, TypedId, uuid::Uuid};
use mainstay_store::{Database, Row, StoreError, Value, sql, sql_owned};

use super::{
    super::model::{Attempt, Delivery, DeliveryId, DeliveryStatus, WebhookId},
    attempts::attempts_of,
    queue::body,
};
use crate::alert::{
    model::AlertId,
    store::{append, parameters},
};

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
    let attempts = attempts_of(db, id).await?;
    let body = body(db, id).await?.unwrap_or_default();
    Ok(Some((delivery(&row)?, attempts, body)))
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
