//! Metrics: what was measured over time becomes series, and series become facts.
//!
//! Knows formats of files and shapes of curves; it never decides what caused anything.

mod absorb;
pub mod baseline;
pub mod change;
pub mod facts;
mod order;
mod owner;
pub mod read;
mod role;
mod rows;
mod series;
mod set;
mod settle;

pub use rows::{Place, SourceId};
pub use series::{Kind, Owner, Points, Reasons, Role, Series, Side};
pub use set::{Description, SeriesLimits, SeriesSet, SetSummary};
