//! TOML into the tree, with the spans that `toml_edit` keeps.

use toml_edit::{Document, Item, Table, TableLike};

use super::{Documents, Entry, Lines, MAX_DEPTH, MAX_NODES, Node, ReadError, Style, Value};

/// Reads one TOML text.
pub(super) fn parse(text: &str) -> Result<Documents, ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(text);
    refuse_deep_keys(text)?;
    let document = Document::parse(text).map_err(|error| {
        let (line, column) = lines.place(error.span().map_or(0, |span| span.start));
        ReadError::new(line, column, format!("this is not valid TOML: {}", error.message()))
    })?;
    let mut reader = Reader { lines, count: 0 };
    let root = reader.table(document.as_table(), 0, 0)?;
    Ok(Documents {
        roots: vec![root],
        duplicates: Vec::new(),
    })
}

/// A key such as `a.a.a…` nests one table per dot, which the parser itself does not bound.
fn refuse_deep_keys(text: &str) -> Result<(), ReadError> {
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let key = if line.starts_with('[') {
            line
        } else {
            line.split('=').next().unwrap_or("")
        };
        if !line.starts_with('#') && key.bytes().filter(|byte| *byte == b'.').count() > MAX_DEPTH {
            return Err(ReadError::new(
                index + 1,
                1,
                format!("this key is nested deeper than {MAX_DEPTH} levels; flatten it"),
            ));
        }
    }
    Ok(())
}

struct Reader<'a> {
    lines: Lines<'a>,
    count: usize,
}

impl Reader<'_> {
    fn place(&self, span: Option<std::ops::Range<usize>>, otherwise: usize) -> (usize, usize) {
        self.lines.place(span.map_or(otherwise, |span| span.start))
    }

    fn item(&mut self, item: &Item, otherwise: usize, depth: usize) -> Result<Node, ReadError> {
        match item {
            Item::None => Ok(Node::plain("", 1, 1)),
            Item::Value(value) => self.value(value, otherwise, depth),
            Item::Table(table) => self.table(table, otherwise, depth),
            Item::ArrayOfTables(tables) => {
                let (line, column) = self.place(tables.span(), otherwise);
                self.guard(line, column, depth)?;
                let mut items = Vec::new();
                for table in tables {
                    items.push(self.table(table, otherwise, depth + 1)?);
                }
                Ok(Node {
                    line,
                    column,
                    value: Value::List(items),
                })
            }
        }
    }

    fn table(&mut self, table: &Table, otherwise: usize, depth: usize) -> Result<Node, ReadError> {
        let start = table.span().map_or(otherwise, |span| span.start);
        let value = self.entries(table, start, depth)?;
        let (line, column) = self.lines.place(start);
        Ok(Node { line, column, value })
    }

    fn entries(&mut self, table: &dyn TableLike, otherwise: usize, depth: usize) -> Result<Value, ReadError> {
        let (line, column) = self.lines.place(otherwise);
        self.guard(line, column, depth)?;
        let mut entries = Vec::new();
        for (name, item) in table.iter() {
            let start = table
                .key(name)
                .and_then(toml_edit::Key::span)
                .or_else(|| item.span())
                .map_or(otherwise, |span| span.start);
            let value = self.item(item, start, depth + 1)?;
            let (line, column) = self.lines.place(start);
            entries.push(Entry {
                key: name.to_owned(),
                line,
                column,
                value,
            });
        }
        Ok(Value::Map(entries))
    }

    fn value(&mut self, value: &toml_edit::Value, otherwise: usize, depth: usize) -> Result<Node, ReadError> {
        let start = value.span().map_or(otherwise, |span| span.start);
        let (line, column) = self.lines.place(start);
        self.guard(line, column, depth)?;
        let value = match value {
            toml_edit::Value::String(text) => Value::Scalar {
                text: text.value().clone(),
                style: Style::Quoted,
            },
            toml_edit::Value::Integer(number) => plain(number.value().to_string()),
            toml_edit::Value::Float(number) => plain(number.value().to_string()),
            toml_edit::Value::Boolean(truth) => plain(truth.value().to_string()),
            toml_edit::Value::Datetime(time) => Value::Scalar {
                text: time.value().to_string(),
                style: Style::Quoted,
            },
            toml_edit::Value::Array(array) => {
                let mut items = Vec::new();
                for item in array {
                    items.push(self.value(item, start, depth + 1)?);
                }
                Value::List(items)
            }
            toml_edit::Value::InlineTable(table) => self.entries(table, start, depth)?,
        };
        Ok(Node { line, column, value })
    }

    fn guard(&mut self, line: usize, column: usize, depth: usize) -> Result<(), ReadError> {
        self.count += 1;
        if depth > MAX_DEPTH {
            return Err(ReadError::new(
                line,
                column,
                format!("this is nested deeper than {MAX_DEPTH} levels; flatten it"),
            ));
        }
        if self.count > MAX_NODES {
            return Err(ReadError::new(
                line,
                column,
                format!("this file holds more than {MAX_NODES} values; split it"),
            ));
        }
        Ok(())
    }
}

fn plain(text: String) -> Value {
    Value::Scalar {
        text,
        style: Style::Plain,
    }
}
