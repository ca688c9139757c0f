//! The demo: a small fleet that really runs, breaks and recovers, and Mainstay keeping it standing.
//!
//! The fleet knows nothing of the modules; the narrator learns everything from Mainstay's HTTP API and the receiver's
//! log, as any outsider would.

mod cause;
mod client;
mod finale;
mod fleet;
mod mainstay;
mod narrate;
mod options;
mod receiver;
mod record;
mod registry;
mod run;
mod service;
mod setup;
mod story;

pub use options::{DemoArgs, DemoVerb};
pub use record::run as record;
pub use run::run;
pub use service::{ServiceArgs, run as run_service};
