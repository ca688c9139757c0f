//! A world that repeats itself.

use std::sync::Arc;

use mainstay_kernel::{ManualClock, World, from_micros};

/// Where a test's clock stands at first: 2026-03-01T12:00:00Z.
pub const START: i64 = 1_772_366_400_000_000;

/// A seeded world and the clock that moves it.
pub fn world() -> (World, Arc<ManualClock>) {
    let clock = ManualClock::at(from_micros(START));
    (World::simulated(clock.clone(), 42), clock)
}
