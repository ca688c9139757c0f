//! Making a backup: one snapshot, read table by table, written by a thread of its own to a file that gets its name only when
//! it is complete and on the disk.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use mainstay_kernel::World;

use super::{
    BackupError, BackupSummary, Header, TableRows, TableShape, Watcher,
    format::Footer,
    frame::{FOOTER, FrameWriter, HEADER, ROWS, Written},
    shape,
    snapshot::{Piece, Pump, Snapshot},
};
use crate::{AppliedMigration, DatabaseConfig, DatabaseUrl, Dialect, Migration, migrate};

/// Pieces that wait to be written, each about as large as a frame.
const WAITING: usize = 4;

/// What to save.
#[derive(Debug, Clone, Copy)]
pub struct BackupOptions<'o> {
    /// Every migration this program knows.
    pub migrations: &'o [Migration],
    /// Tables whose rows are not worth keeping. They must be of use when empty: a restore leaves them so.
    pub left_out: &'o [&'o str],
    /// Whether a file of that name may be replaced.
    pub overwrite: bool,
}

/// Saves everything that the database holds at this moment to `file`, while others may write to it.
///
/// The file is readable by its owner alone. Until it is complete it has another name beside the one it will get; when this
/// fails or is dropped, nothing is left of it.
///
/// # Errors
/// When the database cannot be read or holds a schema that is not known here, or the file cannot be written.
pub async fn back_up(
    config: &DatabaseConfig,
    world: &World,
    options: BackupOptions<'_>,
    file: &Path,
    watcher: &Watcher,
) -> Result<BackupSummary, BackupError> {
    let target = Target::new(file, options.overwrite)?;
    let mut snapshot = Snapshot::open(config).await?;
    let header = header(&mut snapshot, config, world, options).await?;
    let mut about = 0;
    for table in &header.tables {
        about += snapshot.estimate(table).await;
    }

    let (pieces, inbox) = mpsc::channel(WAITING);
    let (done, footer) = tokio::sync::oneshot::channel();
    let out = target.writer()?;
    let first = serde_json::to_vec(&header).map_err(|error| BackupError::Source(error.to_string()))?;
    let writer = tokio::task::spawn_blocking(move || write(out, &first, inbox, footer));

    let mut pump = Pump {
        pieces: &pieces,
        table: 0,
        sent: 0,
        about,
        watcher,
    };
    let rows = send_all(&mut snapshot, &header.tables, &mut pump).await;
    // Without a footer the writer takes the end of the pieces for what it is: an end before the end.
    if let Ok(rows) = &rows {
        drop(done.send(Footer { rows: rows.clone() }));
    } else {
        drop(done);
    }
    drop(pieces);
    let written = writer
        .await
        .map_err(|error| BackupError::Source(format!("the thread that writes the backup failed: {error}")))?;
    let rows = rows?;
    let (written, raw_bytes) = written?;
    target.publish()?;
    Ok(BackupSummary {
        tables: table_rows(&header.tables, &rows),
        header,
        bytes: written.bytes,
        raw_bytes,
        sha256: hex::encode(written.digest),
    })
}

pub(super) fn table_rows(tables: &[TableShape], rows: &[u64]) -> Vec<TableRows> {
    tables
        .iter()
        .zip(rows)
        .map(|(table, rows)| TableRows {
            table: table.name.clone(),
            rows: *rows,
        })
        .collect()
}

async fn header(
    snapshot: &mut Snapshot,
    config: &DatabaseConfig,
    world: &World,
    options: BackupOptions<'_>,
) -> Result<Header, BackupError> {
    let applied = snapshot.migrations().await?;
    if applied.is_empty() {
        return Err(BackupError::Source(
            "the database is empty: Mainstay has never been started on it, so there is nothing to back up".to_owned(),
        ));
    }
    let own = applied_here(&applied, options.migrations)?;
    let (left_out, tables): (Vec<_>, Vec<_>) = shape::tables_of(&own)
        .await?
        .into_iter()
        .partition(|table| options.left_out.contains(&table.name.as_str()));
    Ok(Header {
        mainstay: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: world.now(),
        database: match config.url {
            DatabaseUrl::Sqlite(_) => Dialect::Sqlite,
            DatabaseUrl::Postgres(_) => Dialect::Postgres,
        }
        .name()
        .to_owned(),
        migrations: applied,
        tables,
        left_out: left_out.into_iter().map(|table| table.name).collect(),
    })
}

