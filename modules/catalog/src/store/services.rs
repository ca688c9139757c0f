//! The rows of services, and the record of what people changed.

use jiff::Timestamp;
use mainstay_kernel::{Actor, Scope};
use mainstay_store::{Bind, Row, StoreError, Transaction, Value, sql};
use uuid::Uuid;

use super::{IntoText, Store, environment, insert_each, json, parse_json, text};
use crate::model::{Service, ServiceName, Source};

/// A service, and who names each of its dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredService {
    pub(crate) service: Service,
    /// In the order of the dependencies.
    pub(crate) dependency_sources: Vec<Source>,
}

/// What a person did to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EditAction {
    Created,
    Changed,
    Deleted,
}

impl EditAction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
        }
    }
}

impl Store {
    /// All services of the organisation, in every environment.
    pub(crate) async fn services(&self, scope: &Scope) -> Result<Vec<StoredService>, StoreError> {
        let statement = sql("SELECT * FROM catalog_service WHERE organization_id = $1").id(scope.organization);
        self.database.fetch_all(statement).await?.iter().map(read).collect()
    }

    /// The same within a transaction.
    pub(crate) async fn services_in(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
    ) -> Result<Vec<StoredService>, StoreError> {
        let statement = sql("SELECT * FROM catalog_service WHERE organization_id = $1").id(scope.organization);
        tx.fetch_all(statement).await?.iter().map(read).collect()
    }

    pub(crate) async fn service_in(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        name: &ServiceName,
    ) -> Result<Option<StoredService>, StoreError> {
        tx.fetch_optional(
            sql("SELECT * FROM catalog_service WHERE organization_id = $1 AND environment = $2 AND name = $3")
                .id(scope.organization)
                .bind(&scope.environment)
                .bind(name.as_str()),
        )
        .await?
        .map(|row| read(&row))
        .transpose()
    }

    /// Inserts the services or replaces those that are there.
    pub(crate) async fn put_services(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        services: &[StoredService],
    ) -> Result<(), StoreError> {
        insert_each(
            tx,
            "INSERT INTO catalog_service (organization_id, environment, name, description, owner, tier, links, endpoints, \
             dependencies, dependency_sources, managed_by, source, version, created_at, updated_at) VALUES",
            "ON CONFLICT (organization_id, environment, name) DO UPDATE SET description = excluded.description, \
             owner = excluded.owner, tier = excluded.tier, links = excluded.links, endpoints = excluded.endpoints, \
             dependencies = excluded.dependencies, dependency_sources = excluded.dependency_sources, \
             managed_by = excluded.managed_by, source = excluded.source, version = excluded.version, \
             updated_at = excluded.updated_at",
            services,
            |stored| values(scope, stored),
        )
        .await
    }

    pub(crate) async fn delete_service(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        name: &ServiceName,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql("DELETE FROM catalog_service WHERE organization_id = $1 AND environment = $2 AND name = $3")
                .id(scope.organization)
                .bind(&scope.environment)
                .bind(name.as_str()),
        )
        .await?;
        Ok(())
    }

    /// Keeps what a person changed beside what it was before.
    #[expect(clippy::too_many_arguments, reason = "one argument for each column of the record")]
    pub(crate) async fn record_edit(
        &self,
        tx: &mut Transaction,
        id: Uuid,
        scope: &Scope,
        name: &ServiceName,
        at: Timestamp,
        actor: &Actor,
        action: EditAction,
        before: Option<&Service>,
        after: Option<&Service>,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql("INSERT INTO catalog_edit (id, organization_id, environment, service, edited_at, actor, action, before, after) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
            .bind(id)
            .id(scope.organization)
            .bind(&scope.environment)
            .bind(name.as_str())
            .bind(at)
            .bind(actor.label())
            .bind(action.as_str())
            .bind(before.map(text))
            .bind(after.map(text)),
        )
        .await?;
        Ok(())
    }
}

fn values(scope: &Scope, stored: &StoredService) -> Vec<Value> {
    let service = &stored.service;
    vec![
        Value::id(scope.organization),
        (&service.environment).into_value(),
        service.name.as_str().into_value(),
        service.description.as_ref().into_text(),
        service.owner.as_ref().into_text(),
        service.tier.as_str().into_value(),
        text(&service.links).into_value(),
        text(&service.endpoints).into_value(),
        text(&service.dependencies).into_value(),
        text(&stored.dependency_sources).into_value(),
        service.managed_by.as_str().into_value(),
        service.source.as_ref().map(text).into_value(),
        service.version.into_value(),
        service.created_at.into_value(),
        service.updated_at.into_value(),
    ]
}

fn read(row: &Row) -> Result<StoredService, StoreError> {
    let source: Option<String> = row.get("source")?;
    Ok(StoredService {
        service: Service {
            name: row.parse("name")?,
            description: row.get("description")?,
            owner: row.get("owner")?,
            tier: row.parse("tier")?,
            environment: environment(row, "environment")?,
            links: json(row, "links")?,
            endpoints: json(row, "endpoints")?,
            dependencies: json(row, "dependencies")?,
            managed_by: row.parse("managed_by")?,
            source: source.map(|text| parse_json(&text, "source")).transpose()?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
            version: row.get("version")?,
        },
        dependency_sources: json(row, "dependency_sources")?,
    })
}
