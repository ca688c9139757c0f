//! The database: SQLite or PostgreSQL behind one code path, chosen at run time.
//!
//! A module writes each statement once, in the SQL both databases share (`$1` parameters, `ON CONFLICT`, `RETURNING`, the
//! column types of [`Migration`]); this crate binds it, runs it and reads the rows back.
//!
//! **Invariant:** no other crate names a database driver, and this crate knows no module's tables.

mod database;
mod error;
pub mod idempotency;
mod lock;
mod migrate;
mod row;
mod schema;
mod sole;
mod statement;
mod transaction;

pub use database::{Database, DatabaseConfig, DatabaseUrl, Dialect};
pub use error::{StoreError, StoreErrorKind};
pub use idempotency::MIGRATIONS;
pub use lock::DirectoryLock;
pub use migrate::{Migration, MigrationReport, migrate};
pub use row::{Column, Row};
pub use schema::{Schema, TableSchema};
pub use sole::SoleUse;
pub use statement::{Bind, Statement, Value, sql, sql_owned};
pub use transaction::Transaction;
