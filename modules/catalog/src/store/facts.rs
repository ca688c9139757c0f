//! The rows of facts. A file's facts are replaced as a whole when it is imported again; a person's are replaced service by
//! service.

use mainstay_kernel::{Scope, World};
use mainstay_store::{Bind, Row, StoreError, Transaction, Value, sql};

use super::{Store, environment, insert_each, json, source, source_values, text};
use crate::{
    facts::{FileId, KnownFact},
    model::{Fact, ServiceName},
};

impl Store {
    /// All facts of the organisation, in every environment.
    pub(crate) async fn facts_in(&self, tx: &mut Transaction, scope: &Scope) -> Result<Vec<KnownFact>, StoreError> {
        let statement =
            sql("SELECT * FROM catalog_fact WHERE organization_id = $1 ORDER BY position").id(scope.organization);
        tx.fetch_all(statement).await?.iter().map(read).collect()
    }

    /// All facts about one service.
    pub(crate) async fn facts_of(&self, scope: &Scope, name: &ServiceName) -> Result<Vec<KnownFact>, StoreError> {
        let statement = facts_of(scope, name);
        self.database.fetch_all(statement).await?.iter().map(read).collect()
    }

    /// The same within a transaction.
    pub(crate) async fn facts_of_in(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        name: &ServiceName,
    ) -> Result<Vec<KnownFact>, StoreError> {
        tx.fetch_all(facts_of(scope, name)).await?.iter().map(read).collect()
    }

    /// Inserts facts in the order in which they shall be read again.
    pub(crate) async fn insert_facts(
        &self,
        tx: &mut Transaction,
        world: &World,
        scope: &Scope,
        facts: &[Fact],
    ) -> Result<(), StoreError> {
        let mut positions = 0_i64..;
        insert_each(
            tx,
            "INSERT INTO catalog_fact (id, organization_id, environment, service, field, value, source_kind, \
             imported_into, source_file, source_line, source_version, superseded, position) VALUES",
            "",
            facts,
            |fact| values(world, scope, fact, positions.next().unwrap_or(i64::MAX)),
        )
        .await
    }

    /// Forgets what a file said.
    pub(crate) async fn delete_facts_of_file(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        path: &str,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql("DELETE FROM catalog_fact WHERE organization_id = $1 AND imported_into = $2 AND source_file = $3")
                .id(scope.organization)
                .bind(&scope.environment)
                .bind(path),
        )
        .await?;
        Ok(())
    }

    /// Forgets what people said about a service.
    pub(crate) async fn delete_person_facts(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        name: &ServiceName,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql(
                "DELETE FROM catalog_fact WHERE organization_id = $1 AND environment = $2 AND service = $3 \
                 AND source_kind = 'person'",
            )
            .id(scope.organization)
            .bind(&scope.environment)
            .bind(name.as_str()),
        )
        .await?;
        Ok(())
    }

    /// Marks all facts of a file as replaced by a newer version, or no longer so.
    pub(crate) async fn set_superseded(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        (imported_into, path): &FileId,
        superseded: bool,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql("UPDATE catalog_fact SET superseded = $4 \
                 WHERE organization_id = $1 AND imported_into = $2 AND source_file = $3")
            .id(scope.organization)
            .bind(imported_into)
            .bind(path)
            .bind(superseded),
        )
        .await?;
        Ok(())
    }
}

fn values(world: &World, scope: &Scope, fact: &Fact, position: i64) -> Vec<Value> {
    let [kind, file, line, version] = source_values(&fact.source);
    vec![
        world.uuid().into_value(),
        Value::id(scope.organization),
        (&fact.environment).into_value(),
        fact.service.as_str().into_value(),
        fact.field.as_str().into_value(),
        text(&fact.value).into_value(),
        kind,
        (&scope.environment).into_value(),
        file,
        line,
        version,
        fact.superseded.into_value(),
        position.into_value(),
    ]
}

fn facts_of(scope: &Scope, name: &ServiceName) -> mainstay_store::Statement {
    sql("SELECT * FROM catalog_fact WHERE organization_id = $1 AND environment = $2 AND service = $3 ORDER BY position")
        .id(scope.organization)
        .bind(&scope.environment)
        .bind(name.as_str())
}

fn read(row: &Row) -> Result<KnownFact, StoreError> {
    Ok(KnownFact {
        fact: Fact {
            service: row.parse("service")?,
            environment: environment(row, "environment")?,
            field: row.get("field")?,
            value: json(row, "value")?,
            source: source(row)?,
            wins: false,
            superseded: row.get("superseded")?,
        },
        imported_into: environment(row, "imported_into")?,
    })
}
