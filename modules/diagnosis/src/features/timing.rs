//! How long visits took: by themselves, and on the way between caller and callee.

use super::{
    Behaviour, Feature, Features, Mean, Rate, Witness,
    events::{LEAST_AFTER, LEAST_BEFORE},
};
use crate::{
    bounds::{Bounds, count},
    statistics::quantile,
    system::Visit,
    windows::VisitWindows,
};

/// A visit is slow above `FACTOR` times the normal quantile plus some seconds (J).
const QUANTILE: f64 = 0.95;
const FACTOR: f64 = 1.5;
pub(super) const MORE_SELF: f64 = 0.002;
const MORE_WIRE: f64 = 0.005;

/// How the share of slow visits of one group rose.
pub(super) struct Rise {
    pub certain: f64,
    limit: f64,
    before: Rate,
    after: Rate,
    /// The slowest judged visit.
    example: Option<u32>,
}

/// Scores self times by operation and wire times by edge.
pub(super) fn score(features: &mut Features, behaviour: &Behaviour, windows: &VisitWindows, bounds: &mut Bounds) {
    let by_operation = |place: usize| Some(behaviour.visits()[place].operation);
    let operations = behaviour.operations();
    let rises = rises(
        behaviour,
        windows,
        bounds,
        operations,
        by_operation,
        |visit| visit.self_time,
        MORE_SELF,
    );
    for (operation, rise) in (0_u32..).zip(&rises) {
        let (Some(rise), Some(component)) = (rise, behaviour.component(operation)) else {
            continue;
        };
        features.raise(component, Feature::Slow, rise.certain, || Witness::Slow {
            operation,
            limit: rise.limit,
            before: rise.before,
            after: rise.after,
            example: rise.example,
        });
    }
    score_edges(features, behaviour, windows, bounds);
}

fn score_edges(features: &mut Features, behaviour: &Behaviour, windows: &VisitWindows, bounds: &mut Bounds) {
    let by_edge = |place: usize| behaviour.edge_of(place);
    let edges = behaviour.edges();
    let rises = rises(
        behaviour,
        windows,
        bounds,
        edges.len(),
        by_edge,
        |visit| visit.wire_time,
        MORE_WIRE,
    );
    let mut mean = Mean::over(features.len());
    for (edge, rise) in edges.iter().zip(&rises) {
        let Some(rise) = rise else { continue };
        let ends = [behaviour.component(edge.callee), behaviour.component(edge.caller)];
        for end in ends.into_iter().flatten() {
            mean.add(end, rise.certain);
            if rise.certain > 0.0 {
                features.keep(end, Feature::Wire, rise.certain, || Witness::Wire {
                    caller: edge.caller,
                    callee: edge.callee,
                    limit: rise.limit,
                    before: rise.before,
                    after: rise.after,
                    example: rise.example,
                });
            }
        }
    }
    mean.write(features, Feature::Wire);
}

/// For each group its rise; none where there are too few visits.
fn rises(
    behaviour: &Behaviour,
    windows: &VisitWindows,
    bounds: &mut Bounds,
    groups: usize,
    group_of: impl Fn(usize) -> Option<u32>,
    time_of: impl Fn(&Visit) -> f64,
    more: f64,
) -> Vec<Option<Rise>> {
    let visits = behaviour.visits();
    let mut judged: Vec<Vec<(f64, u32)>> = vec![Vec::new(); groups];
    for place in windows.judged.clone() {
        if let Some(group) = group_of(place) {
            judged[group as usize].push((time_of(&visits[place]), visits[place].witness));
        }
    }
    // Times of groups that are not judged need not be kept.
    let mut normal: Vec<Vec<f64>> = vec![Vec::new(); groups];
    for (place, visit) in visits.iter().enumerate().filter(|(place, _)| windows.normal[*place]) {
        if let Some(group) = group_of(place)
            && count(judged[group as usize].len()) >= LEAST_AFTER
        {
            normal[group as usize].push(time_of(visit));
        }
    }
    judged
        .iter()
        .zip(&mut normal)
        .map(|(judged, normal)| rise(judged, normal, more, bounds))
        .collect()
}

pub(super) fn rise(judged: &[(f64, u32)], normal: &mut [f64], more: f64, bounds: &mut Bounds) -> Option<Rise> {
    if count(judged.len()) < LEAST_AFTER || count(normal.len()) < LEAST_BEFORE {
        return None;
    }
    let limit = slow_from(normal, more)?;
    let before = Rate {
        k: count(normal.iter().filter(|time| **time > limit).count()),
        n: count(normal.len()),
    };
    let after = Rate {
        k: count(judged.iter().filter(|(time, _)| *time > limit).count()),
        n: count(judged.len()),
    };
    let slowest = judged.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    Some(Rise {
        certain: bounds.rise(before, after),
        limit,
        before,
        after,
        example: slowest.map(|(_, witness)| *witness),
    })
}

/// Above how many seconds something is slow that normally took so long.
pub(super) fn slow_from(normal: &mut [f64], more: f64) -> Option<f64> {
    normal.sort_by(f64::total_cmp);
    Some(quantile(normal, QUANTILE)? * FACTOR + more)
}
