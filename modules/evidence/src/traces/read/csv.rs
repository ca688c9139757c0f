//! Spans as rows of CSV under a header. Knows no store.

use std::{borrow::Cow, io::Read, ops::Range};

use super::{
    columns::{Columns, Time},
    fields,
    number::{MILLIS, scaled, unit_of_epoch},
    reading::{Sink, SpanReadLimits},
};
use crate::{
    logs::time::{self, TimeContext},
    source::{LineReader, ReadError},
    traces::{
        id::{SpanId, TraceId},
        span::{Place, Span, SpanKind},
    },
};

/// Lines that one row may have, where a quoted field goes on. A stray quote spoils no more than these.
const LINES: usize = 64;

pub fn read<F: FnMut(&Span<'_>)>(
    stream: impl Read,
    limits: SpanReadLimits,
    sink: &mut Sink<'_, F>,
) -> Result<(), ReadError> {
    let mut reader = LineReader::new(stream, limits.lines());
    let mut table: Option<Table> = None;
    let mut open = Open::default();
    while let Some(line) = reader.next_line()? {
        if line.number == 1 {
            sink.summary.encoding = line.encoding;
        }
        if line.text.is_empty() && open.lines.is_empty() {
            continue;
        }
        if line.skipped > 0 {
            sink.summary.oversized += 1;
            continue;
        }
        let Some(table) = &mut table else {
            table = Table::of(line.text);
            sink.summary.faulty += u64::from(table.is_none());
            continue;
        };
        let place = |start: u64| Place {
            start,
            length: u32::try_from(line.start + line.raw.len() as u64 - start).unwrap_or(u32::MAX),
        };
        if open.lines.is_empty() && table.split(line.text) {
            table.row(line.text, place(line.start), sink);
            continue;
        }
        open.push(line.text, place(line.start));
        if open.lines.len() > 1 && table.split(&open.text) {
            table.row(&open.text, place(open.lines[0].1.start), sink);
            open.clear();
        } else if open.lines.len() >= LINES || open.text.len() > limits.span {
            open.apart(table, sink);
        }
    }
    if let Some(table) = &mut table {
        open.apart(table, sink);
    }
    sink.summary.bytes = reader.offset();
    Ok(())
}

/// Lines that may be one row.
#[derive(Default)]
struct Open {
    text: Vec<u8>,
    lines: Vec<(Range<usize>, Place)>,
}

impl Open {
    fn push(&mut self, text: &[u8], place: Place) {
        if !self.lines.is_empty() {
            self.text.push(b'\n');
        }
        let from = self.text.len();
        self.text.extend_from_slice(text);
        self.lines.push((from..self.text.len(), place));
    }

    fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
    }

    /// They are no row together: each may be one of its own.
    fn apart<F: FnMut(&Span<'_>)>(&mut self, table: &mut Table, sink: &mut Sink<'_, F>) {
        for (line, place) in &self.lines {
            let text = &self.text[line.clone()];
            if table.split(text) {
                table.row(text, *place, sink);
            } else {
                sink.summary.faulty += 1;
            }
        }
        self.clear();
    }
}

/// A header, and the fields of the row that was split last.
struct Table {
    columns: Columns,
    separator: u8,
    /// What the header says where the trace stands: files that were put one behind the other have it again.
    trace_name: Vec<u8>,
    fields: Vec<Range<usize>>,
}

impl Table {
    fn of(header: &[u8]) -> Option<Self> {
        let separator = fields::separator(header);
        let mut found = Vec::new();
        if !fields::split(header, separator, &mut found) {
            return None;
        }
        let names: Vec<&[u8]> = found.iter().map(|field| &header[field.clone()]).collect();
        let columns = Columns::of(&names)?;
        Some(Self {
            trace_name: names[columns.trace].to_vec(),
            columns,
            separator,
            fields: found,
        })
    }

    fn split(&mut self, text: &[u8]) -> bool {
        fields::split(text, self.separator, &mut self.fields)
    }

    fn row<F: FnMut(&Span<'_>)>(&self, text: &[u8], place: Place, sink: &mut Sink<'_, F>) {
        let field = |column: usize| self.fields.get(column).map_or(&b""[..], |field| &text[field.clone()]);
        let named = |column: Option<usize>| column.map_or(&b""[..], field);
        let columns = &self.columns;
        let trace = field(columns.trace);
        if trace == self.trace_name {
            return;
        }
        let beginning = field(columns.start.column);
        let (Some(trace), Some(id), Some((start, unit))) = (
            TraceId::of(trace),
            SpanId::of(field(columns.span)),
            instant(beginning, columns.start.unit),
        ) else {
            sink.summary.faulty += 1;
            return;
        };
        let end = columns.end.and_then(|end| instant(field(end.column), end.unit));
        let length = |time: Time| scaled(field(time.column), time.unit.unwrap_or(unit));
        let duration = match (end, columns.duration) {
            (Some((end, _)), _) => Some(end.saturating_sub(start)),
            (None, Some(time)) => {
                sink.summary.assumed += u64::from(time.unit.is_none());
                length(time)
            }
            (None, None) => None,
        };
        let Some(duration) = duration else {
            sink.summary.faulty += 1;
            return;
        };
        let status = named(columns.status);
        let failed = is_true(named(columns.error))
            || columns.success.is_some_and(|column| is_false(field(column)))
            || is_failure(status);
        sink.give(&Span {
            trace,
            id,
            parent: SpanId::of(named(columns.parent)),
            instance: named(columns.owner).trim_ascii(),
            operation: &unquoted(named(columns.operation).trim_ascii()),
            peer: named(columns.peer).trim_ascii(),
            kind: SpanKind::of_name(named(columns.kind)),
            start,
            duration,
            outcome: super::marks::of_http(scaled(status, 0), failed),
            place,
        });
    }
}

/// A quote inside a quoted field is written twice.
fn unquoted(field: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(field, b"\"\"").is_none() {
        return Cow::Borrowed(field);
    }
    let mut single = Vec::with_capacity(field.len());
    let mut bytes = field.iter().peekable();
    while let Some(byte) = bytes.next() {
        single.push(*byte);
        if *byte == b'"' {
            bytes.next_if_eq(&&b'"');
        }
    }
    Cow::Owned(single)
}

/// A point in time and its unit. A written time has milliseconds as its unit, as a duration beside one mostly has.
fn instant(text: &[u8], unit: Option<i32>) -> Option<(i64, i32)> {
    let unit = unit.unwrap_or_else(|| unit_of_epoch(text));
    if let Some(micros) = scaled(text, unit) {
        return Some((micros, unit));
    }
    let context = TimeContext { reference: 0, zone: 0 };
    time::whole(text, &context).map(|stamp| (stamp.micros, MILLIS))
}

fn is_true(text: &[u8]) -> bool {
    [&b"true"[..], b"1", b"yes", b"error"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

fn is_false(text: &[u8]) -> bool {
    [&b"false"[..], b"0", b"no"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

/// A word for failure, an HTTP status of 500 or above, or a number that means failure both as OpenTelemetry's status and as
/// gRPC's (see `marks`).
fn is_failure(text: &[u8]) -> bool {
    if text.is_empty() {
        return false;
    }
    if let Some(number) = scaled(text, 0) {
        return (500..600).contains(&number) || super::marks::is_grpc_failure(number);
    }
    [
        &b"error"[..],
        b"STATUS_CODE_ERROR",
        b"fail",
        b"failed",
        b"failure",
        b"exception",
    ]
    .iter()
    .any(|word| text.eq_ignore_ascii_case(word))
}
