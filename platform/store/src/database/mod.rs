//! A database and single statements on it.

mod config;
mod limits;
mod open;

use std::{path::PathBuf, sync::Arc};

use sqlx::{PgPool, SqlitePool};

use self::limits::ANSWER_LIMIT;
pub(crate) use self::{config::postgres_options, limits::answered};
pub use self::{
    config::{DatabaseConfig, DatabaseUrl},
    limits::{IDLE_LIMIT, PATIENCE, STATEMENT_LIMIT},
};
use crate::{Row, SimulatedDatabase, Statement, StoreError, Transaction, statement::query, transaction::Inner};

/// Which database is behind a [`Database`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded default: one file, one process.
    Sqlite,
    /// A server, shared by replicas.
    Postgres,
}

impl Dialect {
    /// The name shown to people and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

/// An open database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    pools: Pools,
    file: Option<PathBuf>,
}

/// SQLite has one connection that writes, so that writers queue here and not inside SQLite, and several that only read.
#[derive(Debug, Clone)]
enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres(PgPool),
    Simulated(Arc<dyn SimulatedDatabase>),
}

impl Database {
    /// Opens the database; creates a SQLite file and its folder when absent. Runs no migration.
    ///
    /// # Errors
    /// When the file cannot be opened or the server cannot be reached.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, StoreError> {
        match &config.url {
            DatabaseUrl::Sqlite(path) => Self::open_sqlite(path, config.connections).await,
            DatabaseUrl::Postgres(url) => Self::open_postgres(url, config).await,
        }
    }

    /// A database that a simulation stands in for.
    pub fn simulated(database: Arc<dyn SimulatedDatabase>) -> Self {
        Self {
            pools: Pools::Simulated(database),
            file: None,
        }
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match &self.pools {
            Pools::Sqlite { .. } => Dialect::Sqlite,
            Pools::Postgres(_) => Dialect::Postgres,
            Pools::Simulated(database) => database.dialect(),
        }
    }

    /// Whether several replicas can work on this database at once.
    pub fn is_shared(&self) -> bool {
        self.dialect() == Dialect::Postgres
    }

    /// The pool, for what only PostgreSQL can do.
    pub(crate) fn postgres_pool(&self) -> Option<PgPool> {
        match &self.pools {
            Pools::Sqlite { .. } | Pools::Simulated(_) => None,
            Pools::Postgres(pool) => Some(pool.clone()),
        }
    }

    /// What stands in for a database, if something does.
    pub(crate) fn simulation(&self) -> Option<&dyn SimulatedDatabase> {
        match &self.pools {
            Pools::Simulated(database) => Some(&**database),
            Pools::Sqlite { .. } | Pools::Postgres(_) => None,
        }
    }

    /// The SQLite file, if this is SQLite.
    pub fn file(&self) -> Option<&PathBuf> {
        self.file.as_ref()
    }

    /// Runs a statement that changes something, in a transaction of its own; answers the number of rows it touched.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { writer, .. } => query!(statement).execute(writer).await?.rows_affected(),
            Pools::Postgres(pool) => answered(ANSWER_LIMIT, query!(statement).execute(pool))
                .await?
                .rows_affected(),
            Pools::Simulated(database) => answered(ANSWER_LIMIT, database.execute(statement)).await?,
        })
    }

    /// Runs a statement that only reads and answers all its rows.
    ///
    /// # Errors
    /// When the database refuses it, for instance because it would write.
    pub async fn fetch_all(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let rows = query!(statement).fetch_all(readers).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Pools::Postgres(pool) => {
                let rows = answered(ANSWER_LIMIT, query!(statement).fetch_all(pool)).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
            Pools::Simulated(database) => answered(ANSWER_LIMIT, database.fetch_all(statement)).await?,
        })
    }

    /// Runs a statement that only reads and answers its first row, if it has one.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn fetch_optional(&self, statement: Statement) -> Result<Option<Row>, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { readers, .. } => query!(statement).fetch_optional(readers).await?.map(Row::Sqlite),
            Pools::Postgres(pool) => answered(ANSWER_LIMIT, query!(statement).fetch_optional(pool))
                .await?
                .map(Row::Postgres),
            Pools::Simulated(database) => answered(ANSWER_LIMIT, database.fetch_all(statement))
                .await?
                .into_iter()
                .next(),
        })
    }

    /// Runs a statement that only reads and always has a row, such as a count.
    ///
    /// # Errors
    /// When the database refuses it or there is no row.
    pub async fn fetch_one(&self, statement: Statement) -> Result<Row, StoreError> {
        self.fetch_optional(statement)
            .await?
            .ok_or_else(|| StoreError::corrupt("a row that must exist is missing"))
    }

    /// Begins a transaction that may write. On SQLite it takes the write lock at once, so that it cannot fail half-way
    /// because another writer came first.
    ///
    /// # Errors
    /// When no connection is free in time or the database is away.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let inner = match &self.pools {
            Pools::Sqlite { writer, .. } => Inner::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Inner::Postgres(answered(ANSWER_LIMIT, pool.begin()).await?),
            Pools::Simulated(database) => Inner::Simulated(answered(ANSWER_LIMIT, database.begin()).await?),
        };
        Ok(Transaction {
            inner,
            patience: ANSWER_LIMIT,
        })
    }

    /// Begins a transaction that only reads, and in which every statement sees the same moment: that of the first.
    ///
    /// # Errors
    /// When no connection is free in time or the database is away.
    pub async fn begin_snapshot(&self) -> Result<Transaction, StoreError> {
        let inner = match &self.pools {
            Pools::Sqlite { readers, .. } => Inner::Sqlite(readers.begin_with("BEGIN").await?),
            Pools::Postgres(pool) => {
                let begun = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
                Inner::Postgres(answered(ANSWER_LIMIT, begun).await?)
            }
            Pools::Simulated(database) => Inner::Simulated(answered(ANSWER_LIMIT, database.begin_snapshot()).await?),
        };
        Ok(Transaction {
            inner,
            patience: ANSWER_LIMIT,
        })
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.fetch_one(crate::sql("SELECT 1 AS alive")).await.map(drop)
    }

    /// Waits for running statements and closes all connections; SQLite folds its write-ahead log into the file.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
            Pools::Simulated(database) => database.close().await,
        }
    }
}
