//! Migrations: each module owns its own list; this file applies them in order, once, and refuses what it does not know.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_kernel::{World, to_micros};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Database, Dialect, Row, Statement, StoreError, StoreErrorKind, Transaction, sql, sql_owned};

/// One step of a module's schema.
///
/// The text runs on both databases, so it keeps to the column types `TEXT`, `BIGINT`, `BOOLEAN`, `DOUBLE PRECISION`, `UUID`
/// and `BYTEA`. Statements end with `;` at the end of a line.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The module that owns the tables; their names begin with it.
    pub module: &'static str,
    /// Counts up from 1 within the module.
    pub version: i64,
    /// What the step is about.
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

impl Migration {
    /// SHA-256 of the statements, in hexadecimal digits.
    pub(crate) fn checksum(&self) -> String {
        hex::encode(Sha256::digest(self.sql.as_bytes()))
    }

    /// The migration as a database remembers it.
    pub(crate) fn applied_at(&self, at: Timestamp) -> AppliedMigration {
        AppliedMigration {
            module: self.module.to_owned(),
            version: self.version,
            name: self.name.to_owned(),
            checksum: self.checksum(),
            applied_at: to_micros(at),
        }
    }

    fn statements(&self) -> impl Iterator<Item = &'static str> {
        self.sql
            .split(";\n")
            .map(|statement| statement.trim().trim_end_matches(';').trim())
            .filter(|statement| {
                statement
                    .lines()
                    .any(|line| !line.trim().is_empty() && !line.trim().starts_with("--"))
            })
    }
}

/// What [`migrate`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MigrationReport {
    /// `module version name` of each migration applied now.
    pub applied: Vec<String>,
    /// Where the copy of a SQLite file was put before it was changed.
    pub copy: Option<std::path::PathBuf>,
}

/// A migration as a database remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedMigration {
    /// The module that owns the tables.
    pub module: String,
    /// The step within the module.
    pub version: i64,
    /// What the step is about.
    pub name: String,
    /// SHA-256 of its statements, in hexadecimal digits.
    pub checksum: String,
    /// When it was applied, in microseconds since 1970.
    pub applied_at: i64,
}

/// How a database's migrations fail to be ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mismatch<'a> {
    /// This one is not known here.
    Unknown(&'a AppliedMigration),
    /// This one has other statements here.
    Different(&'a AppliedMigration),
}

/// The table that remembers them.
pub(crate) const TABLE_NAME: &str = "store_migration";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS store_migration (
    module TEXT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    PRIMARY KEY (module, version)
)";

/// PostgreSQL advisory lock key, so that replicas starting together migrate one after the other ("mainstay" in ASCII).
pub(crate) const MIGRATION_LOCK: i64 = 0x6d61_696e_7374_6179;

/// Brings the schema up to date: all of it in one transaction, or none. Before a SQLite file that already holds data is
/// changed, a copy is put beside it.
///
/// # Errors
/// When the database holds a migration this binary does not know (it was used by a newer one) or knows differently; the
/// database is then left untouched.
pub async fn migrate(
    database: &Database,
    world: &World,
    migrations: &[Migration],
) -> Result<MigrationReport, StoreError> {
    let mut report = MigrationReport::default();
    // Read first, so that an unknown schema is refused without having written a byte.
    let pending = pending(database, migrations).await?;
    if pending.is_empty() {
        return Ok(report);
    }
    if pending.len() < migrations.len() {
        report.copy = copy_sqlite(database, world.now()).await?;
    }

    let mut tx = database.begin().await?;
    if database.dialect() == Dialect::Postgres {
        tx.fetch_all(sql("SELECT 1 AS locked FROM (SELECT pg_advisory_xact_lock($1)) AS held").bind(MIGRATION_LOCK))
            .await?;
    }
    make_table(&mut tx).await?;
    let rows = tx.fetch_all(sql("SELECT module, version FROM store_migration")).await?;
    let mut done = Vec::with_capacity(rows.len());
    for row in rows {
        done.push((row.get::<String>("module")?, row.get::<i64>("version")?));
    }
    for migration in pending {
        // Another replica may have been faster between the reading and the lock.
        if done
            .iter()
            .any(|(module, version)| module == migration.module && *version == migration.version)
        {
            continue;
        }
        report.applied.push(apply(&mut tx, migration).await?);
        record(&mut tx, &migration.applied_at(world.now())).await?;
    }
    tx.commit().await?;
    Ok(report)
}

/// Makes the table that remembers migrations, unless it is there.
pub(crate) async fn make_table(tx: &mut Transaction) -> Result<(), StoreError> {
    tx.execute(sql(TABLE)).await.map(drop)
}

/// Runs the statements of one migration; answers what to call it.
pub(crate) async fn apply(tx: &mut Transaction, migration: &Migration) -> Result<String, StoreError> {
    let label = format!("{} {} {}", migration.module, migration.version, migration.name);
    for statement in migration.statements() {
        tx.execute(sql_owned(statement.to_owned())).await.map_err(|error| {
            StoreError::new(
                error.kind,
                format!("migration {label} failed, nothing was changed: {error}"),
            )
        })?;
    }
    Ok(label)
}

/// Remembers a migration.
pub(crate) async fn record(tx: &mut Transaction, applied: &AppliedMigration) -> Result<(), StoreError> {
    let statement =
        sql("INSERT INTO store_migration (module, version, name, checksum, applied_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(&applied.module)
            .bind(applied.version)
            .bind(&applied.name)
            .bind(&applied.checksum)
            .bind(applied.applied_at);
    tx.execute(statement).await.map(drop)
}

async fn pending<'m>(database: &Database, migrations: &'m [Migration]) -> Result<Vec<&'m Migration>, StoreError> {
    let applied = applied(database).await?;
    compare(&applied, migrations).map_err(|mismatch| {
        let text = match mismatch {
            Mismatch::Unknown(AppliedMigration {
                module, version, name, ..
            }) => format!(
                "the database was written by a newer Mainstay: it holds migration {module} {version} ({name}), and this one \
                 knows {module} only up to {}. Start the newer version, or restore the copy taken before it migrated",
                newest(migrations, module)
            ),
            Mismatch::Different(AppliedMigration {
                module, version, name, ..
            }) => format!(
                "migration {module} {version} ({name}) in the database is not the one this Mainstay has under that number; it \
                 was written by a different build. Start that build"
            ),
        };
        StoreError::new(StoreErrorKind::Schema, text)
    })
}

