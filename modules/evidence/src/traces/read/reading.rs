//! Reading a source: its spans one after another, and what was read, whatever its format.

use std::io::Read;

use serde::Serialize;

use super::{csv, json, recognise::Format};
use crate::{
    source::{Encoding, LineLimits, ReadError},
    traces::span::Span,
};

/// Bounds of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanReadLimits {
    /// Bytes of one span; a longer one is passed over and counted.
    pub span: usize,
    /// Bytes that are held of spans whose service is named behind them. What exceeds them is given out without a service.
    pub held: usize,
}

impl Default for SpanReadLimits {
    fn default() -> Self {
        Self {
            span: 1 << 20,
            held: 16 << 20,
        }
    }
}

impl SpanReadLimits {
    pub(super) fn lines(self) -> LineLimits {
        LineLimits { line: self.span }
    }
}

/// What was read of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpanSummary {
    /// What it was taken for.
    pub format: Format,
    /// Bytes.
    pub bytes: u64,
    /// Spans that were given out.
    pub spans: u64,
    /// Rows or elements that are no span: something that is needed is missing or cannot be read.
    pub faulty: u64,
    /// Spans that are longer than the bound.
    pub oversized: u64,
    /// Spans for which nothing says who recorded them.
    pub ownerless: u64,
    /// Spans whose duration has no unit: that of the beginning was assumed.
    pub assumed: u64,
    /// First beginning and last end, in microseconds since 1970.
    pub span: Option<(i64, i64)>,
    /// How its bytes are to be decoded.
    pub encoding: Encoding,
}

impl SpanSummary {
    fn new(format: Format) -> Self {
        Self {
            format,
            bytes: 0,
            spans: 0,
            faulty: 0,
            oversized: 0,
            ownerless: 0,
            assumed: 0,
            span: None,
            encoding: Encoding::Utf8,
        }
    }
}

/// Times further from 1970 than this are no times, in microseconds (some 36,000 years). Sums of two of them do not overflow.
const FARTHEST: i64 = 1 << 60;

/// Where readers hand their spans.
pub(super) struct Sink<'s, F> {
    pub summary: &'s mut SpanSummary,
    pub each: F,
}

impl<F: FnMut(&Span<'_>)> Sink<'_, F> {
    /// Gives out a span, or counts it as faulty.
    pub fn give(&mut self, span: &Span<'_>) {
        if span.start.unsigned_abs() > FARTHEST.unsigned_abs() {
            self.summary.faulty += 1;
            return;
        }
        let span = Span {
            duration: span.duration.clamp(0, FARTHEST),
            ..*span
        };
        self.summary.spans += 1;
        self.summary.ownerless += u64::from(span.instance.is_empty());
        let end = span.start + span.duration;
        let (first, last) = self.summary.span.unwrap_or((span.start, end));
        self.summary.span = Some((first.min(span.start), last.max(end)));
        (self.each)(&span);
    }
}

/// Reads all spans of a source of this format, in order, and gives each to `each`.
pub fn read_spans(
    stream: impl Read,
    format: Format,
    limits: SpanReadLimits,
    each: impl FnMut(&Span<'_>),
) -> Result<SpanSummary, ReadError> {
    let mut summary = SpanSummary::new(format);
    let mut sink = Sink {
        summary: &mut summary,
        each,
    };
    match format {
        Format::Csv => csv::read(stream, limits, &mut sink)?,
        Format::Otlp | Format::Jaeger | Format::Zipkin => json::read(stream, format, limits, &mut sink)?,
    }
    Ok(summary)
}
