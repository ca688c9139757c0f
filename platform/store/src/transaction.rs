//! A transaction: everything in it happens, or nothing does.

use std::time::Duration;

use sqlx::{Postgres, Sqlite};

use crate::{
    Dialect, Row, SimulatedTransaction, Statement, StoreError, Value, database::answered, sql_owned, statement::query,
};

/// Both databases allow at least this many parameters in one statement (SQLite 32,766, PostgreSQL 65,535).
pub(crate) const MAX_PARAMETERS: usize = 30_000;
/// Rows in one multi-row insert: more gain little, and each statement stays in the memory of each connection's server.
const MAX_ROWS: usize = 128;

/// An open transaction; dropping it without [`Transaction::commit`] rolls it back.
#[derive(Debug)]
pub struct Transaction {
    pub(crate) inner: Inner,
    /// How long an answer is waited for.
    pub(crate) patience: Duration,
}

#[derive(Debug)]
pub(crate) enum Inner {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
    Simulated(Box<dyn SimulatedTransaction>),
}

impl Transaction {
    /// Which database it is on.
    pub(crate) fn dialect(&self) -> Dialect {
        match &self.inner {
            Inner::Sqlite(_) => Dialect::Sqlite,
            Inner::Postgres(_) => Dialect::Postgres,
            Inner::Simulated(tx) => tx.dialect(),
        }
    }

    /// Waits for answers for as long as they take: for one that has no limit on the server either.
    pub(crate) fn without_limit(&mut self) {
        self.patience = Duration::MAX;
    }

    /// Runs a statement; answers the number of rows it touched.
    ///
    /// # Errors
    /// When the database refuses it; the transaction is then only good for rolling back.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        let patience = self.patience;
        Ok(match &mut self.inner {
            Inner::Sqlite(tx) => query!(statement).execute(&mut **tx).await?.rows_affected(),
            Inner::Postgres(tx) => answered(patience, query!(statement).execute(&mut **tx))
                .await?
                .rows_affected(),
            Inner::Simulated(tx) => answered(patience, tx.execute(statement)).await?,
        })
    }

    /// Runs a statement and answers all its rows.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let patience = self.patience;
        Ok(match &mut self.inner {
            Inner::Sqlite(tx) => {
                let rows = query!(statement).fetch_all(&mut **tx).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Inner::Postgres(tx) => {
                let rows = answered(patience, query!(statement).fetch_all(&mut **tx)).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
            Inner::Simulated(tx) => answered(patience, tx.fetch_all(statement)).await?,
        })
    }

    /// Runs a statement and answers its first row, if it has one.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn fetch_optional(&mut self, statement: Statement) -> Result<Option<Row>, StoreError> {
        let patience = self.patience;
        Ok(match &mut self.inner {
            Inner::Sqlite(tx) => query!(statement).fetch_optional(&mut **tx).await?.map(Row::Sqlite),
            Inner::Postgres(tx) => answered(patience, query!(statement).fetch_optional(&mut **tx))
                .await?
                .map(Row::Postgres),
            Inner::Simulated(tx) => answered(patience, tx.fetch_all(statement)).await?.into_iter().next(),
        })
    }

    /// Inserts many rows with few statements: `{prefix} ($1, $2), ($3, $4) ... {suffix}`, as in
    /// `insert_many("INSERT INTO t (a, b) VALUES", "ON CONFLICT (a) DO UPDATE SET b = excluded.b", rows)`.
    ///
    /// Every row must have the same number of values. A conflict clause must not meet the same key twice within one call,
    /// which PostgreSQL refuses.
    ///
    /// # Errors
    /// When the database refuses one of the statements.
    pub async fn insert_many(
        &mut self,
        prefix: &'static str,
        suffix: &'static str,
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) -> Result<u64, StoreError> {
        let mut rows = rows.into_iter().peekable();
        let Some(width) = rows.peek().map(Vec::len) else {
            return Ok(0);
        };
        let most = MAX_ROWS.min(MAX_PARAMETERS / width.max(1)).max(1);
        let numbered = matches!(self.inner, Inner::Postgres(_));
        let mut touched = 0;
        while rows.peek().is_some() {
            let mut some = rows.by_ref().take(most).collect::<Vec<_>>().into_iter();
            while some.len() > 0 {
                let count = rows_at_once(some.len());
                let mut statement = sql_owned(insert_text(prefix, suffix, width, count, numbered)).kept();
                statement.values = Vec::with_capacity(width * count);
                for row in some.by_ref().take(count) {
                    debug_assert_eq!(row.len(), width, "every row has the same number of values");
                    statement.values.extend(row);
                }
                touched += self.execute(statement).await?;
            }
        }
        Ok(touched)
    }

    /// Makes everything in the transaction durable and visible.
    ///
    /// # Errors
    /// When the database cannot promise it; then nothing of the transaction happened, except that a lost connection during
    /// the commit itself leaves the outcome unknown.
    pub async fn commit(self) -> Result<(), StoreError> {
        let patience = self.patience;
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::Postgres(tx) => answered(patience, tx.commit()).await?,
            Inner::Simulated(tx) => answered(patience, tx.commit()).await?,
        }
        Ok(())
    }

    /// Undoes everything in the transaction.
    ///
    /// # Errors
    /// When the connection is lost, in which case the database undoes it by itself.
    pub async fn rollback(self) -> Result<(), StoreError> {
        let patience = self.patience;
        match self.inner {
            Inner::Sqlite(tx) => tx.rollback().await?,
            Inner::Postgres(tx) => answered(patience, tx.rollback()).await?,
            Inner::Simulated(tx) => answered(patience, tx.rollback()).await?,
        }
        Ok(())
    }
}

