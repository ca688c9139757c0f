//! Separated values: lines become fields, and the first lines a header of one or several rows.
//!
//! Quotes are read by `csv-core`, line by line: a quote that is never closed costs one line, not the memory for the rest.

use std::io::Read;

use super::{
    ReadOptions, ReadSummary,
    cell::{self, Cell},
    column::Levels,
    table::{Field, RawRow, Table},
};
use crate::{
    metrics::{
        SeriesSet,
        owner::{component_rank, plain},
    },
    source::{Encoding, LineReader, Origin, ReadError},
};

/// Rows among which the first with a time and a number is looked for; those before it are the header.
const HEADER: usize = 8;
/// Lines that one quoted field may reach over.
const JOINED: usize = 64;
/// Bytes of them.
const QUOTED_BYTES: usize = 1 << 20;

/// One row with all it takes.
#[derive(Default)]
struct Row {
    line: u64,
    start: u64,
    raw: Vec<u8>,
    text: Vec<u8>,
    encoding: Option<Encoding>,
}

impl Row {
    fn is_placed(&self) -> bool {
        self.encoding.is_none_or(|encoding| !encoding.is_wide())
    }
}

/// Reads a table to its end.
pub fn read(
    stream: impl Read,
    origin: &Origin,
    options: &ReadOptions,
    set: &mut SeriesSet,
) -> Result<ReadSummary, ReadError> {
    let mut lines = Lines {
        reader: LineReader::new(stream, options.lines),
        skipped: 0,
        faulty: 0,
    };
    let mut head: Vec<Row> = Vec::new();
    let mut splitter = Splitter::new(b',');
    let mut has_data = false;
    while head.len() <= HEADER && !has_data {
        let mut row = Row::default();
        if !lines.next(&mut row)? {
            break;
        }
        if head.is_empty() {
            splitter = Splitter::new(separator(&row.text));
        }
        let comma = splitter.by == b';';
        let fields = splitter.split(&row.text, row.is_placed());
        has_data = is_data(fields.iter().map(|field| field.text), comma, options);
        head.push(row);
    }
    // Without a row of data the first is the header, and the rest is counted as what it is.
    let header = if has_data { head.len() - 1 } else { head.len().min(1) };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for row in &head[..header] {
        let fields = splitter.split(&row.text, row.is_placed());
        rows.push(
            fields
                .iter()
                .map(|field| String::from_utf8_lossy(field.text.trim_ascii()).into_owned())
                .collect(),
        );
    }
    let width = head
        .get(header)
        .map_or(0, |row| splitter.split(&row.text, row.is_placed()).len());
    let (names, levels) = titles(&rows, width);
    let comma = splitter.by == b';';
    let mut table = Table::new(origin, options, set, names, levels, comma);
    for row in &head[header..] {
        give(&mut table, &mut splitter, row);
    }
    drop(head);
    let mut row = Row::default();
    let outcome = loop {
        match lines.next(&mut row) {
            Ok(true) => give(&mut table, &mut splitter, &row),
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let mut summary = table.finish();
    summary.bytes = lines.reader.offset();
    summary.skipped += lines.skipped;
    summary.faulty += lines.faulty;
    outcome.map(|()| summary)
}

fn give(table: &mut Table<'_>, splitter: &mut Splitter, row: &Row) {
    let raw = RawRow {
        line: row.line,
        start: row.start,
        raw: &row.raw,
        encoding: row.encoding.unwrap_or(Encoding::Utf8),
    };
    table.row(&splitter.split(&row.text, row.is_placed()), raw);
}

struct Lines<R> {
    reader: LineReader<R>,
    skipped: u64,
    faulty: u64,
}

impl<R: Read> Lines<R> {
    /// The next row that is neither empty nor a remark. A quote that is open at the end of a line goes on in the next.
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        loop {
            let Some(line) = self.reader.next_line()? else {
                return Ok(false);
            };
            let text = line.text.trim_ascii();
            if text.is_empty() || text.starts_with(b"#") {
                continue;
            }
            row.line = line.number;
            row.start = line.start;
            row.encoding = Some(line.encoding);
            row.raw.clear();
            row.raw.extend_from_slice(line.raw);
            row.text.clear();
            row.text.extend_from_slice(line.text);
            self.skipped += line.skipped;
            let wide = line.encoding.is_wide();
            let mut returned = line.carriage_return;
            // A line that was cut would take the next ones for its own.
            let mut open = is_open(&row.text) && !wide && line.skipped == 0;
            if !open {
                return Ok(true);
            }
            let mut joined = 1;
            for _ in 0..JOINED {
                let Some(line) = self.reader.next_line()? else { break };
                let end: &[u8] = if returned { b"\r\n" } else { b"\n" };
                row.raw.extend_from_slice(end);
                row.raw.extend_from_slice(line.raw);
                returned = line.carriage_return;
                joined += 1;
                self.skipped += line.skipped;
                open = is_open(&row.raw) && line.skipped == 0;
                if !open || row.raw.len() > QUOTED_BYTES {
                    break;
                }
            }
            row.text.clear();
            row.text.extend_from_slice(&row.raw);
            if !open {
                return Ok(true);
            }
            self.faulty += joined;
        }
    }
}

fn is_open(text: &[u8]) -> bool {
    memchr::memchr_iter(b'"', text).count() % 2 == 1
}

/// The sign that parts fields: the most frequent in the first row.
pub fn separator(text: &[u8]) -> u8 {
    let count = |by: u8| memchr::memchr_iter(by, text).count();
    let mut best = b',';
    for by in [b'\t', b';', b'|'] {
        if count(by) > count(best) {
            best = by;
        }
    }
    best
}

/// Whether a row has a time and, elsewhere, a number or nothing.
fn is_data<'r>(fields: impl Iterator<Item = &'r [u8]>, comma: bool, options: &ReadOptions) -> bool {
    let (mut times, mut numbers) = (0, 0);
    for field in fields {
        if cell::time(field, &options.time).is_some() {
            times += 1;
        } else if matches!(cell::number(field, comma), Cell::Number(_) | Cell::Infinite) {
            numbers += 1;
        }
    }
    times > 1 || times == 1 && numbers > 0
}

