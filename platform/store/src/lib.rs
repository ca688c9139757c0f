//! The database: SQLite or PostgreSQL behind one code path, chosen at run time.
//!
//! A module writes each statement once, in the SQL both databases share (`$1` parameters, `ON CONFLICT`, `RETURNING`, the
//! column types of [`Migration`]); this crate binds it, runs it and reads the rows back.
//!
//! **Invariant:** no other crate names a database driver, and this crate knows no module's tables.

mod alike;
pub mod backup;
mod claim;
mod database;
mod error;
mod group;
pub mod idempotency;
mod lock;
mod migrate;
mod row;
mod schema;
mod simulated;
mod statement;
mod transaction;
mod wake;

pub use claim::{Claim, Presence, Use};
pub use database::{Database, DatabaseConfig, DatabaseUrl, Dialect, IDLE_LIMIT, PATIENCE, STATEMENT_LIMIT};
pub use error::{StoreError, StoreErrorKind};
pub use group::{GroupCommit, Numbered, insert_numbered};
pub use idempotency::MIGRATIONS;
pub use lock::DirectoryLock;
pub use migrate::{AppliedMigration, Migration, MigrationReport, migrate};
pub use row::{Column, Row};
pub use schema::{Schema, TableSchema};
pub use simulated::{SimulatedDatabase, SimulatedRow, SimulatedTransaction};
pub use statement::{Bind, Statement, Value, sql, sql_owned};
pub use transaction::Transaction;
pub use wake::{Bell, Messages, Wakes};
