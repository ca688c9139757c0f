//! The seam at which a simulation stands in for a database: what a handle and a transaction must be able to do.
//!
//! A simulation decides how long a statement takes, whether it arrives, and what others see of it meanwhile. What a
//! statement means it must leave to a real database. Nothing outside tests implements this.

use std::{collections::BTreeSet, fmt::Debug, sync::Arc};

use async_trait::async_trait;

use crate::{Dialect, Presence, Row, Statement, StoreError, Value, Wakes};

/// A row of a simulation's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedRow {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl SimulatedRow {
    /// A row of as many values as there are columns.
    pub fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// The value of a column.
    pub(crate) fn value(&self, name: &str) -> Result<&Value, StoreError> {
        let place = self.columns.iter().position(|column| column == name);
        place
            .and_then(|place| self.values.get(place))
            .ok_or_else(|| StoreError::corrupt(format_args!("there is no column {name}")))
    }
}

/// One process's way to a database.
#[async_trait]
pub trait SimulatedDatabase: Debug + Send + Sync {
    /// Which kind it behaves as.
    fn dialect(&self) -> Dialect;

    /// As [`crate::Database::execute`].
    async fn execute(&self, statement: Statement) -> Result<u64, StoreError>;

    /// As [`crate::Database::fetch_all`].
    async fn fetch_all(&self, statement: Statement) -> Result<Vec<Row>, StoreError>;

    /// As [`crate::Database::begin`].
    async fn begin(&self) -> Result<Box<dyn SimulatedTransaction>, StoreError>;

    /// As [`crate::Database::begin_snapshot`].
    async fn begin_snapshot(&self) -> Result<Box<dyn SimulatedTransaction>, StoreError>;

    /// As [`crate::Database::present`].
    async fn present(&self) -> Result<Option<BTreeSet<Presence>>, StoreError>;

    /// As [`Wakes::listen`].
    fn listen(&self, wakes: &Wakes);

    /// As [`crate::Database::close`].
    async fn close(&self);
}

/// An open transaction; dropping it rolls it back.
#[async_trait]
pub trait SimulatedTransaction: Debug + Send + Sync {
    /// Which kind of database it is on.
    fn dialect(&self) -> Dialect;

    /// As [`crate::Transaction::execute`].
    async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError>;

    /// As [`crate::Transaction::fetch_all`].
    async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError>;

    /// As [`crate::Transaction::commit`].
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;

    /// As [`crate::Transaction::rollback`].
    async fn rollback(self: Box<Self>) -> Result<(), StoreError>;
}
