//! What was seen from outside while a case was recorded, and when a fault first showed in it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Observations of one check out of three in a row that must be bad before somebody notices.
const BAD_OF_THREE: usize = 2;
/// An answer is slow beyond this multiple of what the slowest but one in a hundred took before,
const SLOWER: f64 = 2.0;
/// and beyond this multiple of what the middle one took, so that one stray answer does not set the bar.
const SLOWER_THAN_USUAL: f64 = 5.0;
/// A check of which more than one in this many failed before is one that nobody believes.
const BELIEVED: usize = 10;
/// An answer within this many milliseconds is never slow.
const NEVER_SLOW_MS: f64 = 60.0;

/// One look at a service, or one request of a customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Seconds since the recording began.
    pub at: f64,
    /// Whether there was a good answer.
    pub ok: bool,
    /// How long it took.
    pub latency_ms: f64,
}

/// Everything that was seen, by check.
#[derive(Debug, Default)]
pub struct Observations(Mutex<BTreeMap<String, Vec<Observation>>>);

impl Observations {
    /// Adds what was seen by `check`.
    pub fn add(&self, check: &str, observation: Observation) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(check.to_owned()).or_default().push(observation);
    }

    /// The share of everything seen before `began` that failed; 0 when nothing was seen.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 things are seen")]
    pub fn unrest(&self, began: f64) -> f64 {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before: Vec<_> = seen.values().flatten().filter(|it| it.at < began).collect();
        let failed = before.iter().filter(|it| !it.ok).count();
        failed as f64 / before.len().max(1) as f64
    }

    /// When somebody who watches would have noticed that something is wrong since `began`: two of three observations of
    /// one check in a row failed, or were far slower than before.
    pub fn noticed(&self, began: f64) -> Option<f64> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = seen.values().filter_map(|observations| first_bad(observations, began));
        times.min_by(f64::total_cmp)
    }
}

fn first_bad(observations: &[Observation], began: f64) -> Option<f64> {
    let before = observations.iter().filter(|it| it.at < began).count();
    let mut usual: Vec<f64> = observations
        .iter()
        .filter(|it| it.at < began && it.ok)
        .map(|it| it.latency_ms)
        .collect();
    if (before - usual.len()) * BELIEVED > before {
        return None;
    }
    usual.sort_by(f64::total_cmp);
    let slow = (at_share(&usual, 99) * SLOWER)
        .max(at_share(&usual, 50) * SLOWER_THAN_USUAL)
        .max(NEVER_SLOW_MS);
    let mut after: Vec<_> = observations.iter().filter(|it| it.at >= began).collect();
    after.sort_by(|left, right| left.at.total_cmp(&right.at));
    let bad = |it: &&&Observation| !it.ok || it.latency_ms > slow;
    after.windows(3).find_map(|three| {
        let mut bad = three.iter().filter(bad);
        bad.nth(BAD_OF_THREE - 1).map(|it| it.at + it.latency_ms / 1_000.0)
    })
}

/// The value that `percent` of the sorted values do not exceed; 0 when there is none.
fn at_share(sorted: &[f64], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at: f64, ok: bool, latency_ms: f64) -> Observation {
        Observation { at, ok, latency_ms }
    }

    fn calm() -> Observations {
        let observations = Observations::default();
        for second in 0..30 {
            observations.add("web", at(f64::from(second), true, 10.0));
        }
        observations
    }

    #[test]
    fn one_stray_failure_is_not_noticed_and_two_are_at_the_second() {
        let observations = calm();
        observations.add("web", at(31.0, false, 0.0));
        observations.add("web", at(32.0, true, 9.0));
        observations.add("web", at(33.0, true, 9.0));
        observations.add("web", at(34.0, true, 9.0));
        assert_eq!(observations.noticed(30.0), None);
        for second in [35.0, 36.0, 37.0] {
            observations.add("web", at(second, false, 0.0));
        }
        assert_eq!(observations.noticed(30.0), Some(36.0));
    }

    #[test]
    fn a_check_that_failed_often_before_tells_nothing() {
        let observations = Observations::default();
        for second in 0..30 {
            observations.add("app", at(f64::from(second), second % 5 != 0, 10.0));
        }
        for second in [31.0, 32.0, 33.0] {
            observations.add("app", at(second, false, 0.0));
        }
        assert_eq!(observations.noticed(30.0), None);
        assert!((observations.unrest(30.0) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn answers_that_became_slow_are_noticed_when_they_are_there() {
        let observations = calm();
        for second in [31.0, 32.0, 33.0] {
            observations.add("web", at(second, true, 500.0));
        }
        assert_eq!(observations.noticed(30.0), Some(32.5));
    }
}
