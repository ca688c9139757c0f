//! One row of an answer, read by column name.

use jiff::Timestamp;
use mainstay_kernel::{TypedId, from_micros};
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

use crate::StoreError;

/// A row from either database.
#[derive(Debug)]
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

/// A type that a column can be read as.
pub trait Column: Sized {
    /// Reads the column called `name`.
    ///
    /// # Errors
    /// When there is no such column or its value is of another type.
    fn read(row: &Row, name: &str) -> Result<Self, StoreError>;
}

macro_rules! column {
    ($($type:ty),+) => {$(
        impl Column for $type {
            fn read(row: &Row, name: &str) -> Result<Self, StoreError> {
                Ok(match row {
                    Row::Sqlite(row) => row.try_get(name)?,
                    Row::Postgres(row) => row.try_get(name)?,
                })
            }
        }
        impl Column for Option<$type> {
            fn read(row: &Row, name: &str) -> Result<Self, StoreError> {
                Ok(match row {
                    Row::Sqlite(row) => row.try_get(name)?,
                    Row::Postgres(row) => row.try_get(name)?,
                })
            }
        }
    )+};
}

column!(bool, i64, f64, String, Vec<u8>, Uuid);

impl Row {
    /// The value of the column called `name`.
    ///
    /// # Errors
    /// When there is no such column or its value is of another type.
    pub fn get<T: Column>(&self, name: &str) -> Result<T, StoreError> {
        T::read(self, name)
    }

    /// The typed identifier in the column called `name`.
    ///
    /// # Errors
    /// When there is no such column or it is not a UUID.
    pub fn id<T: TypedId>(&self, name: &str) -> Result<T, StoreError> {
        Ok(T::from_uuid(self.get(name)?))
    }

    /// The time, stored as microseconds, in the column called `name`.
    ///
    /// # Errors
    /// When there is no such column or it is not an integer.
    pub fn time(&self, name: &str) -> Result<Timestamp, StoreError> {
        Ok(from_micros(self.get(name)?))
    }

    /// Like [`Row::time`], for a column that may be `NULL`.
    ///
    /// # Errors
    /// When there is no such column or it is not an integer.
    pub fn optional_time(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<i64>>(name)?.map(from_micros))
    }

    /// The text in the column called `name`, parsed.
    ///
    /// # Errors
    /// When there is no such column or its text does not parse.
    pub fn parse<T: std::str::FromStr>(&self, name: &str) -> Result<T, StoreError> {
        let text: String = self.get(name)?;
        text.parse()
            .map_err(|_| StoreError::corrupt(format_args!("column {name} holds `{text}`")))
    }
}
