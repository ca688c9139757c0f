//! Test support: databases of both kinds, and a world whose clock moves only when told to.
//!
//! **Invariant:** nothing in here is a stand-in for a database or a server: tests talk to the real thing.

mod databases;
mod world;

pub use databases::{TestDatabase, databases, postgres, sqlite};
pub use world::{START, world};
