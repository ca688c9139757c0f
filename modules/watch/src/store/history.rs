//! Raw probe rows.

use mainstay_kernel::{Micros, from_micros};
use mainstay_store::{Bind, Row, StoreError, Transaction, Value, sql, sql_owned};
use serde::{Deserialize, Serialize};

use super::{Store, packed::Facts};
use crate::model::{
    failure::{Failure, FailureKind},
    health::{HealthReport, Verdict, verdict},
    probe::{Attempt, Probe},
};

const COLUMNS: &str = "check_key, at, flush, duration_us, outcome, marks, status, facts, detail";
const INSERT: &str =
    "INSERT INTO watch_probe (check_key, at, flush, duration_us, outcome, marks, status, facts, detail) VALUES";
const ATTEMPT_BITS: i64 = 0b011;
const MAINTENANCE_BIT: i64 = 0b100;
const LATE_BIT: i64 = 0b1000;

/// A probe as one row holds it, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeRow {
    /// The check's number.
    pub key: i64,
    /// When the probe began.
    pub at: Micros,
    /// Microseconds it took.
    pub duration_us: i64,
    /// 0 or the code of the failure.
    pub outcome: i64,
    /// Attempt, maintenance, and whether it is late.
    pub marks: i64,
    status: Option<i64>,
    facts: Option<Vec<u8>>,
    detail: Option<String>,
}

/// A row that was read back.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProbe {
    /// The check's number.
    pub key: i64,
    /// The flush that wrote it.
    pub flush: Micros,
    /// Whether the service was in maintenance.
    pub in_maintenance: bool,
    /// Whether the check was another replica's by the time this was written.
    pub late: bool,
    /// The probe.
    pub probe: Probe,
}

/// Which probes of a check are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProbeFilter {
    /// Only good ones, or only failed ones.
    pub ok: Option<bool>,
    /// Only those that began before this.
    pub before: Option<Micros>,
}

/// What has no column.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Detail {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    health: Option<HealthReport>,
}

impl ProbeRow {
    /// The row of a probe.
    pub fn of(key: i64, probe: &Probe, in_maintenance: bool) -> Self {
        let telling = probe
            .health
            .as_ref()
            .filter(|health| verdict(&health.status) != Verdict::Passing || !probe.ok());
        let detail = (probe.failure.is_some() || telling.is_some())
            .then(|| {
                serde_json::to_string(&Detail {
                    message: probe.failure.as_ref().map(|failure| failure.message.clone()),
                    health: telling.cloned(),
                })
                .ok()
            })
            .flatten();
        Self {
            key,
            at: mainstay_kernel::to_micros(probe.at),
            duration_us: i64::try_from(probe.duration_us).unwrap_or(i64::MAX),
            outcome: probe.failure.as_ref().map_or(0, |failure| failure.kind.code()),
            marks: probe.attempt.code() | if in_maintenance { MAINTENANCE_BIT } else { 0 },
            status: probe.status.map(i64::from),
            facts: Facts::of(probe).pack(),
            detail,
        }
    }

    /// Whether the probe succeeded.
    pub fn ok(&self) -> bool {
        self.outcome == 0
    }

    /// Whether it was made during maintenance.
    pub fn in_maintenance(&self) -> bool {
        self.marks & MAINTENANCE_BIT != 0
    }

    /// Notes that the check is another replica's by now, which may have probed it since.
    pub fn mark_late(&mut self) {
        self.marks |= LATE_BIT;
    }
}

impl Store {
    /// Writes raw rows under the number of their flush.
    pub async fn insert_probes(
        &self,
        tx: &mut Transaction,
        flush: Micros,
        rows: &[ProbeRow],
    ) -> Result<(), StoreError> {
        let values = rows.iter().map(|row| -> Vec<Value> {
            vec![
                row.key.into_value(),
                row.at.into_value(),
                flush.into_value(),
                row.duration_us.into_value(),
                row.outcome.into_value(),
                row.marks.into_value(),
                row.status.into_value(),
                row.facts.clone().into_value(),
                row.detail.clone().into_value(),
            ]
        });
        let values: Vec<Vec<Value>> = values.collect();
        tx.insert_many(INSERT, "", values).await.map(drop)
    }

    /// Takes the number of a flush: at least `least`, and higher than every one before. Its row stays locked to the commit, so
    /// flushes of all replicas become visible in the order of their numbers.
    pub async fn take_flush(&self, tx: &mut Transaction, least: Micros) -> Result<Micros, StoreError> {
        let row = tx
            .fetch_optional(
                sql(
                    "INSERT INTO watch_counter (name, next) VALUES ('flush', $1) ON CONFLICT (name) DO UPDATE SET \
                     next = CASE WHEN watch_counter.next >= $1 THEN watch_counter.next + 1 ELSE $1 END RETURNING next",
                )
                .bind(least),
            )
            .await?;
        row.ok_or_else(|| StoreError::corrupt("flushes have no counter"))?
            .get("next")
    }

