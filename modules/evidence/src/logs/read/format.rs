//! Formats: how one line wraps a message, told line by line from its form.

use serde::Serialize;

use super::{
    fields::{self, Field},
    json::{self, Value},
    logfmt,
    record::Head,
    syslog,
};
use crate::logs::{
    severity,
    time::{self, TimeContext},
};

/// How a line wraps its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text, with or without a timestamp in front.
    Plain,
    /// Docker's `json-file`: one object with `log`, `stream` and `time`.
    Docker,
    /// Kubernetes' container runtime interface: time, stream, `F` or `P`, text.
    Cri,
    /// `journalctl --output=export`.
    JournalExport,
    /// RFC 5424 or RFC 3164, as `journalctl --output=short` writes it, too.
    Syslog,
    /// One object of JSON in a line.
    JsonLines,
    /// `key=value` pairs.
    Logfmt,
    /// A table with a column of times and one of messages.
    Csv,
    /// OTLP in JSON: log records in one document or in one a line.
    Otlp,
}

/// Deepest object that fields are looked for in.
const DEEPEST: u32 = 3;

/// Fills `head` from a line that has no colours in it, and says what wrapped it.
pub fn decode(text: &[u8], head: &mut Head, context: &TimeContext, scratch: &mut Vec<u8>) -> Format {
    head.clear();
    if text.first() == Some(&b'{') {
        if docker(text, head, context, scratch) {
            return Format::Docker;
        }
        if object(text, head, context, scratch, DEEPEST) {
            finish_object(text, head);
            return Format::JsonLines;
        }
        head.clear();
    }
    if let Some(at) = cri(text, head, context) {
        head.wrapped = true;
        inner(&text[at..], head, context, scratch);
        return Format::Cri;
    }
    let found = time::find(text, context);
    if let Some(at) = syslog::decode(text, head, context, found) {
        head.wrapped = true;
        inner(&text[at..], head, context, scratch);
        return Format::Syslog;
    }
    head.clear();
    if pairs(text, head, context, scratch) {
        return Format::Logfmt;
    }
    plain(text, head, found);
    Format::Plain
}

/// The message inside a wrapping: an object, pairs, or text.
pub fn inner(text: &[u8], head: &mut Head, context: &TimeContext, scratch: &mut Vec<u8>) {
    if text.first() == Some(&b'{') && object(text, head, context, scratch, DEEPEST) {
        finish_object(text, head);
        return;
    }
    if pairs(text, head, context, scratch) {
        return;
    }
    plain(text, head, time::find(text, context));
}

fn plain(text: &[u8], head: &mut Head, found: Option<(usize, usize, time::Stamp)>) {
    head.message.clear();
    let mut from = 0;
    if let Some((start, end, stamp)) = found {
        head.stamped = true;
        if head.stamp.is_none() {
            head.stamp = Some(stamp);
        }
        from = end;
        if head.severity.is_none()
            && text[start].is_ascii_alphabetic()
            && text[start..].get(1).is_some_and(u8::is_ascii_digit)
        {
            head.severity = severity::Severity::of_letter(text[start]);
        }
        // What stands before a timestamp belongs to the message; a timestamp in front does not.
        if text[..start]
            .iter()
            .all(|byte| matches!(byte, b'[' | b'(' | b' ' | b'"'))
        {
            let rest = &text[end..];
            let skip = rest
                .iter()
                .position(|byte| !matches!(byte, b']' | b')' | b' ' | b'\t' | b'"' | b'|' | b':' | b'-'));
            head.message.extend_from_slice(&rest[skip.unwrap_or(rest.len())..]);
        } else {
            head.message.extend_from_slice(text);
        }
    } else {
        head.message.extend_from_slice(text);
    }
    if head.severity.is_none() {
        head.severity = severity::of_line(text, from);
    }
    let message = std::mem::take(&mut head.message);
    head.identifiers.scan(&message);
    head.message = message;
}

