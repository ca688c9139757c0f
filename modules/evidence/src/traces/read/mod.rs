//! Trace files of every known form as a stream of spans, within bounds. Keeps no span.

mod columns;
mod csv;
mod fields;
mod json;
mod marks;
mod number;
mod reading;
mod recognise;

#[cfg(test)]
mod tests;

pub(crate) use fields::{separator, split};
pub use reading::{SpanReadLimits, SpanSummary, read_spans};
pub use recognise::{Format, recognise};
