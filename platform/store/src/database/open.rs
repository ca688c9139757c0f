//! Opening a database: the pools of each kind, and what keeps a broken connection out of them.

use std::path::PathBuf;

use sqlx::{
    Connection,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Database, DatabaseConfig, Pools, config::postgres_options, limits::PATIENCE};
use crate::StoreError;

impl Database {
    pub(super) async fn open_sqlite(path: &PathBuf, connections: u32) -> Result<Self, StoreError> {
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

    pub(super) async fn open_postgres(url: &str, config: &DatabaseConfig) -> Result<Self, StoreError> {
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
}