/// Names of columns, and what several header rows say of each. The first field of each row names the row.
fn titles(rows: &[Vec<String>], width: usize) -> (Vec<String>, Option<Vec<Levels>>) {
    // A row with nothing but its first field names the column of the time.
    let (alone, layers): (Vec<&Vec<String>>, Vec<&Vec<String>>) = rows
        .iter()
        .partition(|row| rows.len() > 1 && row.iter().skip(1).all(String::is_empty));
    let widest = layers.iter().map(|row| row.len()).max().unwrap_or(0).max(width);
    let at = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
    let Some(first) = layers.first() else {
        return ((1..=widest).map(|column| format!("column {column}")).collect(), None);
    };
    let mut names: Vec<String> = (0..widest).map(|column| at(first, column)).collect();
    if layers.len() == 1 {
        return (names, None);
    }
    names[0] = alone.last().map_or_else(|| "time".to_owned(), |row| at(row, 0));
    let mut levels = vec![Levels::default(); widest];
    for (number, row) in layers.iter().enumerate() {
        let title = at(row, 0);
        let kind = plain(&title);
        let (metric, statistic) = match kind.as_str() {
            "metric" | "name" | "metricname" | "kpi" | "measure" => (true, false),
            "statistic" | "stat" | "aggregate" | "aggregation" | "agg" | "quantile" => (false, true),
            _ if component_rank(&title).is_some() => (false, false),
            // Rows without a name: component, metric, statistic.
            _ => (number == 1, number == 2),
        };
        for (column, level) in levels.iter_mut().enumerate().skip(1) {
            let value = at(row, column);
            if value.is_empty() {
                continue;
            }
            if metric && level.metric.is_none() {
                level.metric = Some(value);
            } else if statistic {
                level.statistic = Some(value);
            } else {
                let label = if component_rank(&title).is_some() || number > 0 {
                    title.as_str()
                } else {
                    "component"
                };
                level.labels.insert(label.to_owned(), value);
            }
        }
    }
    for (name, level) in names.iter_mut().zip(&levels).skip(1) {
        if let Some(metric) = &level.metric {
            name.clone_from(metric);
        }
    }
    (names, Some(levels))
}

/// Parts rows into fields.
struct Splitter {
    by: u8,
    /// Fields of the last row: most rows have as many.
    width: usize,
    /// Made for the first row with a quote.
    reader: Option<csv_core::Reader>,
    output: Vec<u8>,
    ends: Vec<usize>,
}

impl Splitter {
    fn new(by: u8) -> Self {
        Self {
            by,
            width: 0,
            reader: None,
            output: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The fields of a row. `placed` is whether the text is as the source has it.
    fn split<'a>(&'a mut self, text: &'a [u8], placed: bool) -> Vec<Field<'a>> {
        if memchr::memchr(b'"', text).is_none() {
            let mut fields = Vec::with_capacity(self.width);
            let mut from = 0;
            for at in memchr::memchr_iter(self.by, text).chain([text.len()]) {
                fields.push(Field {
                    text: &text[from..at],
                    at: placed.then_some(from),
                });
                from = at + 1;
            }
            self.width = fields.len();
            return fields;
        }
        self.quoted(text)
    }

    fn quoted<'a>(&'a mut self, text: &'a [u8]) -> Vec<Field<'a>> {
        // Fields never take more room than the row, and there are no more of them than separators.
        self.output.resize(text.len() + 1, 0);
        self.ends.resize(memchr::memchr_iter(self.by, text).count() + 2, 0);
        let by = self.by;
        let make = || csv_core::ReaderBuilder::new().delimiter(by).build();
        let reader = self.reader.get_or_insert_with(make);
        reader.reset();
        let (mut read, mut written, mut ended) = (0, 0, 0);
        loop {
            let (outcome, took, gave, fields) =
                reader.read_record(&text[read..], &mut self.output[written..], &mut self.ends[ended..]);
            read += took;
            written += gave;
            ended += fields;
            if !matches!(outcome, csv_core::ReadRecordResult::InputEmpty) {
                break;
            }
        }
        let mut from = 0;
        self.ends[..ended]
            .iter()
            .map(|&end| {
                let field = Field {
                    text: &self.output[from..end],
                    at: None,
                };
                from = end;
                field
            })
            .collect()
    }
}
