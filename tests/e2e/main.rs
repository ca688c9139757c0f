//! End to end: the real binary, started as a user would start it, on real databases and real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on must stop loudly"
)]

mod accounts;
mod backup;
mod bad_days;
mod configuration;
mod crash;
mod declared;
mod ending;
mod guides;
mod harness;
mod investigate;
mod life;
mod lists;
mod mounts;
mod postgres;
mod reload;
mod replicas;
mod required;
mod scheduled_backup;
mod servers;
mod starting;
mod story;
