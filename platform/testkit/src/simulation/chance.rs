//! Chance drawn from a seed.

use std::{sync::Arc, time::Duration};

use mainstay_kernel::{Entropy, SeededEntropy};

/// A sequence of draws that the seed determines. Clones draw from the same sequence.
#[derive(Debug, Clone)]
pub struct Chance(Arc<SeededEntropy>);

impl Chance {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(SeededEntropy::new(seed)))
    }

    /// 64 bits.
    pub fn bits(&self) -> u64 {
        self.0.next_u64()
    }

    /// A sequence of its own, so that whoever draws from it disturbs nobody else.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::new(self.bits())
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&self, bound: u64) -> u64 {
        // The bias of a remainder is of no matter for bounds this small.
        self.bits() % bound.max(1)
    }

    /// A number of a range, both ends included.
    pub fn between(&self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// A whole number of milliseconds between two, both included.
    pub fn millis(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// Whether something of so many percent happens.
    pub fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several, of which there is at least one.
    pub fn pick<'c, T>(&self, choices: &'c [T]) -> &'c T {
        let index = self.below(choices.len() as u64);
        &choices[usize::try_from(index).unwrap_or_default()]
    }
}
