//! How often something was tried, shared by replicas: the arithmetic of [`Limit`] in one statement.

use jiff::Timestamp;
use mainstay_kernel::to_micros;
use mainstay_store::{StoreError, sql};

use super::Store;
use crate::model::{Limit, Verdict};

impl Store {
    /// Charges an attempt to a bucket, if the bucket has room for it. Of attempts at the same moment each is charged.
    pub(crate) async fn charge(&self, bucket: &str, limit: Limit, now: Timestamp) -> Result<Verdict, StoreError> {
        let now = to_micros(now);
        // A bucket that was never tried is one that is whole now. What a wrong clock wrote is at most an empty bucket.
        let charged = self
            .database
            .fetch_optional(
                sql("INSERT INTO auth_throttle (bucket, whole_at) VALUES ($1, $2 + $3) \
                     ON CONFLICT (bucket) DO UPDATE SET whole_at = $3 + \
                     CASE WHEN auth_throttle.whole_at < $2 THEN $2 \
                     WHEN auth_throttle.whole_at > $2 + $4 THEN $2 + $4 ELSE auth_throttle.whole_at END \
                     WHERE $3 + CASE WHEN auth_throttle.whole_at < $2 THEN $2 \
                     WHEN auth_throttle.whole_at > $2 + $4 THEN $2 + $4 ELSE auth_throttle.whole_at END <= $2 + $4 \
                     RETURNING whole_at")
                .bind(bucket)
                .bind(now)
                .bind(limit.every)
                .bind(limit.depth()),
            )
            .await?;
        if let Some(row) = charged {
            return Ok(Verdict::Allowed {
                whole_at: row.get("whole_at")?,
            });
        }
        let found = self
            .database
            .fetch_optional(sql("SELECT whole_at FROM auth_throttle WHERE bucket = $1").bind(bucket))
            .await?;
        let whole_at: Option<i64> = found.map(|row| row.get("whole_at")).transpose()?;
        match limit.judge(whole_at, now) {
            refused @ Verdict::Refused { .. } => Ok(refused),
            // Somebody was refunded between the two statements.
            Verdict::Allowed { .. } => Ok(Verdict::Refused { wait: 1 }),
        }
    }

    /// Gives an attempt back that turned out to be a good one.
    pub(crate) async fn refund(&self, bucket: &str, limit: Limit) -> Result<(), StoreError> {
        let statement = sql("UPDATE auth_throttle SET whole_at = whole_at - $2 WHERE bucket = $1");
        self.database.execute(statement.bind(bucket).bind(limit.every)).await?;
        Ok(())
    }
}
