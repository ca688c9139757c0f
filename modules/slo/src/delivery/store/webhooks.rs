//! Webhooks in the database. There are few of them, so they are always read together.

use mainstay_kernel::{Environment, OrganizationId, Scope, to_micros};
use mainstay_store::{Database, Row, StoreError, Transaction, sql};

use super::super::{
    model::{Webhook, WebhookId},
    signature::Secret,
};

/// A webhook and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebhookRow {
    pub scope: Scope,
    pub webhook: Webhook,
}

fn read(row: &Row) -> Result<WebhookRow, StoreError> {
    let secret: Option<String> = row.get("secret")?;
    // A damaged secret must not keep the other webhooks from being called: it is treated as none, which receivers notice.
    let secret = secret.and_then(|text| Secret::parse(&text).ok());
    Ok(WebhookRow {
        scope: Scope {
            organization: row.id::<OrganizationId>("organization_id")?,
            environment: row.parse::<Environment>("environment")?,
        },
        webhook: Webhook {
            id: row.id("id")?,
            name: row.get("name")?,
            url: row.get("url")?,
            format: row.parse("format")?,
            secret_set: secret.is_some(),
            enabled: row.get("enabled")?,
            managed_by: row.parse("managed_by")?,
            source: row.get("source")?,
            version: row.get("version")?,
            created_at: row.time("created_at")?,
            problem: row.get("problem")?,
            secret,
        },
    })
}

/// Every webhook of every environment, oldest first.
pub(crate) async fn all_webhooks(db: &Database) -> Result<Vec<WebhookRow>, StoreError> {
    let rows = db
        .fetch_all(sql(
            "SELECT id, organization_id, environment, name, url, format, secret, enabled, managed_by, source, version, \
             created_at, problem FROM slo_webhook ORDER BY id",
        ))
        .await?;
    rows.iter().map(read).collect()
}

/// Inserts or replaces a webhook.
///
/// # Errors
/// A conflict when another webhook of the environment has the name.
pub(crate) async fn save_webhook(
    tx: &mut Transaction,
    row: &WebhookRow,
    updated_at: jiff::Timestamp,
) -> Result<(), StoreError> {
    let webhook = &row.webhook;
    tx.execute(
        sql(
            "INSERT INTO slo_webhook (id, organization_id, environment, name, url, format, secret, enabled, managed_by, \
             source, version, created_at, updated_at, problem) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, url = excluded.url, format = excluded.format, \
             secret = excluded.secret, enabled = excluded.enabled, managed_by = excluded.managed_by, \
             source = excluded.source, version = excluded.version, updated_at = excluded.updated_at, problem = excluded.problem",
        )
        .id(webhook.id)
        .id(row.scope.organization)
        .bind(&row.scope.environment)
        .bind(&webhook.name)
        .bind(&webhook.url)
        .bind(webhook.format.as_str())
        .bind(webhook.secret.as_ref().map(Secret::reveal))
        .bind(webhook.enabled)
        .bind(webhook.managed_by.as_str())
        .bind(webhook.source.clone())
        .bind(webhook.version)
        .bind(to_micros(webhook.created_at))
        .bind(to_micros(updated_at))
        .bind(webhook.problem.clone()),
    )
    .await?;
    Ok(())
}

/// The version of a webhook as a transaction sees it; nothing when there is none.
pub(crate) async fn webhook_version(tx: &mut Transaction, id: WebhookId) -> Result<Option<i64>, StoreError> {
    let row = tx
        .fetch_optional(sql("SELECT version FROM slo_webhook WHERE id = $1").id(id))
        .await?;
    row.map(|row| row.get("version")).transpose()
}

/// Deletes a webhook.
pub(crate) async fn delete_webhook(tx: &mut Transaction, id: WebhookId) -> Result<(), StoreError> {
    tx.execute(sql("DELETE FROM slo_webhook WHERE id = $1").id(id)).await?;
    Ok(())
}
