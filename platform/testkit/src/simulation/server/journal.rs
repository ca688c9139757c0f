//! What was committed, in the order of the commits: what a checker knows that nobody within the simulation can.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use mainstay_store::Value;
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

    /// Everything so far, which is forgotten.
    pub fn take(&mut self) -> Vec<Written> {
        std::mem::take(&mut self.written)
    }

    /// A transaction commits.
    pub fn add<'c>(&mut self, tx: TxId, owner: &str, rows: &Overlay, columns: impl Fn(&str) -> &'c [String]) {
        let at = Instant::now();
        for (Place { table, key }, change) in rows {
            if self.observed.contains(&**table) {
                let image = change.image.as_ref().map(|image| {
                    let named = columns(table).iter().zip(image);
                    named
                        .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
                        .collect()
                });
                self.written.push(Written {
                    at,
                    tx,
                    owner: owner.to_owned(),
                    table: (**table).to_owned(),
                    key: key.clone(),
                    image,
                });
            }
        }
    }
}

/// A value as text, unless it is `NULL`.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Int(number) => number.map(|number| number.to_string()),
        Value::Float(number) => number.map(|number| number.to_string()),
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => bytes.as_ref().map(|bytes| {
            bytes.iter().fold(String::new(), |mut text, byte| {
                // Writing to a string cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
        }),
        Value::Bool(whether) => whether.map(|whether| i64::from(whether).to_string()),
        Value::Uuid(id) => id.map(|id| id.simple().to_string()),
    }
}
