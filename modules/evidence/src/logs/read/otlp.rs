//! OTLP logs in JSON (opentelemetry-proto, `logs/v1/logs.proto` in its JSON mapping): one document or one a line, of any size. Each
//! log record is given out with what its resource says; its quote is the record as it stands in the document.

mod value;

#[cfg(test)]
mod tests;

use std::{io::Read, ops::Range};

use super::{
    fields::{self, Field},
    format,
    json::{self, Value},
    record::Head,
};
use crate::{
    component,
    logs::{
        correlate::{IdentifierKind, Identifiers},
        time::TimeContext,
    },
    source::{Encoding, RawLine, ReadError, plain},
    walk::{Layout, Piece, Walker},
};
use value::{attributes, write};

/// Bytes of records that wait for their resource, which nearly all exporters write first.
const HELD: usize = 4 << 20;

/// Keys of which a document of this has one.
const KEYS: [&str; 4] = [
    "\"resourceLogs\"",
    "\"resource_logs\"",
    "\"scopeLogs\"",
    "\"scope_logs\"",
];

/// Whether a source is this, by its first bytes: by its first document, as any line of JSON may have such a key by accident.
pub fn begins(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let first = &head[..memchr::memmem::find(head, b"\n{").unwrap_or(head.len())];
    let is_key = |at: usize, key: &str| first[at + key.len()..].trim_ascii_start().starts_with(b":");
    matches!(first, [b'{' | b'[', ..])
        && (KEYS.iter()).any(|key| memchr::memmem::find_iter(first, key).any(|at| is_key(at, key)))
}

/// Who writes, as far as the resource tells.
#[derive(Debug, Default)]
pub struct Resource {
    service: Vec<u8>,
    hosts: Identifiers,
}

impl Resource {
    fn of(raw: &[u8]) -> Self {
        let (mut resource, mut instance) = (Self::default(), Vec::new());
        json::fields(raw, |key, value| {
            if key != b"attributes" {
                return;
            }
            attributes(value, |key, value| match (key, value) {
                (b"service.name", Value::Text(name)) => json::unescape(name, &mut resource.service),
                (b"k8s.deployment.name" | b"k8s.pod.name" | b"container.name", Value::Text(name)) => {
                    if instance.is_empty() {
                        json::unescape(name, &mut instance);
                    }
                    if key == b"k8s.pod.name" {
                        resource.hosts.push(IdentifierKind::Host, name);
                    }
                }
                (b"host.name", Value::Text(name)) => resource.hosts.push(IdentifierKind::Host, name),
                _ => {}
            });
        });
        let named = std::mem::take(&mut resource.service);
        let named = if named.is_empty() { instance } else { named };
        let told = std::str::from_utf8(&named).map_or(&named[..], |name| component::of_instance(name).as_bytes());
        resource.service.extend_from_slice(told);
        resource
    }
}

/// A log record in its document.
#[derive(Debug, Clone, Copy)]
pub struct Found<'f> {
    /// As it stands there.
    pub raw: &'f [u8],
    /// Its first byte.
    pub start: u64,
    /// Its first line, from 1.
    pub line: u64,
    /// Who wrote it.
    pub resource: &'f Resource,
}

impl<'f> Found<'f> {
    /// The record as if it were a line of its own.
    pub fn as_line(&self) -> RawLine<'f> {
        RawLine {
            number: self.line,
            start: self.start,
            raw: self.raw,
            text: self.raw,
            encoding: Encoding::Utf8,
            skipped: 0,
            carriage_return: false,
        }
    }
}

/// What there was beside records that could be read.
#[derive(Debug, Default)]
pub struct Totals {
    pub bytes: u64,
    pub lines: u64,
    /// Records that are torn, no records, or too long.
    pub unread: u64,
}

