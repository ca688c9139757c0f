//! Every SQL statement of watch, written once for both databases.

mod checks;
mod history;
mod maintenance;
mod packed;
mod rollups;
mod states;

#[cfg(test)]
mod tests;

use mainstay_store::{Database, Migration, StoreError, Transaction};

pub use self::{
    history::{ProbeFilter, ProbeRow, StoredProbe},
    rollups::{RollupKey, StoredRollup},
    states::{StoredState, TransitionRow},
};

/// The schema of watch.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        module: "watch",
        version: 1,
        name: "checks",
        sql: include_str!("../migrations/0001_checks.sql"),
    },
    Migration {
        module: "watch",
        version: 2,
        name: "history",
        sql: include_str!("../migrations/0002_history.sql"),
    },
    Migration {
        module: "watch",
        version: 3,
        name: "declared maintenance",
        sql: include_str!("../migrations/0003_declared_maintenance.sql"),
    },
];

/// The tables of watch.
#[derive(Debug, Clone)]
pub struct Store {
    db: Database,
}

impl Store {
    /// Works on `db`.
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// When the database is away or busy.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        self.db.begin().await
    }
}
