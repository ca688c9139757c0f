//! Watch: probes every check, decides states, keeps history.
//!
//! Owns checks, probes, the states that follow from them, their history and maintenance windows. Never knows what was
//! promised about a service or who is told when it fails: those listen.

#![expect(dead_code, reason = "wip")]
mod model;
mod probe;
mod schedule;

#[cfg(test)]
use mainstay_testkit as _;
