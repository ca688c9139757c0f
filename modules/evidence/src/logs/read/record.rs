//! Records: one message each, of one line or of several, with its place in the source.

use super::stack::{Open, Runtime};
use crate::{
    logs::{correlate::Identifiers, severity::Severity, time::Stamp},
    quote::{LONGEST, Quote},
    source::{Encoding, Origin, RawLine},
};

/// What a line says before it is joined with others.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that a format says of a line"
)]
#[derive(Debug, Default, Clone)]
pub struct Head {
    /// The words, without colours, timestamp in front and wrapping.
    pub message: Vec<u8>,
    /// When.
    pub stamp: Option<Stamp>,
    /// How bad it says it is.
    pub severity: Option<Severity>,
    /// Who says it.
    pub service: Vec<u8>,
    /// What correlates it.
    pub identifiers: Identifiers,
    /// The message goes on in the next line of the same wrapping.
    pub partial: bool,
    /// It came out of a wrapping that has a timestamp in every line.
    pub wrapped: bool,
    /// It has a timestamp or fields of its own, inside any wrapping.
    pub stamped: bool,
    /// Its words are a field among others, so that a line without fields does not go on with it.
    pub structured: bool,
    /// A message whose escapes are resolved.
    pub(super) unescaped: Vec<u8>,
}

impl Head {
    pub(super) fn clear(&mut self) {
        self.message.clear();
        self.service.clear();
        self.identifiers.clear();
        (self.stamp, self.severity) = (None, None);
        (self.partial, self.wrapped, self.stamped, self.structured) = (false, false, false, false);
    }
}

/// One message with its place.
#[derive(Debug)]
pub struct Record<'r> {
    /// What its first line says.
    pub head: &'r Head,
    /// Where it is.
    pub origin: &'r Origin,
    /// Its first line, from 1.
    pub line: u64,
    /// How many lines it has.
    pub lines: u32,
    /// Place of its first byte.
    pub start: u64,
    /// Its bytes, as far as a quote goes.
    pub raw: &'r [u8],
    /// How they are encoded.
    pub encoding: Encoding,
    /// How bad it is, by its word or by what it shows.
    pub severity: Option<Severity>,
    /// Whose stack trace it has.
    pub stack: Option<Runtime>,
    /// The line that names what went wrong, when it is not the first.
    pub cause: &'r [u8],
}

impl Record<'_> {
    /// The record as it stands in the source.
    pub fn quote(&self) -> Quote {
        Quote::new(self.origin, self.line, self.start, self.raw, self.encoding)
    }

    /// What the message is about in one line: the cause where the first line only announces a trace.
    pub fn subject(&self) -> &[u8] {
        let message = self.head.message.as_slice();
        let announces = message.starts_with(b"Traceback (most recent call last)") || message.starts_with(b"thread '");
        if announces && !self.cause.is_empty() {
            return self.cause;
        }
        &message[..memchr::memchr(b'\n', message).unwrap_or(message.len())]
    }
}

/// Bytes of the line that names a cause.
const CAUSE: usize = 1_024;

/// The record that is open, in buffers that are used again.
#[derive(Debug, Default)]
pub struct Pending {
    pub head: Head,
    pub line: u64,
    pub lines: u32,
    pub start: u64,
    pub raw: Vec<u8>,
    pub closed: bool,
    pub encoding: Option<Encoding>,
    pub cause: Vec<u8>,
    pub stack: Option<Runtime>,
}

impl Pending {
    /// Begins a record with this line, which is still to be appended.
    pub fn begin(&mut self, line: &RawLine<'_>) {
        (self.line, self.lines, self.start) = (line.number, 0, line.start);
        self.raw.clear();
        self.cause.clear();
        self.stack = None;
        self.closed = false;
        self.encoding = Some(line.encoding);
    }

    /// Adds a line's bytes.
    pub fn append(&mut self, line: &RawLine<'_>) {
        self.lines += 1;
        // One more than a quote takes, so that a cut falls between characters.
        if !self.closed && self.raw.len() < LONGEST + 8 {
            self.raw.extend_from_slice(&line.raw[..line.raw.len().min(LONGEST + 8)]);
        }
        self.closed |= line.skipped > 0 || self.raw.len() >= LONGEST + 8;
    }

    /// What is known of the record for judging the next line.
    pub fn known(&self) -> Open {
        Open {
            stamped: self.head.stamped && !self.head.structured,
            severe: self.head.severity >= Some(Severity::Error),
            lines: self.lines,
        }
    }

    /// Keeps the line that names a cause.
    pub fn caused(&mut self, line: &[u8]) {
        self.cause.clear();
        self.cause.extend_from_slice(&line[..line.len().min(CAUSE)]);
    }

    /// Adds the end of the line before.
    pub fn end_line(&mut self, encoding: Encoding, carriage_return: bool) {
        if self.closed {
            return;
        }
        let units: &[u8] = if carriage_return { b"\r\n" } else { b"\n" };
        for &unit in units {
            match encoding {
                Encoding::Utf16Le => self.raw.extend_from_slice(&[unit, 0]),
                Encoding::Utf16Be => self.raw.extend_from_slice(&[0, unit]),
                Encoding::Utf8 | Encoding::Utf8Lossy => self.raw.push(unit),
            }
        }
    }
}
