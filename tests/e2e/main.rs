//! End to end: the real binary, started as a user would start it, on real databases and real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on must stop loudly"
)]

mod bad_days;
mod harness;
mod life;
mod mounts;
mod postgres;
mod servers;
mod story;
