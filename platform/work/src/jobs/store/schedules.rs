//! The rows of schedules.

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Database, StoreError, Transaction, sql};

use crate::jobs::{job::JobId, schedule::ScheduleView};

/// A schedule about to be written.
#[derive(Debug, Clone, Copy)]
pub struct Declaration<'d> {
    pub name: &'d str,
    pub organization: OrganizationId,
    pub cron: &'d str,
    pub zone: &'d str,
    pub kind: &'d str,
    pub payload: &'d str,
    pub next_at: Option<Timestamp>,
}

/// Writes a schedule; one whose pattern changed counts anew.
pub async fn declare(tx: &mut Transaction, schedule: Declaration<'_>, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        sql("INSERT INTO work_schedule (name, organization_id, cron, zone, kind, payload, paused, next_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, FALSE, $7, $8) \
             ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, payload = excluded.payload, updated_at = excluded.updated_at, \
             next_at = CASE WHEN work_schedule.cron = excluded.cron AND work_schedule.zone = excluded.zone \
                 AND work_schedule.next_at IS NOT NULL THEN work_schedule.next_at ELSE excluded.next_at END, \
             cron = excluded.cron, zone = excluded.zone")
        .bind(schedule.name)
        .id(schedule.organization)
        .bind(schedule.cron)
        .bind(schedule.zone)
        .bind(schedule.kind)
        .bind(schedule.payload)
        .bind(schedule.next_at)
        .bind(now),
    )
    .await
    .map(drop)
}

/// Removes a schedule that nobody declares any more.
pub async fn keep_only(tx: &mut Transaction, names: &[&str]) -> Result<(), StoreError> {
    let rows = tx.fetch_all(sql("SELECT name FROM work_schedule")).await?;
    for row in rows {
        let name: String = row.get("name")?;
        if !names.contains(&name.as_str()) {
            tx.execute(sql("DELETE FROM work_schedule WHERE name = $1").bind(name))
                .await?;
        }
    }
    Ok(())
}

/// Whether a schedule's time has come.
pub async fn any_due(database: &Database, now: Timestamp) -> Result<bool, StoreError> {
    let row = database
        .fetch_optional(sql("SELECT 1 AS due FROM work_schedule WHERE NOT paused AND next_at <= $1 LIMIT 1").bind(now))
        .await?;
    Ok(row.is_some())
}

/// A schedule whose time has come.
#[derive(Debug, Clone)]
pub struct Due {
    pub name: String,
    pub last_at: Option<Timestamp>,
}

/// Schedules whose time has come, kept from other replicas until the transaction ends.
pub async fn lock_due(tx: &mut Transaction, shared: bool, now: Timestamp) -> Result<Vec<Due>, StoreError> {
    let text = if shared {
        "SELECT name, last_at FROM work_schedule WHERE NOT paused AND next_at <= $1 ORDER BY name FOR UPDATE SKIP LOCKED"
    } else {
        "SELECT name, last_at FROM work_schedule WHERE NOT paused AND next_at <= $1 ORDER BY name"
    };
    tx.fetch_all(sql(text).bind(now))
        .await?
        .iter()
        .map(|row| {
            Ok(Due {
                name: row.get("name")?,
                last_at: row.optional_time("last_at")?,
            })
        })
        .collect()
}

/// A schedule came; `job` is absent when its last run was still going.
pub async fn came(
    tx: &mut Transaction,
    name: &str,
    now: Timestamp,
    next_at: Option<Timestamp>,
    job: Option<JobId>,
) -> Result<(), StoreError> {
    tx.execute(
        sql("UPDATE work_schedule SET last_at = $2, next_at = $3, last_job = COALESCE($4, last_job) WHERE name = $1")
            .bind(name)
            .bind(now)
            .bind(next_at)
            .optional_id(job),
    )
    .await
    .map(drop)
}

/// A schedule comes because somebody asked; answers whether there is such a schedule.
pub async fn asked(tx: &mut Transaction, name: &str, now: Timestamp, job: JobId) -> Result<bool, StoreError> {
    let touched = tx
        .execute(
            sql("UPDATE work_schedule SET last_at = $2, last_job = $3 WHERE name = $1")
                .bind(name)
                .bind(now)
                .id(job),
        )
        .await?;
    Ok(touched == 1)
}

/// Holds a schedule back, or lets it go on; times missed while it was held back are not made up for.
pub async fn pause(
    database: &Database,
    name: &str,
    paused: bool,
    next_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let touched = database
        .execute(
            sql("UPDATE work_schedule SET paused = $2, next_at = COALESCE($3, next_at), updated_at = $4 WHERE name = $1")
                .bind(name)
                .bind(paused)
                .bind(next_at)
                .bind(now),
        )
        .await?;
    Ok(touched == 1)
}

/// Every schedule.
pub async fn all(database: &Database) -> Result<Vec<ScheduleView>, StoreError> {
    database
        .fetch_all(sql(
            "SELECT name, cron, zone, kind, paused, next_at, last_at, last_job FROM work_schedule ORDER BY name",
        ))
        .await?
        .iter()
        .map(|row| {
            Ok(ScheduleView {
                name: row.get("name")?,
                cron: row.get("cron")?,
                zone: row.get("zone")?,
                kind: row.get("kind")?,
                paused: row.get("paused")?,
                next_at: row.optional_time("next_at")?,
                last_at: row.optional_time("last_at")?,
                last_job: row
                    .get::<Option<mainstay_kernel::uuid::Uuid>>("last_job")?
                    .map(mainstay_kernel::TypedId::from_uuid),
            })
        })
        .collect()
}
