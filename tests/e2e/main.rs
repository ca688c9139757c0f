//! End to end: the real binary, started as a user would start it, on real databases and real sockets.

mod bad_days;
mod harness;
mod life;
mod mounts;
mod postgres;
mod servers;
mod story;
