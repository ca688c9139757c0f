//! Writes that say the same of different values: sent to the database together.
//!
//! A statement costs more on its way to the database than in it: a change of threads at SQLite, a round trip at PostgreSQL. What
//! many callers write at once differs in its values alone, so SQLite is given the text several times over in one go, and
//! PostgreSQL, which takes one statement at a time, one insert of many rows where that is the same.

use std::{fmt::Write as _, ops::Range};

use futures::TryStreamExt;
use sqlx::Executor as _;

use crate::{
    Statement, StoreError, StoreErrorKind, Transaction, sql_owned,
    statement::query,
    transaction::{Inner, MAX_PARAMETERS, insert_text, rows_at_once},
};

/// Statements in one go.
const MOST: usize = 64;

impl Transaction {
    /// Runs writes of the same texts in order; answers how many rows each of their statements touched.
    ///
    /// # Errors
    /// When the database refuses one; the transaction is then only good for rolling back.
    pub(crate) async fn execute_alike(&mut self, writes: &[Vec<&Statement>]) -> Result<Vec<Vec<u64>>, StoreError> {
        let Some(first) = writes.first() else {
            return Ok(Vec::new());
        };
        let shape: Vec<&str> = first.iter().map(|statement| statement.text()).collect();
        let mut answers = Vec::with_capacity(writes.len());
        if let [text] = shape[..]
            && let Some((prefix, width)) = plain_insert(text)
        {
            for some in at_most(writes.len(), MAX_PARAMETERS / width) {
                let rows = &writes[some.clone()];
                self.insert_rows(prefix, width, rows).await?;
                answers.extend(std::iter::repeat_n(vec![1], some.len()));
            }
            return Ok(answers);
        }
        if matches!(self.inner, Inner::Sqlite(_)) && !shape.is_empty() && shape.len() <= MOST {
            for some in at_most(writes.len(), MOST / shape.len()) {
                answers.extend(self.repeat(&shape, &writes[some]).await?);
            }
            return Ok(answers);
        }
        for write in writes {
            let mut touched = Vec::with_capacity(write.len());
            for statement in write {
                touched.push(self.execute((*statement).clone()).await?);
            }
            answers.push(touched);
        }
        Ok(answers)
    }

    /// One insert of all rows, each of which is new or an error.
    async fn insert_rows(&mut self, prefix: &str, width: usize, rows: &[Vec<&Statement>]) -> Result<(), StoreError> {
        let numbered = matches!(self.inner, Inner::Postgres(_));
        let mut statement = sql_owned(insert_text(prefix, "", width, rows.len(), numbered)).kept();
        statement.values = Vec::with_capacity(width * rows.len());
        for row in rows.iter().flatten() {
            statement.values.extend_from_slice(&row.values);
        }
        let touched = self.execute(statement).await?;
        if touched == rows.len() as u64 {
            Ok(())
        } else {
            Err(StoreError::corrupt(format_args!(
                "of {} inserted rows the database counts {touched}",
                rows.len()
            )))
        }
    }

    /// The statements of all these writes as one text of SQLite's, which answers statement by statement.
    async fn repeat(&mut self, shape: &[&str], writes: &[Vec<&Statement>]) -> Result<Vec<Vec<u64>>, StoreError> {
        let Inner::Sqlite(tx) = &mut self.inner else {
            return Err(StoreError::new(
                StoreErrorKind::Other,
                "only SQLite takes several statements at once",
            ));
        };
        let mut text = String::with_capacity(writes.len() * shape.iter().map(|text| text.len() + 8).sum::<usize>());
        let mut values = Vec::new();
        for write in writes {
            for (one, statement) in shape.iter().zip(write) {
                push_renumbered(&mut text, one, values.len());
                text.push_str(";\n");
                values.extend_from_slice(&statement.values);
            }
        }
        let mut statement = sql_owned(text).kept();
        statement.values = values;
        let mut touched = Vec::with_capacity(writes.len() * shape.len());
        let mut results = (&mut **tx).execute_many(query!(statement));
        while let Some(result) = results.try_next().await? {
            touched.push(result.rows_affected());
        }
        drop(results);
        if touched.len() != writes.len() * shape.len() {
            return Err(StoreError::corrupt(format_args!(
                "{} statements had {} results",
                writes.len() * shape.len(),
                touched.len()
            )));
        }
        Ok(touched.chunks(shape.len()).map(<[u64]>::to_vec).collect())
    }
}

