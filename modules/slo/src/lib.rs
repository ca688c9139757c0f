//! Promise: objectives, error budgets, burn-rate alerts, and their delivery.

pub mod alert;
pub mod delivery;
pub mod model;
pub mod signal;
