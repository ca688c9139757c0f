//! What tables there are to save: those that the migrations make, found out by running them on a database in memory. Whatever
//! else stands in the database, such as a table somebody made by hand, is not Mainstay's and stays out.

use std::str::FromStr;

use mainstay_kernel::World;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnectOptions;

use super::BackupError;
use crate::{
    Database, Migration, Schema,
    migrate::{TABLE_NAME, migrate},
};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// `BOOLEAN`
    #[serde(rename = "BOOLEAN")]
    Bool,
    /// `BIGINT`
    #[serde(rename = "BIGINT")]
    Int,
    /// `DOUBLE PRECISION`
    #[serde(rename = "DOUBLE PRECISION")]
    Float,
    /// `TEXT`
    #[serde(rename = "TEXT")]
    Text,
    /// `BYTEA`
    #[serde(rename = "BYTEA")]
    Bytes,
    /// `UUID`
    #[serde(rename = "UUID")]
    Uuid,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whether `NULL` is refused.
    pub required: bool,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableShape {
    /// Its name.
    pub name: String,
    /// Its columns, by name.
    pub columns: Vec<ColumnShape>,
}

impl TableShape {
    /// The column names as a statement lists them.
    pub(super) fn column_list(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        names.join(", ")
    }
}

/// A name as a statement holds it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names as a statement lists them.
pub(super) fn quoted_list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    names.join(", ")
}

/// The tables that these migrations make, by name, without the one that remembers migrations.
pub(super) async fn tables_of(migrations: &[Migration]) -> Result<Vec<TableShape>, BackupError> {
    let doing = "run the migrations in memory";
    let options = SqliteConnectOptions::from_str("sqlite::memory:").map_err(BackupError::store(doing))?;
    let database = Database::alone(options).await.map_err(BackupError::store(doing))?;
    migrate(&database, &World::system(), migrations)
        .await
        .map_err(BackupError::store(doing))?;
    let schema = database.schema().await.map_err(BackupError::store(doing))?;
    database.close().await;
    shapes(schema)
}

fn shapes(schema: Schema) -> Result<Vec<TableShape>, BackupError> {
    let ours = schema.into_iter().filter(|(name, _)| name != TABLE_NAME);
    ours.map(|(name, table)| {
        let columns = table.columns.into_iter().map(|(column, text)| {
            let kind = text.strip_suffix(" NOT NULL").unwrap_or(&text);
            Ok(ColumnShape {
                kind: kind_of(kind).ok_or_else(|| {
                    BackupError::Source(format!(
                        "column {name}.{column} is of type {kind}, which a backup has no form for. This is a defect of Mainstay"
                    ))
                })?,
                required: kind.len() < text.len(),
                name: column,
            })
        });
        let columns = columns.collect::<Result<Vec<_>, BackupError>>()?;
        Ok(TableShape { name, columns })
    })
    .collect()
}

fn kind_of(text: &str) -> Option<Kind> {
    Some(match text {
        "BOOLEAN" => Kind::Bool,
        "BIGINT" => Kind::Int,
        "DOUBLE PRECISION" => Kind::Float,
        "TEXT" => Kind::Text,
        "BYTEA" => Kind::Bytes,
        "UUID" => Kind::Uuid,
        _ => return None,
    })
}
