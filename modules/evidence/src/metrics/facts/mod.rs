//! Facts: what can be said of series without guessing why, each with a quote and with how sure it is.

mod find;
mod gap;
mod saturation;
mod shift;

#[cfg(test)]
mod tests;

pub use find::{FactOptions, MetricFacts, facts, shifts};
pub use gap::GapFact;
pub use saturation::{Full, SaturationFact};
pub use shift::{Direction, Onset, ShiftFact};
