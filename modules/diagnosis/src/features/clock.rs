//! Clocks out of step: calls whose two sides tell times that cannot both be right.

use std::collections::BTreeMap;

use super::{
    Behaviour, Feature, Features, Rate, Witness,
    events::{LEAST_AFTER, LEAST_BEFORE},
};
use crate::{bounds::Bounds, windows::VisitWindows};

/// The calls between two components, whoever calls.
#[derive(Default)]
struct Calls {
    before: Rate,
    after: Rate,
    /// Seconds by which the second is ahead of the first in the first judged visit in which they contradict each other, and that visit.
    first: Option<(f64, u32)>,
}

/// What the pairs that a component is one of say of its clock.
#[derive(Default)]
struct Touching {
    certain: f64,
    pairs: f64,
}

impl Touching {
    fn mean(&self) -> f64 {
        self.certain / self.pairs.max(1.0)
    }
}

/// Scores each component by the part of its neighbours that its clock contradicts, as far as it contradicts more of them than
/// they contradict others: a contradiction is one of two clocks' fault, and most likely of the one that has most.
pub(super) fn score(features: &mut Features, behaviour: &Behaviour, windows: &VisitWindows, bounds: &mut Bounds) {
    let mut touching: BTreeMap<u32, Touching> = BTreeMap::new();
    let mut contradicting = Vec::new();
    for (pair, calls) in pairs(behaviour, windows) {
        if calls.after.n < LEAST_AFTER || calls.before.n < LEAST_BEFORE {
            continue;
        }
        let certain = bounds.rise(calls.before, calls.after);
        for end in [pair.0, pair.1] {
            let touching = touching.entry(end).or_default();
            touching.certain += certain;
            touching.pairs += 1.0;
            features.observe(end, Feature::Clock);
        }
        if certain > 0.0 {
            contradicting.push((pair, certain, calls));
        }
    }
    let all = |of: u32| touching.get(&of).map_or(0.0, |touching| touching.certain);
    let mut most: BTreeMap<u32, f64> = BTreeMap::new();
    for ((one, other), ..) in &contradicting {
        for end in [one, other] {
            let most = most.entry(*end).or_default();
            *most = most.max(all(*one)).max(all(*other));
        }
    }
    for (&component, &most) in &most {
        let mean = touching.get(&component).map_or(0.0, Touching::mean);
        features.raise_unseen(component, Feature::Clock, mean * all(component) / most);
    }
    for ((one, other), certain, calls) in contradicting {
        let Some((ahead, example)) = calls.first else { continue };
        for (component, beside, ahead) in [(other, one, ahead), (one, other, -ahead)] {
            features.keep(component, Feature::Clock, certain, || Witness::Clock {
                component,
                other: beside,
                ahead,
                before: calls.before,
                after: calls.after,
                example: Some(example),
            });
        }
    }
}

fn pairs(behaviour: &Behaviour, windows: &VisitWindows) -> BTreeMap<(u32, u32), Calls> {
    let component = |place: usize| behaviour.component(behaviour.visits()[place].operation);
    let mut pairs: BTreeMap<(u32, u32), Calls> = BTreeMap::new();
    for (place, visit) in behaviour.visits().iter().enumerate() {
        let judged = windows.judged.contains(&place);
        if !judged && !windows.normal[place] {
            continue;
        }
        let above = behaviour.caller_of(place).and_then(|above| component(above as usize));
        let (Some(owner), Some(above)) = (component(place), above) else {
            continue;
        };
        let calls = pairs.entry((above.min(owner), above.max(owner))).or_default();
        let rate = if judged { &mut calls.after } else { &mut calls.before };
        rate.n += 1;
        rate.k += u32::from(visit.ahead != 0.0);
        if judged && visit.ahead != 0.0 {
            let ahead = if above < owner { visit.ahead } else { -visit.ahead };
            calls.first.get_or_insert((ahead, visit.witness));
        }
    }
    pairs
}
