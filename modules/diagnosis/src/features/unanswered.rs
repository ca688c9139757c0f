//! Calls that nobody answered, as their callers saw them: how a component that has stopped is seen at all.

use std::collections::BTreeMap;

use super::{
    Behaviour, Feature, Features, Mean, Rate, Witness,
    events::{LEAST_AFTER, LEAST_BEFORE},
};
use crate::{
    bounds::Bounds,
    incidents::Excluded,
    question::Question,
    system::{Answer, Attempt},
    windows::{self, VisitWindows},
};

/// The calls from one component to another.
#[derive(Default)]
struct Calls {
    before: Rate,
    after: Rate,
    /// Of those without a usable answer after, how many were refused.
    refused: u32,
    example: Option<u32>,
}

impl Calls {
    /// Whether it is said of most calls without an answer that they are wrong.
    fn are_refused(&self) -> bool {
        2 * self.refused > self.after.k
    }
}

/// Scores who is called by the part of its callers that do not reach it: one that nobody reaches has stopped. Who alone does not
/// reach what others reach is cut off.
pub(super) fn score(
    features: &mut Features,
    behaviour: &Behaviour,
    visits: Option<&VisitWindows>,
    onset: i64,
    question: &Question,
    excluded: &Excluded,
    bounds: &mut Bounds,
) {
    let attempts = behaviour.attempts();
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
        let is_answered = attempt.answer == Answer::Given;
        rate.k += u32::from(!is_answered);
        if judged && !is_answered {
            calls.refused += u32::from(attempt.answer == Answer::Refused);
            calls.example.get_or_insert(attempt.witness);
        }
    }
    let enough = |calls: &Calls| calls.after.n >= LEAST_AFTER && calls.before.n >= LEAST_BEFORE;
    pairs.retain(|_, calls| enough(calls));
    let rises: BTreeMap<(u32, u32), f64> = pairs
        .iter()
        .map(|(pair, calls)| (*pair, bounds.rise(calls.before, calls.after)))
        .collect();
    let (mut silent, mut surest) = (Mean::over(features.len()), BTreeMap::<u32, f64>::new());
    for (pair, calls) in &pairs {
        let certain = rises.get(pair).copied().unwrap_or(0.0);
        // Of few calls nothing is very certain, so each caller is asked how much of what it could say it says.
        let none_answered = Rate {
            k: calls.after.n,
            ..calls.after
        };
        let at_most = bounds.rise(calls.before, none_answered);
        silent.add(pair.1, if at_most > 0.0 { certain / at_most } else { 0.0 });
        let surest = surest.entry(pair.1).or_default();
        *surest = surest.max(certain);
    }
    silent.write(features, Feature::Unanswered);
    for (callee, certain) in surest {
        let share = features.score(callee as usize, Feature::Unanswered);
        features.set(callee as usize, Feature::Unanswered, share * certain);
    }
    // Who refuses all of several callers is at fault; who refuses one alone, or some of them, may be right.
    let mut callers: BTreeMap<u32, [u32; 3]> = BTreeMap::new();
    for (pair, calls) in &pairs {
        let is_failing = rises.get(pair).is_some_and(|certain| *certain > 0.0);
        let [all, failing, refused] = callers.entry(pair.1).or_default();
        *all += 1;
        *failing += u32::from(is_failing);
        *refused += u32::from(is_failing && calls.are_refused());
    }
    for (callee, [all, failing, refused]) in callers {
        if 2 * refused > failing && (failing < all || all == 1) {
            features.set(callee as usize, Feature::Unanswered, 0.0);
        }
    }
    // Whoever is visited as before, by people or by others, has not stopped, even if all those whose calls are known find nobody.
    let is_failing = |caller, callee| rises.get(&(caller, callee)).is_some_and(|certain| *certain > 0.0);
    for (callee, reached) in visits.map_or_else(BTreeMap::new, |windows| reached(behaviour, windows, is_failing)) {
        let certain = features.score(callee as usize, Feature::Unanswered);
        features.set(callee as usize, Feature::Unanswered, certain * (1.0 - reached));
    }
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
            refused: calls.are_refused(),
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

/// How far each component is visited as before, from 0 to 1: its part of all visits, without those whose caller is failing to reach
/// it. Of one with few visits nothing is said.
fn reached(behaviour: &Behaviour, windows: &VisitWindows, is_failing: impl Fn(u32, u32) -> bool) -> BTreeMap<u32, f64> {
    let (mut before, mut after) = (BTreeMap::<u32, u32>::new(), BTreeMap::<u32, u32>::new());
    let mut all = (0, 0);
    let component = |place: usize| behaviour.component(behaviour.visits()[place].operation);
    for place in 0..behaviour.visits().len() {
        let is_judged = windows.judged.contains(&place);
        let is_refused = behaviour.is_refused(behaviour.visits()[place].operation);
        if is_refused || !is_judged && !windows.normal[place] {
            continue;
        }
        let (counts, all) = if is_judged {
            (&mut after, &mut all.1)
        } else {
            (&mut before, &mut all.0)
        };
        *all += 1;
        let caller = behaviour.caller_of(place).and_then(|caller| component(caller as usize));
        if let Some(callee) =
            component(place).filter(|callee| !caller.is_some_and(|caller| is_failing(caller, *callee)))
        {
            *counts.entry(callee).or_default() += 1;
        }
    }
    let share = |k: u32, n: u32| Rate { k, n }.share();
    let known = after.into_iter().filter_map(|(callee, after)| {
        let before = *before.get(&callee)?;
        let enough = before >= LEAST_BEFORE && after >= LEAST_AFTER;
        enough.then(|| (callee, (share(after, all.1) / share(before, all.0)).min(1.0)))
    });
    known.collect()
}