/// Reads all documents of a stream. `each` says whether it could read the record.
pub fn read(stream: impl Read, longest: usize, mut each: impl FnMut(Found<'_>) -> bool) -> Result<Totals, ReadError> {
    let mut totals = Totals::default();
    let mut walker = Walker::new(stream, Layout::OtlpLogs, longest)?;
    let mut resource: Option<Resource> = None;
    let mut held = Held::default();
    let outcome = loop {
        let piece = match walker.next() {
            Ok(Some(piece)) => piece,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        match piece {
            Piece::Item => {
                let (raw, start, line) = (walker.raw(), walker.start(), walker.line());
                let understood = match &resource {
                    Some(resource) => each(Found {
                        raw,
                        start,
                        line,
                        resource,
                    }),
                    None => held.push(raw, start, line),
                };
                if !understood {
                    totals.unread += 1;
                    walker.reject();
                }
            }
            Piece::Owner => {
                let found = resource.insert(Resource::of(walker.raw()));
                held.give(found, &mut each);
            }
            Piece::End => held.give(&resource.take().unwrap_or_default(), &mut each),
        }
        if held.bytes.len() > HELD {
            held.give(&Resource::default(), &mut each);
        }
    };
    held.give(&resource.unwrap_or_default(), &mut each);
    totals.unread += walker.faults + walker.oversized;
    (totals.bytes, totals.lines) = (walker.offset(), walker.lines());
    outcome.map(|()| totals)
}

/// Records that stand before their resource.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    records: Vec<(Range<usize>, u64, u64)>,
}

impl Held {
    /// False for what is no whole object.
    fn push(&mut self, raw: &[u8], start: u64, line: u64) -> bool {
        if !json::fields(raw, |_, _| {}) {
            return false;
        }
        let from = self.bytes.len();
        self.bytes.extend_from_slice(raw);
        self.records.push((from..self.bytes.len(), start, line));
        true
    }

    fn give(&mut self, resource: &Resource, each: &mut impl FnMut(Found<'_>) -> bool) {
        for (raw, start, line) in self.records.drain(..) {
            each(Found {
                raw: &self.bytes[raw],
                start,
                line,
                resource,
            });
        }
        self.bytes.clear();
    }
}

/// Buffers that are used from record to record.
#[derive(Debug, Default)]
pub struct Scratch {
    body: Vec<u8>,
    colours: Vec<u8>,
    text: Vec<u8>,
}

/// What a record has beside what went into a head at once; as it stands there, escapes included.
#[derive(Default)]
struct Parts<'t> {
    body: Option<Value<'t>>,
    attributes: Option<Value<'t>>,
    observed: &'t [u8],
    event: &'t [u8],
    exception: [&'t [u8]; 2],
    stack: &'t [u8],
}

/// Severities by their names in the definition: `SEVERITY_NUMBER_WARN2`.
const NUMBER: &[u8] = b"SEVERITY_NUMBER_";

/// Fills `head` from a log record. False when it is none.
pub fn decode(found: Found<'_>, head: &mut Head, context: &TimeContext, scratch: &mut Scratch) -> bool {
    head.clear();
    head.service.extend_from_slice(&found.resource.service);
    let mut parts = Parts::default();
    if !json::fields(found.raw, |key, value| {
        take_field(key, value, &mut parts, head, context);
    }) {
        return false;
    }
    // Nobody who only saw it knows better when it was.
    fields::take(head, Field::Time, parts.observed, context);
    for (kind, host) in found.resource.hosts.iter() {
        head.identifiers.push(kind, host);
    }
    if let Some(list) = parts.attributes {
        attributes(list, |key, value| take_attribute(key, value, &mut parts, head, context));
    }
    if let Some(body) = parts.body {
        take_body(body, head, context, scratch);
    }
    take_substitute(&parts, head);
    if head.message.is_empty() {
        // What has no message is its own message, as with other objects.
        head.message.extend_from_slice(found.raw);
    } else if !parts.stack.is_empty() {
        head.message.push(b'\n');
        json::unescape(parts.stack, &mut head.message);
    }
    (head.stamped, head.structured) = (true, true);
    true
}

fn take_field<'t>(key: &[u8], value: Value<'t>, parts: &mut Parts<'t>, head: &mut Head, context: &TimeContext) {
    match (key, value) {
        (b"body", body) => parts.body = Some(body),
        (b"attributes", list) => parts.attributes = Some(list),
        (b"observedTimeUnixNano" | b"observed_time_unix_nano", Value::Text(time) | Value::Bare(time)) => {
            parts.observed = time;
        }
        (b"eventName" | b"event_name", Value::Text(name)) => parts.event = name,
        (b"severityNumber" | b"severity_number", Value::Text(name))
            if head.severity.is_none() && name.starts_with(NUMBER) =>
        {
            let word = &name[NUMBER.len()..];
            let step = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            fields::take(head, Field::Severity, &word[..word.len() - step], context);
        }
        (
            b"timeUnixNano" | b"time_unix_nano" | b"severityNumber" | b"severity_number" | b"severityText"
            | b"severity_text" | b"traceId" | b"trace_id" | b"spanId" | b"span_id",
            Value::Text(value) | Value::Bare(value),
        ) => {
            if let Some(field) = fields::of_name(key) {
                fields::take(head, field, value, context);
            }
        }
        _ => {}
    }
}

fn take_attribute<'t>(key: &[u8], value: Value<'t>, parts: &mut Parts<'t>, head: &mut Head, context: &TimeContext) {
    match (key, value) {
        (b"exception.type", Value::Text(name)) => parts.exception[0] = name,
        (b"exception.message", Value::Text(message)) => parts.exception[1] = message,
        (b"exception.stacktrace", Value::Text(trace)) => parts.stack = trace,
        (_, Value::Text(value) | Value::Bare(value)) => {
            if let Some(field @ Field::Identifier(_)) = fields::of_name(key) {
                fields::take(head, field, value, context);
            }
        }
        _ => {}
    }
}

/// The words of a record: its text, or the message among its fields, or all of them.
fn take_body(body: Value<'_>, head: &mut Head, context: &TimeContext, scratch: &mut Scratch) {
    let Scratch {
        body: words,
        colours,
        text,
    } = scratch;
    // A structured body is what elsewhere is a line of JSON.
    attributes(body, |key, value| {
        if let (Some(field), Value::Text(value) | Value::Bare(value)) = (fields::of_name(key), value) {
            text.clear();
            json::unescape(value, text);
            fields::take(head, field, text, context);
        }
    });
    if head.message.is_empty() {
        words.clear();
        write(body, words);
        format::inner(plain(words.trim_ascii_end(), colours), head, context, text);
    }
}

/// Words of a record without a body: what was thrown, or the name of what happened.
fn take_substitute(parts: &Parts<'_>, head: &mut Head) {
    if !head.message.is_empty() {
        return;
    }
    let [name, message] = parts.exception;
    json::unescape(name, &mut head.message);
    if !name.is_empty() && !message.is_empty() {
        head.message.extend_from_slice(b": ");
    }
    json::unescape(message, &mut head.message);
    if head.message.is_empty() {
        json::unescape(parts.event, &mut head.message);
    }
}
