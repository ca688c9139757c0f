//! One document tree for YAML, JSON and TOML in which every value knows its line and column.
//!
//! It owns the limits that keep a hostile file from hurting (depth, size, alias expansion) and must not know what any
//! document means.

mod json;
mod toml;
mod yaml;

use serde_json::{Map, Number};

/// A document may be at most this deep.
pub(crate) const MAX_DEPTH: usize = 96;
/// A file may hold at most this many values, counting every expansion of an alias.
pub(crate) const MAX_NODES: usize = 250_000;

/// How a scalar was written, which decides whether `8080` is a number or a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes: may be a number, a boolean, null or a text.
    Plain,
    /// In quotes: always a text.
    Quoted,
    /// A YAML block (`|`), whose lines keep their place in the file; they begin below the line of its key.
    Literal,
}

/// A value and where it stands; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) value: Value,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Scalar { text: String, style: Style },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) value: Node,
}

/// Two equal keys in one map; readers take the last and drop the first without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DuplicateKey {
    pub(crate) key: String,
    pub(crate) first_line: usize,
    pub(crate) line: usize,
}

/// Why a file could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadError {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) message: String,
}

impl ReadError {
    pub(crate) fn new(line: usize, column: usize, message: impl Into<String>) -> Self {
        Self {
            line: line.max(1),
            column: column.max(1),
            message: message.into(),
        }
    }
}

/// Everything one file holds: its documents in order, and keys that were written twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Documents {
    pub(crate) roots: Vec<Node>,
    pub(crate) duplicates: Vec<DuplicateKey>,
}

/// The text formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    Yaml,
    Json,
    Toml,
}

impl Syntax {
    /// The name a person knows it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Yaml => "YAML",
            Self::Json => "JSON",
            Self::Toml => "TOML",
        }
    }
}

/// Reads a whole text.
///
/// # Errors
/// The first thing that makes the text unreadable, with its place.
pub(crate) fn parse(text: &str, syntax: Syntax) -> Result<Documents, ReadError> {
    match syntax {
        Syntax::Yaml => yaml::parse(text, 0),
        Syntax::Json => json::parse(text),
        Syntax::Toml => toml::parse(text),
    }
}

/// Reads YAML that is embedded in another file (a `ConfigMap` block), so that its lines are lines of that file.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_embedded_yaml(text: &str, lines_before: usize) -> Result<Documents, ReadError> {
    yaml::parse(text, lines_before)
}

impl Node {
    fn plain(text: &str, line: usize, column: usize) -> Self {
        Self {
            line,
            column,
            value: Value::Scalar {
                text: text.to_owned(),
                style: Style::Plain,
            },
        }
    }

    /// The text of a scalar as it was written, whatever its type; `None` for null, lists and maps.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, style } if *style != Style::Plain || !is_null(text) => Some(text),
            _ => None,
        }
    }

    /// A TCP port between 1 and 65535.
    pub(crate) fn port(&self) -> Option<u16> {
        self.text()?.trim().parse().ok().filter(|port| *port > 0)
    }

    /// A finite number.
    pub(crate) fn number(&self) -> Option<f64> {
        self.text()?
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
    }

    /// A plain `true` or `false`.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match &self.value {
            Value::Scalar {
                text,
                style: Style::Plain,
            } => match text.as_str() {
                "true" | "True" | "TRUE" => Some(true),
                "false" | "False" | "FALSE" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// Nothing was written, or null was.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, style: Style::Plain } if is_null(text))
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// The keys of a map in order; empty for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list in order; empty for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The entry of a key; of a key written twice, the last, as every reader of these formats does.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key == key)
    }

    /// The value of a key that is not null.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value).filter(|node| !node.is_null())
    }

    /// The value at the end of a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text of a key's scalar.
    pub(crate) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// The same value without places, as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    map.insert(entry.key.clone(), entry.value.to_json());
                }
                serde_json::Value::Object(map)
            }
            Value::Scalar { text, style } if *style != Style::Plain => serde_json::Value::String(text.clone()),
            Value::Scalar { text, .. } => self.plain_to_json(text),
        }
    }

    fn plain_to_json(&self, text: &str) -> serde_json::Value {
        if is_null(text) {
            return serde_json::Value::Null;
        }
        if let Some(truth) = self.boolean() {
            return serde_json::Value::Bool(truth);
        }
        let looks_numeric = text
            .strip_prefix(['-', '+'])
            .unwrap_or(text)
            .starts_with(|first: char| first.is_ascii_digit() || first == '.');
        if looks_numeric {
            if let Ok(whole) = text.parse::<i64>() {
                return serde_json::Value::Number(whole.into());
            }
            if let Some(number) = text.parse::<f64>().ok().and_then(Number::from_f64) {
                return serde_json::Value::Number(number);
            }
        }
        serde_json::Value::String(text.to_owned())
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Notes every key that occurs twice among `entries`.
fn note_duplicates(entries: &[Entry], duplicates: &mut Vec<DuplicateKey>) {
    let mut seen = std::collections::HashMap::with_capacity(entries.len());
    for entry in entries {
        if let Some(first_line) = seen.insert(entry.key.as_str(), entry.line) {
            duplicates.push(DuplicateKey {
                key: entry.key.clone(),
                first_line,
                line: entry.line,
            });
        }
    }
}

/// Turns byte offsets into lines and columns.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// The offset that was asked for last and its column: questions mostly go forward, and a file may be one long line.
    last: std::cell::Cell<(usize, usize)>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        starts.extend(
            text.bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n')
                .map(|(at, _)| at + 1),
        );
        let last = std::cell::Cell::new((0, 1));
        Self { text, starts, last }
    }

    /// Line and column (in characters), both from 1.
    fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let (last_offset, last_column) = self.last.get();
        let on_this_line = (start..=offset).contains(&last_offset);
        let (from, column) = if on_this_line {
            (last_offset, last_column)
        } else {
            (start, 1)
        };
        let column = column + self.text.get(from..offset).unwrap_or("").chars().count();
        self.last.set((offset, column));
        (line, column)
    }
}

#[cfg(test)]
mod tests;
