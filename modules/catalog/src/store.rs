//! Every SQL statement of the catalog, written once for both databases. Decides nothing: what a service is made of is
//! decided in `facts`, what an import changes in `service`.

use mainstay_kernel::{Environment, Scope};
use mainstay_store::{Bind, Database, Migration, Row, StoreError, Transaction, Value, sql};
use serde::{Serialize, de::DeserializeOwned};

mod facts;
mod imports;
mod services;

pub(crate) use imports::{ImportRow, KnownDeclaration, StoredFile};
pub(crate) use services::{EditAction, StoredService};

use crate::model::{Source, SourceKind};

/// The catalog's schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    module: "catalog",
    version: 1,
    name: "catalog",
    sql: include_str!("migrations/0001_catalog.sql"),
}];

/// How many rows are prepared at a time.
const PIECE: usize = 2_000;

/// The catalog's tables.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    database: Database,
}

impl Store {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        self.database.begin().await
    }

    /// Takes the organisation's lock until the transaction ends, so that changes to its catalog happen one after the
    /// other, and answers the number of the state that the transaction makes.
    pub(crate) async fn lock(&self, tx: &mut Transaction, scope: &Scope) -> Result<i64, StoreError> {
        let rows = tx
            .fetch_all(
                sql("INSERT INTO catalog_state (organization_id, version) VALUES ($1, 1) \
                     ON CONFLICT (organization_id) DO UPDATE SET version = catalog_state.version + 1 RETURNING version")
                .id(scope.organization),
            )
            .await?;
        rows.first()
            .ok_or_else(|| StoreError::corrupt("the catalog's state row is missing"))?
            .get("version")
    }

    /// Whether other processes may change the catalog.
    pub(crate) fn is_shared(&self) -> bool {
        self.database.is_shared()
    }

    /// The number of the newest state; 0 before the first change.
    pub(crate) async fn version(&self, scope: &Scope) -> Result<i64, StoreError> {
        let row = self
            .database
            .fetch_optional(sql("SELECT version FROM catalog_state WHERE organization_id = $1").id(scope.organization))
            .await?;
        row.map_or(Ok(0), |row| row.get("version"))
    }
}

/// Inserts one row for each item, piece by piece, so that a large import is not held in memory a second time.
async fn insert_each<T: Sync>(
    tx: &mut Transaction,
    prefix: &'static str,
    suffix: &'static str,
    items: &[T],
    mut row: impl FnMut(&T) -> Vec<Value> + Send,
) -> Result<(), StoreError> {
    for piece in items.chunks(PIECE) {
        let rows: Vec<_> = piece.iter().map(&mut row).collect();
        tx.insert_many(prefix, suffix, rows).await?;
    }
    Ok(())
}

fn text(value: &(impl Serialize + ?Sized)) -> String {
    // The values are made of strings, numbers and lists of them, whose serialisation cannot fail.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, StoreError> {
    parse_json(&row.get::<String>(column)?, column)
}

fn parse_json<T: DeserializeOwned>(text: &str, column: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::corrupt(format_args!("column {column}: {error}")))
}

fn source_values(source: &Source) -> [Value; 4] {
    [
        source.kind.as_str().into_value(),
        source.file.as_ref().into_text(),
        source.line.into_value(),
        source.version.as_deref().map(storable).into_value(),
    ]
}

/// The text without NUL characters, which files may hold and `PostgreSQL` cannot.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "")
}

/// `Option<&String>` as a value; the trait is implemented for owned options only.
trait IntoText {
    fn into_text(self) -> Value;
}

impl IntoText for Option<&String> {
    fn into_text(self) -> Value {
        self.map(String::as_str).into_value()
    }
}

fn source(row: &Row) -> Result<Source, StoreError> {
    Ok(Source {
        kind: row.parse::<SourceKind>("source_kind")?,
        file: row.get("source_file")?,
        line: row
            .get::<Option<i64>>("source_line")?
            .and_then(|line| u32::try_from(line).ok()),
        version: row.get("source_version")?,
    })
}

fn environment(row: &Row, column: &str) -> Result<Environment, StoreError> {
    row.parse(column)
}

#[cfg(test)]
mod tests;
