//! Counts over time in a fixed number of steps, whose width grows with the span.

use serde::Serialize;

/// Steps that are kept.
const STEPS: i64 = 480;
const SECOND: i64 = 1_000_000;

/// How often something happened, step by step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Steps of `1 << scale` seconds since 1970 before the first.
    first: i64,
    scale: u32,
    steps: Vec<u32>,
}

/// The same to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Series {
    /// Beginning of the first step, in microseconds since 1970.
    pub start: i64,
    /// Seconds of a step.
    pub step_seconds: u64,
    /// One number for each step.
    pub counts: Vec<u32>,
}

impl Counts {
    /// Counts a point in time, in microseconds since 1970; times may come in any order.
    pub fn note(&mut self, micros: i64) {
        self.add(micros.div_euclid(SECOND), 1);
    }

    fn add(&mut self, second: i64, times: u32) {
        if self.steps.is_empty() {
            self.first = second >> self.scale;
        }
        let mut step = second >> self.scale;
        while step < self.first || step >= self.first.saturating_add(STEPS) {
            let last = self.first + i64::try_from(self.steps.len()).unwrap_or(STEPS) - 1;
            let (low, high) = (step.min(self.first), step.max(last));
            if high - low < STEPS {
                self.extend_down(low);
                break;
            }
            self.widen();
            step = second >> self.scale;
        }
        let at = usize::try_from(step - self.first).unwrap_or(0);
        if self.steps.len() <= at {
            self.steps.resize(at + 1, 0);
        }
        self.steps[at] = self.steps[at].saturating_add(times);
    }

    fn extend_down(&mut self, low: i64) {
        let missing = usize::try_from(self.first - low).unwrap_or(0);
        if missing > 0 {
            self.steps.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = low;
        }
    }

    /// Two steps become one.
    fn widen(&mut self) {
        let odd = self.first.rem_euclid(2) == 1;
        self.first >>= 1;
        self.scale += 1;
        if odd {
            self.steps.insert(0, 0);
        }
        self.steps = self
            .steps
            .chunks(2)
            .map(|pair| pair.iter().fold(0_u32, |sum, count| sum.saturating_add(*count)))
            .collect();
    }

    /// Adds what another has counted.
    pub fn absorb(&mut self, other: &Self) {
        while self.scale < other.scale && !self.steps.is_empty() {
            self.widen();
        }
        if self.steps.is_empty() {
            self.scale = other.scale;
        }
        for (at, &times) in (0_i64..).zip(&other.steps).filter(|(_, times)| **times > 0) {
            self.add((other.first + at) << other.scale, times);
        }
    }

    /// Variance over mean of the steps before a point in time, at least 1: how much more the counts vary than chance.
    pub fn dispersion(&self, before: i64) -> f64 {
        let end = (before.div_euclid(SECOND) >> self.scale) - self.first;
        let steps = &self.steps[..usize::try_from(end).unwrap_or(0).min(self.steps.len())];
        if steps.len() < 3 {
            return 1.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "no more than 480 steps")]
        let number = steps.len() as f64;
        let mean = steps.iter().map(|&count| f64::from(count)).sum::<f64>() / number;
        let variance = steps
            .iter()
            .map(|&count| (f64::from(count) - mean).powi(2))
            .sum::<f64>()
            / (number - 1.0);
        if mean > 0.0 { (variance / mean).max(1.0) } else { 1.0 }
    }

    /// How many were counted from one time up to another, in microseconds since 1970. A step that lies on both sides counts in
    /// part, as if what it holds were spread evenly.
    pub fn between(&self, from: i64, to: i64) -> f64 {
        let width = SECOND << self.scale;
        let start = self.first << self.scale;
        let begins = |step: i64| start.saturating_mul(SECOND).saturating_add(step.saturating_mul(width));
        let mut sum = 0.0;
        for (step, &count) in (0_i64..).zip(&self.steps).filter(|(_, count)| **count > 0) {
            let (first, end) = (begins(step).max(from), begins(step + 1).min(to));
            #[expect(clippy::cast_precision_loss, reason = "microseconds of one step")]
            let share = (end.saturating_sub(first)).max(0) as f64 / width as f64;
            sum += f64::from(count) * share;
        }
        sum
    }

    /// To be shown; none when nothing was counted.
    pub fn series(&self) -> Option<Series> {
        (!self.steps.is_empty()).then(|| Series {
            start: (self.first << self.scale) * SECOND,
            step_seconds: 1 << self.scale,
            counts: self.steps.clone(),
        })
    }
}
