//! Where a database is and how it is connected to.

use std::{path::PathBuf, str::FromStr};

use sqlx::postgres::PgConnectOptions;

use super::limits::{IDLE_LIMIT, STATEMENT_LIMIT};
use crate::{StoreError, StoreErrorKind};

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
