//! What was changed shortly before the onset.

use super::{Feature, Features, Witness};
use crate::{bounds::count, system::System, windows::SECOND};

/// A change this long before the onset is as near as can be (J: a rollout and the first probes take minutes).
const AT_ONCE: i64 = 300 * SECOND;
/// After that its nearness halves in this time (J: most faults of a change show within the hour).
const HALF_LIFE: i64 = 1_800 * SECOND;
/// What came later than this after the onset cannot be its cause: clocks and stamps differ by less (J).
const CLOCKS: i64 = 30 * SECOND;

/// Scores all changes.
pub(super) fn score(features: &mut Features, system: &System, onset: i64) {
    let Some(changes) = &system.changes else { return };
    for component in 0..count(system.components.len()) {
        features.observe(component, Feature::Change);
    }
    for change in changes {
        let before = onset.saturating_sub(change.time);
        if before < -CLOCKS || !change.risk.is_finite() {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a duration")]
        let (late, half_life, seconds) = (
            (before - AT_ONCE).max(0) as f64,
            HALF_LIFE as f64,
            before as f64 / SECOND as f64,
        );
        let score = change.risk.clamp(0.0, 1.0) * (-late / half_life).exp2();
        features.raise(change.component, Feature::Change, score, || Witness::Change {
            witness: change.witness,
            before: seconds,
        });
    }
}
