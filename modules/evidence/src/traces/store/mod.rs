//! Spans of many sources in rows of fixed size, within a bound: beyond it whole traces are kept by a draw. Knows no format but
//! what a reader gives, and no fact.

mod names;
mod resolve;
mod rows;
mod traces;

#[cfg(test)]
mod tests;

pub use names::{Names, UNNAMED};
pub use rows::{Row, SpanLimits, SpanStore};
pub use traces::{Lookup, Source, Totals, Traces};
