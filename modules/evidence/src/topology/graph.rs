//! Graphs in CSV: a matrix whose rows call its columns, or a list with a caller and a callee in each row.

use std::{io::Read, ops::Range};

use super::map::{EdgeKind, Topology};
use crate::{
    quote::Quote,
    source::{LineLimits, LineReader, Origin, RawLine, ReadError},
    traces::read::{separator, split},
};

/// Names of the column of those who call, and of those who are called, in small letters without anything but letters.
const CALLERS: &[&str] = &[
    "source",
    "caller",
    "from",
    "src",
    "upstream",
    "client",
    "parent",
    "sourceservice",
    "callerservice",
];
const CALLEES: &[&str] = &[
    "target",
    "callee",
    "to",
    "dst",
    "dest",
    "destination",
    "downstream",
    "server",
    "child",
    "targetservice",
    "calleeservice",
];
/// Bytes of a row that are quoted.
const QUOTED: usize = 512;

/// What a header says.
enum Shape {
    /// Columns of the caller and the callee.
    List(usize, usize),
    /// The names of the columns, the first left out.
    Matrix(Vec<String>),
}

/// Whether a file is a graph, by its first bytes, and what it was told by.
pub fn recognise_graph(prefix: &[u8]) -> Option<&'static str> {
    let mut reader = LineReader::new(prefix, LineLimits::default());
    let mut table = Table::of(reader.next_line().ok()??.text)?;
    match &table.shape {
        Shape::List(..) => Some("a header with a caller and a callee"),
        Shape::Matrix(_) => {
            let second = reader.next_line().ok()??;
            // A prefix may end inside the row.
            let whole = table.is_row(second.text) || !prefix[..].ends_with(b"\n") && table.begins_row(second.text);
            whole.then_some("a square of numbers whose rows and columns have the same names")
        }
    }
}

/// Reads a graph. None when it has not the form of one; rows that do not fit are passed over.
pub fn read_graph(stream: impl Read, origin: &Origin) -> Result<Option<Topology>, ReadError> {
    let mut reader = LineReader::new(stream, LineLimits::default());
    let Some(first) = reader.next_line()? else {
        return Ok(None);
    };
    let Some(mut table) = Table::of(first.text) else {
        return Ok(None);
    };
    let mut topology = Topology::new();
    if let Shape::Matrix(names) = &table.shape {
        for name in names {
            topology.add(name);
        }
    }
    let mut rows = 0_u64;
    while let Some(line) = reader.next_line()? {
        rows += u64::from(table.row(&line, origin, &mut topology));
    }
    Ok((rows > 0).then_some(topology))
}

struct Table {
    separator: u8,
    shape: Shape,
    fields: Vec<Range<usize>>,
}

impl Table {
    fn of(header: &[u8]) -> Option<Self> {
        let separator = separator(header);
        let mut fields = Vec::new();
        if !split(header, separator, &mut fields) || fields.len() < 2 {
            return None;
        }
        let names: Vec<String> = fields.iter().map(|field| text(&header[field.clone()])).collect();
        let bare = |name: &String| -> String {
            let letters = name.chars().filter(char::is_ascii_alphabetic);
            letters.map(|letter| letter.to_ascii_lowercase()).collect()
        };
        let one = |known: &[&str]| names.iter().position(|name| known.contains(&bare(name).as_str()));
        let shape = match (one(CALLERS), one(CALLEES)) {
            (Some(from), Some(to)) => Shape::List(from, to),
            _ => Shape::Matrix(names[1..].to_vec()),
        };
        Some(Self {
            separator,
            shape,
            fields,
        })
    }

    /// Whether this can be a row of a matrix: named as a column, and as many numbers as columns.
    fn is_row(&mut self, row: &[u8]) -> bool {
        let Shape::Matrix(names) = &self.shape else {
            return false;
        };
        split(row, self.separator, &mut self.fields)
            && self.fields.len() == names.len() + 1
            && names.contains(&text(&row[self.fields[0].clone()]))
            && self.fields[1..]
                .iter()
                .all(|field| number(&row[field.clone()]).is_some())
    }

    fn begins_row(&mut self, row: &[u8]) -> bool {
        let Shape::Matrix(names) = &self.shape else {
            return false;
        };
        split(row, self.separator, &mut self.fields)
            && (2..=names.len() + 1).contains(&self.fields.len())
            && names.contains(&text(&row[self.fields[0].clone()]))
    }

    /// Adds the edges of a row. False when it does not fit.
    fn row(&mut self, line: &RawLine<'_>, origin: &Origin, topology: &mut Topology) -> bool {
        let row = line.text;
        let quote = || {
            Some(Quote::brief(
                origin,
                line.number,
                line.start,
                line.raw,
                line.encoding,
                QUOTED,
            ))
        };
        if let Shape::List(from, to) = self.shape {
            if !split(row, self.separator, &mut self.fields) {
                return false;
            }
            let name = |column: usize| self.fields.get(column).map(|field| text(&row[field.clone()]));
            let (Some(from), Some(to)) = (name(from), name(to)) else {
                return false;
            };
            if from.is_empty() || to.is_empty() {
                return false;
            }
            topology.connect(&from, &to, EdgeKind::Graph, 0, quote);
            return true;
        }
        if !self.is_row(row) {
            return false;
        }
        let Shape::Matrix(names) = &self.shape else {
            return false;
        };
        let caller = text(&row[self.fields[0].clone()]);
        for (callee, field) in names.iter().zip(&self.fields[1..]) {
            if number(&row[field.clone()]).is_some_and(|number| number != 0.0) {
                topology.connect(&caller, callee, EdgeKind::Graph, 0, quote);
            }
        }
        true
    }
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field.trim_ascii()).into_owned()
}

fn number(field: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(field.trim_ascii()).ok()?;
    match text {
        "True" | "true" => Some(1.0),
        "False" | "false" | "" => Some(0.0),
        _ => text.parse().ok(),
    }
}
