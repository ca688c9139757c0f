//! What tables a database really has, in a form in which SQLite's and PostgreSQL's can be compared.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Database, Dialect, StoreError, sql, sql_owned};

/// All tables of a database by name.
pub type Schema = BTreeMap<String, TableSchema>;

/// One table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableSchema {
    /// Column name to type in upper case, with ` NOT NULL` where it applies.
    pub columns: BTreeMap<String, String>,
    /// Each index as its columns in order, with `unique` in front where it applies; the primary key is one of them.
    pub indexes: BTreeSet<String>,
}

impl Database {
    /// Reads the schema back from the database.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        match self.dialect() {
            Dialect::Sqlite => self.sqlite_schema().await,
            Dialect::Postgres => self.postgres_schema().await,
        }
    }

    async fn sqlite_schema(&self) -> Result<Schema, StoreError> {
        let mut schema = Schema::new();
        let tables = self
            .fetch_all(sql(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            ))
            .await?;
        for table in tables {
            let name: String = table.get("name")?;
            let mut found = TableSchema::default();
            let columns = self
                .fetch_all(sql("SELECT name, type, \"notnull\" AS required, pk FROM pragma_table_info($1)").bind(&name))
                .await?;
            let mut key: Vec<(i64, String)> = Vec::new();
            for column in columns {
                let column_name: String = column.get("name")?;
                let position: i64 = column.get("pk")?;
                if position > 0 {
                    key.push((position, column_name.clone()));
                }
                let required = position > 0 || column.get::<i64>("required")? != 0;
                found
                    .columns
                    .insert(column_name, describe(&column.get::<String>("type")?, required));
            }
            key.sort_unstable();
            if !key.is_empty() {
                let key: Vec<String> = key.into_iter().map(|(_, column)| column).collect();
                found.indexes.insert(format!("unique {}", key.join(", ")));
            }
            let indexes = self
                .fetch_all(sql("SELECT name, \"unique\" AS is_unique FROM pragma_index_list($1)").bind(&name))
                .await?;
            for index in indexes {
                let columns = self
                    .fetch_all(
                        sql("SELECT name FROM pragma_index_info($1) ORDER BY seqno").bind(index.get::<String>("name")?),
                    )
                    .await?;
                let columns = columns
                    .iter()
                    .map(|row| row.get("name"))
                    .collect::<Result<Vec<String>, _>>()?;
                let unique = if index.get::<i64>("is_unique")? != 0 {
                    "unique "
                } else {
                    ""
                };
                found.indexes.insert(format!("{unique}{}", columns.join(", ")));
            }
            schema.insert(name, found);
        }
        Ok(schema)
    }

    async fn postgres_schema(&self) -> Result<Schema, StoreError> {
        let mut schema = Schema::new();
        let columns = self
            .fetch_all(sql_owned(
                "SELECT table_name::text AS table_name, column_name::text AS column_name, data_type::text AS data_type, \
                 is_nullable = 'NO' AS required FROM information_schema.columns WHERE table_schema = current_schema()"
                    .to_owned(),
            ))
            .await?;
        for column in columns {
            schema.entry(column.get("table_name")?).or_default().columns.insert(
                column.get("column_name")?,
                describe(&column.get::<String>("data_type")?, column.get("required")?),
            );
        }
        let indexes = self
            .fetch_all(sql(
                "SELECT t.relname::text AS table_name, i.indisunique AS is_unique, \
                 string_agg(a.attname::text, ', ' ORDER BY k.position) AS columns \
                 FROM pg_index i \
                 JOIN pg_class t ON t.oid = i.indrelid \
                 JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema() \
                 CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, position) \
                 JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum \
                 GROUP BY t.relname, i.indexrelid, i.indisunique",
            ))
            .await?;
        for index in indexes {
            let unique = if index.get("is_unique")? { "unique " } else { "" };
            let text = format!("{unique}{}", index.get::<String>("columns")?);
            schema.entry(index.get("table_name")?).or_default().indexes.insert(text);
        }
        Ok(schema)
    }
}

fn describe(kind: &str, required: bool) -> String {
    format!("{}{}", kind.to_uppercase(), if required { " NOT NULL" } else { "" })
}
