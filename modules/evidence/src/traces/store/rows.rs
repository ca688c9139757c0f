//! Rows while they are read: the draw of traces, and what was let go.

use std::io::Read;

use super::{
    names::{Names, without_ids},
    resolve,
    traces::{Source, Totals, Traces},
};
use crate::{
    component,
    source::{Origin, ReadError},
    traces::{
        read::{Format, SpanReadLimits, read_spans},
        span::{Outcome, Place, Span, SpanKind},
    },
};

/// Bounds of what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanLimits {
    /// Rows of spans, 64 bytes each.
    pub spans: usize,
    /// Components, at most 65,000.
    pub components: usize,
    /// Operations.
    pub operations: usize,
    /// Bounds of reading.
    pub read: SpanReadLimits,
}

impl Default for SpanLimits {
    fn default() -> Self {
        Self {
            spans: 1_000_000,
            components: 4_096,
            operations: 32_768,
            read: SpanReadLimits::default(),
        }
    }
}

/// One span that is kept.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub(in crate::traces) trace: u64,
    pub(super) span: u64,
    /// Zero for none.
    pub(super) parent: u64,
    /// Microseconds since 1970.
    pub start: i64,
    /// Microseconds.
    pub duration: i64,
    /// First byte in its source.
    at: u64,
    /// Bytes in its source.
    length: u32,
    /// Number of the operation's name.
    pub operation: u32,
    component: u16,
    peer: u16,
    source: u16,
    /// Which side of a call it is.
    pub kind: SpanKind,
    /// How it says that it ended.
    pub outcome: Outcome,
}

impl Row {
    /// Number of the component's name.
    pub fn component(&self) -> u32 {
        u32::from(self.component)
    }

    /// Number of the name of whom it calls by its own word; `UNNAMED` where it says nothing.
    pub fn peer(&self) -> u32 {
        u32::from(self.peer)
    }

    /// Microseconds since 1970.
    pub fn end(&self) -> i64 {
        self.start + self.duration
    }

    /// Number of its source.
    pub fn source(&self) -> usize {
        usize::from(self.source)
    }

    /// Whether it is a failure for the side it tells of: who is refused has failed, and who refuses has not (OpenTelemetry
    /// semantic conventions, status of HTTP spans).
    pub fn is_error(&self) -> bool {
        match self.outcome {
            Outcome::Well | Outcome::Abandoned => false,
            Outcome::Refused => self.kind.calls(),
            Outcome::Failed => true,
        }
    }

    /// Its bytes in its source.
    pub fn place(&self) -> Place {
        Place {
            start: self.at,
            length: self.length,
        }
    }
}

/// Collects spans.
#[derive(Debug)]
pub struct SpanStore {
    limits: SpanLimits,
    rows: Vec<Row>,
    components: Names,
    operations: Names,
    sources: Vec<Source>,
    /// Traces are kept whose key begins with so many zero bits.
    bits: u32,
    /// Nothing more is taken: what there is cannot be thinned.
    full: bool,
    seen: u64,
    /// Whether any source may hold both sides of a call under one identifier.
    halves: bool,
}

/// A draw that would leave less than this share of the rows is none: one trace is most of all there is.
const LEAST_LEFT: usize = 16;

impl SpanStore {
    /// Empty.
    pub fn new(limits: SpanLimits) -> Self {
        Self {
            limits,
            rows: Vec::new(),
            components: Names::new(limits.components.min(65_000)),
            operations: Names::new(limits.operations),
            sources: Vec::new(),
            bits: 0,
            full: false,
            seen: 0,
            halves: false,
        }
    }

    /// Reads a source to its end. What was read before an error is kept, and the source is listed with the error.
    pub fn read(&mut self, origin: &Origin, stream: impl Read, format: Format) -> Result<(), ReadError> {
        let source = self.sources.len();
        self.halves |= format == Format::Zipkin;
        let limits = self.limits.read;
        let outcome = read_spans(stream, format, limits, |span| self.add(source, span));
        let (summary, failure) = match outcome {
            Ok(summary) => (Some(summary), None),
            Err(error) => (None, Some(error)),
        };
        self.sources.push(Source {
            origin: origin.clone(),
            summary,
            error: failure.as_ref().map(ToString::to_string),
        });
        failure.map_or(Ok(()), Err)
    }

    fn add(&mut self, source: usize, span: &Span<'_>) {
        self.seen += 1;
        if self.full || self.bits > 0 && span.trace.0.leading_zeros() < self.bits {
            return;
        }
        if self.rows.len() >= self.limits.spans {
            self.thin();
            if self.full || span.trace.0.leading_zeros() < self.bits {
                return;
            }
        }
        let owner = |name: &str| match component::of_instance(name) {
            owner if owner.len() == name.len() => None,
            owner => Some(owner.to_owned()),
        };
        let small = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        let row = Row {
            trace: span.trace.0,
            span: span.id.0,
            parent: span.parent.map_or(0, |parent| parent.0),
            start: span.start,
            duration: span.duration,
            at: span.place.start,
            length: span.place.length,
            operation: self.operations.number(span.operation, without_ids),
            component: small(self.components.number(span.instance, owner)),
            peer: small(self.components.number(span.peer, owner)),
            source: u16::try_from(source).unwrap_or(u16::MAX),
            kind: span.kind,
            outcome: span.outcome,
        };
        self.rows.push(row);
    }

    /// Halves the share of traces that are kept, until there is room.
    fn thin(&mut self) {
        let room = self.limits.spans / 4 * 3;
        while self.rows.len() > room {
            let bits = self.bits + 1;
            let left = self.rows.iter().filter(|row| row.trace.leading_zeros() >= bits).count();
            if left < self.rows.len() / LEAST_LEFT {
                self.full = true;
                return;
            }
            self.bits = bits;
            self.rows.retain(|row| row.trace.leading_zeros() >= bits);
        }
    }

    /// Sources that were read so far.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Bytes on the heap for rows.
    pub fn heap_size(&self) -> usize {
        self.rows.capacity() * size_of::<Row>()
    }

    /// Puts the traces in order and finds every span's parent.
    pub fn finish(mut self) -> Traces {
        let read = self.rows.len() as u64;
        resolve::sort(&mut self.rows);
        let kept = self.rows.len() as u64;
        let (groups, parents) = resolve::parents(&self.rows, self.halves);
        let totals = Totals {
            spans: self.seen,
            kept,
            repeated: read - kept,
            not_kept: self.seen - read,
            share: 0.5_f64.powi(i32::try_from(self.bits).unwrap_or(i32::MAX)),
            full: self.full,
            names_folded: self.components.folded() + self.operations.folded(),
        };
        Traces {
            rows: self.rows,
            parents,
            groups,
            components: self.components,
            operations: self.operations,
            sources: self.sources,
            totals,
            bits: self.bits,
        }
    }
}