/// How many of so many rows to insert by one statement. Few different numbers come of it, so that each one's statement stays
/// prepared: to parse one of hundreds of rows takes longer than to run it.
pub(crate) fn rows_at_once(left: usize) -> usize {
    match left {
        0..8 => left,
        _ => 1 << left.ilog2(),
    }
}

/// SQLite keeps `$1` as a named parameter and finds each by walking a list of all names, which makes a statement of
/// thousands of them quadratic; its own `?` has no name.
pub(crate) fn insert_text(prefix: &str, suffix: &str, width: usize, count: usize, numbered: bool) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(prefix.len() + suffix.len() + count * width * 7);
    text.push_str(prefix);
    let mut parameter = 0;
    for row in 0..count {
        text.push_str(if row == 0 { " (" } else { ", (" });
        for column in 0..width {
            parameter += 1;
            text.push_str(if column == 0 { "" } else { ", " });
            if numbered {
                // Writing to a string cannot fail.
                let _ = write!(text, "${parameter}");
            } else {
                text.push('?');
            }
        }
        text.push(')');
    }
    text.push(' ');
    text.push_str(suffix);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_comes_to_few_statements() {
        let pieces = |mut left: usize| {
            let mut pieces = Vec::new();
            while left > 0 {
                let count = rows_at_once(left);
                pieces.push(count);
                left -= count;
            }
            pieces
        };
        assert_eq!(pieces(5), [5]);
        assert_eq!(pieces(108), [64, 32, 8, 4]);
        let all: std::collections::BTreeSet<usize> = (1..=MAX_ROWS).flat_map(pieces).collect();
        assert_eq!(all.len(), 12);
    }

    #[test]
    fn parameters_are_numbered_across_rows() {
        assert_eq!(
            insert_text("INSERT INTO t (a, b) VALUES", "ON CONFLICT DO NOTHING", 2, 2, true),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING"
        );
        assert_eq!(
            insert_text("INSERT INTO t (a, b) VALUES", "", 2, 2, false),
            "INSERT INTO t (a, b) VALUES (?, ?), (?, ?) "
        );
    }
}
