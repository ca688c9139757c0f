//! One process per PostgreSQL database, as long as replicas do not share the work: a second one would probe everything again
//! and deliver every alert twice.
//!
//! The claim is an advisory lock of a session of its own, so the server lets go of it when the process or its connection ends.

use std::time::Duration;

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::time::Instant;

use crate::{DatabaseConfig, DatabaseUrl, StoreError, StoreErrorKind, database::postgres_options, row::Row};

/// How often the claim is confirmed.
const EVERY: Duration = Duration::from_secs(5);
/// How long a claim is repeated: the server notices a moment late that a process was killed, and a supervisor starts the next
/// one at once.
const GRACE: Duration = Duration::from_secs(2);

/// Holds a PostgreSQL database (or a schema of it) for this process.
#[derive(Debug)]
pub struct SoleUse {
    options: PgConnectOptions,
    connection: PgConnection,
}

impl SoleUse {
    /// Claims the database; `None` on SQLite, which has its own lock.
    ///
    /// # Errors
    /// When another process holds it, or the server cannot be reached.
    pub async fn claim(config: &DatabaseConfig) -> Result<Option<Self>, StoreError> {
        let DatabaseUrl::Postgres(url) = &config.url else {
            return Ok(None);
        };
        let options = postgres_options(url, config)?;
        let deadline = Instant::now() + GRACE;
        loop {
            match locked(&options).await {
                Ok(connection) => return Ok(Some(Self { options, connection })),
                Err(error) if error.kind == StoreErrorKind::Busy && Instant::now() < deadline => {
                    tokio::time::sleep(GRACE / 20).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Confirms the claim for ever. After an outage of the server it is made anew.
    ///
    /// # Errors
    /// When another process took the database over during an outage; this one must then stop.
    pub async fn keep(mut self) -> Result<(), StoreError> {
        loop {
            tokio::time::sleep(EVERY).await;
            if self.connection.ping().await.is_ok() {
                continue;
            }
            match locked(&self.options).await {
                Ok(connection) => self.connection = connection,
                Err(error) if error.kind == StoreErrorKind::Busy => return Err(error),
                // The server is still away; so is everybody else's claim.
                Err(_) => {}
            }
        }
    }
}

async fn locked(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let mut connection = PgConnection::connect_with(options).await?;
    let row = sqlx::query("SELECT pg_try_advisory_lock(hashtext('mainstay'), hashtext(current_schema())) AS locked")
        .fetch_one(&mut connection)
        .await?;
    if Row::Postgres(row).get::<bool>("locked")? {
        return Ok(connection);
    }
    Err(StoreError::new(
        StoreErrorKind::Busy,
        "another Mainstay works on this PostgreSQL database, and replicas cannot share one yet. Stop that one first, or give \
         this one a database of its own",
    ))
}
