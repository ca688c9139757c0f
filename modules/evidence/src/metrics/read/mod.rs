//! Reading measurements: each format becomes series of the same set. It does not judge values.

mod cell;
mod clock;
mod column;
mod exposition;
mod json;
mod otlp;
mod recognise;
mod record;
mod separated;
mod table;

#[cfg(test)]
mod tests;

use std::io::Read;

use serde::Serialize;

pub use clock::TimeColumn;
pub use recognise::recognise;

use super::SeriesSet;
use crate::{
    logs::time::TimeContext,
    source::{LineLimits, Origin, ReadError},
};

/// How measurements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Rows of separated values (RFC 4180), wide or long, by comma, semicolon, tab or bar.
    Separated,
    /// JSON: objects of an array, or one after another; results of a Prometheus query; OTLP. Each object says which.
    Json,
    /// What a Prometheus target shows ("Exposition formats", text; `OpenMetrics` 1.0).
    Exposition,
}

/// How to read.
#[derive(Debug, Clone, Copy)]
pub struct ReadOptions {
    /// How times are completed; its reference is also the time of samples that have none.
    pub time: TimeContext,
    /// Bounds of one line.
    pub lines: LineLimits,
    /// Bytes of one document of JSON that are read; of a longer one, what comes first.
    pub document: usize,
}

impl ReadOptions {
    /// The usual bounds.
    pub fn new(time: TimeContext) -> Self {
        Self {
            time,
            lines: LineLimits::default(),
            document: 48 << 20,
        }
    }
}

/// What was read of one source, and what was not.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct ReadSummary {
    /// Bytes.
    pub bytes: u64,
    /// Rows, objects or samples.
    pub rows: u64,
    /// Values that became points.
    pub values: u64,
    /// Fields without a value: empty, `NaN`, `null`.
    pub missing: u64,
    /// Fields of a column of numbers that are none.
    pub text: u64,
    /// The first of them: its line and its words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_text: Option<(u64, String)>,
    /// Infinite values.
    pub infinite: u64,
    /// Rows without a time, or with one that cannot be read.
    pub untimed: u64,
    /// Rows that could not be read at all.
    pub faulty: u64,
    /// Bytes that were not read because a line or a document is too long.
    pub skipped: u64,
    /// First and last point in time, in microseconds since 1970.
    pub span: Option<(i64, i64)>,
    /// Where the time of a row stands, for tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeColumn>,
    /// Columns that are not used, with the reason.
    pub unused: Vec<String>,
    /// What was seen that has no place here: exponential histograms, exemplars.
    pub unsupported: u64,
}

impl ReadSummary {
    fn cover(&mut self, time: i64) {
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
    }

    fn take_text(&mut self, line: u64, words: &[u8]) {
        self.text += 1;
        if self.first_text.is_none() {
            let words = String::from_utf8_lossy(&words[..words.len().min(64)]).into_owned();
            self.first_text = Some((line, words));
        }
    }
}

/// Reads a source to its end. What was read before an error stays in the set.
pub fn read(
    stream: impl Read,
    origin: &Origin,
    format: Format,
    options: &ReadOptions,
    set: &mut SeriesSet,
) -> Result<ReadSummary, ReadError> {
    match format {
        Format::Separated => separated::read(stream, origin, options, set),
        Format::Json => json::read(stream, origin, options, set),
        Format::Exposition => exposition::read(stream, origin, options, set),
    }
}
