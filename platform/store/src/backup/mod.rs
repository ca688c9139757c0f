//! Backups: everything a database holds, in one file that either kind of database can be restored from.
//!
//! The file is logical, so a backup of SQLite can be restored into PostgreSQL and the other way round. It is:
//!
//! ```text
//! file    = magic version check frame*
//! magic   = "mainstay-backup\n"                                  16 bytes
//! version = of the format, at present 1                          4 bytes
//! check   = the beginning of a digest                            4 bytes
//! frame   = kind table raw_length stored_length check            1 + 2 + 4 + 4 + 4 bytes
//!           payload digest                                       stored_length + 32 bytes
//! kind    = 'H' a Header in JSON, first; 'R' rows of one table; 'E' a Footer in JSON, last
//! payload = raw_length bytes, compressed as RFC 1951 (deflate) says
//! digest  = SHA-256 over every byte of the file before it
//! ```
//!
//! Numbers are big-endian. A frame holds whole rows, as `rows` encodes them. The digest of the last frame is that of the
//! whole file; those of the others are there so that nothing is looked at before it is known to be as it was written. The
//! checks are the first four bytes of the same digest at their place, so that a damaged length is told from a file that is
//! cut short. Every later format keeps the first 24 bytes, so that a newer one is told from a damaged one.
//!
//! **Invariant:** this code knows no module's tables. What there is to save follows from the migrations.

mod error;
mod format;
mod frame;
mod reader;
mod restore;
mod rows;
mod shape;
mod snapshot;
mod take;

use std::sync::Arc;

pub use error::BackupError;
pub use format::{BackupSummary, Header, TableRows};
pub use restore::{CheckedBackup, Restorable, Restored, holdings};
pub use shape::{ColumnShape, Kind, TableShape};
pub use take::{BackupOptions, back_up};

/// How far the work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupProgress {
    /// Rows written to a backup, and about how many there are.
    Saved {
        /// So far.
        rows: u64,
        /// An estimate; it may be too low.
        about: u64,
    },
    /// Bytes of a backup that were checked.
    Checked {
        /// So far.
        bytes: u64,
        /// Of so many.
        of: u64,
    },
    /// Bytes of a backup whose rows are in the database.
    Filled {
        /// So far.
        bytes: u64,
        /// Of so many.
        of: u64,
    },
    /// All rows are in the database, which is now examined.
    Examining,
}

/// Whoever shows how far the work has come; called often, from any thread.
#[derive(Clone)]
pub struct Watcher(Arc<dyn Fn(BackupProgress) + Send + Sync>);

impl Watcher {
    /// Calls `show`.
    pub fn new(show: impl Fn(BackupProgress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(show))
    }

    /// Shows nothing.
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    fn show(&self, progress: BackupProgress) {
        (self.0)(progress);
    }
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watcher")
    }
}
