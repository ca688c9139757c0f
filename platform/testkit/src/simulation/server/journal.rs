//! What was committed, in the order of the commits: what a checker knows that nobody within the simulation can.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::{
    engine::Overlay,
    locks::{Place, TxId},
};

/// A row's columns as text; what is `NULL` is absent, and bytes are in hexadecimal digits.
pub type Image = BTreeMap<String, String>;

/// One row of one commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// When.
    pub at: Instant,
    /// By which transaction.
    pub tx: TxId,
    /// Of which process.
    pub owner: String,
    /// Into which table.
    pub table: String,
    /// The row's key, as SQL literals.
    pub key: String,
    /// The row, or `None` when it was deleted.
    pub image: Option<Image>,
}

/// The commits to some tables.
#[derive(Debug, Default)]
pub struct Journal {
    observed: BTreeSet<String>,
    written: Vec<Written>,
}

impl Journal {
    /// Writes down these tables from now on.
    pub fn observe(&mut self, tables: &[&str]) {
        self.observed.extend(tables.iter().map(|table| (*table).to_owned()));
    }

    /// Everything so far.
    pub fn written(&self) -> &[Written] {
        &self.written
    }

    /// A transaction commits.
    pub fn add<'c>(&mut self, tx: TxId, owner: &str, rows: &Overlay, columns: impl Fn(&str) -> &'c [String]) {
        let at = Instant::now();
        for (Place { table, key }, image) in rows {
            if self.observed.contains(table) {
                let image = image.as_ref().map(|image| {
                    let values = literals(image).into_iter();
                    let named = columns(table).iter().cloned().zip(values);
                    named.filter_map(|(name, value)| Some((name, value?))).collect()
                });
                self.written.push(Written {
                    at,
                    tx,
                    owner: owner.to_owned(),
                    table: table.clone(),
                    key: key.clone(),
                    image,
                });
            }
        }
    }
}

/// Takes the output of SQLite's `quote` apart (<https://www.sqlite.org/lang_corefunc.html#quote>).
fn literals(text: &str) -> Vec<Option<String>> {
    let mut literals = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (literal, after) = if let Some(inner) = rest.strip_prefix('\'') {
            quoted(inner)
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let plain = rest[..end].trim_start_matches('X').trim_matches('\'');
            ((plain != "NULL").then(|| plain.to_owned()), &rest[end..])
        };
        literals.push(literal);
        rest = after.strip_prefix(", ").unwrap_or_default();
    }
    literals
}

/// A text whose opening quote has been read.
fn quoted(inner: &str) -> (Option<String>, &str) {
    let mut literal = String::new();
    let mut rest = inner;
    while let Some(end) = rest.find('\'') {
        literal.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                literal.push('\'');
                rest = after;
            }
            None => break,
        }
    }
    (Some(literal), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_told_apart() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            literals("1, 'it''s, well, here', NULL, X'0AFF', '', -2.5"),
            [
                some("1"),
                some("it's, well, here"),
                None,
                some("0AFF"),
                some(""),
                some("-2.5")
            ]
        );
    }
}
