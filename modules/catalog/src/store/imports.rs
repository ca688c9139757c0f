//! The rows of imports: their reports, the files the catalog holds, what was declared in them, aliases and accepted
//! findings.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mainstay_kernel::{Environment, PageRequest, Scope, World};
use mainstay_store::{Bind, Row, Statement, StoreError, Transaction, Value, sql};
use uuid::Uuid;

use super::{Store, environment, insert_each, json, source, source_values, text};
use crate::model::{Declaration, ManagedBy, ServiceName};

/// How many reports are kept for each environment.
const REPORTS_KEPT: i64 = 200;

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredFile {
    pub(crate) environment: Environment,
    pub(crate) path: String,
    pub(crate) kind: String,
    /// Of its content and of what reads it.
    pub(crate) digest: String,
    pub(crate) managed_by: ManagedBy,
}

/// A declaration, and the environment its file was imported into.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KnownDeclaration {
    pub(crate) declaration: Declaration,
    pub(crate) imported_into: Environment,
}

/// An import's report, and its numbers for whoever asks the database itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImportRow {
    pub(crate) id: Uuid,
    pub(crate) at: Timestamp,
    pub(crate) actor: String,
    pub(crate) dry_run: bool,
    pub(crate) files: i64,
    pub(crate) services: i64,
    pub(crate) errors: i64,
    pub(crate) warnings: i64,
    pub(crate) infos: i64,
    /// The whole report as JSON.
    pub(crate) report: String,
}

impl Store {
    pub(crate) async fn files_in(&self, tx: &mut Transaction, scope: &Scope) -> Result<Vec<StoredFile>, StoreError> {
        let statement = sql("SELECT * FROM catalog_file WHERE organization_id = $1").id(scope.organization);
        tx.fetch_all(statement).await?.iter().map(read_file).collect()
    }

    /// The files of one environment that somebody manages in this way.
    pub(crate) async fn files_managed_by(
        &self,
        scope: &Scope,
        managed_by: ManagedBy,
    ) -> Result<Vec<StoredFile>, StoreError> {
        self.database
            .fetch_all(
                sql("SELECT * FROM catalog_file WHERE organization_id = $1 AND environment = $2 AND managed_by = $3")
                    .id(scope.organization)
                    .bind(&scope.environment)
                    .bind(managed_by.as_str()),
            )
            .await?
            .iter()
            .map(read_file)
            .collect()
    }

    pub(crate) async fn put_files(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        at: Timestamp,
        files: &[StoredFile],
    ) -> Result<(), StoreError> {
        insert_each(
            tx,
            "INSERT INTO catalog_file (organization_id, environment, path, kind, digest, managed_by, imported_at) VALUES",
            "ON CONFLICT (organization_id, environment, path) DO UPDATE SET kind = excluded.kind, digest = excluded.digest, \
             managed_by = excluded.managed_by, imported_at = excluded.imported_at",
            files,
            |file| {
                vec![
                    Value::id(scope.organization),
                    (&file.environment).into_value(),
                    file.path.as_str().into_value(),
                    file.kind.as_str().into_value(),
                    file.digest.as_str().into_value(),
                    file.managed_by.as_str().into_value(),
                    at.into_value(),
                ]
            },
        )
        .await
    }

    pub(crate) async fn delete_file(&self, tx: &mut Transaction, scope: &Scope, path: &str) -> Result<(), StoreError> {
        tx.execute(
            sql("DELETE FROM catalog_file WHERE organization_id = $1 AND environment = $2 AND path = $3")
                .id(scope.organization)
                .bind(&scope.environment)
                .bind(path),
        )
        .await?;
        Ok(())
    }

    /// All declarations of the organisation, in every environment.
    pub(crate) async fn declarations(&self, scope: &Scope) -> Result<Vec<KnownDeclaration>, StoreError> {
        let rows = self.database.fetch_all(declarations(scope)).await?;
        rows.iter().map(read_declaration).collect()
    }

    /// The same within a transaction.
    pub(crate) async fn declarations_in(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
    ) -> Result<Vec<KnownDeclaration>, StoreError> {
        let rows = tx.fetch_all(declarations(scope)).await?;
        rows.iter().map(read_declaration).collect()
    }

    pub(crate) async fn insert_declarations(
        &self,
        tx: &mut Transaction,
        world: &World,
        scope: &Scope,
        declarations: &[Declaration],
    ) -> Result<(), StoreError> {
        insert_each(
            tx,
            "INSERT INTO catalog_declaration (id, organization_id, environment, kind, name, body, source_kind, imported_into, \
             source_file, source_line, source_version) VALUES",
            "",
            declarations,
            |declaration| {
                let [kind, file, line, version] = source_values(&declaration.source);
                vec![
                    world.uuid().into_value(),
                    Value::id(scope.organization),
                    (&declaration.environment).into_value(),
                    declaration.kind.as_str().into_value(),
                    declaration.name.as_str().into_value(),
                    text(&declaration.body).into_value(),
                    kind,
                    (&scope.environment).into_value(),
                    file,
                    line,
                    version,
                ]
            },
        )
        .await
    }

