//! How often something was tried, shared by replicas: the arithmetic of [`Limit`] in one statement.

use jiff::Timestamp;
use mainstay_kernel::to_micros;
use mainstay_store::{StoreError, Transaction, sql};

use super::Store;
use crate::model::{Limit, Verdict};

impl Store {
    /// Charges an attempt to one bucket after the other, until one has no room for it. Of attempts at the same moment each is
    /// charged. Callers name the wider bucket first, so that no two of them wait for each other.
    pub(crate) async fn charge(&self, buckets: &[(String, Limit)], now: Timestamp) -> Result<Verdict, StoreError> {
        let now = to_micros(now);
        let mut tx = self.begin().await?;
        let mut verdict = Verdict::Allowed { whole_at: now };
        for (bucket, limit) in buckets {
            verdict = charge(&mut tx, bucket, *limit, now).await?;
            if matches!(verdict, Verdict::Refused { .. }) {
                break;
            }
        }
        tx.commit().await?;
        Ok(verdict)
    }

    /// Gives an attempt back that turned out to be a good one.
    pub(crate) async fn refund(&self, buckets: &[(String, Limit)]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for (bucket, limit) in buckets {
            let statement = sql("UPDATE auth_throttle SET whole_at = whole_at - $2 WHERE bucket = $1");
            tx.execute(statement.bind(bucket).bind(limit.every)).await?;
        }
        tx.commit().await
    }
}

async fn charge(tx: &mut Transaction, bucket: &str, limit: Limit, now: i64) -> Result<Verdict, StoreError> {
    // A bucket that was never tried is one that is whole now. What a wrong clock wrote counts for
    // nothing.
    let charged = tx
        .fetch_optional(
            sql("INSERT INTO auth_throttle (bucket, whole_at) VALUES ($1, $2 + $3) \
                 ON CONFLICT (bucket) DO UPDATE SET whole_at = $3 + \
                 CASE WHEN auth_throttle.whole_at BETWEEN $2 AND $2 + $4 THEN auth_throttle.whole_at ELSE $2 END \
                 WHERE $3 + CASE WHEN auth_throttle.whole_at BETWEEN $2 AND $2 + $4 THEN auth_throttle.whole_at ELSE $2 END \
                 <= $2 + $4 \
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
    let find = sql("SELECT whole_at FROM auth_throttle WHERE bucket = $1").bind(bucket);
    let whole_at: Option<i64> = tx
        .fetch_optional(find)
        .await?
        .map(|row| row.get("whole_at"))
        .transpose()?;
    Ok(match limit.judge(whole_at, now) {
        // Somebody was refunded between the two statements.
        Verdict::Allowed { .. } => Verdict::Refused { wait: 1 },
        refused @ Verdict::Refused { .. } => refused,
    })
}
