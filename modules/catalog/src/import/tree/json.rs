//! JSON into the tree: `serde_json` says whether it is valid and where not; a small scanner then notes the places.

use serde::de::IgnoredAny;

use super::{Documents, Entry, Lines, MAX_DEPTH, MAX_NODES, Node, ReadError, Style, Value, note_duplicates};

/// Reads one JSON text.
pub(super) fn parse(text: &str) -> Result<Documents, ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| {
        let full = error.to_string();
        // serde_json appends the place to its text; the finding carries it already.
        let message = full.split(" at line ").next().unwrap_or(&full);
        ReadError::new(
            error.line(),
            error.column(),
            format!("this is not valid JSON: {message}"),
        )
    })?;
    let mut scanner = Scanner {
        text,
        lines: Lines::new(text),
        at: 0,
        count: 0,
        documents: Documents::default(),
    };
    let root = scanner.value(0)?;
    scanner.documents.roots.push(root);
    Ok(scanner.documents)
}

struct Scanner<'a> {
    text: &'a str,
    lines: Lines<'a>,
    at: usize,
    count: usize,
    documents: Documents,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn error(&self, message: impl Into<String>) -> ReadError {
        let (line, column) = self.lines.place(self.at);
        ReadError::new(line, column, message)
    }

    /// Reads one value; recursion is bounded by [`MAX_DEPTH`].
    fn value(&mut self, depth: usize) -> Result<Node, ReadError> {
        let first = self.peek();
        if depth > MAX_DEPTH {
            return Err(self.error(format!("this is nested deeper than {MAX_DEPTH} levels; flatten it")));
        }
        self.count += 1;
        if self.count > MAX_NODES {
            return Err(self.error(format!("this file holds more than {MAX_NODES} values; split it")));
        }
        let (line, column) = self.lines.place(self.at);
        let value = match first {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Scalar {
                text: self.string()?,
                style: Style::Quoted,
            },
            _ => return Ok(Node::plain(self.word(), line, column)),
        };
        Ok(Node { line, column, value })
    }

    fn map(&mut self, depth: usize) -> Result<Value, ReadError> {
        self.at += 1;
        let mut entries = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => {}
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                _ => break,
            }
            let (line, column) = self.lines.place(self.at);
            let key = self.string()?;
            if self.peek() == Some(b':') {
                self.at += 1;
            }
            let value = self.value(depth + 1)?;
            entries.push(Entry {
                key,
                line,
                column,
                value,
            });
        }
        self.at += 1;
        note_duplicates(&entries, &mut self.documents.duplicates);
        Ok(Value::Map(entries))
    }

    fn list(&mut self, depth: usize) -> Result<Value, ReadError> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            match self.peek() {
                None | Some(b']') => break,
                Some(b',') => self.at += 1,
                Some(_) => items.push(self.value(depth + 1)?),
            }
        }
        self.at += 1;
        Ok(Value::List(items))
    }

    fn string(&mut self) -> Result<String, ReadError> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut end = start + 1;
        while let Some(byte) = bytes.get(end) {
            match byte {
                b'\\' => end += 2,
                b'"' => break,
                _ => end += 1,
            }
        }
        let literal = self.text.get(start..=end).unwrap_or("");
        let text = serde_json::from_str(literal)
            .map_err(|_| self.error("this is not valid JSON: a text holds an escape that is no character"))?;
        self.at = end + 1;
        Ok(text)
    }

    /// A number, `true`, `false` or `null`; always moves on by at least one byte.
    fn word(&mut self) -> &str {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut end = start;
        while matches!(
            bytes.get(end),
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.')
        ) {
            end += 1;
        }
        self.at = end.max(start + 1);
        self.text.get(start..end).unwrap_or("")
    }
}
