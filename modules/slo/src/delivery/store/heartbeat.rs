//! How the outgoing heartbeat fares, written by the replica that sends it for the others to show.

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Database, StoreError, sql};

/// Writes down a beat; a failed one leaves standing when the last good one was.
pub(crate) async fn save_heartbeat(
    db: &Database,
    ok_at: Option<Timestamp>,
    error: Option<String>,
) -> Result<(), StoreError> {
    db.execute(
        sql(
            "INSERT INTO slo_heartbeat (organization_id, last_ok_at, last_error) VALUES ($1, $2, $3) \
             ON CONFLICT (organization_id) DO UPDATE SET \
             last_ok_at = COALESCE(excluded.last_ok_at, slo_heartbeat.last_ok_at), last_error = excluded.last_error",
        )
        .id(OrganizationId::DEFAULT)
        .bind(ok_at)
        .bind(error),
    )
    .await
    .map(drop)
}

/// When it last reached its listener, and why the beat after that did not.
pub(crate) async fn heartbeat(db: &Database) -> Result<(Option<Timestamp>, Option<String>), StoreError> {
    let row = db
        .fetch_optional(
            sql("SELECT last_ok_at, last_error FROM slo_heartbeat WHERE organization_id = $1")
                .id(OrganizationId::DEFAULT),
        )
        .await?;
    match row {
        None => Ok((None, None)),
        Some(row) => Ok((row.optional_time("last_ok_at")?, row.get("last_error")?)),
    }
}
