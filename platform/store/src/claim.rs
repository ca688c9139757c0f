//! Who may use a PostgreSQL database (more precisely, a schema of it): many replicas together, or one process alone, as when a
//! backup is restored into it. SQLite has a lock on its folder instead.
//!
//! The claim is an advisory lock of a session of its own, so the server lets go of it when the process or its connection ends.
//! The same session holds a second lock of the process's own, its presence: others see by it at once that a process was killed.

use std::{collections::BTreeSet, time::Duration};

use mainstay_kernel::World;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::time::Instant;

use crate::{
    Database, DatabaseConfig, DatabaseUrl, StoreError, StoreErrorKind, database::postgres_options, row::Row, sql,
};

/// How often the claim is confirmed.
const EVERY: Duration = Duration::from_secs(1);
/// How long a claim is repeated: the server notices a moment late that a process was killed, and a supervisor starts the next
/// one at once.
const GRACE: Duration = Duration::from_secs(2);

/// With whom a database is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// With other replicas.
    Shared,
    /// With nobody.
    Sole,
}

/// The sign that a process holds its claim; every process has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Presence(pub i64);

impl Presence {
    /// A new one.
    pub fn new(world: &World) -> Self {
        Self(i64::from_ne_bytes(world.random().to_ne_bytes()))
    }
}

/// Holds a PostgreSQL database for this process.
#[derive(Debug)]
pub struct Claim {
    options: PgConnectOptions,
    connection: PgConnection,
    use_: Use,
    presence: Presence,
}

impl Claim {
    /// Claims the database; `None` on SQLite.
    ///
    /// # Errors
    /// When another process's use does not allow it, or the server cannot be reached.
    pub async fn take(config: &DatabaseConfig, use_: Use, presence: Presence) -> Result<Option<Self>, StoreError> {
        let DatabaseUrl::Postgres(url) = &config.url else {
            return Ok(None);
        };
        let options = postgres_options(url, config)?;
        let deadline = Instant::now() + GRACE;
        loop {
            match locked(&options, use_, presence).await {
                Ok(connection) => {
                    return Ok(Some(Self {
                        options,
                        connection,
                        use_,
                        presence,
                    }));
                }
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
    /// When another process took the database for itself during an outage; this one must then stop.
    pub async fn keep(mut self) -> Result<(), StoreError> {
        loop {
            tokio::time::sleep(EVERY).await;
            if self.connection.ping().await.is_ok() {
                continue;
            }
            match locked(&self.options, self.use_, self.presence).await {
                Ok(connection) => self.connection = connection,
                Err(error) if error.kind == StoreErrorKind::Busy => return Err(error),
                // The server is still away; so is everybody else's claim.
                Err(_) => {}
            }
        }
    }
}

async fn locked(options: &PgConnectOptions, use_: Use, presence: Presence) -> Result<PgConnection, StoreError> {
    let (statement, refusal) = match use_ {
        Use::Shared => (
            "SELECT pg_try_advisory_lock_shared(hashtext('mainstay'), hashtext(current_schema())) AS locked",
            "a backup is being restored into this PostgreSQL database. Start again when that has ended",
        ),
        Use::Sole => (
            "SELECT pg_try_advisory_lock(hashtext('mainstay'), hashtext(current_schema())) AS locked",
            "Mainstay is running on this PostgreSQL database. Stop every replica first",
        ),
    };
    let mut connection = PgConnection::connect_with(options).await?;
    let row = sqlx::query(statement).fetch_one(&mut connection).await?;
    if !Row::Postgres(row).get::<bool>("locked")? {
        return Err(StoreError::new(StoreErrorKind::Busy, refusal));
    }
    // Not waited for: the server may not have noticed yet that this process lost the session before.
    sqlx::query("SELECT pg_try_advisory_lock($1)")
        .bind(presence.0)
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

impl Database {
    /// The processes that hold a claim on this server; `None` where that cannot be known.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn present(&self) -> Result<Option<BTreeSet<Presence>>, StoreError> {
        if let Some(simulated) = self.simulation() {
            return simulated.present().await;
        }
        if self.postgres_pool().is_none() {
            return Ok(None);
        }
        // A lock of one 64-bit key is shown as its halves, and with the number 1 to tell it from one of two keys.
        let rows = self
            .fetch_all(sql(
                "SELECT (classid::bigint << 32) | objid::bigint AS presence FROM pg_locks \
                 WHERE locktype = 'advisory' AND objsubid = 1 AND granted \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            ))
            .await?;
        rows.iter()
            .map(|row| Ok(Presence(row.get("presence")?)))
            .collect::<Result<_, _>>()
            .map(Some)
    }
}
