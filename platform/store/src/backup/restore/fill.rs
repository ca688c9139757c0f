//! From a backup into tables: a thread reads and decodes, and many rows at a time are inserted in the transaction.

use std::{
    fs::File,
    io::{Seek, SeekFrom},
};

use tokio::sync::mpsc;

use super::{Restorable, thread_failed};
use crate::{
    Dialect, Transaction, Value,
    backup::{
        BackupError, BackupProgress, Header, TableShape, Watcher,
        reader::{BackupReader, Next},
        shape::quoted,
    },
    sql_owned,
    transaction::{MAX_PARAMETERS, insert_text},
};

/// Rows in one statement; larger ones gain nothing.
const ROWS: usize = 128;
/// A statement is sent at the first row that makes its texts and bytes this large.
const BYTES: usize = 4 * 1024 * 1024;
/// Batches that wait to be inserted.
const WAITING: usize = 4;

/// Rows of one table.
struct Batch {
    table: usize,
    rows: usize,
    values: Vec<Value>,
    weight: usize,
    /// How much of the backup was read for it.
    position: u64,
}

/// Inserts everything into tables that are there and empty.
pub(super) async fn fill(
    restorable: &Restorable,
    tx: &mut Transaction,
    dialect: Dialect,
    watcher: &Watcher,
) -> Result<(), BackupError> {
    let summary = restorable.summary();
    let mut file = restorable
        .checked
        .file
        .try_clone()
        .map_err(BackupError::io("read the backup"))?;
    file.seek(SeekFrom::Start(0))
        .map_err(BackupError::io("read the backup"))?;
    let (batches, mut inbox) = mpsc::channel(WAITING);
    let header = summary.header.clone();
    let reader = tokio::task::spawn_blocking(move || read(&file, &header, dialect, &batches));
    let tables = &summary.header.tables;
    let mut inserted = Ok(());
    while let Some(batch) = inbox.recv().await {
        let position = batch.position;
        inserted = insert(tx, &tables[batch.table], batch, dialect).await;
        if inserted.is_err() {
            break;
        }
        watcher.show(BackupProgress::Filled {
            bytes: position,
            of: summary.bytes,
        });
    }
    drop(inbox);
    let read = reader.await.map_err(|error| thread_failed(&error))?;
    inserted?;
    // The same bytes as when they were checked, to the last.
    if read? == summary.sha256 {
        Ok(())
    } else {
        Err(changed())
    }
}

async fn insert(tx: &mut Transaction, table: &TableShape, batch: Batch, dialect: Dialect) -> Result<(), BackupError> {
    let prefix = format!("INSERT INTO {} ({}) VALUES", quoted(&table.name), table.column_list());
    let numbered = dialect == Dialect::Postgres;
    let mut statement = sql_owned(insert_text(&prefix, "", table.columns.len(), batch.rows, numbered));
    statement.values = batch.values;
    if batch.rows == rows_at_once(table) {
        // All but the last of a table have the same text.
        statement = statement.kept();
    }
    tx.execute(statement)
        .await
        .map(drop)
        .map_err(BackupError::store(format!("fill the table {}", table.name)))
}

fn rows_at_once(table: &TableShape) -> usize {
    ROWS.min(MAX_PARAMETERS / table.columns.len()).max(1)
}

/// Sends everything in batches; answers the digest at the end.
fn read(file: &File, header: &Header, dialect: Dialect, batches: &mpsc::Sender<Batch>) -> Result<String, BackupError> {
    let mut reader = BackupReader::open(file)?;
    if reader.header() != header {
        return Err(changed());
    }
    let mut batch = Batch::new(0);
    loop {
        let part = match reader.next()? {
            Next::Part(part) => part,
            Next::Footer(footer) => {
                batch.send(0, batches)?;
                return Ok(reader.finish(&footer)?.sha256);
            }
        };
        if part.table != batch.table {
            batch.send(part.table, batches)?;
        }
        batch.position = reader.position();
        reader.rows(&part, |table, row, values| {
            storable(dialect, table, row, values)?;
            batch.weight += values.iter().map(weight).sum::<usize>();
            batch.values.append(values);
            batch.rows += 1;
            if batch.rows == rows_at_once(table) || batch.weight >= BYTES {
                batch.send(batch.table, batches)?;
            }
            Ok(())
        })?;
    }
}

impl Batch {
    fn new(table: usize) -> Self {
        Self {
            table,
            rows: 0,
            values: Vec::new(),
            weight: 0,
            position: 0,
        }
    }

    /// Sends the rows and begins anew with those of `table`.
    fn send(&mut self, table: usize, batches: &mpsc::Sender<Self>) -> Result<(), BackupError> {
        let next = Self {
            position: self.position,
            ..Self::new(table)
        };
        let full = std::mem::replace(self, next);
        if full.rows == 0 {
            return Ok(());
        }
        batches
            .blocking_send(full)
            .map_err(|_| BackupError::Source("the restore was given up".to_owned()))
    }
}

fn weight(value: &Value) -> usize {
    match value {
        Value::Text(Some(text)) => text.len(),
        Value::Bytes(Some(bytes)) => bytes.len(),
        _ => 0,
    }
}

/// Refuses what the database would change or not take: SQLite makes `NULL` of what is not a number, and PostgreSQL's texts
/// have no NUL character. (SQLite also has one zero where others have two; they are equal, so that passes.)
fn storable(dialect: Dialect, table: &TableShape, row: u64, values: &[Value]) -> Result<(), BackupError> {
    for (column, value) in table.columns.iter().zip(values) {
        let what = match (dialect, value) {
            (Dialect::Sqlite, Value::Float(Some(value))) if value.is_nan() => "a number that is not a number (NaN)",
            (Dialect::Postgres, Value::Text(Some(text))) if text.contains('\0') => "a text with a NUL character",
            _ => continue,
        };
        return Err(BackupError::Unstorable {
            database: match dialect {
                Dialect::Sqlite => "SQLite",
                Dialect::Postgres => "PostgreSQL",
            },
            what,
            table: table.name.clone(),
            column: column.name.clone(),
            row,
        });
    }
    Ok(())
}

fn changed() -> BackupError {
    BackupError::Damaged {
        at: "while it was being restored".to_owned(),
        what: "it is no longer the file that was checked; nothing was changed".to_owned(),
    }
}
