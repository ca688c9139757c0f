//! What can go wrong with a backup. The texts do not name the file; whoever opened it does.

use std::io;

use crate::{AppliedMigration, StoreError, StoreErrorKind};

/// Why there is no backup, or no restore.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It never was a backup.
    #[error("this is not a backup that Mainstay made")]
    Foreign,
    /// It has the beginning of a backup, but not the end.
    #[error(
        "the backup is cut short after {bytes} bytes; copy it here again, or take another one (was the disk full when this one was made?)"
    )]
    CutShort {
        /// How long it is.
        bytes: u64,
    },
    /// Some of its bytes are not those that were written.
    #[error("the backup is damaged {at}: {what}. Copy it here again, or take another one")]
    Damaged {
        /// Where.
        at: String,
        /// What is not as it should be.
        what: String,
    },
    /// Its format is of a later time.
    #[error(
        "the backup is written in format {found}, and this Mainstay ({}) reads only up to format {}; use the Mainstay that made it, or a newer one",
        env!("CARGO_PKG_VERSION"),
        super::format::VERSION
    )]
    NewerFormat {
        /// Its format.
        found: u32,
    },
    /// It holds a schema that this Mainstay does not know.
    #[error(
        "the backup was made by a newer Mainstay ({mainstay}): it holds migration {} {} ({}), and this one ({}) knows {} only up to {newest}. Restore it with Mainstay {mainstay} or a newer one",
        .migration.module, .migration.version, .migration.name, env!("CARGO_PKG_VERSION"), .migration.module
    )]
    NewerSchema {
        /// Who made it.
        mainstay: String,
        /// The first migration that is not known.
        migration: AppliedMigration,
        /// The newest one of the same module that is known; 0 when there is none.
        newest: i64,
    },
    /// It holds a schema that only looks like one of ours.
    #[error(
        "the backup was made by a different build of Mainstay ({mainstay}): its migration {} {} ({}) is not the one this build ({}) has under that number. Restore it with the build that made it",
        .migration.module, .migration.version, .migration.name, env!("CARGO_PKG_VERSION")
    )]
    OtherSchema {
        /// Who made it.
        mainstay: String,
        /// The first migration that differs.
        migration: AppliedMigration,
    },
    /// Its tables do not follow from its migrations.
    #[error("the backup contradicts itself: {0}. Restore it with the Mainstay that made it")]
    Contradiction(String),
    /// There is nothing to save, or nothing that this program understands.
    #[error("{0}")]
    Source(String),
    /// A value that the database at hand cannot hold.
    #[error("{database} cannot hold {what}, and {table}.{column} has it in row {row}. Nothing was changed")]
    Unstorable {
        /// The database that refuses it.
        database: &'static str,
        /// What it is.
        what: &'static str,
        /// In which table.
        table: String,
        /// In which column.
        column: String,
        /// Counted from 1, in the order of the backup.
        row: u64,
    },
    /// What was restored is not what was saved.
    #[error("the restored database is not sound: {0}. Nothing was changed")]
    Unsound(String),
    /// The backup file is there already.
    #[error("the file is there already, and a backup is never written over it without --force")]
    Exists,
    /// The name belongs to something that is not a file.
    #[error("this is not a file; name one, for example mainstay.backup")]
    NotAFile,
    /// The database to be replaced is in use by something else.
    #[error("{0}")]
    Busy(String),
    /// The system refused something.
    #[error("cannot {doing}{}", if .source.kind() == io::ErrorKind::StorageFull { ": the disk is full, nothing was changed" } else { "" })]
    Io {
        /// What.
        doing: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database refused something.
    #[error("cannot {doing}")]
    Store {
        /// What.
        doing: String,
        /// Why.
        #[source]
        source: StoreError,
    },
}

impl BackupError {
    /// For `map_err`: what was being done when the system refused.
    pub(super) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// For `map_err`: what was being done when the database refused.
    pub(super) fn store<E: Into<StoreError>>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |source| Self::Store {
            doing,
            source: source.into(),
        }
    }

    /// Whether the file itself is at fault, so that another copy of it may be fine.
    pub fn is_about_the_file(&self) -> bool {
        matches!(
            self,
            Self::Foreign | Self::CutShort { .. } | Self::Damaged { .. } | Self::Contradiction(_)
        )
    }

    /// Whether the file is sound, but not for this version of Mainstay.
    pub fn is_about_the_version(&self) -> bool {
        matches!(
            self,
            Self::NewerFormat { .. } | Self::NewerSchema { .. } | Self::OtherSchema { .. }
        )
    }

    /// Whether the database is not of a kind that damage explains: it is only away or in use.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Self::Store { source, .. } if source.kind == StoreErrorKind::Corrupt)
    }
}