    pub(crate) async fn delete_declarations_of_file(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        path: &str,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql("DELETE FROM catalog_declaration WHERE organization_id = $1 AND imported_into = $2 AND source_file = $3")
                .id(scope.organization)
                .bind(&scope.environment)
                .bind(path),
        )
        .await?;
        Ok(())
    }

    pub(crate) async fn aliases(&self, scope: &Scope) -> Result<BTreeMap<String, String>, StoreError> {
        self.database
            .fetch_all(
                sql("SELECT name, service FROM catalog_alias WHERE organization_id = $1 AND environment = $2")
                    .id(scope.organization)
                    .bind(&scope.environment),
            )
            .await?
            .iter()
            .map(|row| Ok((row.get("name")?, row.get("service")?)))
            .collect()
    }

    pub(crate) async fn put_alias(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        name: &str,
        service: &ServiceName,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql(
                "INSERT INTO catalog_alias (organization_id, environment, name, service) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (organization_id, environment, name) DO UPDATE SET service = excluded.service",
            )
            .id(scope.organization)
            .bind(&scope.environment)
            .bind(name)
            .bind(service.as_str()),
        )
        .await?;
        Ok(())
    }

    pub(crate) async fn delete_alias(&self, tx: &mut Transaction, scope: &Scope, name: &str) -> Result<(), StoreError> {
        tx.execute(
            sql("DELETE FROM catalog_alias WHERE organization_id = $1 AND environment = $2 AND name = $3")
                .id(scope.organization)
                .bind(&scope.environment)
                .bind(name),
        )
        .await?;
        Ok(())
    }

    pub(crate) async fn accepted_findings(&self, scope: &Scope) -> Result<BTreeSet<String>, StoreError> {
        self.database
            .fetch_all(
                sql("SELECT finding_id FROM catalog_accepted_finding WHERE organization_id = $1 AND environment = $2")
                    .id(scope.organization)
                    .bind(&scope.environment),
            )
            .await?
            .iter()
            .map(|row| row.get("finding_id"))
            .collect()
    }

    pub(crate) async fn accept_findings(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        at: Timestamp,
        ids: &BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        insert_each(
            tx,
            "INSERT INTO catalog_accepted_finding (organization_id, environment, finding_id, accepted_at) VALUES",
            "ON CONFLICT (organization_id, environment, finding_id) DO NOTHING",
            &ids,
            |id| {
                vec![
                    Value::id(scope.organization),
                    (&scope.environment).into_value(),
                    (*id).into_value(),
                    at.into_value(),
                ]
            },
        )
        .await
    }

    /// Keeps a report, and forgets those beyond the newest.
    pub(crate) async fn insert_import(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        import: &ImportRow,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql("INSERT INTO catalog_import (id, organization_id, environment, imported_at, actor, dry_run, files, services, \
                 errors, warnings, infos, report) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
            .bind(import.id)
            .id(scope.organization)
            .bind(&scope.environment)
            .bind(import.at)
            .bind(&import.actor)
            .bind(import.dry_run)
            .bind(import.files)
            .bind(import.services)
            .bind(import.errors)
            .bind(import.warnings)
            .bind(import.infos)
            .bind(&import.report),
        )
        .await?;
        tx.execute(
            sql(
                "DELETE FROM catalog_import WHERE organization_id = $1 AND environment = $2 AND id IN (\
                 SELECT id FROM catalog_import WHERE organization_id = $1 AND environment = $2 \
                 ORDER BY id DESC LIMIT 1000 OFFSET $3)",
            )
            .id(scope.organization)
            .bind(&scope.environment)
            .bind(REPORTS_KEPT),
        )
        .await?;
        Ok(())
    }

    /// Replaces a report that is kept.
    pub(crate) async fn change_import(&self, scope: &Scope, id: Uuid, report: &str) -> Result<(), StoreError> {
        self.database
            .execute(
                sql("UPDATE catalog_import SET report = $3 WHERE organization_id = $1 AND id = $2")
                    .id(scope.organization)
                    .bind(id)
                    .bind(report),
            )
            .await?;
        Ok(())
    }

    /// Reports as JSON, newest first; one more than the page holds if there are more.
    pub(crate) async fn imports(
        &self,
        scope: &Scope,
        page: &PageRequest,
        before: Option<Uuid>,
    ) -> Result<Vec<String>, StoreError> {
        // The largest UUID stands for "from the beginning", so that one statement serves every page.
        let before = before.unwrap_or(Uuid::max());
        self.database
            .fetch_all(
                sql(
                    "SELECT report FROM catalog_import WHERE organization_id = $1 AND environment = $2 AND id < $3 \
                     ORDER BY id DESC LIMIT $4",
                )
                .id(scope.organization)
                .bind(&scope.environment)
                .bind(before)
                .bind(page.overfetch()),
            )
            .await?
            .iter()
            .map(|row| row.get("report"))
            .collect()
    }

    /// One report.
    pub(crate) async fn import(&self, scope: &Scope, id: Uuid) -> Result<Option<String>, StoreError> {
        self.database
            .fetch_optional(
                sql("SELECT report FROM catalog_import WHERE organization_id = $1 AND id = $2")
                    .id(scope.organization)
                    .bind(id),
            )
            .await?
            .map(|row| row.get("report"))
            .transpose()
    }
}

fn read_file(row: &Row) -> Result<StoredFile, StoreError> {
    Ok(StoredFile {
        environment: environment(row, "environment")?,
        path: row.get("path")?,
        kind: row.get("kind")?,
        digest: row.get("digest")?,
        managed_by: row.parse("managed_by")?,
    })
}

fn declarations(scope: &Scope) -> Statement {
    sql("SELECT * FROM catalog_declaration WHERE organization_id = $1 ORDER BY kind, environment, name")
        .id(scope.organization)
}

fn read_declaration(row: &Row) -> Result<KnownDeclaration, StoreError> {
    Ok(KnownDeclaration {
        declaration: Declaration {
            kind: row.get("kind")?,
            name: row.get("name")?,
            environment: environment(row, "environment")?,
            body: json(row, "body")?,
            source: source(row)?,
        },
        imported_into: environment(row, "imported_into")?,
    })
}
