//! Chance that repeats itself: what a plan and its traffic are drawn from.

use mainstay_kernel::{Entropy, SeededEntropy};

/// A sequence of draws that follows from its seed alone.
#[derive(Debug)]
pub struct Dice(SeededEntropy);

impl Dice {
    /// The sequence of `stream` within `seed`; two streams of one seed have nothing in common.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut first = SeededEntropy::new(seed);
        let mixed = first.next_u64() ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        first = SeededEntropy::new(mixed);
        Self(first)
    }

    /// A number in `[0, 1)`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exactly representable")]
    pub fn fraction(&self) -> f64 {
        ((self.0.next_u64() >> 11) as f64) / 9_007_199_254_740_992.0
    }

    /// A number in `[least, most)`.
    pub fn between(&self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.fraction()
    }

    /// 64 bits.
    pub fn bits(&self) -> u64 {
        self.0.next_u64()
    }

    /// One of `choices`; `None` when there is none.
    pub fn pick<'a, T>(&self, choices: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(choices.len()).ok().filter(|count| *count > 0)?;
        choices.get(usize::try_from(self.0.next_u64() % count).ok()?)
    }

    /// The same things in another order (Fisher and Yates).
    pub fn shuffled<T>(&self, mut things: Vec<T>) -> Vec<T> {
        for place in (1..things.len()).rev() {
            let other = self.0.next_u64() % (place as u64 + 1);
            things.swap(place, usize::try_from(other).unwrap_or(place));
        }
        things
    }
}
