//! What logs say that belong to no visit: lines that tell of errors and came more often than before.

use super::{Feature, Features, Witness};
use crate::{
    bounds::{Bounds, least_ratio},
    incidents::Excluded,
    system::System,
    windows::{self, SECOND},
};

/// So many times as often, for certain, is a burst (J).
const BURST: f64 = 2.0;
/// So many times as often counts in full, as with series (J).
const ENOUGH: f64 = 51.0;
/// Seconds of logs before, at least (J).
const LEAST_BEFORE: f64 = 20.0;

/// Scores all templates.
pub(super) fn score(
    features: &mut Features,
    system: &System,
    (onset, until): (i64, Option<i64>),
    excluded: &Excluded,
    bounds: &mut Bounds,
) {
    for template in &system.log_templates {
        let (first, last) = template.covered;
        let ((from, to), normal_until) = windows::of_logs(onset, until, first);
        let judged_seconds = seconds(to.min(last).saturating_sub(from.max(first)));
        let normal_seconds = free_seconds(first, normal_until.min(last), excluded);
        if judged_seconds <= 0.0 || normal_seconds < LEAST_BEFORE {
            continue;
        }
        let (mut before, mut after) = (0_u32, 0_u32);
        for (time, lines) in &template.counts {
            if (from..to).contains(time) {
                after = after.saturating_add(*lines);
            } else if *time < normal_until && excluded.is_free(*time) {
                before = before.saturating_add(*lines);
            }
        }
        let ratio = least_ratio(bounds, (before, normal_seconds), (after, judged_seconds));
        let score = if ratio > BURST {
            (ratio.ln() / ENOUGH.ln()).min(1.0)
        } else {
            0.0
        };
        features.raise(template.component, Feature::LogErrors, score, || Witness::Log {
            witness: template.witness,
            before: (before, normal_seconds),
            after: (after, judged_seconds),
        });
    }
}

/// Seconds between two times that lie in no incident, counted in steps of one minute.
fn free_seconds(from: i64, to: i64, excluded: &Excluded) -> f64 {
    const STEP: i64 = 60 * SECOND;
    /// Of a longer time the same share is taken for free as of so many places in it.
    const MOST: i64 = 2_000;
    let length = to.saturating_sub(from);
    if length <= 0 {
        return 0.0;
    }
    if excluded.is_empty() {
        return seconds(length);
    }
    let step = STEP.max(length / MOST).min(length);
    let places = length / step;
    let free = (0..places).filter(|at| excluded.is_free(from + at * step + step / 2));
    #[expect(clippy::cast_precision_loss, reason = "at most 2,000")]
    let share = free.count() as f64 / places as f64;
    seconds(length) * share
}

fn seconds(duration: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a duration")]
    let (duration, second) = (duration as f64, SECOND as f64);
    duration / second
}
