//! Backups on both databases and from one to the other: exact values, every kind of damage, and what a restore leaves alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod older;
mod refusals;
mod round_trip;
mod support;
