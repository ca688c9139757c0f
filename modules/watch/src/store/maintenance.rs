//! Maintenance windows.

use jiff::Timestamp;
use mainstay_kernel::{Environment, Micros, OrganizationId};
use mainstay_store::{Row, Statement, StoreError, sql, sql_owned};

use super::Store;
use crate::{
    declared_windows::Plan,
    model::maintenance::{Declared, Maintenance, MaintenanceId},
};

const COLUMNS: &str = "SELECT id, environment, service, reason, starts_at, ends_at, declared_as, source FROM watch_maintenance \
     WHERE organization_id = $1";

impl Store {
    /// Adds a window.
    pub async fn insert_maintenance(&self, window: &Maintenance, by: &str, now: Timestamp) -> Result<(), StoreError> {
        self.db.execute(insert(window, by, now)).await.map(drop)
    }

    /// Makes, changes and deletes what files declare, all of it or nothing.
    pub async fn change_maintenance(&self, plan: &Plan, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        for id in &plan.delete {
            tx.execute(delete(*id)).await?;
        }
        for window in &plan.update {
            tx.execute(
                sql(
                    "UPDATE watch_maintenance SET service = $3, reason = $4, starts_at = $5, ends_at = $6, source = $7 \
                     WHERE id = $1 AND organization_id = $2",
                )
                .id(window.id)
                .id(OrganizationId::DEFAULT)
                .bind(window.service.as_ref().map(|service| service.as_str().to_owned()))
                .bind(&window.reason)
                .bind(window.starts_at)
                .bind(window.ends_at)
                .bind(window.declared.as_ref().and_then(|declared| declared.file.clone())),
            )
            .await?;
        }
        for window in &plan.insert {
            let file = window.declared.as_ref().and_then(|declared| declared.file.as_deref());
            tx.execute(insert(window, file.unwrap_or("a file"), now)).await?;
        }
        tx.commit().await
    }

    /// Every window that a file declares or declared, past ones included.
    pub async fn declared_maintenance(&self) -> Result<Vec<Maintenance>, StoreError> {
        let statement = sql_owned(format!("{COLUMNS} AND declared_as IS NOT NULL ORDER BY starts_at, id"));
        let rows = self.db.fetch_all(statement.id(OrganizationId::DEFAULT)).await?;
        rows.iter().map(window).collect()
    }

    /// Deletes a window; answers whether there was one.
    pub async fn delete_maintenance(&self, id: MaintenanceId) -> Result<bool, StoreError> {
        Ok(self.db.execute(delete(id)).await? > 0)
    }

    /// Windows of every environment that end after `at`.
    pub async fn maintenance_ending_after(&self, at: Micros) -> Result<Vec<Maintenance>, StoreError> {
        let rows = self
            .db
            .fetch_all(
                sql_owned(format!("{COLUMNS} AND ends_at > $2 ORDER BY starts_at, id"))
                    .id(OrganizationId::DEFAULT)
                    .bind(at),
            )
            .await?;
        rows.iter().map(window).collect()
    }

    /// A page of an environment's windows, the last to end first; `before` is the end and id of the last one seen.
    pub async fn maintenance(
        &self,
        environment: &Environment,
        before: Option<(Micros, MaintenanceId)>,
        limit: i64,
    ) -> Result<Vec<Maintenance>, StoreError> {
        let (end, id) = before.map_or((Micros::MAX, None), |(end, id)| (end, Some(id)));
        let rows = self
            .db
            .fetch_all(
                sql_owned(format!(
                    "{COLUMNS} AND environment = $2 AND (ends_at < $3 OR (ends_at = $3 AND id < $4)) \
                     ORDER BY ends_at DESC, id DESC LIMIT $5"
                ))
                .id(OrganizationId::DEFAULT)
                .bind(environment)
                .bind(end)
                .optional_id(id)
                .bind(limit),
            )
            .await?;
        rows.iter().map(window).collect()
    }
}

fn insert(window: &Maintenance, by: &str, now: Timestamp) -> Statement {
    let declared = window.declared.as_ref();
    sql(
        "INSERT INTO watch_maintenance (id, organization_id, environment, service, reason, created_by, starts_at, ends_at, \
         created_at, declared_as, source) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .id(window.id)
    .id(OrganizationId::DEFAULT)
    .bind(&window.environment)
    .bind(window.service.as_ref().map(|service| service.as_str().to_owned()))
    .bind(&window.reason)
    .bind(by)
    .bind(window.starts_at)
    .bind(window.ends_at)
    .bind(now)
    .bind(declared.map(|declared| declared.name.clone()))
    .bind(declared.and_then(|declared| declared.file.clone()))
}

fn delete(id: MaintenanceId) -> Statement {
    sql("DELETE FROM watch_maintenance WHERE id = $1 AND organization_id = $2")
        .id(id)
        .id(OrganizationId::DEFAULT)
}

fn window(row: &Row) -> Result<Maintenance, StoreError> {
    let service: Option<String> = row.get("service")?;
    Ok(Maintenance {
        id: row.id("id")?,
        environment: row.parse("environment")?,
        service: service
            .map(|name| name.parse().map_err(StoreError::corrupt))
            .transpose()?,
        reason: row.get("reason")?,
        starts_at: row.time("starts_at")?,
        ends_at: row.time("ends_at")?,
        declared: row
            .get::<Option<String>>("declared_as")?
            .map(|name| {
                Ok::<_, StoreError>(Declared {
                    name,
                    file: row.get("source")?,
                })
            })
            .transpose()?,
    })
}
