//! Facts of traces: which calls and operations came or went, what became slower, where errors begin, and on whom slow requests
//! wait. Each has a span as its witness and says how sure it is; none says why.

pub mod chance;
mod changes;
mod errors;
mod latency;
mod paths;
mod quoting;
mod report;
mod sides;

#[cfg(test)]
mod tests;

pub use changes::{Happening, OperationFact, VisitFact};
pub use errors::ErrorFact;
pub use latency::{Distribution, LatencyFact};
pub use paths::{PathFact, PathPart, PathStep};
pub use quoting::Witness;
pub use report::TraceFacts;
pub use sides::{Of, Pair, TraceWindows};
