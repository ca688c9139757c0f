//! Reading a source: its lines are decoded, joined and given out as records.

use std::{collections::BTreeMap, io::Read};

use serde::Serialize;

use super::{
    csv::{self, Columns},
    format::{self, Format},
    journal, otlp,
    record::{Head, Pending, Record},
    stack::{Joiner, Open, Role},
};
use crate::{
    logs::{
        severity::{Severity, of_crash},
        time::TimeContext,
    },
    source::{Encoding, LineLimits, LineReader, Origin, RawLine, ReadError, plain},
};

/// Bounds of reading records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordLimits {
    /// Bounds of one line.
    pub lines: LineLimits,
    /// Bytes of one message, when it comes in parts.
    pub message: usize,
}

impl Default for RecordLimits {
    fn default() -> Self {
        Self {
            lines: LineLimits::default(),
            message: 1 << 20,
        }
    }
}

/// What was read of one source.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct ReadSummary {
    /// Bytes.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Messages.
    pub records: u64,
    /// Lines of each format.
    pub formats: BTreeMap<Format, u64>,
    /// Messages with a timestamp.
    pub stamped: u64,
    /// Messages that are older than the one before them.
    pub out_of_order: u64,
    /// Messages whose year, day or zone was assumed.
    pub assumed: u64,
    /// First and last point in time, in microseconds since 1970.
    pub span: Option<(i64, i64)>,
    /// Lines with faulty UTF-8.
    pub faulty: u64,
    /// Lines that are nothing but control characters.
    pub junk: u64,
    /// Bytes that were skipped in lines that are too long.
    pub skipped: u64,
    /// Log records of OTLP that are torn, too long, or none.
    pub unread: u64,
}

/// Reads all records of a source, in order, and gives each to `each`.
pub fn read_records(
    stream: impl Read,
    origin: &Origin,
    limits: RecordLimits,
    context: &TimeContext,
    each: impl FnMut(&Record<'_>),
) -> Result<ReadSummary, ReadError> {
    let mut reader = LineReader::new(stream, limits.lines);
    let mut reading = Reading {
        origin,
        context,
        limits,
        each,
        state: State {
            summary: ReadSummary::default(),
            formats: [0; FORMATS],
            last: None,
        },
        pending: Pending::default(),
        head: Head::default(),
        joiner: Joiner::default(),
        colours: Vec::new(),
        scratch: Vec::new(),
        open: false,
        carriage_return: false,
        partial: false,
    };
    if otlp::begins(reader.beginning()?) {
        return reading.otlp(reader.into_stream());
    }
    let mut wrapping = Wrapping::None;
    while let Some(line) = reader.next_line()? {
        reading.state.line(&line);
        if line.number == 1 {
            wrapping = Wrapping::of_first(line.text);
        }
        match &mut wrapping {
            Wrapping::None => reading.text_line(&line),
            Wrapping::Journal(entry) => reading.journal_line(&line, entry),
            Wrapping::Csv(columns) => {
                if !reading.csv_line(&line, columns) {
                    wrapping = Wrapping::None;
                    reading.text_line(&line);
                }
            }
        }
        reading.carriage_return = line.carriage_return;
    }
    if let Wrapping::Journal(mut entry) = wrapping
        && !entry.is_empty()
    {
        entry.finish(&mut reading.pending.head, context, &mut reading.scratch);
        reading.open = true;
    }
    if reading.open {
        reading.give();
    }
    reading.state.summary.bytes = reader.offset();
    Ok(reading.state.finish())
}

/// What a file has around all of its messages, told by its first line.
enum Wrapping {
    None,
    Journal(journal::Entry),
    Csv(Columns),
}

impl Wrapping {
    fn of_first(line: &[u8]) -> Self {
        if journal::begins(line) {
            return Self::Journal(journal::Entry::default());
        }
        Columns::of_header(line).map_or(Self::None, Self::Csv)
    }
}

/// One source while it is read.
struct Reading<'r, F> {
    origin: &'r Origin,
    context: &'r TimeContext,
    limits: RecordLimits,
    each: F,
    state: State,
    pending: Pending,
    head: Head,
    joiner: Joiner,
    colours: Vec<u8>,
    scratch: Vec<u8>,
    /// Whether `pending` is a record.
    open: bool,
    /// Whether the line before ended with a carriage return, too.
    carriage_return: bool,
    /// Whether the record goes on in the next line of its wrapping.
    partial: bool,
}

