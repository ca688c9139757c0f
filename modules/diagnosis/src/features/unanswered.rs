//! Calls that nobody answered, as their callers saw them: how a component that has stopped is seen at all.

use std::collections::BTreeMap;

use super::{
    Feature, Features, Mean, Rate, Witness,
    events::{LEAST_AFTER, LEAST_BEFORE},
};
use crate::{bounds::Bounds, incidents::Excluded, question::Question, system::Attempt, windows};

/// The calls from one component to another.
#[derive(Default)]
struct Calls {
    before: Rate,
    after: Rate,
    example: Option<u32>,
}

/// Scores who is called by the mean over all callers: one that nobody reaches has stopped. Who alone does not reach what others
/// reach is cut off.
pub(super) fn score(
    features: &mut Features,
    attempts: &[Attempt],
    onset: i64,
    question: &Question,
    excluded: &Excluded,
    bounds: &mut Bounds,
) {
    let start = |attempt: &Attempt| (attempt.start, attempt.is_baseline);
    let Some(windows) = windows::of_starts(attempts, start, onset, question, excluded) else {
        return;
    };
    let mut pairs: BTreeMap<(u32, u32), Calls> = BTreeMap::new();
    for (place, attempt) in attempts.iter().enumerate() {
        let judged = windows.judged.contains(&place);
        if !judged && !windows.normal[place] {
            continue;
        }
        let calls = pairs.entry((attempt.caller, attempt.callee)).or_default();
        let rate = if judged { &mut calls.after } else { &mut calls.before };
        rate.n += 1;
        rate.k += u32::from(!attempt.answered);
        if judged && !attempt.answered {
            calls.example.get_or_insert(attempt.witness);
        }
    }
    let enough = |calls: &Calls| calls.after.n >= LEAST_AFTER && calls.before.n >= LEAST_BEFORE;
    pairs.retain(|_, calls| enough(calls));
    let rises: BTreeMap<(u32, u32), f64> = pairs
        .iter()
        .map(|(pair, calls)| (*pair, bounds.rise(calls.before, calls.after)))
        .collect();
    let mut silent = Mean::over(features.len());
    for ((_, callee), certain) in &rises {
        silent.add(*callee, *certain);
    }
    silent.write(features, Feature::Unanswered);
    for ((caller, callee), calls) in pairs {
        let Some(&certain) = rises.get(&(caller, callee)) else {
            continue;
        };
        if certain <= 0.0 {
            continue;
        }
        let witness = || Witness::Unanswered {
            caller,
            callee,
            before: calls.before,
            after: calls.after,
            example: calls.example,
        };
        features.keep(callee, Feature::Unanswered, certain, witness);
        // What others reach is there: then it is the caller who does not find it.
        let of_caller = certain - features.score(callee as usize, Feature::Unanswered);
        if of_caller > 0.0 {
            features.raise(caller, Feature::CutOff, of_caller, witness);
        }
    }
}
