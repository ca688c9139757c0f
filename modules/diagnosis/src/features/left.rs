//! Visits that their callers left. Of one that was slow by then the component is to blame, and it counts like any other; one that was
//! left early says nothing of what would have happened in it.

use std::collections::BTreeMap;

use super::{
    Behaviour,
    events::LEAST_BEFORE,
    timing::{MORE_SELF, slow_from},
};
use crate::{bounds::count, windows::VisitWindows};

/// For each visit whether it was left early; empty when none was.
pub(super) fn early(behaviour: &Behaviour, windows: &VisitWindows) -> Vec<bool> {
    let visits = behaviour.visits();
    let mut normal: BTreeMap<u32, Vec<f64>> = visits
        .iter()
        .filter(|visit| visit.is_abandoned)
        .map(|visit| (visit.operation, Vec::new()))
        .collect();
    if normal.is_empty() {
        return Vec::new();
    }
    for (place, visit) in visits.iter().enumerate() {
        if windows.normal[place]
            && !visit.is_abandoned
            && let Some(durations) = normal.get_mut(&visit.operation)
        {
            durations.push(visit.duration);
        }
    }
    let limits: BTreeMap<u32, f64> = normal
        .into_iter()
        .filter(|(_, durations)| count(durations.len()) >= LEAST_BEFORE)
        .filter_map(|(operation, mut durations)| Some((operation, slow_from(&mut durations, MORE_SELF)?)))
        .collect();
    let is_slow = |operation: u32, duration: f64| limits.get(&operation).is_some_and(|limit| duration > *limit);
    visits
        .iter()
        .map(|visit| visit.is_abandoned && !is_slow(visit.operation, visit.duration))
        .collect()
}
