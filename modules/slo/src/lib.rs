//! Promise: objectives, error budgets, burn-rate alerts, and their delivery.

pub mod model;
pub mod signal;
