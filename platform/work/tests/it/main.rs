//! Durable work on real databases of both kinds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;
mod jobs;
mod leases;
mod outbox;
mod parked;
mod steering;
