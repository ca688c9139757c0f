//! Templates: the constant text of log messages, mined from a stream with one configuration for every system.
//!
//! A message is scanned once: numbers, addresses, paths, times and other values that can be told by their form become
//! wildcards, and the rest is hashed. A known hash is a known template. An unknown one is tried with its words as
//! wildcards, and is kept as a new pattern when that fails. From time to time patterns that differ in a column of
//! values are merged. Memory is bounded: past the cap rare patterns are folded together, and what was folded is counted.
//!
//! **Invariant:** nothing here knows a format, a timestamp or a named system.

mod align;
mod class;
mod hash;
mod kind;
mod literal;
mod merge;
mod miner;
mod model;
mod pattern;
mod pool;
mod scan;
mod sketch;
mod split;
mod token;
mod words;

pub(crate) use class::{BREAK, class};
pub use hash::HashedMap;
pub(crate) use hash::Sequence;
pub(crate) use hash::bytes as hash_bytes;
pub use kind::ParameterKind;
pub use miner::Miner;
pub use model::{Absorb, MinerLimits, MinerStats, PatternId, Template, Templates};
pub use pattern::{Pattern, WILDCARD};
pub use sketch::{Sketch, SketchValue};
pub(crate) use words::is_no_name;

#[cfg(test)]
mod tests;
