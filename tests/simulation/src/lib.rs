//! A fleet of services and the replicas that watch it, for as long as a month of simulated time: catalog, watch and slo at
//! work on a simulated database, with simulated targets, a simulated receiver of pages, and faults, all drawn from one seed.
//!
//! The seed knows when each service was down. So the checker judges what the replicas made of it from outside: whom they
//! paged, what they stored, and what they counted.

mod check;
mod pace;
mod receiver;
mod record;
mod replica;
mod scenario;
mod targets;
mod truth;

pub use check::{Findings, Invariant, Violation};
pub use record::{Page, Record};
pub use scenario::{Outcome, Scenario};
pub use truth::Weather;
