//! Restoring: the whole backup is checked, then put in the place of what a database holds, at once or not at all.

mod fill;
mod postgres;
mod sqlite;
mod swap;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use mainstay_kernel::World;

use super::{
    BackupError, BackupSummary, Header, TableRows, TableShape, Watcher, format::rows_of, reader, shape, shape::quoted,
    take::applied_here,
};
use crate::{
    Database, DatabaseConfig, DatabaseUrl, Migration, StoreError, Transaction,
    migrate::{self, Mismatch},
    sql_owned,
};

/// A backup of which every byte and every row was read and found to be as it was written.
#[derive(Debug)]
pub struct CheckedBackup {
    file: File,
    summary: BackupSummary,
}

impl CheckedBackup {
    /// Reads all of `file`.
    ///
    /// # Errors
    /// When it is not a backup, cut short, damaged, or of a newer format, each told apart.
    pub async fn read(file: &Path, watcher: &Watcher) -> Result<Self, BackupError> {
        let (file, size) = reader::open_file(file)?;
        let watcher = watcher.clone();
        let checked = tokio::task::spawn_blocking(move || {
            let summary = reader::check(&file, size, &watcher)?;
            Ok(Self { file, summary })
        });
        checked.await.map_err(|error| thread_failed(&error))?
    }

    /// What is in it.
    pub fn summary(&self) -> &BackupSummary {
        &self.summary
    }

    /// Makes sure that its schema is known here.
    ///
    /// # Errors
    /// When a newer or a different Mainstay made it.
    pub async fn restorable(self, migrations: &[Migration]) -> Result<Restorable, BackupError> {
        let header = &self.summary.header;
        let mainstay = || header.mainstay.clone();
        let rest = migrate::compare(&header.migrations, migrations).map_err(|mismatch| match mismatch {
            Mismatch::Unknown(migration) => BackupError::NewerSchema {
                mainstay: mainstay(),
                newest: migrate::newest(migrations, &migration.module),
                migration: migration.clone(),
            },
            Mismatch::Different(migration) => BackupError::OtherSchema {
                mainstay: mainstay(),
                migration: migration.clone(),
            },
        })?;
        let rest = rest.into_iter().copied().collect();
        let own = applied_here(&header.migrations, migrations)?;
        let tables = shape::tables_of(&own).await?;
        let saved: Vec<TableShape> = tables
            .iter()
            .filter(|table| !header.left_out.contains(&table.name))
            .cloned()
            .collect();
        if saved != header.tables {
            return Err(BackupError::Contradiction(
                "its tables are not those that its migrations make".to_owned(),
            ));
        }
        Ok(Restorable {
            checked: self,
            tables,
            own,
            rest,
        })
    }
}

/// A backup that can be restored here.
#[derive(Debug)]
pub struct Restorable {
    checked: CheckedBackup,
    /// Every table of its schema, with those that it leaves out.
    tables: Vec<TableShape>,
    /// The migrations that make its schema.
    own: Vec<Migration>,
    /// Those that this program has besides.
    rest: Vec<Migration>,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the SQLite database that was replaced is kept.
    pub kept: Option<PathBuf>,
    /// `module version name` of each migration that brought an older schema up to date.
    pub migrated: Vec<String>,
}

impl Restorable {
    /// What is in the backup.
    pub fn summary(&self) -> &BackupSummary {
        &self.checked.summary
    }

    /// Puts the backup in the place of everything of Mainstay's that the database holds, which nobody else may use meanwhile.
    ///
    /// A SQLite database is built beside the old one, examined, and takes its place in one step; the old one is kept. In
    /// PostgreSQL everything happens in one transaction. Whenever this ends before its end, the database is as it was.
    ///
    /// # Errors
    /// When the database cannot be written, or cannot hold what the backup has.
    pub async fn restore(
        &self,
        config: &DatabaseConfig,
        world: &World,
        watcher: &Watcher,
    ) -> Result<Restored, BackupError> {
        match &config.url {
            DatabaseUrl::Sqlite(path) => sqlite::restore(self, path, world, watcher).await,
            DatabaseUrl::Postgres(_) => postgres::restore(self, config, world, watcher).await,
        }
    }

    fn header(&self) -> &Header {
        &self.checked.summary.header
    }

    /// Makes the backup's schema in an empty database.
    async fn make_schema(&self, tx: &mut Transaction) -> Result<(), StoreError> {
        migrate::make_table(tx).await?;
        for migration in &self.own {
            migrate::apply(tx, migration).await?;
        }
        Ok(())
    }

    /// Has the database remember the migrations as the backup's database did.
    async fn remember(&self, tx: &mut Transaction) -> Result<(), StoreError> {
        for migration in &self.header().migrations {
            migrate::record(tx, migration).await?;
        }
        Ok(())
    }

    /// Compares the numbers of rows.
    async fn count(&self, tx: &mut Transaction) -> Result<(), BackupError> {
        for table in &self.tables {
            let due = rows_of(&self.checked.summary.tables, &table.name);
            let found = rows_in(tx, &table.name).await?;
            if found != due {
                return Err(BackupError::Unsound(format!(
                    "{} has {found} rows, and the backup has {due}",
                    table.name
                )));
            }
        }
        Ok(())
    }

    /// Brings an older schema up to date.
    async fn migrate_up(&self, tx: &mut Transaction, world: &World) -> Result<Vec<String>, BackupError> {
        let mut labels = Vec::with_capacity(self.rest.len());
        for migration in &self.rest {
            let applied = async {
                let label = migrate::apply(tx, migration).await?;
                migrate::record(tx, &migration.applied_at(world.now())).await?;
                Ok::<_, StoreError>(label)
            };
            labels.push(
                applied
                    .await
                    .map_err(BackupError::store("bring the restored schema up to date"))?,
            );
        }
        Ok(labels)
    }
}

async fn rows_in(tx: &mut Transaction, table: &str) -> Result<u64, BackupError> {
    let statement = sql_owned(format!("SELECT COUNT(*) AS n FROM {}", quoted(table)));
    let counted = async {
        let rows = tx.fetch_all(statement).await?;
        let row = rows.first().ok_or_else(|| StoreError::corrupt("a count has no row"))?;
        row.get::<i64>("n")
    };
    let count = counted
        .await
        .map_err(BackupError::store(format!("count the rows of {table}")))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The rows of every table of Mainstay's in a database; nothing when Mainstay was never started on it.
///
/// # Errors
/// When it cannot be read, or was written by another version of Mainstay.
pub async fn holdings(config: &DatabaseConfig, migrations: &[Migration]) -> Result<Vec<TableRows>, BackupError> {
    let doing = "look at what the database holds";
    let database = Database::open(config).await.map_err(BackupError::store(doing))?;
    let applied = migrate::applied(&database).await.map_err(BackupError::store(doing))?;
    let own = applied_here(&applied, migrations)?;
    let mut found = Vec::new();
    let mut tx = database.begin().await.map_err(BackupError::store(doing))?;
    for table in shape::tables_of(&own).await? {
        found.push(TableRows {
            rows: rows_in(&mut tx, &table.name).await?,
            table: table.name,
        });
    }
    tx.rollback().await.map_err(BackupError::store(doing))?;
    database.close().await;
    Ok(found)
}

fn thread_failed(error: &tokio::task::JoinError) -> BackupError {
    BackupError::Source(format!("the thread that reads the backup failed: {error}"))
}
