//! The demo: a small fleet that really runs, breaks and recovers, and Mainstay keeping it standing.
//!
//! The fleet knows nothing of the modules; the narrator learns everything from Mainstay's HTTP API and the receiver's
//! log, as any outsider would.

mod cause;
mod client;
mod registry;
pub mod service;
