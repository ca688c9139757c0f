//! Putting one SQLite file in the place of another, so that at every moment exactly one whole database has the name.
//!
//! A write-ahead log belongs to the file beside which it lies: left beside another one, its pages would be written into that.
//! So the old database takes its log in before it goes.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::backup::{BackupError, take::sync_folder};

/// How long somebody else's reading of the old database is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A name beside `path`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Gives `new` the name `path`. Answers where what had the name before is kept.
pub(super) async fn swap(new: &Path, path: &Path, now: Timestamp) -> Result<Option<PathBuf>, BackupError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    adopt(new, path, folder)?;
    let kept = if path.exists() {
        Some(keep(path, folder, now).await?)
    } else {
        None
    };
    fs::rename(new, path).map_err(BackupError::io("put the restored database in place"))?;
    sync_folder(folder)?;
    Ok(kept)
}

/// Gives the new file the owner and the rights of the old one, or the owner of the folder: a restore by the administrator must
/// not lock the server out.
fn adopt(new: &Path, path: &Path, folder: &Path) -> Result<(), BackupError> {
    let doing = || BackupError::io(format!("give {} its owner", new.display()));
    let model = match fs::metadata(path) {
        Ok(old) => {
            fs::set_permissions(new, old.permissions()).map_err(doing())?;
            old
        }
        Err(_) => fs::metadata(folder).map_err(doing())?,
    };
    let own = fs::metadata(new).map_err(doing())?;
    if (own.uid(), own.gid()) != (model.uid(), model.gid()) {
        // Only the administrator may give files away; for everybody else it stays theirs.
        let _ = chown(new, Some(model.uid()), Some(model.gid()));
    }
    Ok(())
}

/// Gives the old database a second name, under which it stays when the first one goes.
async fn keep(path: &Path, folder: &Path, now: Timestamp) -> Result<PathBuf, BackupError> {
    remove_second_names(path, folder)?;
    let damaged = match take_log_in(path).await {
        Ok(()) => false,
        // It may be the very reason for the restore.
        Err(error) if error.is_damage() => true,
        Err(error) => return Err(error),
    };
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let name = |attempt: u32| match attempt {
        0 => beside(path, &format!(".before-restore-{stamp}")),
        _ => beside(path, &format!(".before-restore-{stamp}-{attempt}")),
    };
    let kept = (0..1_000).map(name).find(|kept| !kept.exists()).ok_or_else(|| {
        BackupError::Source(format!(
            "{} has a thousand databases of this second beside it; move them away",
            path.display()
        ))
    })?;
    let doing = || BackupError::io(format!("keep the database that is replaced as {}", kept.display()));
    if fs::hard_link(path, &kept).is_err() {
        // A file system without second names.
        fs::copy(path, &kept).map_err(doing())?;
        fs::File::open(&kept)
            .and_then(|file| file.sync_all())
            .map_err(doing())?;
    }
    if damaged {
        // Its log stays with it. A restore that is killed from here on leaves the damaged database without it.
        for suffix in ["-wal", "-journal"] {
            let log = beside(path, suffix);
            if log.exists() {
                fs::rename(&log, beside(&kept, suffix)).map_err(doing())?;
            }
        }
        // Only an index into the log, which is made anew.
        let _ = fs::remove_file(beside(path, "-shm"));
    }
    sync_folder(folder)?;
    Ok(kept)
}

/// Folds the write-ahead log into the database and leaves that mode, which nobody may take part in.
async fn take_log_in(path: &Path) -> Result<(), BackupError> {
    let busy = || {
        BackupError::Busy(format!(
            "{} is being read by something else, perhaps a backup; nothing was changed. Try again when that has finished",
            path.display()
        ))
    };
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE);
    let folded = async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let row = sqlx::query("PRAGMA journal_mode = DELETE")
            .fetch_one(&mut connection)
            .await?;
        let mode: String = row.try_get(0)?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(mode)
    };
    let mode = folded
        .await
        .map_err(crate::StoreError::from)
        .map_err(|source| match source.kind {
            crate::StoreErrorKind::Busy => busy(),
            _ => BackupError::Store {
                doing: format!("close {}", path.display()),
                source,
            },
        })?;
    let left = ["-wal", "-journal"]
        .iter()
        .any(|suffix| fs::metadata(beside(path, suffix)).is_ok_and(|log| log.len() > 0));
    if mode != "delete" || left { Err(busy()) } else { Ok(()) }
}

/// Removes the second names that killed restores gave to the database that is still in place: they would change with it.
fn remove_second_names(path: &Path, folder: &Path) -> Result<(), BackupError> {
    let doing = || BackupError::io(format!("look into the folder {}", folder.display()));
    let own = fs::metadata(path).map_err(doing())?;
    let prefix = beside(path, ".before-restore-");
    for entry in fs::read_dir(folder).map_err(doing())? {
        let entry = entry.map_err(doing())?.path();
        let is_second_name = entry
            .as_os_str()
            .as_encoded_bytes()
            .starts_with(prefix.as_os_str().as_encoded_bytes())
            && fs::metadata(&entry).is_ok_and(|other| (other.dev(), other.ino()) == (own.dev(), own.ino()));
        if is_second_name {
            fs::remove_file(&entry).map_err(doing())?;
        }
    }
    Ok(())
}
