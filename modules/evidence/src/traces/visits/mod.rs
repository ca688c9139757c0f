//! Visits: one service's handling of one incoming call, with its own time, its time on the wire, and its events
//! (docs/adr/0013-ranked-causes.md, facts). Compares nothing and judges nothing.

mod build;
mod clocks;
mod events;
mod logs;

#[cfg(test)]
mod tests;

pub use build::{Visit, Visits};
pub use events::{Event, EventId};
pub use logs::{Attached, LogEvent};
