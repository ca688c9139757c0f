//! One moment of a database, seen by a connection of its own while others write.
//!
//! On SQLite this is a read transaction on a connection that can only read. It needs no lock on the data folder: readers and
//! the writer do not wait for each other in write-ahead mode; the log only grows for as long as the snapshot lasts. On
//! PostgreSQL it is a repeatable read.

use futures::{Stream, TryStreamExt};
use sqlx::{
    AssertSqlSafe, ColumnIndex, Connection, Decode, PgConnection, SqliteConnection, Type, sqlite::SqliteConnectOptions,
};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{BackupError, BackupProgress, TableShape, Watcher, format::FRAME, rows, shape::quoted};
use crate::{
    AppliedMigration, DatabaseConfig, DatabaseUrl, Dialect, Row, Statement, StoreError, database::postgres_options,
    migrate, sql, statement::query,
};

/// Rows that wait between SQLite's thread and ours; more mean fewer wake-ups.
const WAITING_ROWS: usize = 1_024;

/// Encoded rows of one table.
pub(super) struct Piece {
    pub table: u16,
    pub bytes: Vec<u8>,
}

/// The connection that holds the moment.
pub(super) enum Snapshot {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Snapshot {
    /// Takes the moment.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, BackupError> {
        match &config.url {
            DatabaseUrl::Sqlite(path) => {
                if !path.is_file() {
                    return Err(BackupError::Source(format!(
                        "there is no database at {}. Name its folder with --data, or its configuration with --config",
                        path.display()
                    )));
                }
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .read_only(true)
                    .row_buffer_size(WAITING_ROWS);
                let opened = async {
                    let mut connection = SqliteConnection::connect_with(&options).await?;
                    sqlx::query("BEGIN").execute(&mut connection).await?;
                    Ok::<_, sqlx::Error>(connection)
                };
                let doing = format!("open the database {} for reading", path.display());
                opened.await.map(Self::Sqlite).map_err(BackupError::store(doing))
            }
            DatabaseUrl::Postgres(url) => {
                let opened = async {
                    let options = postgres_options(url, config)?;
                    let mut connection = PgConnection::connect_with(&options).await?;
                    // However long it takes; and in the order of the table, so that a restored one is as compact.
                    sqlx::raw_sql(
                        "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
                         SET synchronize_seqscans = off; BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                    )
                    .execute(&mut connection)
                    .await?;
                    Ok::<_, StoreError>(connection)
                };
                opened
                    .await
                    .map(Self::Postgres)
                    .map_err(BackupError::store("open the database for reading"))
            }
        }
    }

    fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The migrations of the database. This is the first look at it, which fixes the moment.
    pub async fn migrations(&mut self) -> Result<Vec<AppliedMigration>, BackupError> {
        let read = async {
            if self.fetch_all(migrate::table_exists(self.dialect())).await?.is_empty() {
                return Ok(Vec::new());
            }
            let rows = self.fetch_all(migrate::all_applied()).await?;
            rows.iter().map(AppliedMigration::from_row).collect()
        };
        read.await.map_err(BackupError::store("read the database's migrations"))
    }

    /// About how many rows a table has, without reading it.
    pub async fn estimate(&mut self, table: &TableShape) -> u64 {
        let statement = match self.dialect() {
            // Rows are numbered as they are added, and the oldest are deleted first.
            Dialect::Sqlite => crate::sql_owned(format!(
                "SELECT COALESCE(MAX(rowid) - MIN(rowid) + 1, 0) AS about FROM {}",
                quoted(&table.name)
            )),
            Dialect::Postgres => sql("SELECT GREATEST(reltuples, 0)::bigint AS about FROM pg_class \
                 WHERE oid = to_regclass(quote_ident($1))")
            .bind(&table.name),
        };
        // It is for the progress bar alone.
        let rows = self.fetch_all(statement).await.unwrap_or_default();
        let about = rows.first().and_then(|row| row.get::<i64>("about").ok());
        about.and_then(|about| u64::try_from(about).ok()).unwrap_or_default()
    }

    async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(connection) => {
                let rows = query!(statement).fetch_all(connection).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(connection) => {
                let rows = query!(statement).fetch_all(connection).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Sends all rows of a table, in pieces; answers how many there are.
    pub async fn send(&mut self, table: &TableShape, pump: &mut Pump<'_>) -> Result<u64, BackupError> {
        let text = format!("SELECT {} FROM {}", table.column_list(), quoted(&table.name));
        let query = AssertSqlSafe(text);
        match self {
            Self::Sqlite(connection) => pump.rows(table, sqlx::query(query).fetch(connection)).await,
            Self::Postgres(connection) => pump.rows(table, sqlx::query(query).fetch(connection)).await,
        }
    }
}

/// Where the pieces go.
pub(super) struct Pump<'p> {
    /// To whoever writes them down; when they are gone, they tell why themselves.
    pub pieces: &'p mpsc::Sender<Piece>,
    /// Which table this is, in the order of the header.
    pub table: u16,
    /// Rows sent so far, of all tables.
    pub sent: u64,
    /// About how many there will be.
    pub about: u64,
    /// Who is shown that.
    pub watcher: &'p Watcher,
}

impl Pump<'_> {
    async fn rows<R, S>(&mut self, table: &TableShape, mut rows: S) -> Result<u64, BackupError>
    where
        S: Stream<Item = Result<R, sqlx::Error>> + Unpin,
        R: sqlx::Row,
        usize: ColumnIndex<R>,
        bool: Type<R::Database> + for<'r> Decode<'r, R::Database>,
        i64: Type<R::Database> + for<'r> Decode<'r, R::Database>,
        f64: Type<R::Database> + for<'r> Decode<'r, R::Database>,
        for<'r> &'r str: Type<R::Database> + Decode<'r, R::Database>,
        for<'r> &'r [u8]: Type<R::Database> + Decode<'r, R::Database>,
        Uuid: Type<R::Database> + for<'r> Decode<'r, R::Database>,
    {
        let mut count = 0;
        let mut bytes = Vec::with_capacity(FRAME + FRAME / 8);
        while let Some(row) = rows
            .try_next()
            .await
            .map_err(BackupError::store(format!("read table {}", table.name)))?
        {
            rows::encode(&row, &table.columns, &mut bytes).map_err(|(column, error)| {
                let column = &table.columns[column].name;
                BackupError::store(format!("read {}.{column} in row {}", table.name, count + 1))(error)
            })?;
            count += 1;
            if bytes.len() >= FRAME {
                let full = std::mem::replace(&mut bytes, Vec::with_capacity(FRAME + FRAME / 8));
                if !self.piece(full, count).await {
                    return Ok(count);
                }
            }
        }
        if !bytes.is_empty() {
            self.piece(bytes, count).await;
        }
        self.sent += count;
        Ok(count)
    }

    /// Answers whether anybody still takes them.
    async fn piece(&self, bytes: Vec<u8>, count: u64) -> bool {
        let piece = Piece {
            table: self.table,
            bytes,
        };
        self.watcher.show(BackupProgress::Saved {
            rows: self.sent + count,
            about: self.about,
        });
        self.pieces.send(piece).await.is_ok()
    }
}
