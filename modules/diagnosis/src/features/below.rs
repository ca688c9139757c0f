//! Deviations that come with one further down in the same traces. Who deviates in the very visits in which its callee does is a
//! victim, however much more often it does so than the callee; and a part of what its visits make certain is certain of the callee.

use std::collections::{BTreeMap, BTreeSet};

use super::{Behaviour, Feature, Features};
use crate::windows::VisitWindows;

/// A visit deviates when an event does whose rate changed more certainly than this (S).
const CERTAIN: f64 = 0.1;

/// So much of what is certain of a caller is certain of the callee that deviates with it (S): enough to come before its victim, and
/// less than what a cause shows by itself, because what one hands on may also make its callee deviate.
const PASSED_DOWN: f64 = 0.5;
/// Calls below calls through which it is followed.
const DEEPEST: usize = 8;

/// An event of an operation that became frequent or rare.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deviation {
    /// Place among the events of operations.
    pub event: usize,
    /// Whether the visits with it deviate; otherwise those without.
    pub happens: bool,
    /// How certain its rate changed, from 0 to 1.
    pub certain: f64,
}

/// The judged visits of each operation that say something, by start: a deviation is one of a single operation, and the others need
/// not be looked at.
pub(super) struct Judged {
    of_operation: Vec<Vec<usize>>,
}

impl Judged {
    pub(super) fn of(behaviour: &Behaviour, windows: &VisitWindows, says: impl Fn(usize) -> bool) -> Self {
        let mut of_operation = vec![Vec::new(); behaviour.operations()];
        for place in windows.judged.clone().filter(|place| says(*place)) {
            of_operation[behaviour.visits()[place].operation as usize].push(place);
        }
        Self { of_operation }
    }

    /// The visits that deviate in this way, by start.
    pub(super) fn deviating<'v>(
        &'v self,
        behaviour: &'v Behaviour,
        Deviation { event, happens, .. }: Deviation,
    ) -> impl Iterator<Item = usize> + 'v {
        let of = behaviour.events()[event];
        let visits = self.of_operation[of.operation as usize].iter().copied();
        visits.filter(move |place| {
            (behaviour.visits()[*place].has_logs || !of.is_log) && behaviour.happened_in(*place, event) == happens
        })
    }
}

/// Raises the events of callees to what is certain of those that deviate with them, and scores how far the events of each
/// component come with a callee's.
pub(super) fn score(features: &mut Features, behaviour: &Behaviour, judged: &Judged, deviations: &[Deviation]) {
    let mut deviating = BTreeSet::new();
    for deviation in deviations.iter().filter(|deviation| deviation.certain > CERTAIN) {
        deviating.extend(judged.deviating(behaviour, *deviation));
    }
    let component = |place: usize| behaviour.component(behaviour.visits()[place].operation);
    let mut all: BTreeMap<u32, f64> = BTreeMap::new();
    // Each pair of a visit and a component that deviates below it once.
    let mut below: BTreeSet<(usize, u32)> = BTreeSet::new();
    for place in &deviating {
        let Some(owner) = component(*place) else { continue };
        *all.entry(owner).or_default() += 1.0;
        let above = behaviour.caller_of(*place).map(|above| above as usize);
        if let Some(above) = above.filter(|above| deviating.contains(above) && component(*above) != Some(owner)) {
            below.insert((above, owner));
        }
    }
    let mut with_any: BTreeMap<u32, f64> = BTreeMap::new();
    let mut with_each: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    let mut last = None;
    for (place, callee) in below {
        let Some(above) = component(place) else { continue };
        *with_each.entry((above, callee)).or_default() += 1.0;
        if last.replace(place) != Some(place) {
            *with_any.entry(above).or_default() += 1.0;
        }
    }
    let share_of = |of: u32, count: f64| count / all.get(&of).copied().unwrap_or(1.0);
    let shown = |of: u32| features.score(of as usize, Feature::Events);
    let mut reached: BTreeMap<u32, f64> = all.keys().map(|of| (*of, shown(*of))).collect();
    for _ in 0..DEEPEST {
        for ((above, callee), count) in &with_each {
            let certain = reached.get(above).copied().unwrap_or(0.0) * share_of(*above, *count);
            let reached = reached.entry(*callee).or_default();
            *reached = reached.max(certain);
        }
    }
    for (callee, certain) in reached {
        features.raise_unseen(callee, Feature::Events, PASSED_DOWN * certain);
    }
    for (above, count) in with_any {
        let certain = features.score(above as usize, Feature::Events) * share_of(above, count);
        features.raise_unseen(above, Feature::EventsBelow, certain);
    }
}

#[cfg(test)]
mod tests;
