//! Where in a configuration file each key stands, so that whatever is said about a value names its line.
//!
//! Knows TOML; must not know what a key means.

use std::{collections::BTreeMap, ops::Range};

use toml_edit::{Document, Item, TableLike, Value};

/// The line of every key, by its dotted path: `watch.retry_ms`, `webhook[0].url`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Places {
    lines: BTreeMap<String, usize>,
}

/// The text is no TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoToml {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What is wrong there.
    pub why: String,
}

impl Places {
    /// Finds every key of a file.
    pub(super) fn of(text: &str) -> Result<Self, NoToml> {
        let document = Document::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or(text);
            NoToml {
                line: line(text, at),
                column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
                why: error.message().trim().replace('\n', ", "),
            }
        })?;
        let mut places = Self::default();
        places.table(text, "", document.as_table());
        Ok(places)
    }

    /// The line of a key; of the table it would stand in when it is absent there.
    pub(super) fn line(&self, key: &str) -> Option<usize> {
        let mut key = key;
        loop {
            if let Some(line) = self.lines.get(key) {
                return Some(*line);
            }
            key = &key[..key.rfind(['.', '['])?];
        }
    }

    /// Whether the file itself gives the key.
    pub(super) fn gives(&self, key: &str) -> bool {
        self.lines.contains_key(key)
    }

    fn table(&mut self, text: &str, prefix: &str, table: &dyn TableLike) {
        for (name, item) in table.iter() {
            let path = join(prefix, name);
            let key = table.get_key_value(name).and_then(|(key, _)| key.span());
            self.put(text, &path, key.or_else(|| item.span()));
            self.item(text, &path, item);
        }
    }

    fn item(&mut self, text: &str, path: &str, item: &Item) {
        match item {
            Item::Table(table) => self.table(text, path, table),
            Item::ArrayOfTables(tables) => {
                for (index, table) in tables.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.put(text, &path, table.span());
                    self.table(text, &path, table);
                }
            }
            Item::Value(value) => self.value(text, path, value),
            Item::None => {}
        }
    }

    fn value(&mut self, text: &str, path: &str, value: &Value) {
        match value {
            Value::InlineTable(table) => self.table(text, path, table),
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    self.put(text, &path, value.span());
                    self.value(text, &path, value);
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, text: &str, path: &str, span: Option<Range<usize>>) {
        if let Some(span) = span {
            self.lines.insert(path.to_owned(), line(text, span.start));
        }
    }
}

/// A key within a table.
pub(super) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// The line, from 1, of a byte.
fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_key_has_its_line() {
        let places = Places::of(
            "listen = \"127.0.0.1:1\"\nlog.filter = \"info\"\n\n[watch]\nretry_ms = 1\n\n[egress]\nallow = [\n  \"a\",\n  \"b\",\n]\n\
             [[webhook]]\nname = \"x\"\n[[webhook]]\nname = \"y\"\n",
        )
        .unwrap();
        for (key, line) in [
            ("listen", 1),
            ("log.filter", 2),
            ("watch", 4),
            ("watch.retry_ms", 5),
            ("egress.allow", 8),
            ("egress.allow[1]", 10),
            ("webhook[0].name", 13),
            ("webhook[1]", 14),
            ("webhook[1].name", 15),
        ] {
            assert_eq!(places.line(key), Some(line), "{key}");
            assert!(places.gives(key), "{key}");
        }
    }

    #[test]
    fn a_key_that_is_absent_is_looked_for_in_its_table() {
        let places = Places::of("\n[[webhook]]\nname = \"x\"\n").unwrap();
        assert_eq!(places.line("webhook[0].url"), Some(2));
        assert!(!places.gives("webhook[0].url"));
        assert_eq!(places.line("listen"), None);
    }

    #[test]
    fn inline_tables_have_lines_as_well() {
        let places = Places::of("webhook = [\n  {name = \"x\"},\n  {name = \"y\", colour = 1},\n]\n").unwrap();
        assert_eq!(places.line("webhook[1].colour"), Some(3));
    }

    #[test]
    fn what_is_no_toml_is_placed() {
        let error = Places::of("listen = 1\nname = \"ö\n").unwrap_err();
        assert_eq!(error.line, 2);
        assert!(error.column > 1 && !error.why.is_empty(), "{error:?}");
    }
}
