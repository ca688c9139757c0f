//! Event counts: added in the transaction that keeps the probes they came from, read back after a restart.

use mainstay_kernel::{Environment, Micros, OrganizationId};
use mainstay_store::{Bind, Database, StoreError, Transaction, Value, sql};

use crate::model::SeriesId;

/// What one flush adds to one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketRow {
    pub(crate) at: Micros,
    pub(crate) series: SeriesId,
    pub(crate) environment: Environment,
    pub(crate) total: u32,
    pub(crate) bad: u32,
    pub(crate) keep_s: i64,
}

/// What one flush adds to one bin of a latency histogram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LatencyRow {
    pub(crate) at: Micros,
    pub(crate) series: SeriesId,
    pub(crate) bin: u16,
    pub(crate) environment: Environment,
    pub(crate) events: u32,
    pub(crate) keep_s: i64,
}

/// A bucket that another run wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredBucket {
    pub(crate) at: Micros,
    pub(crate) series: SeriesId,
    pub(crate) total: u32,
    pub(crate) bad: u32,
}

/// A histogram bin that another run wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredLatency {
    pub(crate) at: Micros,
    pub(crate) series: SeriesId,
    pub(crate) bin: u16,
    pub(crate) events: u32,
}

/// Adds to buckets; each `(at, series)` must occur once.
pub(crate) async fn add_buckets(
    tx: &mut Transaction,
    writer: i64,
    rows: impl IntoIterator<Item = BucketRow>,
) -> Result<u64, StoreError> {
    tx.insert_many(
        "INSERT INTO slo_bucket (at, series_id, writer, organization_id, environment, total, bad, keep_s) VALUES",
        "ON CONFLICT (at, series_id, writer) DO UPDATE SET
            total = slo_bucket.total + excluded.total, bad = slo_bucket.bad + excluded.bad",
        rows.into_iter().map(|row| {
            vec![
                row.at.into_value(),
                Value::id(row.series),
                writer.into_value(),
                Value::id(OrganizationId::DEFAULT),
                (&row.environment).into_value(),
                row.total.into_value(),
                row.bad.into_value(),
                row.keep_s.into_value(),
            ]
        }),
    )
    .await
}

/// Adds to histogram bins; each `(at, series, bin)` must occur once.
pub(crate) async fn add_latency(
    tx: &mut Transaction,
    writer: i64,
    rows: impl IntoIterator<Item = LatencyRow>,
) -> Result<u64, StoreError> {
    tx.insert_many(
        "INSERT INTO slo_latency_bin (at, series_id, bin, writer, organization_id, environment, events, keep_s) VALUES",
        "ON CONFLICT (at, series_id, bin, writer) DO UPDATE SET events = slo_latency_bin.events + excluded.events",
        rows.into_iter().map(|row| {
            vec![
                row.at.into_value(),
                Value::id(row.series),
                row.bin.into_value(),
                writer.into_value(),
                Value::id(OrganizationId::DEFAULT),
                (&row.environment).into_value(),
                row.events.into_value(),
                row.keep_s.into_value(),
            ]
        }),
    )
    .await
}

/// The buckets other runs wrote that begin in `[from, to)`.
pub(crate) async fn buckets_between(
    snapshot: &mut Transaction,
    writer: i64,
    from: Micros,
    to: Micros,
) -> Result<Vec<StoredBucket>, StoreError> {
    let rows = snapshot
        .fetch_all(
            sql("SELECT at, series_id, total, bad FROM slo_bucket WHERE at >= $1 AND at < $2 AND writer <> $3")
                .bind(from)
                .bind(to)
                .bind(writer),
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(StoredBucket {
                at: row.get("at")?,
                series: row.id("series_id")?,
                total: count(row.get("total")?),
                bad: count(row.get("bad")?),
            })
        })
        .collect()
}

/// The histogram bins other runs wrote for slots that begin in `[from, to)`.
pub(crate) async fn latency_between(
    snapshot: &mut Transaction,
    writer: i64,
    from: Micros,
    to: Micros,
) -> Result<Vec<StoredLatency>, StoreError> {
    let rows = snapshot
        .fetch_all(
            sql("SELECT at, series_id, bin, events FROM slo_latency_bin WHERE at >= $1 AND at < $2 AND writer <> $3")
                .bind(from)
                .bind(to)
                .bind(writer),
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(StoredLatency {
                at: row.get("at")?,
                series: row.id("series_id")?,
                bin: u16::try_from(row.get::<i64>("bin")?).unwrap_or(u16::MAX),
                events: count(row.get("events")?),
            })
        })
        .collect()
}

/// When the oldest and the newest bucket begin.
pub(crate) async fn stored_range(db: &Database) -> Result<Option<(Micros, Micros)>, StoreError> {
    // Two questions, because SQLite answers min and max together only by reading the whole table.
    let oldest = db.fetch_one(sql("SELECT MIN(at) AS at FROM slo_bucket")).await?;
    let newest = db.fetch_one(sql("SELECT MAX(at) AS at FROM slo_bucket")).await?;
    Ok(oldest.get::<Option<i64>>("at")?.zip(newest.get::<Option<i64>>("at")?))
}

/// Removes what began in `[from, to)`: only rows that are needed for `keep_s` seconds, or all.
pub(crate) async fn expire(db: &Database, keep_s: Option<i64>, from: Micros, to: Micros) -> Result<u64, StoreError> {
    let mut removed = 0;
    for text in [
        "DELETE FROM slo_bucket WHERE at >= $1 AND at < $2 AND (keep_s = $3 OR $3 = 0)",
        "DELETE FROM slo_latency_bin WHERE at >= $1 AND at < $2 AND (keep_s = $3 OR $3 = 0)",
    ] {
        removed += db
            .execute(sql(text).bind(from).bind(to).bind(keep_s.unwrap_or(0)))
            .await?;
    }
    Ok(removed)
}

fn count(stored: i64) -> u32 {
    u32::try_from(stored.max(0)).unwrap_or(u32::MAX)
}