    /// Whether a flush wrote this row, for when the answer to its commit was lost. The number alone does not tell: after a
    /// rollback another replica may have taken it.
    pub async fn has_row(&self, tx: &mut Transaction, flush: Micros, row: &ProbeRow) -> Result<bool, StoreError> {
        let found = tx
            .fetch_optional(
                sql("SELECT flush FROM watch_probe WHERE check_key = $1 AND at = $2 AND flush = $3 LIMIT 1")
                    .bind(row.key)
                    .bind(row.at)
                    .bind(flush),
            )
            .await?;
        Ok(found.is_some())
    }

    /// The newest flush that a snapshot sees; 0 when there is none.
    pub async fn last_flush_in(&self, snapshot: &mut Transaction) -> Result<Micros, StoreError> {
        let row = snapshot
            .fetch_optional(sql("SELECT COALESCE(MAX(flush), 0) AS last FROM watch_probe"))
            .await?;
        row.ok_or_else(|| StoreError::corrupt("flushes have no maximum"))?
            .get("last")
    }

    /// The newest flush; 0 when there is none.
    pub async fn last_flush(&self) -> Result<Micros, StoreError> {
        let row = self
            .db
            .fetch_one(sql("SELECT COALESCE(MAX(flush), 0) AS last FROM watch_probe"))
            .await?;
        row.get("last")
    }

    /// Probes of a check, newest first.
    pub async fn probes(&self, key: i64, filter: ProbeFilter, limit: i64) -> Result<Vec<StoredProbe>, StoreError> {
        let outcome = match filter.ok {
            None => "",
            Some(true) => "AND outcome = 0",
            Some(false) => "AND outcome <> 0",
        };
        let text = format!(
            "SELECT {COLUMNS} FROM watch_probe WHERE check_key = $1 AND at < $2 {outcome} ORDER BY at DESC LIMIT $3"
        );
        let before = filter.before.unwrap_or(Micros::MAX);
        let rows = self
            .db
            .fetch_all(sql_owned(text).bind(key).bind(before).bind(limit))
            .await?;
        rows.iter().map(stored).collect()
    }

    /// The newest probe of every check.
    pub async fn last_probes(&self) -> Result<Vec<StoredProbe>, StoreError> {
        let rows = self
            .db
            .fetch_all(sql(
                "SELECT p.check_key, p.at, p.flush, p.duration_us, p.outcome, p.marks, p.status, p.facts, p.detail \
                 FROM watch_check c JOIN watch_probe p ON p.check_key = c.check_key \
                 WHERE p.at = (SELECT MAX(l.at) FROM watch_probe l WHERE l.check_key = c.check_key) AND c.retired_at IS NULL",
            ))
            .await?;
        rows.iter().map(stored).collect()
    }

    /// Raw rows written after the flush `mark`, in the order of their flushes; at most `limit`, whole flushes only.
    pub async fn probes_after_flush(&self, mark: Micros, limit: i64) -> Result<Vec<StoredProbe>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM watch_probe WHERE flush > $1 AND flush <= \
             (SELECT MAX(f.flush) FROM (SELECT flush FROM watch_probe WHERE flush > $1 ORDER BY flush LIMIT $2) f) ORDER BY flush"
        );
        let rows = self.db.fetch_all(sql_owned(text).bind(mark).bind(limit)).await?;
        rows.iter().map(stored).collect()
    }

    /// Deletes raw rows of the oldest flushes before `cutoff`, about `limit` of them; answers how many.
    pub async fn delete_probes_before(&self, cutoff: Micros, limit: i64) -> Result<u64, StoreError> {
        self.db
            .execute(
                sql("DELETE FROM watch_probe WHERE flush <= (SELECT MAX(oldest.flush) FROM \
                     (SELECT flush FROM watch_probe WHERE flush < $1 ORDER BY flush LIMIT $2) oldest)")
                .bind(cutoff)
                .bind(limit),
            )
            .await
    }
}

fn stored(row: &Row) -> Result<StoredProbe, StoreError> {
    let facts = row
        .get::<Option<Vec<u8>>>("facts")?
        .map(|bytes| Facts::unpack(&bytes))
        .unwrap_or_default();
    // A detail that cannot be read hides only itself.
    let detail: Detail = row
        .get::<Option<String>>("detail")?
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let (outcome, marks): (i64, i64) = (row.get("outcome")?, row.get("marks")?);
    let failure = (outcome != 0).then(|| {
        Failure::new(
            FailureKind::from_code(outcome).unwrap_or(FailureKind::Protocol),
            detail.message.unwrap_or_else(|| "failed".to_owned()),
        )
    });
    Ok(StoredProbe {
        key: row.get("check_key")?,
        flush: row.get("flush")?,
        in_maintenance: marks & MAINTENANCE_BIT != 0,
        late: marks & LATE_BIT != 0,
        probe: Probe {
            at: from_micros(row.get("at")?),
            duration_us: u64::try_from(row.get::<i64>("duration_us")?).unwrap_or_default(),
            phases: facts.phases,
            status: row
                .get::<Option<i64>>("status")?
                .and_then(|status| u16::try_from(status).ok()),
            failure,
            address: facts.address,
            body_bytes: facts.body_bytes,
            health: detail.health,
            tls_days_left: facts.tls_days_left,
            attempt: Attempt::from_code(marks & ATTEMPT_BITS),
        },
    })
}
