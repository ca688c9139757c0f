//! Maintenance windows.

use jiff::Timestamp;
use mainstay_kernel::{Environment, Micros, OrganizationId};
use mainstay_store::{Row, StoreError, sql};

use super::Store;
use crate::model::maintenance::{Maintenance, MaintenanceId};

impl Store {
    /// Adds a window.
    pub async fn insert_maintenance(&self, window: &Maintenance, by: &str, now: Timestamp) -> Result<(), StoreError> {
        self.db
            .execute(
                sql("INSERT INTO watch_maintenance (id, organization_id, environment, service, reason, created_by, starts_at, \
                     ends_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
                .id(window.id)
                .id(OrganizationId::DEFAULT)
                .bind(&window.environment)
                .bind(window.service.as_ref().map(|service| service.as_str().to_owned()))
                .bind(&window.reason)
                .bind(by)
                .bind(window.starts_at)
                .bind(window.ends_at)
                .bind(now),
            )
            .await
            .map(drop)
    }

    /// Deletes a window; answers whether there was one.
    pub async fn delete_maintenance(&self, id: MaintenanceId) -> Result<bool, StoreError> {
        let deleted = self
            .db
            .execute(
                sql("DELETE FROM watch_maintenance WHERE id = $1 AND organization_id = $2")
                    .id(id)
                    .id(OrganizationId::DEFAULT),
            )
            .await?;
        Ok(deleted > 0)
    }

    /// Windows of every environment that end after `at`.
    pub async fn maintenance_ending_after(&self, at: Micros) -> Result<Vec<Maintenance>, StoreError> {
        let rows = self
            .db
            .fetch_all(
                sql(
                    "SELECT id, environment, service, reason, starts_at, ends_at FROM watch_maintenance \
                     WHERE organization_id = $1 AND ends_at > $2 ORDER BY starts_at, id",
                )
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
                sql(
                    "SELECT id, environment, service, reason, starts_at, ends_at FROM watch_maintenance \
                     WHERE organization_id = $1 AND environment = $2 AND (ends_at < $3 OR (ends_at = $3 AND id < $4)) \
                     ORDER BY ends_at DESC, id DESC LIMIT $5",
                )
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
    })
}
