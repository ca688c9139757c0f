//! The real SQLite database: in memory, called on this thread, so that a statement costs microseconds and no hop.
//!
//! Beside answers it tells which rows a statement touched: triggers call a function of ours with each row's values.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mainstay_store::{Row, SimulatedRow, Statement, StoreError, StoreErrorKind, Value};
use rusqlite::{
    Connection, OpenFlags, ToSql,
    config::DbConfig,
    ffi::ErrorCode,
    functions::{Context, FunctionFlags},
    types::{ToSqlOutput, Value as SqliteValue, ValueRef},
};

use super::{Answer, Want};

/// Statements that are kept prepared.
const PREPARED: usize = 1_000;

/// A row that was touched: what it was and what it is.
#[derive(Debug)]
pub struct Note {
    /// The table's number.
    pub table: usize,
    /// Empty when it is new.
    pub old: Vec<Value>,
    /// Empty when it is gone.
    pub new: Vec<Value>,
}

/// What the database and this code tell each other while a statement runs.
#[derive(Debug, Default)]
struct Shared {
    /// Absent while nobody wants to know.
    notes: Option<Vec<Note>>,
    /// The keys of rows that are to be passed over.
    held: BTreeSet<String>,
}

/// The database.
#[derive(Debug)]
pub struct Real {
    connection: Connection,
    shared: Arc<Mutex<Shared>>,
}

