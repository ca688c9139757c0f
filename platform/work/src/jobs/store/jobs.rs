//! The rows of jobs, as those see them who add and run them.

use jiff::Timestamp;
use mainstay_kernel::{Micros, OrganizationId, World};
use mainstay_store::{Database, Dialect, Row, Statement, StoreError, Transaction, sql, sql_owned};
use serde_json::Value;

use crate::jobs::{JobState, job::JobId};
use crate::replica::ReplicaId;

/// A job about to be written.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub id: JobId,
    pub organization: OrganizationId,
    pub queue: &'static str,
    pub kind: &'static str,
    pub version: u32,
    pub payload: String,
    pub unique_key: Option<String>,
    pub max_attempts: u32,
    pub timeout_ms: i64,
    pub run_at: Timestamp,
}

/// Writes a job, unless one with its unique key waits or runs.
pub fn insert(world: &World, job: &NewJob) -> Statement {
    sql("INSERT INTO work_job (id, organization_id, queue, kind, version, payload, unique_key, state, attempt, max_attempts, \
         timeout_ms, run_at, created_at, cancel_requested) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', 0, $8, $9, $10, $11, FALSE) \
         ON CONFLICT (kind, unique_key) WHERE unique_key IS NOT NULL AND state IN ('waiting', 'running') DO NOTHING")
    .id(job.id)
    .id(job.organization)
    .bind(job.queue)
    .bind(job.kind)
    .bind(job.version)
    .bind(&job.payload)
    .bind(job.unique_key.clone())
    .bind(job.max_attempts)
    .bind(job.timeout_ms)
    .bind(job.run_at)
    .bind(world.now())
}

/// A claimed job.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub id: JobId,
    pub organization: OrganizationId,
    pub kind: String,
    pub version: u32,
    pub payload: String,
    pub attempt: i64,
    pub max_attempts: i64,
    pub timeout_ms: i64,
}

/// Claims waiting jobs of a queue, of those kinds that this replica knows.
pub async fn claim(
    database: &Database,
    queue: &str,
    kinds: &[&str],
    holder: ReplicaId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Claimed>, StoreError> {
    let places: Vec<String> = (0..kinds.len()).map(|index| format!("${}", index + 5)).collect();
    let skip = match database.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => "FOR UPDATE SKIP LOCKED",
    };
    let mut statement = sql_owned(format!(
        "UPDATE work_job SET state = 'running', attempt = attempt + 1, holder = $1, started_at = $2, heartbeat_at = $2 \
         WHERE id IN (SELECT id FROM work_job WHERE queue = $3 AND state = 'waiting' AND run_at <= $2 AND kind IN ({}) \
         ORDER BY run_at, id LIMIT $4 {skip}) \
         RETURNING id, organization_id, kind, version, payload, attempt, max_attempts, timeout_ms",
        places.join(", ")
    ))
    .kept()
    .id(holder)
    .bind(now)
    .bind(queue)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX));
    for kind in kinds {
        statement = statement.bind(*kind);
    }
    let mut tx = database.begin().await?;
    let rows = tx.fetch_all(statement).await?;
    if rows.is_empty() {
        tx.rollback().await?;
        return Ok(Vec::new());
    }
    let claimed = rows.iter().map(claimed).collect::<Result<_, _>>()?;
    tx.commit().await?;
    Ok(claimed)
}

/// Claims one certain job, wherever it stands in its queue.
pub fn claim_one(id: JobId, holder: ReplicaId, now: Timestamp) -> Statement {
    sql(
        "UPDATE work_job SET state = 'running', attempt = attempt + 1, holder = $1, started_at = $2, heartbeat_at = $2 \
         WHERE id = $3 AND state = 'waiting'",
    )
    .id(holder)
    .bind(now)
    .id(id)
}