impl<F: FnMut(&Record<'_>)> Reading<'_, F> {
    fn otlp(mut self, stream: impl Read) -> Result<ReadSummary, ReadError> {
        let mut scratch = otlp::Scratch::default();
        let totals = otlp::read(stream, self.limits.lines.line, |found| {
            let is_whole = otlp::decode(found, &mut self.pending.head, self.context, &mut scratch);
            if is_whole {
                self.otlp_record(found);
            }
            is_whole
        })?;
        let summary = &mut self.state.summary;
        (summary.bytes, summary.lines, summary.unread) = (totals.bytes, totals.lines, totals.unread);
        Ok(self.state.finish())
    }

    /// Gives out a record whose head is decoded.
    fn otlp_record(&mut self, found: otlp::Found<'_>) {
        let line = found.as_line();
        self.state.formats[Format::Otlp as usize] += 1;
        self.state.summary.faulty += u64::from(std::str::from_utf8(found.raw).is_err());
        self.pending.begin(&line);
        self.pending.append(&line);
        let ends = memchr::memchr_iter(b'\n', found.raw).count();
        self.pending.lines = u32::try_from(1 + ends).unwrap_or(u32::MAX);
        // A stack trace stands in the message, or was put behind it.
        let message = std::mem::take(&mut self.pending.head.message);
        let mut lines = message.split(|byte| *byte == b'\n');
        self.joiner.role(lines.next().unwrap_or_default(), true, None);
        for more in lines {
            let (marks, open) = (
                self.joiner.marks(),
                Open {
                    stamped: true,
                    severe: true,
                    lines: 1,
                },
            );
            self.joiner.role(more, false, Some(open));
            if self.joiner.is_cause(more, marks.0, marks.1) {
                self.pending.caused(more);
            }
        }
        self.pending.head.message = message;
        self.pending.stack = self.joiner.runtime();
        self.give();
    }

    fn journal_line(&mut self, line: &RawLine<'_>, entry: &mut journal::Entry) {
        self.state.formats[Format::JournalExport as usize] += 1;
        if entry.is_empty() {
            self.pending.begin(line);
        } else {
            self.pending.end_line(line.encoding, self.carriage_return);
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(line.text);
        self.scratch
            .extend_from_slice(if line.carriage_return { b"\r\n" } else { b"\n" });
        if entry.line(&self.scratch) {
            // The empty line belongs to nobody.
            entry.finish(&mut self.pending.head, self.context, &mut self.scratch);
            self.give();
        } else {
            self.pending.append(line);
        }
    }

    /// False if this is no export after all.
    fn csv_line(&mut self, line: &RawLine<'_>, columns: &mut Columns) -> bool {
        let text = plain(line.text, &mut self.colours);
        let known = columns.line(text, &mut self.head, self.context, &mut self.scratch);
        if known == csv::Line::Other {
            return false;
        }
        self.state.formats[Format::Csv as usize] += 1;
        match known {
            csv::Line::Header | csv::Line::Other => {}
            csv::Line::Row => {
                self.joiner.role(&self.head.message, true, None);
                self.begin(line);
            }
            csv::Line::More => {
                let more = columns.more(text);
                let marks = self.joiner.marks();
                // Whatever it looks like, it is in the cell of that row: what it is to the joiner does not count.
                self.joiner.role(more, false, Some(self.pending.known()));
                if self.joiner.is_cause(more, marks.0, marks.1) {
                    self.pending.caused(more);
                }
                let message = &mut self.pending.head.message;
                let room = self.limits.message.saturating_sub(message.len());
                message.push(b'\n');
                message.extend_from_slice(&more[..more.len().min(room)]);
                self.pending.end_line(line.encoding, self.carriage_return);
                self.pending.append(line);
                self.pending.stack = self.joiner.runtime();
            }
        }
        true
    }

    fn text_line(&mut self, line: &RawLine<'_>) {
        if is_junk(line.text) {
            self.state.summary.junk += 1;
            self.pending.closed = true;
            return;
        }
        let text = plain(line.text, &mut self.colours);
        let kind = format::decode(text, &mut self.head, self.context, &mut self.scratch);
        self.state.formats[kind as usize] += 1;
        if self.open && self.partial && self.head.wrapped {
            self.partial = self.head.partial;
            let message = &mut self.pending.head.message;
            let room = self.limits.message.saturating_sub(message.len());
            message.extend_from_slice(&self.head.message[..self.head.message.len().min(room)]);
            self.pending.end_line(line.encoding, self.carriage_return);
            self.pending.append(line);
            return;
        }
        let marks = self.joiner.marks();
        let body: &[u8] = if self.head.wrapped { &self.head.message } else { text };
        let own_head = self.head.stamped || kind == Format::Syslog;
        let known = self.open.then(|| self.pending.known());
        match self.joiner.role(body, own_head, known) {
            // What follows is not next to what was kept: the quote ends here.
            Role::Nothing => self.pending.closed = true,
            Role::Continuation => {
                self.pending.end_line(line.encoding, self.carriage_return);
                self.pending.append(line);
                self.pending.stack = self.joiner.runtime();
                if self.joiner.is_cause(body, marks.0, marks.1) {
                    self.pending.caused(body);
                }
            }
            Role::Head => self.begin(line),
        }
    }

    /// Gives out the record that is open, and begins one with `head`.
    fn begin(&mut self, line: &RawLine<'_>) {
        if self.open {
            self.give();
        }
        std::mem::swap(&mut self.pending.head, &mut self.head);
        self.pending.begin(line);
        self.pending.append(line);
        self.pending.stack = self.joiner.runtime();
        self.partial = self.pending.head.partial;
        self.open = true;
    }

    fn give(&mut self) {
        let pending = &self.pending;
        self.state.record(pending);
        let shown = pending.stack.map(|_| Severity::Error);
        let severity = pending
            .head
            .severity
            .or_else(|| of_crash(&pending.head.message))
            .or(shown);
        (self.each)(&Record {
            head: &pending.head,
            origin: self.origin,
            line: pending.line,
            lines: pending.lines,
            start: pending.start,
            raw: &pending.raw,
            encoding: pending.encoding.unwrap_or(Encoding::Utf8),
            severity,
            stack: pending.stack,
            cause: &pending.cause,
        });
    }
}

const FORMATS: usize = 9;
const ALL_FORMATS: [Format; FORMATS] = [
    Format::Plain,
    Format::Docker,
    Format::Cri,
    Format::JournalExport,
    Format::Syslog,
    Format::JsonLines,
    Format::Logfmt,
    Format::Csv,
    Format::Otlp,
];

struct State {
    summary: ReadSummary,
    formats: [u64; FORMATS],
    last: Option<i64>,
}

impl State {
    fn line(&mut self, line: &RawLine<'_>) {
        self.summary.lines += 1;
        self.summary.skipped += line.skipped;
        if !line.encoding.is_wide() && std::str::from_utf8(line.raw).is_err() {
            self.summary.faulty += 1;
        }
    }

    fn record(&mut self, pending: &Pending) {
        self.summary.records += 1;
        if let Some(stamp) = pending.head.stamp {
            self.summary.stamped += 1;
            self.summary.assumed += u64::from(stamp.year_assumed || stamp.day_assumed || stamp.zone_assumed);
            self.summary.out_of_order += u64::from(self.last.is_some_and(|last| stamp.micros < last));
            self.last = Some(stamp.micros);
            let (first, last) = self.summary.span.unwrap_or((stamp.micros, stamp.micros));
            self.summary.span = Some((first.min(stamp.micros), last.max(stamp.micros)));
        }
    }

    fn finish(mut self) -> ReadSummary {
        self.summary.formats = ALL_FORMATS
            .into_iter()
            .zip(self.formats)
            .filter(|(_, lines)| *lines > 0)
            .collect();
        self.summary
    }
}

/// Blocks of zeros stand where a machine lost power while it wrote.
fn is_junk(text: &[u8]) -> bool {
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | 0x1b);
    text.iter().take(64).filter(|byte| control(byte)).count() * 2 > text.len().min(64)
}
