//! Opening a database and running single statements on it.

use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    Connection, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    Row, SimulatedDatabase, Statement, StoreError, StoreErrorKind, Transaction, statement::query, transaction::Inner,
};

/// How long a statement waits for another writer on SQLite, or for a free connection, before it fails.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long PostgreSQL lets one statement take, waiting for locks included.
pub const STATEMENT_LIMIT: Duration = Duration::from_secs(30);
/// How long an answer of PostgreSQL is waited for. The server gives a statement up earlier; whoever has heard nothing by then
/// is connected to nobody, because the server's machine or the network went away without a word.
pub(crate) const ANSWER_LIMIT: Duration = STATEMENT_LIMIT.saturating_add(Duration::from_secs(5));
/// How long PostgreSQL waits for the next statement of an open transaction before it undoes it. A replica that lost its network or
/// was frozen in one holds locks until then, among them that of a lease that others are to take over.
pub const IDLE_LIMIT: Duration = Duration::from_secs(5);

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

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file; created when absent.
    Sqlite(PathBuf),
    /// A PostgreSQL connection URL.
    Postgres(String),
}

impl FromStr for DatabaseUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Ok(Self::Postgres(text.to_owned()))
        } else if let Some(path) = text.strip_prefix("sqlite://") {
            Ok(Self::Sqlite(path.into()))
        } else {
            Err(StoreError::new(
                StoreErrorKind::Other,
                "a database URL begins with `sqlite://` followed by a path, or with `postgresql://`",
            ))
        }
    }
}

/// How to open a database.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// Where it is.
    pub url: DatabaseUrl,
    /// Connections for reading (SQLite) or for everything (PostgreSQL).
    pub connections: u32,
    /// PostgreSQL schema to work in, for tests that share a server.
    pub schema: Option<String>,
}

impl DatabaseConfig {
    /// The usual number of connections.
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            connections: 8,
            schema: None,
        }
    }

    /// Whether the database could be asked for like this; does not ask for it.
    ///
    /// # Errors
    /// When the URL names no file, or is not one of PostgreSQL's.
    pub fn check(&self) -> Result<(), StoreError> {
        match &self.url {
            // SQLite would take an empty name for a database that goes with its connection.
            DatabaseUrl::Sqlite(path) if path.as_os_str().is_empty() => Err(StoreError::new(
                StoreErrorKind::Other,
                "`sqlite://` must be followed by the path of a file, such as `sqlite://mainstay-data/mainstay.db`",
            )),
            DatabaseUrl::Sqlite(_) => Ok(()),
            DatabaseUrl::Postgres(url) => postgres_options(url, self).map(drop),
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

    async fn open_sqlite(path: &PathBuf, connections: u32) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: a committed transaction survives a power loss, not only the end of the process.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .statement_cache_capacity(200);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            // After an error such as a full disk SQLite has already rolled back by itself; the driver's own rollback then
            // fails, it believes itself inside a transaction for ever, and only a new connection can write again.
            .after_release(|connection, _| {
                Box::pin(async move {
                    // Waits for a rollback that was only asked for.
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(Self {
            pools: Pools::Sqlite { writer, readers },
            file: Some(path.clone()),
        })
    }

    /// A SQLite database of one connection, for work in which nobody else takes part.
    pub(crate) async fn alone(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        Ok(Self {
            pools: Pools::Sqlite {
                writer: pool.clone(),
                readers: pool,
            },
            file: None,
        })
    }

    async fn open_postgres(url: &str, config: &DatabaseConfig) -> Result<Self, StoreError> {
        let options = postgres_options(url, config)?;
        let pool = PgPoolOptions::new()
            .max_connections(config.connections.max(2))
            .acquire_timeout(PATIENCE)
            // One on which an answer was waited for in vain would otherwise wait for another and never leave the pool.
            .after_release(|connection, _| {
                Box::pin(async move {
                    match tokio::time::timeout(PATIENCE, connection.ping()).await {
                        Ok(answer) => answer.map(|()| true),
                        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
                    }
                })
            })
            .connect_with(options)
            .await?;
        Ok(Self {
            pools: Pools::Postgres(pool),
            file: None,
        })
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

/// What a server answers, unless it does not.
pub(crate) async fn answered<T, E>(
    patience: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, StoreError>
where
    StoreError: From<E>,
{
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::new(
            StoreErrorKind::Unavailable,
            format!("the database cannot be reached (it has not answered for {patience:?})"),
        )),
    }
}

/// How every connection to a PostgreSQL server is made.
pub(crate) fn postgres_options(url: &str, config: &DatabaseConfig) -> Result<PgConnectOptions, StoreError> {
    let mut options: PgConnectOptions = url.parse()?;
    options = options.application_name("mainstay").options([
        ("statement_timeout", format!("{}s", STATEMENT_LIMIT.as_secs())),
        (
            "idle_in_transaction_session_timeout",
            format!("{}s", IDLE_LIMIT.as_secs()),
        ),
    ]);
    if let Some(schema) = &config.schema {
        options = options.options([("search_path", schema)]);
    }
    Ok(options)
}
