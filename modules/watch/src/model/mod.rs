//! The domain of watching, pure: what a check is, what a probe found, how states follow. No I/O and no clock in here.

pub mod assertion;
pub mod check;
pub mod check_state;
pub mod draft;
pub mod failure;
pub mod graph;
pub mod health;
pub mod histogram;
pub mod json_path;
pub mod maintenance;
pub mod probe;
pub mod rollup;
pub mod service_state;
pub mod strip;
