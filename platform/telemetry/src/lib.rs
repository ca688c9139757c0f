//! Mainstay's own logs, metrics and traces.