impl Real {
    /// An empty database.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open() -> Result<Self, StoreError> {
        // Only ever used by one thread at a time, so it needs no locks of its own.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_in_memory_with_flags(flags).map_err(refused)?;
        // Without it, a statement that could use a partial index is prepared anew for each value bound to it.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(refused)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        let shared = Arc::<Mutex<Shared>>::default();
        let (noting, passing) = (Arc::clone(&shared), Arc::clone(&shared));
        let flags = FunctionFlags::SQLITE_UTF8;
        connection
            .create_scalar_function("sim_note", -1, flags, move |row| {
                if let Some(notes) = &mut lock(&noting).notes {
                    notes.push(note(row)?);
                }
                Ok(None::<i64>)
            })
            .map_err(refused)?;
        connection
            .create_scalar_function("sim_free", 1, flags, move |row| {
                let key = row.get_raw(0).as_str().unwrap_or_default();
                Ok(!lock(&passing).held.contains(key))
            })
            .map_err(refused)?;
        Ok(Self { connection, shared })
    }

    /// Runs statements without parameters and without an answer.
    ///
    /// # Errors
    /// When SQLite refuses one.
    pub fn script(&self, text: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(text).map_err(refused)
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn run(&self, statement: &Statement, want: Want) -> Result<Answer, StoreError> {
        self.try_run(statement.text(), statement.values(), want)
            .map_err(refused)
    }

    /// Runs a change of ours.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn change(&self, text: &str, values: &[Value]) -> Result<(), StoreError> {
        self.try_run(text, values, Want::Count).map(drop).map_err(refused)
    }

    /// The values of the row that a statement of ours finds, if it finds one.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn row(&self, text: &str, values: &[Value]) -> Result<Option<Vec<Value>>, StoreError> {
        let read = || {
            let mut prepared = self.connection.prepare_cached(text)?;
            for (index, value) in values.iter().enumerate() {
                prepared.raw_bind_parameter(index + 1, Bound(value))?;
            }
            let width = prepared.column_count();
            let mut rows = prepared.raw_query();
            let Some(row) = rows.next()? else { return Ok(None) };
            let values = (0..width).map(|index| row.get_ref(index).map(stored));
            values.collect::<rusqlite::Result<Vec<_>>>().map(Some)
        };
        read().map_err(refused)
    }

    /// Runs a change and answers which rows it touched. Rows with the keys `held` are passed over by `sim_free`.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn noted(
        &self,
        statement: &Statement,
        want: Want,
        held: BTreeSet<String>,
    ) -> Result<(Answer, Vec<Note>), StoreError> {
        *self.shared() = Shared {
            notes: Some(Vec::new()),
            held,
        };
        let answer = self.run(statement, want);
        let shared = std::mem::take(&mut *self.shared());
        Ok((answer?, shared.notes.unwrap_or_default()))
    }

    fn try_run(&self, text: &str, values: &[Value], want: Want) -> rusqlite::Result<Answer> {
        let mut prepared = self.connection.prepare_cached(text)?;
        for index in 1..=prepared.parameter_count() {
            // `$3` is the third value wherever it stands; `?` has no name.
            let named = prepared.parameter_name(index).and_then(|name| name[1..].parse().ok());
            if let Some(value) = values.get(named.unwrap_or(index) - 1) {
                prepared.raw_bind_parameter(index, Bound(value))?;
            }
        }
        let counted = want == Want::Count && !prepared.readonly();
        let columns: Vec<String> = if want == Want::Rows {
            prepared.column_names().into_iter().map(ToOwned::to_owned).collect()
        } else {
            Vec::new()
        };
        let columns: Arc<[String]> = columns.into();
        let mut found = Vec::new();
        let mut count = 0;
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next()? {
            count += 1;
            if want == Want::Rows {
                let values = (0..columns.len()).map(|index| row.get_ref(index).map(stored));
                let values = values.collect::<rusqlite::Result<_>>()?;
                found.push(Row::Simulated(SimulatedRow::new(Arc::clone(&columns), values)));
            }
        }
        Ok(match want {
            Want::Rows => Answer::Rows(found),
            Want::Count if counted => Answer::Count(self.connection.changes()),
            Want::Count => Answer::Count(count),
        })
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The arguments of `sim_note`: the table's number, whether an old and a new row follow, and these.
fn note(row: &Context<'_>) -> rusqlite::Result<Note> {
    let (table, has_old, has_new): (isize, bool, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let values: Vec<Value> = (3..row.len()).map(|index| stored(row.get_raw(index))).collect();
    let width = values.len() / (usize::from(has_old) + usize::from(has_new)).max(1);
    let (old, new) = values.split_at(if has_old { width } else { 0 });
    Ok(Note {
        table: usize::try_from(table).unwrap_or_default(),
        old: old.to_vec(),
        new: new.to_vec(),
    })
}

fn stored(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Text(None),
        ValueRef::Integer(number) => Value::Int(Some(number)),
        ValueRef::Real(number) => Value::Float(Some(number)),
        ValueRef::Text(text) => Value::Text(Some(String::from_utf8_lossy(text).into_owned())),
        ValueRef::Blob(bytes) => Value::Bytes(Some(bytes.to_vec())),
    }
}

/// A value on its way into SQLite.
struct Bound<'v>(&'v Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Bool(Some(whether)) => ToSqlOutput::Owned(SqliteValue::Integer(i64::from(*whether))),
            Value::Int(Some(number)) => ToSqlOutput::Owned(SqliteValue::Integer(*number)),
            Value::Float(Some(number)) => ToSqlOutput::Owned(SqliteValue::Real(*number)),
            Value::Text(Some(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Bytes(Some(bytes)) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Value::Uuid(Some(id)) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
            _ => ToSqlOutput::Owned(SqliteValue::Null),
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn refused(error: rusqlite::Error) -> StoreError {
    let kind = match &error {
        rusqlite::Error::SqliteFailure(failure, _)
            if failure.code == ErrorCode::ConstraintViolation && UNIQUE.contains(&failure.extended_code) =>
        {
            StoreErrorKind::Conflict
        }
        _ => StoreErrorKind::Other,
    };
    StoreError::new(kind, error.to_string())
}

/// Violations of a primary key and of a unique index (<https://www.sqlite.org/rescode.html>).
const UNIQUE: [i32; 3] = [1555, 2067, 2579];
