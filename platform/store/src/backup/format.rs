//! What stands in a backup besides rows: the numbers of the format, the header and the footer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BackupError, TableShape};
use crate::AppliedMigration;

/// How every backup begins.
pub(super) const MAGIC: &[u8; 16] = b"mainstay-backup\n";
/// The format that is written, and the newest that is read.
pub(super) const VERSION: u32 = 1;
/// A frame is ended at the first row that makes it this large, in bytes before compression.
pub(super) const FRAME: usize = 1024 * 1024;
/// How hard to compress, from 1 to 9: higher ones take much longer and gain little on rows.
pub(super) const LEVEL: u32 = 6;

/// What a backup says of itself before its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of Mainstay that made it.
    pub mainstay: String,
    /// When.
    pub made_at: Timestamp,
    /// From what kind of database.
    pub database: String,
    /// The schema, as the migrations that made it.
    pub migrations: Vec<AppliedMigration>,
    /// The tables whose rows follow, in this order.
    pub tables: Vec<TableShape>,
    /// Tables of the schema that were left out, because they hold nothing worth keeping.
    pub left_out: Vec<String>,
}

/// What a backup says of itself after its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Footer {
    /// Rows of each table, in the order of the header.
    pub rows: Vec<u64>,
}

/// A table and how many rows it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRows {
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
}

/// What is in a backup whose every byte was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSummary {
    /// What it says of itself.
    pub header: Header,
    /// Rows by table.
    pub tables: Vec<TableRows>,
    /// The size of the file.
    pub bytes: u64,
    /// The size of its contents before compression.
    pub raw_bytes: u64,
    /// SHA-256 of the file without its last 32 bytes, which are this very digest; in hexadecimal digits.
    pub sha256: String,
}

impl BackupSummary {
    /// Rows of all tables together.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Rows of one table; 0 when there is no such table.
    pub fn rows_of(&self, table: &str) -> u64 {
        rows_of(&self.tables, table)
    }
}

/// Rows of one table; 0 when there is no such table.
pub(super) fn rows_of(tables: &[TableRows], table: &str) -> u64 {
    tables
        .iter()
        .find(|found| found.table == table)
        .map_or(0, |found| found.rows)
}

/// Reads a header or a footer whose bytes are known to be as they were written.
pub(super) fn parse<T: serde::de::DeserializeOwned>(what: &str, json: &[u8]) -> Result<T, BackupError> {
    serde_json::from_slice(json)
        .map_err(|error| BackupError::Contradiction(format!("its {what} cannot be read ({error})")))
}
