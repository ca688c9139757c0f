//! The rows of jobs, as people see them.

use jiff::Timestamp;
use mainstay_kernel::TypedId;
use mainstay_store::{Bind, Database, Row, StoreError, Value, sql, sql_owned};
use serde_json::Value as Json;

use crate::jobs::{JobFilter, JobState, JobView, job::JobId};
use crate::replica::ReplicaId;

const COLUMNS: &str = "id, organization_id, queue, kind, unique_key, state, attempt, max_attempts, run_at, created_at, \
     started_at, heartbeat_at, finished_at, holder, cancel_requested, progress_done, progress_total, progress_text, last_error";

/// One job.
pub async fn get(database: &Database, id: JobId) -> Result<Option<JobView>, StoreError> {
    let row = database
        .fetch_optional(sql_owned(format!("SELECT {COLUMNS}, payload, result FROM work_job WHERE id = $1")).id(id))
        .await?;
    row.as_ref().map(view).transpose()
}

/// Jobs, the newest first, before a certain one if it is named. What they were given and what they answered may be large and is
/// left out.
pub async fn list(
    database: &Database,
    filter: &JobFilter,
    before: Option<JobId>,
    limit: i64,
) -> Result<Vec<JobView>, StoreError> {
    let values = [
        filter.organization.map(|id| ("organization_id =", Value::id(id))),
        filter.state.map(|state| ("state =", state.name().into_value())),
        filter.queue.as_ref().map(|queue| ("queue =", queue.into_value())),
        filter.kind.as_ref().map(|kind| ("kind =", kind.into_value())),
        before.map(|id| ("id <", Value::id(id))),
    ];
    let given: Vec<(&str, Value)> = values.into_iter().flatten().collect();
    let conditions: Vec<String> = given
        .iter()
        .zip(1..)
        .map(|((condition, _), place)| format!("{condition} ${place}"))
        .collect();
    let conditions = match conditions.as_slice() {
        [] => String::new(),
        some => format!(" WHERE {}", some.join(" AND ")),
    };
    let text = format!(
        "SELECT {COLUMNS}, CAST(NULL AS TEXT) AS payload, CAST(NULL AS TEXT) AS result FROM work_job{conditions} ORDER BY id DESC LIMIT ${}",
        given.len() + 1
    );
    let statement = given
        .into_iter()
        .fold(sql_owned(text), |statement, (_, value)| statement.bind(value));
    database
        .fetch_all(statement.bind(limit))
        .await?
        .iter()
        .map(view)
        .collect()
}

/// How many jobs each queue has in each state but done, and when its oldest waiting one should have run. Each part is read off
/// an index.
pub async fn counts(database: &Database) -> Result<Vec<(String, JobState, i64, Timestamp)>, StoreError> {
    database
        .fetch_all(sql(
            "SELECT queue, state, COUNT(*) AS jobs, MIN(run_at) AS oldest_at FROM work_job \
             WHERE state = 'waiting' GROUP BY queue, state \
             UNION ALL SELECT queue, state, COUNT(*) AS jobs, MIN(run_at) AS oldest_at FROM work_job \
             WHERE state = 'running' GROUP BY queue, state \
             UNION ALL SELECT queue, state, COUNT(*) AS jobs, MIN(run_at) AS oldest_at FROM work_job \
             WHERE state IN ('failed', 'cancelled') GROUP BY queue, state",
        ))
        .await?
        .iter()
        .map(|row| {
            Ok((
                row.get("queue")?,
                row.parse("state")?,
                row.get("jobs")?,
                row.time("oldest_at")?,
            ))
        })
        .collect()
}

/// How many jobs of each queue ended well. There may be very many, and no index helps to count them.
pub async fn count_done(database: &Database) -> Result<Vec<(String, i64)>, StoreError> {
    database
        .fetch_all(sql(
            "SELECT queue, COUNT(*) AS jobs FROM work_job WHERE state = 'done' GROUP BY queue ORDER BY queue",
        ))
        .await?
        .iter()
        .map(|row| Ok((row.get("queue")?, row.get("jobs")?)))
        .collect()
}

fn view(row: &Row) -> Result<JobView, StoreError> {
    let json = |name: &str| -> Result<Option<Json>, StoreError> {
        row.get::<Option<String>>(name)?
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| StoreError::corrupt(format_args!("{name} of a job: {error}")))
    };
    Ok(JobView {
        id: row.id("id")?,
        organization: row.id("organization_id")?,
        queue: row.get("queue")?,
        kind: row.get("kind")?,
        payload: json("payload")?.unwrap_or_default(),
        unique_key: row.get("unique_key")?,
        state: row.parse("state")?,
        attempt: row.get("attempt")?,
        max_attempts: row.get("max_attempts")?,
        run_at: row.time("run_at")?,
        created_at: row.time("created_at")?,
        started_at: row.optional_time("started_at")?,
        heartbeat_at: row.optional_time("heartbeat_at")?,
        finished_at: row.optional_time("finished_at")?,
        holder: row.get::<Option<_>>("holder")?.map(ReplicaId::from_uuid),
        cancel_requested: row.get("cancel_requested")?,
        progress_done: row.get("progress_done")?,
        progress_total: row.get("progress_total")?,
        progress_text: row.get("progress_text")?,
        last_error: row.get("last_error")?,
        result: json("result")?,
    })
}
