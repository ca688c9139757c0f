//! The indicator every answer carries: how strongly the recent prices of an instrument correlate with each other.
//!
//! Its cost is quadratic in the length of the history, and it runs on the thread that serves requests.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// The history an answer is computed over when nobody asks for more.
const USUAL_POINTS: usize = 48;

/// The computation, its cost and what it is busy with.
#[derive(Debug)]
pub struct Computation {
    points: AtomicUsize,
    busy_with: Mutex<Option<String>>,
}

impl Computation {
    /// A computation over the usual history.
    pub fn new() -> Self {
        Self {
            points: AtomicUsize::new(USUAL_POINTS),
            busy_with: Mutex::default(),
        }
    }

    /// Sets how many points of history are correlated; `None` is the usual number.
    pub fn set_history(&self, points: Option<usize>) {
        self.points.store(points.unwrap_or(USUAL_POINTS), Ordering::Relaxed);
    }

    /// Points of history in use.
    pub fn history(&self) -> usize {
        self.points.load(Ordering::Relaxed)
    }

    /// What the request thread computes at this moment, if anything.
    pub fn busy_with(&self) -> Option<String> {
        self.busy_with.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The mean product of every pair of points; a history that is shortened meanwhile ends the work.
    #[expect(
        clippy::cast_precision_loss,
        reason = "an indicator for show does not need the last bits"
    )]
    pub fn correlate(&self, seed: i64, on_behalf_of: &str) -> f64 {
        let points = self.history();
        self.note(Some(on_behalf_of.to_owned()));
        let mut sum = 0.0;
        let mut pairs = 0_u64;
        for row in 0..points {
            if self.history() < points {
                break;
            }
            let left = price(seed, row);
            for column in 0..row {
                sum += left * price(seed, column);
                pairs += 1;
            }
        }
        self.note(None);
        sum / (pairs.max(1) as f64)
    }

    fn note(&self, what: Option<String>) {
        *self.busy_with.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }
}

/// A deterministic walk around zero.
#[expect(clippy::cast_precision_loss, reason = "12 bits are exactly representable")]
fn price(seed: i64, index: usize) -> f64 {
    let mixed = seed
        .cast_unsigned()
        .wrapping_add(index as u64)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed >> 52) as f64) / 2048.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indicator_is_reproducible_and_bounded() {
        let computation = Computation::new();
        let value = computation.correlate(7, "test");
        assert!((value - computation.correlate(7, "test")).abs() < f64::EPSILON);
        assert!(value.abs() <= 1.0);
        assert_eq!(computation.busy_with(), None);
    }
}
