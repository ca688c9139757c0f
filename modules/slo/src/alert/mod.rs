//! Alerts: from a condition that holds to the one person-facing alert of its cause.
//!
//! Owns the lifecycle of alerts, their folding under a root, acknowledgement and silences. Takes conditions from the
//! objectives ([`crate::signal`]) and from watched services; hands what people must hear of to [`crate::delivery`]. It must
//! not know how a burn rate is computed nor how a webhook is called.

pub mod engine;
pub mod fold;
pub mod model;
mod news;
pub(crate) mod store;

pub use engine::{Alerts, AlertsConfig, Decision, Engine, Fleets, Watching};
