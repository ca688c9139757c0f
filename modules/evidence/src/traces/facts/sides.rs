//! What is compared with what, and how often something was there on each side. Knows no kind of fact.

use serde::Serialize;

use super::chance;
use crate::logs::facts::{ChangeKind, Window};

/// What is looked into and what it is compared with. A visit or span belongs where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceWindows {
    /// What is looked into.
    pub subject: Window,
    /// What is normal; without it, all before `subject`.
    pub baseline: Option<Window>,
}

/// A side of the comparison, as a place in a pair.
pub const BASELINE: usize = 0;
pub const SUBJECT: usize = 1;

impl TraceWindows {
    /// The side of a point in time.
    pub fn side(&self, at: i64) -> Option<usize> {
        if self.subject.holds(at) {
            return Some(SUBJECT);
        }
        let normal = self
            .baseline
            .map_or(at < self.subject.from, |baseline| baseline.holds(at));
        normal.then_some(BASELINE)
    }
}

/// So many of so many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Of {
    /// Those with it.
    pub count: u64,
    /// All.
    pub of: u64,
}

impl Of {
    /// Those with it as a share of all; 0 of none.
    #[expect(clippy::cast_precision_loss, reason = "counts of spans")]
    pub fn share(self) -> f64 {
        if self.of == 0 {
            return 0.0;
        }
        self.count as f64 / self.of as f64
    }
}

/// Counts on both sides: what is normal, then what is looked into.
pub type Pair = [Of; 2];

/// Facts less sure than this are left out, as for logs.
pub const LEAST_SURE: f64 = 0.5;

/// How a share has changed and how sure that is: one less the chance of it, times how many shares were compared (Bonferroni).
/// Visits do not come in bursts of their own, as lines of a log do: no more spread than chance has is assumed.
pub fn changed(pair: Pair, compared: usize) -> Option<(ChangeKind, f64)> {
    let [before, during] = pair;
    if before.of == 0 || during.of == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "thousands of shares at most")]
    let certainty = 1.0 - (chance::of_shares(pair) * compared.max(1) as f64).min(1.0);
    let kind = if before.count == 0 {
        ChangeKind::New
    } else if during.count == 0 {
        ChangeKind::Vanished
    } else if during.share() > before.share() {
        ChangeKind::Burst
    } else {
        ChangeKind::Drop
    };
    (certainty >= LEAST_SURE).then_some((kind, certainty))
}
