//! The shape of a table, and the triggers that tell what happens to its rows.

use std::{fmt::Write as _, sync::Arc};

use mainstay_store::{Row, StoreError, Value, sql_owned};

use super::{Answer, Want, real::Real};

/// The number that SQLite gives each row (<https://www.sqlite.org/rowidtable.html>).
const NUMBER: &str = "rowid";

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: Arc<str>,
    /// Its columns in order.
    pub columns: Vec<String>,
    key: Vec<usize>,
    /// Whether rows have no key of their own, and are told apart by the number that SQLite gives them. It comes after the columns.
    numbered: bool,
    uniques: Vec<Vec<usize>>,
    /// Puts a row in place.
    pub insert: String,
    /// Reads a row by its key.
    pub select: String,
    /// Takes a row away by its key.
    pub delete: String,
}

impl Table {
    /// Learns the shape of a table.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn learn(real: &Real, name: &str) -> Result<Self, StoreError> {
        let about = |what: &str, of: &str| match real
            .run(&sql_owned(format!("SELECT * FROM pragma_{what}('{of}')")), Want::Rows)?
        {
            Answer::Rows(rows) => Ok::<_, StoreError>(rows),
            Answer::Count(_) => Ok(Vec::new()),
        };
        let text = |row: &Row| row.get::<String>("name");
        let info = about("table_info", name)?;
        let columns: Vec<String> = info.iter().map(text).collect::<Result<_, _>>()?;
        let mut key: Vec<(i64, usize)> = Vec::new();
        for (place, column) in info.iter().enumerate() {
            let rank = column.get::<i64>("pk")?;
            if rank > 0 {
                key.push((rank, place));
            }
        }
        key.sort_unstable();
        let numbered = key.is_empty();
        let key: Vec<usize> = if numbered {
            vec![columns.len()]
        } else {
            key.into_iter().map(|(_, place)| place).collect()
        };
        let mut uniques = Vec::new();
        for index in about("index_list", name)? {
            if index.get::<i64>("unique")? == 1 && index.get::<String>("origin")? != "pk" {
                let mut places = Vec::new();
                for column in about("index_info", &text(&index)?)? {
                    let column = text(&column)?;
                    places.extend(columns.iter().position(|known| *known == column));
                }
                uniques.push(places);
            }
        }
        let values: Vec<&str> = columns
            .iter()
            .map(String::as_str)
            .chain(numbered.then_some(NUMBER))
            .collect();
        let marks = vec!["?"; values.len()].join(", ");
        let keyed: Vec<String> = key.iter().map(|place| format!("{} = ?", values[*place])).collect();
        Ok(Self {
            name: name.into(),
            insert: format!("INSERT INTO {name} ({}) VALUES ({marks})", values.join(", ")),
            select: format!("SELECT {} FROM {name} WHERE {}", values.join(", "), keyed.join(" AND ")),
            delete: format!("DELETE FROM {name} WHERE {}", keyed.join(" AND ")),
            columns,
            key,
            numbered,
            uniques,
        })
    }

    /// The statement that gives a row another number, for tables whose rows have nothing else to tell them apart.
    pub fn renumber(&self) -> Option<String> {
        self.numbered
            .then(|| format!("UPDATE {} SET {NUMBER} = ? WHERE {NUMBER} = ?", self.name))
    }

    /// The values of a row's key.
    pub fn key(&self, row: &[Value]) -> Vec<Value> {
        self.key.iter().map(|place| row[*place].clone()).collect()
    }

    /// A row's key as SQL literals.
    pub fn key_literals(&self, row: &[Value]) -> String {
        literals(row, &self.key)
    }

    /// The expression that yields [`Table::key_literals`].
    pub fn key_expression(&self) -> String {
        let quoted: Vec<String> = self
            .key
            .iter()
            .map(|place| format!("quote({})", self.columns.get(*place).map_or(NUMBER, String::as_str)))
            .collect();
        quoted.join("||', '||")
    }

    /// What a row takes in each unique index: the index's number and the row's literals there.
    pub fn uniques<'t>(&'t self, row: &'t [Value]) -> impl Iterator<Item = String> + 't {
        let indexes = self.uniques.iter().enumerate();
        let complete = indexes.filter(|(_, places)| places.iter().all(|place| !row[*place].is_null()));
        complete.map(|(number, places)| format!("{number}:{}", literals(row, places)))
    }

    /// Triggers that call `sim_note` with each row that is touched.
    pub fn triggers(&self, number: usize) -> String {
        let Self { name, columns, .. } = self;
        let values = |row: &str| {
            let columns = columns.iter().map(String::as_str);
            columns
                .chain(self.numbered.then_some(NUMBER))
                .fold(String::new(), |mut text, column| {
                    // Writing to a string cannot fail.
                    let _ = write!(text, ", {row}.{column}");
                    text
                })
        };
        let (old, new) = (values("OLD"), values("NEW"));
        let note = |event: &str, flags: &str, rows: &str| {
            format!(
                "CREATE TEMP TRIGGER sim_{event}_{name} AFTER {event} ON main.{name} BEGIN \
                 SELECT sim_note({number}, {flags}{rows}); END;"
            )
        };
        [
            note("INSERT", "FALSE, TRUE", &new),
            note("DELETE", "TRUE, FALSE", &old),
            note("UPDATE", "TRUE, TRUE", &format!("{old}{new}")),
        ]
        .concat()
    }
}

/// Some values of a row as SQLite's `quote` writes them (<https://www.sqlite.org/lang_corefunc.html#quote>).
fn literals(row: &[Value], places: &[usize]) -> String {
    let literals: Vec<String> = places.iter().map(|place| literal(&row[*place])).collect();
    literals.join(", ")
}

fn literal(value: &Value) -> String {
    match value {
        Value::Int(Some(number)) => number.to_string(),
        Value::Float(Some(number)) => format!("{number:?}"),
        Value::Text(Some(text)) => format!("'{}'", text.replace('\'', "''")),
        Value::Bytes(Some(bytes)) => {
            let digits = bytes.iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02X}");
                text
            });
            format!("X'{digits}'")
        }
        _ => "NULL".to_owned(),
    }
}
