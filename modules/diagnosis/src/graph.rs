//! Who calls whom, by its shape alone.

use std::collections::BTreeSet;

use crate::system::{Subject, System};

/// The call graph of a system's components.
#[derive(Debug, Default)]
pub struct Graph {
    /// For each component the ones whose evidence explains its own: those it calls, and for an address those called beside it.
    explaining: Vec<Vec<u32>>,
    /// For each component the ones it calls.
    callees: Vec<Vec<u32>>,
    /// For each component the ones that call it.
    callers: Vec<Vec<u32>>,
}

impl Graph {
    /// Takes the calls a system was said to have and those its visits and series show.
    pub fn of(system: &System) -> Self {
        let count = system.components.len();
        let mut calls: BTreeSet<(u32, u32)> = system.calls.iter().copied().collect();
        calls.extend(system.series.iter().filter_map(|series| match series.subject {
            Subject::Edge { caller, callee, .. } => Some((caller, callee)),
            Subject::Component(_) => None,
        }));
        let component = |visit: u32| {
            let visit = system.visits.get(visit as usize)?;
            Some(system.operations.get(visit.operation as usize)?.component)
        };
        for (at, visit) in (0_u32..).zip(&system.visits) {
            if let Some(pair) = visit.caller.and_then(component).zip(component(at)) {
                calls.insert(pair);
            }
        }
        let (mut callees, mut called_by) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (caller, callee) in calls {
            if caller != callee
                && let (Some(forth), Some(back)) =
                    (callees.get_mut(caller as usize), called_by.get_mut(callee as usize))
            {
                forth.push(callee);
                back.push(caller);
            }
        }
        Self {
            explaining: explaining(system, &callees),
            callees,
            callers: called_by,
        }
    }

    /// The components whose evidence explains that of this one.
    pub fn explaining(&self, component: usize) -> &[u32] {
        self.explaining.get(component).map_or(&[], Vec::as_slice)
    }

    /// Whether anyone calls anyone.
    pub fn has_calls(&self) -> bool {
        self.callees.iter().any(|callees| !callees.is_empty())
    }

    /// Those that it calls and those that call it.
    pub fn neighbours(&self, component: usize) -> impl Iterator<Item = u32> {
        let [below, above] = [&self.callees, &self.callers].map(|of| of.get(component).into_iter().flatten());
        below.chain(above).copied()
    }

    /// Whether the first calls the second.
    pub fn calls(&self, first: u32, second: u32) -> bool {
        let called = self.callees.get(first as usize);
        called.is_some_and(|called| called.contains(&second))
    }

    /// Whether one of the two calls the other.
    pub fn are_neighbours(&self, a: usize, b: usize) -> bool {
        let (a, b) = (crate::bounds::count(a), crate::bounds::count(b));
        self.calls(a, b) || self.calls(b, a)
    }

    /// For each component whether it is this one or is called by it, directly or further down.
    pub fn reach(&self, from: u32) -> Vec<bool> {
        Self::walk(&self.callees, from)
    }

    fn walk(next: &[Vec<u32>], from: u32) -> Vec<bool> {
        let mut seen = vec![false; next.len()];
        let mut waiting = vec![from];
        while let Some(at) = waiting.pop() {
            if let Some(mark) = seen.get_mut(at as usize).filter(|mark| !**mark) {
                *mark = true;
                waiting.extend(next.get(at as usize).into_iter().flatten());
            }
        }
        seen
    }
}

/// What is called beside an address by the same caller stands behind it.
fn explaining(system: &System, callees: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let is_address = |component: u32| {
        system
            .components
            .get(component as usize)
            .is_some_and(|component| component.is_address)
    };
    let mut all: Vec<BTreeSet<u32>> = callees.iter().map(|list| list.iter().copied().collect()).collect();
    for called in callees {
        let (roads, siblings): (Vec<u32>, Vec<u32>) = called.iter().copied().partition(|callee| is_address(*callee));
        for road in roads {
            if let Some(set) = all.get_mut(road as usize) {
                set.extend(&siblings);
            }
        }
    }
    all.into_iter().map(|set| set.into_iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Component;

    fn system(addresses: &[bool], calls: &[(u32, u32)]) -> System {
        System {
            components: addresses
                .iter()
                .map(|is_address| Component {
                    name: String::new(),
                    is_address: *is_address,
                })
                .collect(),
            calls: calls.to_vec(),
            ..System::default()
        }
    }

    #[test]
    fn an_address_is_explained_by_what_is_called_beside_it() {
        let graph = Graph::of(&system(&[false, true, false], &[(0, 1), (0, 2), (2, 2), (2, 9)]));
        assert_eq!(graph.explaining(0), [1, 2]);
        assert_eq!(graph.explaining(1), [2]);
        assert_eq!(graph.explaining(2), [0_u32; 0]);
        assert_eq!(graph.reach(1), [false, true, false]);
    }

    #[test]
    fn a_ring_of_calls_is_walked_once() {
        let graph = Graph::of(&system(&[false; 3], &[(0, 1), (1, 2), (2, 0)]));
        assert_eq!(graph.reach(1), [true; 3]);
    }
}
