//! Test support: databases of both kinds, a world whose clock moves only when told to, and a fleet in simulated time.
//!
//! **Invariant:** outside [`simulation`] nothing in here is a stand-in for a database or a server: tests talk to the real
//! thing.

mod databases;
pub mod simulation;
mod world;

pub use databases::{TestDatabase, databases, postgres, sqlite};
pub use world::{START, world};
