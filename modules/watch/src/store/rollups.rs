//! Results added up by minute, five minutes and hour.

use mainstay_kernel::Micros;
use mainstay_store::{Bind, Row, StoreError, Transaction, Value, sql};

use super::Store;
use crate::model::{
    histogram::Histogram,
    rollup::{Resolution, Rollup},
};

const UPSERT: &str = "ON CONFLICT (resolution_s, check_key, bucket) DO UPDATE SET total = excluded.total, \
                      failed = excluded.failed, maintenance = excluded.maintenance, max_us = excluded.max_us, \
                      durations = excluded.durations";

/// Which bucket of which check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RollupKey {
    /// The length of the bucket.
    pub resolution: Resolution,
    /// Its start.
    pub bucket: Micros,
    /// The check's number.
    pub key: i64,
}

/// A bucket that was read back.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRollup {
    /// The check's number.
    pub key: i64,
    /// The bucket's start.
    pub bucket: Micros,
    /// What is in it.
    pub rollup: Rollup,
}

impl Store {
    /// Writes buckets as they are now, over what was stored.
    pub async fn put_rollups(&self, tx: &mut Transaction, rollups: &[(RollupKey, Rollup)]) -> Result<u64, StoreError> {
        let rows = rollups.iter().map(|(key, rollup)| {
            vec![
                key.resolution.seconds().into_value(),
                key.key.into_value(),
                key.bucket.into_value(),
                rollup.total.into_value(),
                rollup.failed.into_value(),
                rollup.maintenance.into_value(),
                rollup.max_us.into_value(),
                rollup.durations.encode().into_value(),
            ]
        });
        let rows: Vec<Vec<Value>> = rows.collect();
        let insert = "INSERT INTO watch_rollup (resolution_s, check_key, bucket, total, failed, maintenance, max_us, durations) VALUES";
        tx.insert_many(insert, UPSERT, rows).await
    }

    /// Every check's rollup of one bucket.
    pub async fn rollups_of_bucket(
        &self,
        tx: &mut Transaction,
        resolution: Resolution,
        bucket: Micros,
    ) -> Result<Vec<StoredRollup>, StoreError> {
        let rows = tx
            .fetch_all(
                sql(
                    "SELECT check_key, bucket, total, failed, maintenance, max_us, durations FROM watch_rollup \
                     WHERE resolution_s = $1 AND bucket = $2",
                )
                .bind(resolution.seconds())
                .bind(bucket),
            )
            .await?;
        rows.iter().map(stored).collect()
    }

    /// The buckets of one check whose start lies in `from..to`, oldest first.
    pub async fn rollups(
        &self,
        resolution: Resolution,
        key: i64,
        from: Micros,
        to: Micros,
    ) -> Result<Vec<StoredRollup>, StoreError> {
        let rows = self
            .db
            .fetch_all(
                sql(
                    "SELECT check_key, bucket, total, failed, maintenance, max_us, durations FROM watch_rollup \
                     WHERE resolution_s = $1 AND check_key = $2 AND bucket >= $3 AND bucket < $4 ORDER BY bucket",
                )
                .bind(resolution.seconds())
                .bind(key)
                .bind(from)
                .bind(to),
            )
            .await?;
        rows.iter().map(stored).collect()
    }

    /// For every check, all probes outside maintenance and the failed ones among them in buckets from `from` on.
    pub async fn totals_since(&self, resolution: Resolution, from: Micros) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        let rows = self
            .db
            .fetch_all(
                sql("SELECT check_key, CAST(SUM(total - maintenance) AS BIGINT) AS counted, CAST(SUM(failed) AS BIGINT) AS failed \
                     FROM watch_rollup WHERE resolution_s = $1 AND bucket >= $2 GROUP BY check_key")
                .bind(resolution.seconds())
                .bind(from),
            )
            .await?;
        rows.iter()
            .map(|row| Ok((row.get("check_key")?, row.get("counted")?, row.get("failed")?)))
            .collect()
    }

    /// Deletes the oldest buckets before `cutoff`, about `limit` of them; answers how many.
    pub async fn delete_rollups_before(
        &self,
        resolution: Resolution,
        cutoff: Micros,
        limit: i64,
    ) -> Result<u64, StoreError> {
        self.db
            .execute(
                sql("DELETE FROM watch_rollup WHERE resolution_s = $1 AND bucket <= (SELECT MAX(oldest.bucket) FROM \
                     (SELECT bucket FROM watch_rollup WHERE resolution_s = $1 AND bucket < $2 ORDER BY bucket LIMIT $3) oldest)")
                .bind(resolution.seconds())
                .bind(cutoff)
                .bind(limit),
            )
            .await
    }

    /// Up to which flush the rollups include the raw rows.
    pub async fn rollup_mark(&self) -> Result<Micros, StoreError> {
        let row = self
            .db
            .fetch_optional(sql("SELECT value FROM watch_mark WHERE name = 'rollup'"))
            .await?;
        row.map_or(Ok(0), |row| row.get("value"))
    }

    /// Moves the mark.
    pub async fn put_rollup_mark(&self, tx: &mut Transaction, mark: Micros) -> Result<(), StoreError> {
        tx.execute(
            sql("INSERT INTO watch_mark (name, value) VALUES ('rollup', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
                .bind(mark),
        )
        .await
        .map(drop)
    }
}

fn stored(row: &Row) -> Result<StoredRollup, StoreError> {
    let durations: Vec<u8> = row.get("durations")?;
    Ok(StoredRollup {
        key: row.get("check_key")?,
        bucket: row.get("bucket")?,
        rollup: Rollup {
            total: row.get("total")?,
            failed: row.get("failed")?,
            maintenance: row.get("maintenance")?,
            max_us: row.get("max_us")?,
            durations: Histogram::decode(&durations).map_err(StoreError::corrupt)?,
        },
    })
}
