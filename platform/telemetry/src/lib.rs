//! Mainstay's own logs, metrics and traces.
//!
//! **Invariant:** the only crate that names a subscriber or an exporter; everybody else uses the `tracing` and `metrics` facades.

mod logs;
mod metrics;

pub use logs::{LogFormat, Logs, TelemetryConfig, TelemetryError, TelemetryGuard, init};
pub use metrics::{Metrics, install};
