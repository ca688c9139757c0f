//! Remembers the answers to requests that carried an idempotency key, so that a retried request does not happen twice.

use mainstay_kernel::{OrganizationId, World};

use crate::{Database, Migration, StoreError, sql};

/// The tables of the store itself.
pub const MIGRATIONS: &[Migration] = &[Migration {
    module: "store",
    version: 1,
    name: "idempotency",
    sql: include_str!("migrations/0001_idempotency.sql"),
}];

/// How long an answer is remembered, in microseconds: a day.
const MEMORY: i64 = 86_400_000_000;

/// An answer to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// Response headers worth repeating, as JSON.
    pub headers: String,
    /// Response body.
    pub body: Vec<u8>,
}

/// What is known of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody used it: the caller now holds it and goes on.
    New,
    /// The same request was answered before.
    Answered(StoredAnswer),
    /// The same request is under way, or its outcome was lost in a crash.
    Unfinished,
    /// Another request used it.
    Mismatch,
}

/// Claims `key` for the request whose fingerprint is `request_hash`.
///
/// # Errors
/// When the database cannot be written; then the request must not run.
pub async fn claim(
    database: &Database,
    world: &World,
    organization: OrganizationId,
    key: &str,
    request_hash: &str,
) -> Result<Claim, StoreError> {
    let now = world.now_micros();
    let mut tx = database.begin().await?;
    tx.execute(sql("DELETE FROM store_idempotency WHERE created_at < $1").bind(now - MEMORY))
        .await?;
    let inserted = tx
        .execute(
            sql("INSERT INTO store_idempotency (organization_id, key, request_hash, created_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (organization_id, key) DO NOTHING")
            .id(organization)
            .bind(key)
            .bind(request_hash)
            .bind(now),
        )
        .await?;
    let claim = if inserted == 1 {
        Claim::New
    } else {
        let row = tx
            .fetch_optional(
                sql("SELECT request_hash, status, headers, body FROM store_idempotency WHERE organization_id = $1 AND key = $2")
                    .id(organization)
                    .bind(key),
            )
            .await?;
        match row {
            None => Claim::Unfinished,
            Some(row) if row.get::<String>("request_hash")? != request_hash => Claim::Mismatch,
            Some(row) => match row.get::<Option<i64>>("status")? {
                None => Claim::Unfinished,
                Some(status) => Claim::Answered(StoredAnswer {
                    status: u16::try_from(status).map_err(|_| StoreError::corrupt("an answer's status"))?,
                    headers: row.get::<Option<String>>("headers")?.unwrap_or_default(),
                    body: row.get::<Option<Vec<u8>>>("body")?.unwrap_or_default(),
                }),
            },
        }
    };
    tx.commit().await?;
    Ok(claim)
}

/// Keeps the answer to a claimed request.
///
/// # Errors
/// When the database cannot be written; the key then stays unfinished.
pub async fn answer(
    database: &Database,
    organization: OrganizationId,
    key: &str,
    answer: &StoredAnswer,
) -> Result<(), StoreError> {
    database
        .execute(
            sql("UPDATE store_idempotency SET status = $3, headers = $4, body = $5 WHERE organization_id = $1 AND key = $2")
                .id(organization)
                .bind(key)
                .bind(i64::from(answer.status))
                .bind(&answer.headers)
                .bind(answer.body.clone()),
        )
        .await
        .map(drop)
}

/// Lets go of a key whose request changed nothing, so that it can be tried again.
///
/// # Errors
/// When the database cannot be written; the key then stays unfinished.
pub async fn release(database: &Database, organization: OrganizationId, key: &str) -> Result<(), StoreError> {
    database
        .execute(
            sql("DELETE FROM store_idempotency WHERE organization_id = $1 AND key = $2 AND status IS NULL")
                .id(organization)
                .bind(key),
        )
        .await
        .map(drop)
}