/// Cuts so many into pieces of few different sizes, so that the text of each size stays prepared.
fn at_most(count: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let most = most.clamp(1, MOST);
    let mut from = 0;
    std::iter::from_fn(move || {
        let piece = rows_at_once((count - from).min(most));
        from += piece;
        (piece > 0).then(|| from - piece..from)
    })
}

/// What stands before the values, and how many there are, of an insert that adds one row of parameters in their order or fails.
fn plain_insert(text: &str) -> Option<(&str, usize)> {
    let (head, values) = text.trim_end().rsplit_once("VALUES (")?;
    let values = values.strip_suffix(')')?;
    let prefix = &text[..head.len() + "VALUES".len()];
    if !head.starts_with("INSERT INTO ") || head.contains('$') || head.contains('\'') {
        return None;
    }
    let mut width = 0;
    for value in values.split(',') {
        width += 1;
        if value.trim().strip_prefix('$')?.parse() != Ok(width) {
            return None;
        }
    }
    Some((prefix, width))
}

/// Appends a text whose first parameter becomes the one after `before`.
fn push_renumbered(into: &mut String, text: &str, before: usize) {
    let mut quoted = false;
    let mut rest = text;
    while let Some(at) = rest.find(['$', '\'']) {
        into.push_str(&rest[..at]);
        let (sign, after) = rest[at..].split_at(1);
        into.push_str(sign);
        rest = after;
        if sign == "'" {
            quoted = !quoted;
            continue;
        }
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if let (false, Ok(number)) = (quoted, after[..digits].parse::<usize>()) {
            // Writing to a string cannot fail.
            let _ = write!(into, "{}", number + before);
            rest = &after[digits..];
        }
    }
    into.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insert_of_one_row_of_parameters_is_plain_and_no_other_is() {
        assert_eq!(
            plain_insert("INSERT INTO t (a, b) VALUES ($1, $2)"),
            Some(("INSERT INTO t (a, b) VALUES", 2))
        );
        for other in [
            "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            "INSERT INTO t (a, b) VALUES ($1, $2) RETURNING a",
            "INSERT INTO t (a, b) VALUES ($2, $1)",
            "INSERT INTO t (a, b) VALUES ($1, 'x')",
            "INSERT INTO t (a) VALUES ($1), ($2)",
            "INSERT OR IGNORE INTO t (a) VALUES ($1)",
            "INSERT INTO t (a) SELECT $1",
            "UPDATE t SET a = $1",
        ] {
            assert_eq!(plain_insert(other), None, "{other}");
        }
    }

    #[test]
    fn parameters_go_on_where_the_statement_before_ended() {
        let mut text = String::new();
        push_renumbered(
            &mut text,
            "UPDATE t SET a = $1, b = '$1 it''s', c = x -> '$.y' WHERE d = $12",
            30,
        );
        assert_eq!(
            text,
            "UPDATE t SET a = $31, b = '$1 it''s', c = x -> '$.y' WHERE d = $42"
        );
    }

    #[test]
    fn every_write_is_in_one_piece_and_pieces_have_few_sizes() {
        for (count, most) in [(0, 8), (1, 8), (100, 64), (513, 64), (10, 1), (70, 1_000)] {
            let pieces: Vec<_> = at_most(count, most).collect();
            let all: Vec<usize> = pieces.iter().cloned().flatten().collect();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
            assert!(pieces.iter().all(|piece| piece.len() <= most.min(MOST)));
        }
    }
}
