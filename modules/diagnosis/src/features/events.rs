//! What visits did: which events of an operation became frequent or rare.

use super::{
    Behaviour, Feature, Features, Rate, Witness,
    below::{self, Deviation, Judged},
    left,
};
use crate::{bounds::Bounds, windows::VisitWindows};

/// A share must differ by this much to be looked at (J).
const LEAST_DIFFERENCE: f64 = 0.08;
/// A certain rise of the share of visits that fail by this much is failing in full (J): of an objective of 99.9 % it burns the budget
/// a hundred times too fast.
const FAILING_IN_FULL: f64 = 0.1;
/// Visits of an operation, at least (J).
pub(super) const LEAST_AFTER: u32 = 2;
pub(super) const LEAST_BEFORE: u32 = 5;

/// Visits with an event, and visits of operations: all, and those whose minute has logs at all.
struct Counts {
    with_event: Vec<u32>,
    visits: Vec<u32>,
    visits_with_logs: Vec<u32>,
}

fn counts(behaviour: &Behaviour, chosen: impl Fn(usize) -> bool) -> Counts {
    let mut counts = Counts {
        with_event: vec![0; behaviour.events().len()],
        visits: vec![0; behaviour.operations()],
        visits_with_logs: vec![0; behaviour.operations()],
    };
    for (place, visit) in behaviour.visits().iter().enumerate() {
        if chosen(place) {
            counts.visits[visit.operation as usize] += 1;
            counts.visits_with_logs[visit.operation as usize] += u32::from(visit.has_logs);
        }
    }
    for (visit, event) in behaviour.happened() {
        let (place, event) = (*visit as usize, *event as usize);
        if chosen(place) && (behaviour.visits()[place].has_logs || !behaviour.events()[event].is_log) {
            counts.with_event[event] += 1;
        }
    }
    counts
}

impl Counts {
    fn rate(&self, behaviour: &Behaviour, event: usize) -> Rate {
        let of = behaviour.events()[event];
        let visits = if of.is_log {
            &self.visits_with_logs
        } else {
            &self.visits
        };
        Rate {
            k: self.with_event[event],
            n: visits[of.operation as usize],
        }
    }
}

/// Scores all events.
pub(super) fn score(features: &mut Features, behaviour: &Behaviour, windows: &VisitWindows, bounds: &mut Bounds) {
    let left_early = left::early(behaviour, windows);
    let says = |place: usize| !left_early.get(place).copied().unwrap_or(false);
    let before = counts(behaviour, |place| windows.normal[place] && says(place));
    let after = counts(behaviour, |place| windows.judged.contains(&place) && says(place));
    observe(features, behaviour, &before, &after);
    let judged = Judged::of(behaviour, windows, says);
    let mut deviations = Vec::new();
    for (place, event) in behaviour.events().iter().enumerate() {
        let (before, after) = (before.rate(behaviour, place), after.rate(behaviour, place));
        if after.n < LEAST_AFTER
            || before.n < LEAST_BEFORE
            || (after.share() - before.share()).abs() <= LEAST_DIFFERENCE
        {
            continue;
        }
        let new = bounds.rise(before, after);
        // An error that goes away is no fault.
        let missing = if event.is_error {
            0.0
        } else {
            bounds.fall(before, after)
        };
        let deviation = Deviation {
            event: place,
            happens: new >= missing,
            certain: new.max(missing),
        };
        let Some(component) = behaviour.component(event.operation) else {
            continue;
        };
        let witness = || Witness::Event {
            operation: event.operation,
            event: event.event,
            before,
            after,
            example: judged
                .deviating(behaviour, deviation)
                .next()
                .map(|place| behaviour.visits()[place].witness),
        };
        features.raise(component, Feature::Events, deviation.certain, witness);
        if event.is_failure {
            // Of one that does not fail more than before the series alone may tell.
            features.raise(component, Feature::Error, (new / FAILING_IN_FULL).min(1.0), witness);
        }
        deviations.push(deviation);
    }
    below::score(features, behaviour, &judged, &deviations);
}

/// A component can be judged by its events when one of its operations was visited often enough.
fn observe(features: &mut Features, behaviour: &Behaviour, before: &Counts, after: &Counts) {
    for (operation, (before, after)) in (0_u32..).zip(before.visits.iter().zip(&after.visits)) {
        if *before >= LEAST_BEFORE
            && *after >= LEAST_AFTER
            && let Some(component) = behaviour.component(operation)
        {
            features.observe(component, Feature::Events);
        }
    }
}
