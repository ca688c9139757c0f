//! Checks.

use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, OrganizationId, to_micros};
use mainstay_store::{Row, StoreError, Transaction, sql};

use super::Store;
use crate::model::check::{Check, CheckId, CheckManager};

const COLUMNS: &str = "id, environment, service, name, check_key, spec, paused, managed_by, source, edited, version, created_at, updated_at";

impl Store {
    /// Every check that is not retired, of every environment.
    pub async fn checks(&self) -> Result<Vec<Check>, StoreError> {
        let text =
            format!("SELECT {COLUMNS} FROM watch_check WHERE organization_id = $1 AND retired_at IS NULL ORDER BY id");
        let rows = self
            .db
            .fetch_all(mainstay_store::sql_owned(text).id(OrganizationId::DEFAULT))
            .await?;
        rows.iter().map(check).collect()
    }

    /// Every check, retired ones included, for reconciling with the catalog.
    pub async fn checks_with_retired(&self, tx: &mut Transaction) -> Result<Vec<(Check, bool)>, StoreError> {
        let text = format!("SELECT {COLUMNS}, retired_at FROM watch_check WHERE organization_id = $1 ORDER BY id");
        let rows = tx
            .fetch_all(mainstay_store::sql_owned(text).id(OrganizationId::DEFAULT))
            .await?;
        rows.iter()
            .map(|row| Ok((check(row)?, row.get::<Option<i64>>("retired_at")?.is_some())))
            .collect()
    }

    /// One check as it is stored now.
    pub async fn check_in(&self, tx: &mut Transaction, id: CheckId) -> Result<Option<Check>, StoreError> {
        let text =
            format!("SELECT {COLUMNS} FROM watch_check WHERE id = $1 AND organization_id = $2 AND retired_at IS NULL");
        let row = tx
            .fetch_optional(mainstay_store::sql_owned(text).id(id).id(OrganizationId::DEFAULT))
            .await?;
        row.as_ref().map(check).transpose()
    }

    /// Takes `count` fresh numbers; answers the first. The lock on the counter makes writers of checks follow each other.
    pub async fn take_numbers(&self, tx: &mut Transaction, count: i64) -> Result<i64, StoreError> {
        let row = tx
            .fetch_optional(
                sql("UPDATE watch_counter SET next = next + $1 WHERE name = 'check' RETURNING next").bind(count),
            )
            .await?
            .ok_or_else(|| StoreError::corrupt("the counter of checks is missing"))?;
        Ok(row.get::<i64>("next")? - count)
    }

    /// Adds a check.
    ///
    /// # Errors
    /// A conflict when the service has a check of that name.
    pub async fn insert_check(&self, tx: &mut Transaction, check: &Check) -> Result<(), StoreError> {
        tx.execute(
            sql("INSERT INTO watch_check (id, organization_id, environment, service, name, check_key, spec, paused, managed_by, \
                 source, edited, retired_at, version, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL, $12, $13, $14)")
            .id(check.id)
            .id(OrganizationId::DEFAULT)
            .bind(&check.environment)
            .bind(check.service.as_str())
            .bind(&check.name)
            .bind(check.key)
            .bind(json(&check.spec)?)
            .bind(check.paused)
            .bind(check.managed_by.as_str())
            .bind(check.source.as_ref().map(json).transpose()?)
            .bind(json(&check.edited)?)
            .bind(check.version)
            .bind(check.created_at)
            .bind(check.updated_at),
        )
        .await
        .map(drop)
    }

    /// Saves a changed check, and brings it back if it was retired.
    pub async fn update_check(&self, tx: &mut Transaction, check: &Check) -> Result<(), StoreError> {
        tx.execute(
            sql(
                "UPDATE watch_check SET service = $2, name = $3, spec = $4, paused = $5, managed_by = $6, source = $7, \
                 edited = $8, version = $9, updated_at = $10, retired_at = NULL WHERE id = $1",
            )
            .id(check.id)
            .bind(check.service.as_str())
            .bind(&check.name)
            .bind(json(&check.spec)?)
            .bind(check.paused)
            .bind(check.managed_by.as_str())
            .bind(check.source.as_ref().map(json).transpose()?)
            .bind(json(&check.edited)?)
            .bind(check.version)
            .bind(check.updated_at),
        )
        .await
        .map(drop)
    }

    /// Puts a check away until its endpoint or declaration comes back.
    pub async fn retire_check(&self, tx: &mut Transaction, id: CheckId, at: jiff::Timestamp) -> Result<(), StoreError> {
        tx.execute(
            sql("UPDATE watch_check SET retired_at = $2 WHERE id = $1")
                .id(id)
                .bind(to_micros(at)),
        )
        .await
        .map(drop)
    }

    /// Deletes a check and its state; its history goes with retention.
    pub async fn delete_check(&self, tx: &mut Transaction, id: CheckId) -> Result<(), StoreError> {
        tx.execute(sql("DELETE FROM watch_check_state WHERE check_id = $1").id(id))
            .await?;
        tx.execute(sql("DELETE FROM watch_check WHERE id = $1").id(id))
            .await
            .map(drop)
    }

    /// Deletes a retired check that stands in the way of a new one of its name.
    pub async fn delete_retired(
        &self,
        tx: &mut Transaction,
        environment: &Environment,
        service: &ServiceName,
        name: &str,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql("DELETE FROM watch_check WHERE organization_id = $1 AND environment = $2 AND service = $3 AND name = $4 \
                 AND retired_at IS NOT NULL")
            .id(OrganizationId::DEFAULT)
            .bind(environment)
            .bind(service.as_str())
            .bind(name),
        )
        .await
        .map(drop)
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::corrupt)
}

fn check(row: &Row) -> Result<Check, StoreError> {
    let from_json = |text: String| serde_json::from_str(&text).map_err(StoreError::corrupt);
    let managed_by: String = row.get("managed_by")?;
    Ok(Check {
        id: row.id("id")?,
        key: row.get("check_key")?,
        environment: row.parse("environment")?,
        service: row.parse("service")?,
        name: row.get("name")?,
        spec: serde_json::from_str(&row.get::<String>("spec")?).map_err(StoreError::corrupt)?,
        paused: row.get("paused")?,
        managed_by: CheckManager::from_name(&managed_by).ok_or_else(|| StoreError::corrupt(managed_by))?,
        source: row.get::<Option<String>>("source")?.map(from_json).transpose()?,
        edited: serde_json::from_str(&row.get::<String>("edited")?).map_err(StoreError::corrupt)?,
        version: row.get("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
