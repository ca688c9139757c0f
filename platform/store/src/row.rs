//! One row of an answer, read by column name.

use jiff::Timestamp;
use mainstay_kernel::{TypedId, from_micros};
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{SimulatedRow, StoreError, Value};

/// A row from either database.
#[derive(Debug)]
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
    /// From a simulation that stands in for either.
    Simulated(SimulatedRow),
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
    ($($type:ty => |$value:ident| $($stored:pat => $read:expr),+;)+) => {$(
        impl Column for $type {
            fn read(row: &Row, name: &str) -> Result<Self, StoreError> {
                Ok(match row {
                    Row::Sqlite(row) => row.try_get(name)?,
                    Row::Postgres(row) => row.try_get(name)?,
                    Row::Simulated(_) => Option::<Self>::read(row, name)?
                        .ok_or_else(|| StoreError::corrupt(format_args!("column {name} is NULL")))?,
                })
            }
        }
        impl Column for Option<$type> {
            fn read(row: &Row, name: &str) -> Result<Self, StoreError> {
                Ok(match row {
                    Row::Sqlite(row) => row.try_get(name)?,
                    Row::Postgres(row) => row.try_get(name)?,
                    Row::Simulated(row) => match row.value(name)? {
                        $value if $value.is_null() => None,
                        $($stored => Some($read),)+
                        other => return Err(StoreError::corrupt(format_args!("column {name} holds {other:?}"))),
                    },
                })
            }
        }
    )+};
}

column! {
    bool => |value| Value::Bool(Some(whether)) => *whether, Value::Int(Some(number)) => *number != 0;
    i64 => |value| Value::Int(Some(number)) => *number;
    f64 => |value| Value::Float(Some(number)) => *number;
    String => |value| Value::Text(Some(text)) => text.clone();
    Vec<u8> => |value| Value::Bytes(Some(bytes)) => bytes.clone();
    Uuid => |value| Value::Uuid(Some(id)) => *id, Value::Bytes(Some(bytes)) => Uuid::from_slice(bytes).map_err(StoreError::corrupt)?;
}

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