fn claimed(row: &Row) -> Result<Claimed, StoreError> {
    Ok(Claimed {
        id: row.id("id")?,
        organization: row.id("organization_id")?,
        kind: row.get("kind")?,
        version: u32::try_from(row.get::<i64>("version")?).map_err(|_| StoreError::corrupt("the version of a job"))?,
        payload: row.get("payload")?,
        attempt: row.get("attempt")?,
        max_attempts: row.get("max_attempts")?,
        timeout_ms: row.get("timeout_ms")?,
    })
}

/// The job ended well.
pub fn finish(id: JobId, attempt: i64, holder: ReplicaId, now: Timestamp, result: Option<&Value>) -> Statement {
    sql(
        "UPDATE work_job SET state = 'done', finished_at = $4, result = $5, last_error = NULL, holder = NULL \
         WHERE id = $1 AND attempt = $2 AND holder = $3 AND state = 'running'",
    )
    .id(id)
    .bind(attempt)
    .id(holder)
    .bind(now)
    .bind(result.map(Value::to_string))
}

/// The attempt failed, and another follows.
pub fn retry(id: JobId, attempt: i64, holder: ReplicaId, run_at: Micros, error: &str) -> Statement {
    sql(
        "UPDATE work_job SET state = 'waiting', run_at = $4, last_error = $5, holder = NULL \
         WHERE id = $1 AND attempt = $2 AND holder = $3 AND state = 'running'",
    )
    .id(id)
    .bind(attempt)
    .id(holder)
    .bind(run_at)
    .bind(error)
}

/// The job failed or was cancelled, and nothing follows.
pub fn end(id: JobId, attempt: i64, holder: ReplicaId, now: Timestamp, state: JobState, error: &str) -> Statement {
    sql(
        "UPDATE work_job SET state = $4, finished_at = $5, last_error = $6, holder = NULL \
         WHERE id = $1 AND attempt = $2 AND holder = $3 AND state = 'running'",
    )
    .id(id)
    .bind(attempt)
    .id(holder)
    .bind(state.name())
    .bind(now)
    .bind(error)
}

/// The attempt never began properly, for instance because this version cannot read it; it does not count.
pub fn put_back(id: JobId, attempt: i64, holder: ReplicaId, run_at: Micros, reason: &str) -> Statement {
    sql(
        "UPDATE work_job SET state = 'waiting', attempt = attempt - 1, run_at = $4, last_error = $5, holder = NULL \
         WHERE id = $1 AND attempt = $2 AND holder = $3 AND state = 'running'",
    )
    .id(id)
    .bind(attempt)
    .id(holder)
    .bind(run_at)
    .bind(reason)
}

/// Shows progress.
pub fn progress(id: JobId, attempt: i64, done: u64, total: u64, text: &str) -> Statement {
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    sql(
        "UPDATE work_job SET progress_done = $3, progress_total = $4, progress_text = $5 \
         WHERE id = $1 AND attempt = $2 AND state = 'running'",
    )
    .id(id)
    .bind(attempt)
    .bind(whole(done))
    .bind(whole(total))
    .bind(text)
}

/// A sign of life for everything a replica runs.
pub fn heartbeat(holder: ReplicaId, now: Timestamp) -> Statement {
    sql("UPDATE work_job SET heartbeat_at = $2 WHERE holder = $1 AND state = 'running'")
        .id(holder)
        .bind(now)
}

/// Jobs that a replica has claimed, and whether somebody wants each cancelled.
pub async fn claimed_by(database: &Database, holder: ReplicaId) -> Result<Vec<(JobId, bool)>, StoreError> {
    database
        .fetch_all(sql("SELECT id, cancel_requested FROM work_job WHERE holder = $1 AND state = 'running'").id(holder))
        .await?
        .iter()
        .map(|row| Ok((row.id("id")?, row.get("cancel_requested")?)))
        .collect()
}