/// The highest version of a module's migrations; 0 when there is no such module.
pub(crate) fn newest(migrations: &[Migration], module: &str) -> i64 {
    let versions = migrations
        .iter()
        .filter(|migration| migration.module == module)
        .map(|migration| migration.version);
    versions.max().unwrap_or_default()
}

/// Those of `migrations` that were not applied, in the order of the list: a later module may build on an earlier one's data.
pub(crate) fn compare<'m, 'a>(
    applied: &'a [AppliedMigration],
    migrations: &'m [Migration],
) -> Result<Vec<&'m Migration>, Mismatch<'a>> {
    let mut pending: BTreeMap<(&str, i64), &Migration> = migrations
        .iter()
        .map(|migration| ((migration.module, migration.version), migration))
        .collect();
    for found in applied {
        match pending.remove(&(found.module.as_str(), found.version)) {
            None => return Err(Mismatch::Unknown(found)),
            Some(migration) if migration.checksum() != found.checksum => return Err(Mismatch::Different(found)),
            Some(_) => {}
        }
    }
    Ok(migrations
        .iter()
        .filter(|migration| pending.contains_key(&(migration.module, migration.version)))
        .collect())
}

/// Asks whether the table of migrations exists.
pub(crate) fn table_exists(dialect: Dialect) -> Statement {
    match dialect {
        Dialect::Sqlite => sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'store_migration'"),
        Dialect::Postgres => sql("SELECT table_name::text AS name FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name = 'store_migration'"),
    }
}

/// Asks for all applied migrations.
pub(crate) fn all_applied() -> Statement {
    sql("SELECT module, version, name, checksum, applied_at FROM store_migration ORDER BY module, version")
}

impl AppliedMigration {
    /// Reads a row of [`all_applied`].
    pub(crate) fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            module: row.get("module")?,
            version: row.get("version")?,
            name: row.get("name")?,
            checksum: row.get("checksum")?,
            applied_at: row.get("applied_at")?,
        })
    }
}

/// The migrations that a database remembers; none when it is empty.
pub(crate) async fn applied(database: &Database) -> Result<Vec<AppliedMigration>, StoreError> {
    if database
        .fetch_optional(table_exists(database.dialect()))
        .await?
        .is_none()
    {
        return Ok(Vec::new());
    }
    let rows = database.fetch_all(all_applied()).await?;
    rows.iter().map(AppliedMigration::from_row).collect()
}

async fn copy_sqlite(database: &Database, now: Timestamp) -> Result<Option<std::path::PathBuf>, StoreError> {
    let Some(file) = database.file() else { return Ok(None) };
    let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    // A migration tried again within the same second keeps the earlier copy too.
    let copy = (0..1_000)
        .map(|attempt: u32| {
            let mut name = file.as_os_str().to_owned();
            name.push(format!(".before-{stamp}"));
            if attempt > 0 {
                name.push(format!("-{attempt}"));
            }
            std::path::PathBuf::from(name)
        })
        .find(|copy| !copy.exists());
    let Some(copy) = copy else {
        return Err(StoreError::new(
            StoreErrorKind::Other,
            format!(
                "{} has a thousand copies of this second beside it; move them away",
                file.display()
            ),
        ));
    };
    database
        .execute(sql("VACUUM INTO $1").bind(copy.display().to_string()))
        .await
        .map_err(|error| {
            StoreError::new(
                error.kind,
                format!(
                    "cannot copy the database to {} before migrating, so nothing was changed: {error}",
                    copy.display()
                ),
            )
        })?;
    Ok(Some(copy))
}
