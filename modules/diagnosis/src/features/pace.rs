//! Whose calls take as long as before, as their callers saw them: a reason not to be slow. It scores nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Behaviour,
    timing::{MORE_SELF, rise},
};
use crate::{bounds::Bounds, incidents::Excluded, question::Question, system::Attempt, windows};

/// How long the calls between two components took.
#[derive(Default)]
struct Durations {
    normal: Vec<f64>,
    judged: Vec<(f64, u32)>,
}

/// Pairs of a caller and a callee.
pub(super) fn as_before(
    behaviour: &Behaviour,
    onset: i64,
    question: &Question,
    excluded: &Excluded,
    bounds: &mut Bounds,
) -> BTreeSet<(u32, u32)> {
    let attempts = behaviour.attempts();
    let start = |attempt: &Attempt| (attempt.start, attempt.is_baseline);
    let Some(windows) = windows::of_starts(attempts, start, onset, question, excluded) else {
        return BTreeSet::new();
    };
    let mut pairs: BTreeMap<(u32, u32), Durations> = BTreeMap::new();
    for (place, attempt) in attempts.iter().enumerate() {
        let durations = pairs.entry((attempt.caller, attempt.callee)).or_default();
        if windows.judged.contains(&place) {
            durations.judged.push((attempt.duration, attempt.witness));
        } else if windows.normal[place] {
            durations.normal.push(attempt.duration);
        }
    }
    pairs
        .into_iter()
        .filter_map(|(pair, mut durations)| {
            let rise = rise(&durations.judged, &mut durations.normal, MORE_SELF, bounds)?;
            (rise.certain <= 0.0).then_some(pair)
        })
        .collect()
}