fn docker(text: &[u8], head: &mut Head, context: &TimeContext, scratch: &mut Vec<u8>) -> bool {
    let (mut log, mut stream, mut stamp) = (None, false, None);
    let whole = json::fields(text, |key, value| match (key, value) {
        (b"log", Value::Text(value)) => log = Some(value),
        (b"stream", Value::Text(_)) => stream = true,
        (b"time", Value::Text(value)) => stamp = time::whole(value, context),
        _ => {}
    });
    let (true, Some(log), true, Some(stamp)) = (whole, log, stream, stamp) else {
        return false;
    };
    let mut message = std::mem::take(&mut head.unescaped);
    message.clear();
    json::unescape(log, &mut message);
    head.partial = message.last() != Some(&b'\n');
    let end = message
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r'))
        .map_or(0, |last| last + 1);
    head.stamp = Some(stamp);
    head.wrapped = true;
    inner(&message[..end], head, context, scratch);
    head.unescaped = message;
    true
}

/// `2024-03-01T10:11:12.345678901Z stdout F message` (CRI logging format of the kubelet).
fn cri(text: &[u8], head: &mut Head, context: &TimeContext) -> Option<usize> {
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    let space = memchr::memchr(b' ', &text[..text.len().min(40)])?;
    let rest = &text[space + 1..];
    if !(rest.starts_with(b"stdout ") || rest.starts_with(b"stderr ")) || rest.get(8).is_some_and(|byte| *byte != b' ')
    {
        return None;
    }
    let tag = *rest.get(7)?;
    if !matches!(tag, b'F' | b'P') {
        return None;
    }
    head.stamp = Some(time::whole(&text[..space], context)?);
    head.partial = tag == b'P';
    Some((space + 10).min(text.len()))
}

fn object(text: &[u8], head: &mut Head, context: &TimeContext, scratch: &mut Vec<u8>, depth: u32) -> bool {
    let mut groups: [Option<&[u8]>; 6] = [None; 6];
    let whole = json::fields(text, |key, value| {
        let Some(field) = fields::of_name(key) else { return };
        match value {
            Value::Object(inside) if matches!(field, Field::Group | Field::Message | Field::Service) => {
                if let Some(free) = groups.iter_mut().find(|group| group.is_none()) {
                    *free = Some(inside);
                }
            }
            Value::Text(value) if field == Field::Group && key == b"log" => {
                text_field(head, Field::Message, value, context, scratch);
            }
            Value::Text(value) => text_field(head, field, value, context, scratch),
            Value::Bare(value) if value != b"null" => fields::take(head, field, value, context),
            Value::Bare(_) | Value::Object(_) | Value::Array(_) => {}
        }
    });
    if whole && depth > 0 {
        for group in groups.into_iter().flatten() {
            object(group, head, context, scratch, depth - 1);
        }
    }
    whole
}

fn text_field(head: &mut Head, field: Field, value: &[u8], context: &TimeContext, scratch: &mut Vec<u8>) {
    if field == Field::Message && !head.message.is_empty() {
        return;
    }
    if memchr::memchr(b'\\', value).is_none() {
        fields::take(head, field, value, context);
        return;
    }
    scratch.clear();
    json::unescape(value, scratch);
    fields::take(head, field, scratch, context);
}

/// An object without a message is its own message.
fn finish_object(text: &[u8], head: &mut Head) {
    (head.stamped, head.structured) = (true, true);
    if head.message.is_empty() {
        head.message.extend_from_slice(text);
    }
}

fn pairs(text: &[u8], head: &mut Head, context: &TimeContext, scratch: &mut Vec<u8>) -> bool {
    if !text.first().is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let first = memchr::memchr3(b'=', b' ', b':', text);
    if first.is_none_or(|at| text[at] != b'=') {
        return false;
    }
    let mut told = 0;
    let found = logfmt::fields(text, |key, _| {
        told += u32::from(matches!(
            fields::of_name(key),
            Some(Field::Message | Field::Time | Field::Severity)
        ));
    });
    if found.is_none_or(|pairs| pairs < 2) || told < 2 {
        return false;
    }
    logfmt::fields(text, |key, value| {
        if let Some(field) = fields::of_name(key) {
            text_field(head, field, value, context, scratch);
        }
    });
    (head.stamped, head.structured) = (true, true);
    if head.message.is_empty() {
        head.message.extend_from_slice(text);
    }
    true
}
