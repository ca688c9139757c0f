//! Restoring into SQLite: a new file beside the old one is filled, examined, made durable, and takes its place.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use mainstay_kernel::World;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::{Restorable, Restored, fill, swap};
use crate::{
    Database, Dialect, StoreError,
    backup::{BackupError, BackupProgress, Watcher, shape::quoted},
    sql, sql_owned,
};

/// Pages kept in memory while filling, in KiB: enough that indexes are not read back from the disk all the time.
const CACHE_KIB: u32 = 32 * 1024;

pub(super) async fn restore(
    restorable: &Restorable,
    path: &Path,
    world: &World,
    watcher: &Watcher,
) -> Result<Restored, BackupError> {
    // A link stays a link: what it leads to is replaced.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let unfinished = Unfinished::begin(&path)?;
    let migrated = build(restorable, &unfinished.0, world, watcher).await?;
    let kept = swap::swap(&unfinished.0, &path, world.now()).await?;
    Ok(Restored { kept, migrated })
}

/// The new file until it has taken the old one's place; removed when dropped. One that a killed restore left is taken over:
/// the data folder belongs to this process.
struct Unfinished(PathBuf);

impl Unfinished {
    fn begin(path: &Path) -> Result<Self, BackupError> {
        let file = swap::beside(path, ".restoring");
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(BackupError::io(format!(
                "remove {}, which an earlier restore left",
                file.display()
            ))(error)),
            _ => Ok(Self(file)),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It is usually gone: under its new name.
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn build(
    restorable: &Restorable,
    file: &Path,
    world: &World,
    watcher: &Watcher,
) -> Result<Vec<String>, BackupError> {
    let doing = || BackupError::store(format!("write {}", file.display()));
    // Nobody opens this file before it is finished, and a failure removes it: it needs no journal.
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        .pragma("cache_size", format!("-{CACHE_KIB}"));
    let database = Database::alone(options).await.map_err(doing())?;
    let mut tx = database.begin().await.map_err(doing())?;
    restorable.make_schema(&mut tx).await.map_err(doing())?;
    for table in &restorable.tables {
        // Some migrations put rows into their tables.
        let empty = sql_owned(format!("DELETE FROM {}", quoted(&table.name)));
        tx.execute(empty).await.map_err(doing())?;
    }
    fill::fill(restorable, &mut tx, Dialect::Sqlite, watcher).await?;
    restorable.remember(&mut tx).await.map_err(doing())?;
    restorable.count(&mut tx).await?;
    tx.commit().await.map_err(doing())?;
    watcher.show(BackupProgress::Examining);
    examine(&database).await?;
    let mut tx = database.begin().await.map_err(doing())?;
    let migrated = restorable.migrate_up(&mut tx, world).await?;
    tx.commit().await.map_err(doing())?;
    database.close().await;
    File::open(file)
        .and_then(|file| file.sync_all())
        .map_err(BackupError::io(format!("write {}", file.display())))?;
    Ok(migrated)
}

async fn examine(database: &Database) -> Result<(), BackupError> {
    let doing = || BackupError::store::<StoreError>("examine the restored database");
    let found = database
        .fetch_all(sql("PRAGMA integrity_check"))
        .await
        .map_err(doing())?;
    let mut words = Vec::new();
    for row in found {
        words.push(row.get::<String>("integrity_check").map_err(doing())?);
    }
    if words != ["ok"] {
        return Err(BackupError::Unsound(words.join("; ")));
    }
    let orphans = database
        .fetch_all(sql("SELECT \"table\" AS child, parent FROM pragma_foreign_key_check"))
        .await
        .map_err(doing())?;
    if let Some(row) = orphans.first() {
        let child: String = row.get("child").map_err(doing())?;
        let parent: String = row.get("parent").map_err(doing())?;
        return Err(BackupError::Unsound(format!(
            "{} rows refer to others that do not exist, one of them in {child} to {parent}",
            orphans.len()
        )));
    }
    Ok(())
}