/// Lets go of a claim on which its replica does not work. An attempt that never began does not count.
pub fn abandon(id: JobId, holder: ReplicaId, now: Timestamp, began: bool) -> Statement {
    let text = if began {
        "UPDATE work_job SET holder = NULL, run_at = $3, last_error = 'the end of its last attempt could not be written', \
         state = CASE WHEN attempt >= max_attempts THEN 'failed' ELSE 'waiting' END, \
         finished_at = CASE WHEN attempt >= max_attempts THEN $3 ELSE NULL END \
         WHERE id = $1 AND holder = $2 AND state = 'running'"
    } else {
        "UPDATE work_job SET holder = NULL, run_at = $3, last_error = 'the replica that claimed it never heard that it had', \
         state = 'waiting', attempt = attempt - 1 \
         WHERE id = $1 AND holder = $2 AND state = 'running'"
    };
    sql(text).id(id).id(holder).bind(now)
}

/// Takes jobs from replicas that are gone. Answers how many wait again and how many have failed for good.
pub async fn reclaim(database: &Database, now: Timestamp) -> Result<u64, StoreError> {
    let orphans = database
        .fetch_optional(sql(
            "SELECT 1 AS orphan FROM work_job WHERE state = 'running' AND holder NOT IN (SELECT id FROM work_replica) LIMIT 1",
        ))
        .await?;
    if orphans.is_none() {
        return Ok(0);
    }
    database
        .execute(
            sql("UPDATE work_job SET holder = NULL, run_at = $1, last_error = 'the replica that ran it ended before it did', \
                 state = CASE WHEN attempt >= max_attempts THEN 'failed' ELSE 'waiting' END, \
                 finished_at = CASE WHEN attempt >= max_attempts THEN $1 ELSE NULL END \
                 WHERE state = 'running' AND holder NOT IN (SELECT id FROM work_replica)")
            .bind(now),
        )
        .await
}

/// Cancels a waiting job at once, and asks a running one to stop. Answers whether there was such a job.
pub async fn cancel(database: &Database, id: JobId, now: Timestamp) -> Result<bool, StoreError> {
    let touched = database
        .execute(
            sql("UPDATE work_job SET cancel_requested = TRUE, \
                 finished_at = CASE WHEN state = 'waiting' THEN $2 ELSE finished_at END, \
                 last_error = CASE WHEN state = 'waiting' AND attempt = 0 THEN 'cancelled before it ran' ELSE last_error END, \
                 state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END \
                 WHERE id = $1 AND state IN ('waiting', 'running')")
            .id(id)
            .bind(now),
        )
        .await?;
    Ok(touched == 1)
}

/// Lets a job that failed or was cancelled run again, from its first attempt. Answers whether there was such a job.
pub async fn again(database: &Database, id: JobId, now: Timestamp) -> Result<bool, StoreError> {
    let touched = database
        .execute(
            sql("UPDATE work_job SET state = 'waiting', attempt = 0, run_at = $2, finished_at = NULL, cancel_requested = FALSE, \
                 progress_done = NULL, progress_total = NULL, progress_text = NULL \
                 WHERE id = $1 AND state IN ('failed', 'cancelled')")
            .id(id)
            .bind(now),
        )
        .await?;
    Ok(touched == 1)
}

/// When the next job of a queue is due.
pub async fn next_run_at(database: &Database, queue: &str) -> Result<Option<Timestamp>, StoreError> {
    let row = database
        .fetch_one(sql("SELECT MIN(run_at) AS run_at FROM work_job WHERE queue = $1 AND state = 'waiting'").bind(queue))
        .await?;
    row.optional_time("run_at")
}

/// Forgets ended jobs, at most `limit` of them; answers how many.
pub async fn forget(database: &Database, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    database
        .execute(
            sql("DELETE FROM work_job WHERE id IN \
                 (SELECT id FROM work_job WHERE finished_at IS NOT NULL AND finished_at < $1 LIMIT $2)")
            .bind(before)
            .bind(limit),
        )
        .await
}

/// Writes a job inside a transaction; answers whether it is new.
pub async fn insert_in(tx: &mut Transaction, world: &World, job: &NewJob) -> Result<bool, StoreError> {
    Ok(tx.execute(insert(world, job)).await? == 1)
}