/// Those of our migrations that the database has.
///
/// # Errors
/// When it has others too.
pub(super) fn applied_here(
    applied: &[AppliedMigration],
    migrations: &[Migration],
) -> Result<Vec<Migration>, BackupError> {
    let pending = migrate::compare(applied, migrations).map_err(|mismatch| {
        let (migrate::Mismatch::Unknown(found) | migrate::Mismatch::Different(found)) = mismatch;
        BackupError::Source(format!(
            "the database was written by another version of Mainstay than this one ({}): its migration {} {} ({}) is not known \
             here. Use the version that runs on it",
            env!("CARGO_PKG_VERSION"),
            found.module,
            found.version,
            found.name
        ))
    })?;
    let is_pending = |migration: &Migration| {
        pending
            .iter()
            .any(|other| (other.module, other.version) == (migration.module, migration.version))
    };
    Ok(migrations
        .iter()
        .filter(|migration| !is_pending(migration))
        .copied()
        .collect())
}

async fn send_all(
    snapshot: &mut Snapshot,
    tables: &[TableShape],
    pump: &mut Pump<'_>,
) -> Result<Vec<u64>, BackupError> {
    let mut rows = Vec::with_capacity(tables.len());
    for (index, table) in tables.iter().enumerate() {
        pump.table =
            u16::try_from(index).map_err(|_| BackupError::Source("there are more than 65,536 tables".to_owned()))?;
        rows.push(snapshot.send(table, pump).await?);
        if pump.pieces.is_closed() {
            // Writing failed, and the writer tells why.
            break;
        }
    }
    Ok(rows)
}

/// Writes what arrives, until the footer; answers also how large it was before compression.
fn write(
    out: File,
    header: &[u8],
    mut inbox: mpsc::Receiver<Piece>,
    footer: tokio::sync::oneshot::Receiver<Footer>,
) -> Result<(Written<File>, u64), BackupError> {
    let failed = || BackupError::io("write the backup");
    let mut raw_bytes = 0;
    let mut writer = FrameWriter::new(out).map_err(failed())?;
    writer.frame(HEADER, 0, header).map_err(failed())?;
    while let Some(piece) = inbox.blocking_recv() {
        raw_bytes += piece.bytes.len() as u64;
        writer.frame(ROWS, piece.table, &piece.bytes).map_err(failed())?;
    }
    let footer = footer
        .blocking_recv()
        .map_err(|_| BackupError::Source("the backup was given up".to_owned()))?;
    let footer = serde_json::to_vec(&footer).map_err(|error| BackupError::Source(error.to_string()))?;
    writer.frame(FOOTER, 0, &footer).map_err(failed())?;
    let written = writer.finish().map_err(failed())?;
    written.out.sync_all().map_err(failed())?;
    Ok((written, raw_bytes))
}

/// The file to be, under another name until it is complete.
struct Target {
    file: PathBuf,
    folder: PathBuf,
    temporary: NamedTempFile,
    overwrite: bool,
}

impl Target {
    fn new(file: &Path, overwrite: bool) -> Result<Self, BackupError> {
        match std::fs::symlink_metadata(file) {
            // A device or a link must not be replaced by a file.
            Ok(found) if !found.is_file() => return Err(BackupError::NotAFile),
            Ok(_) if !overwrite => return Err(BackupError::Exists),
            _ => {}
        }
        let name = file.file_name().ok_or(BackupError::NotAFile)?.to_string_lossy();
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let temporary = tempfile::Builder::new()
            .prefix(&format!(".{name}."))
            .suffix(".part")
            .tempfile_in(folder)
            .map_err(BackupError::io(format!("write to the folder {}", folder.display())))?;
        Ok(Self {
            file: file.to_owned(),
            folder: folder.to_owned(),
            temporary,
            overwrite,
        })
    }

    fn writer(&self) -> Result<File, BackupError> {
        self.temporary
            .as_file()
            .try_clone()
            .map_err(BackupError::io("write the backup"))
    }

    fn publish(self) -> Result<(), BackupError> {
        let named = if self.overwrite {
            self.temporary.persist(&self.file)
        } else {
            // Somebody else may have made the file meanwhile.
            self.temporary.persist_noclobber(&self.file)
        };
        named.map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => BackupError::Exists,
            _ => BackupError::io("give the backup its name")(error.error),
        })?;
        sync_folder(&self.folder)
    }
}

/// Makes names in a folder as durable as what they name.
pub(super) fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(BackupError::io(format!("write to the folder {}", folder.display())))
}
