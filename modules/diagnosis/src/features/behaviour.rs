//! Visits and their events in an order that every onset can read fast: sorted by start, events once a visit. It judges nothing.

use std::collections::BTreeMap;

use crate::system::{Attempt, System, Visit};

/// An event of one operation.
#[derive(Debug, Clone, Copy)]
pub struct OperationEvent {
    /// Place of the operation.
    pub operation: u32,
    /// Place of the event.
    pub event: u32,
    pub is_log: bool,
    pub is_error: bool,
    pub is_failure: bool,
}

/// Calls from one operation to another.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// Place of the caller's operation.
    pub caller: u32,
    /// Place of the callee's operation.
    pub callee: u32,
}

/// The visits of a system.
#[derive(Debug, Default)]
pub struct Behaviour {
    /// Sorted by start.
    attempts: Vec<Attempt>,
    /// Sorted by start; those of unknown operations are left out.
    visits: Vec<Visit>,
    /// The component of each operation.
    components: Vec<u32>,
    /// Whether each operation stands for visits that were refused.
    refused: Vec<bool>,
    /// For each visit the place of its edge.
    edge_of: Vec<Option<u32>>,
    /// For each visit the place of the one that called it.
    caller_of: Vec<Option<u32>>,
    edges: Vec<Edge>,
    /// (place of the visit, place of the event), sorted, each once.
    happened: Vec<(u32, u32)>,
    events: Vec<OperationEvent>,
}

impl Behaviour {
    /// Sorts what a system has.
    pub fn of(system: &System) -> Self {
        let operations = system.operations.len();
        let mut order: Vec<u32> = (0_u32..)
            .zip(&system.visits)
            .filter(|(_, visit)| (visit.operation as usize) < operations)
            .map(|(place, _)| place)
            .collect();
        order.sort_by_key(|place| system.visits[*place as usize].start);
        let visits: Vec<Visit> = order.iter().map(|place| system.visits[*place as usize]).collect();
        let mut place_of = vec![None; system.visits.len()];
        for (sorted, place) in (0_u32..).zip(&order) {
            place_of[*place as usize] = Some(sorted);
        }
        let mut attempts = system.attempts.clone();
        attempts.sort_by_key(|attempt| attempt.start);
        let mut behaviour = Self {
            attempts,
            components: system.operations.iter().map(|operation| operation.component).collect(),
            refused: system.operations.iter().map(|operation| operation.refused).collect(),
            ..Self::default()
        };
        behaviour.add_edges(system, &visits, &place_of);
        behaviour.add_events(system, &visits, &place_of);
        behaviour.visits = visits;
        behaviour
    }

    /// Calls as their callers saw them, sorted by start.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    fn add_edges(&mut self, system: &System, visits: &[Visit], place_of: &[Option<u32>]) {
        let mut known: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for visit in visits {
            let place = visit
                .caller
                .and_then(|caller| place_of.get(caller as usize).copied().flatten());
            self.caller_of.push(place);
            let caller = visit
                .caller
                .filter(|_| place.is_some())
                .and_then(|caller| system.visits.get(caller as usize));
            self.edge_of.push(caller.map(|caller| {
                *known.entry((caller.operation, visit.operation)).or_insert_with(|| {
                    self.edges.push(Edge {
                        caller: caller.operation,
                        callee: visit.operation,
                    });
                    crate::bounds::count(self.edges.len() - 1)
                })
            }));
        }
    }

    fn add_events(&mut self, system: &System, visits: &[Visit], place_of: &[Option<u32>]) {
        let mut known: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for happened in &system.visit_events {
            let Some(visit) = place_of.get(happened.visit as usize).copied().flatten() else {
                continue;
            };
            let (Some(event), Some(operation)) = (
                system.events.get(happened.event as usize),
                visits.get(visit as usize).map(|visit| visit.operation),
            ) else {
                continue;
            };
            let place = *known.entry((operation, happened.event)).or_insert_with(|| {
                self.events.push(OperationEvent {
                    operation,
                    event: happened.event,
                    is_log: event.is_log,
                    is_error: event.tells_of_error(),
                    is_failure: event.is_failure,
                });
                crate::bounds::count(self.events.len() - 1)
            });
            self.happened.push((visit, place));
        }
        self.happened.sort_unstable();
        self.happened.dedup();
    }

    /// All visits, by start.
    pub fn visits(&self) -> &[Visit] {
        &self.visits
    }

    /// All events of operations.
    pub fn events(&self) -> &[OperationEvent] {
        &self.events
    }

    /// What happened, as (place of the visit, place in `events`), by visit.
    pub fn happened(&self) -> &[(u32, u32)] {
        &self.happened
    }

    /// All edges.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Place of a visit's edge.
    pub fn edge_of(&self, visit: usize) -> Option<u32> {
        self.edge_of.get(visit).copied().flatten()
    }

    /// Place of the visit that called this one.
    pub fn caller_of(&self, visit: usize) -> Option<u32> {
        self.caller_of.get(visit).copied().flatten()
    }

    /// Whether an event, by its place in `events`, happened in a visit.
    pub fn happened_in(&self, visit: usize, event: usize) -> bool {
        let pair = (crate::bounds::count(visit), crate::bounds::count(event));
        self.happened.binary_search(&pair).is_ok()
    }

    /// How many operations there are.
    pub fn operations(&self) -> usize {
        self.components.len()
    }

    /// Whether an operation stands for visits that were refused.
    pub fn is_refused(&self, operation: u32) -> bool {
        self.refused.get(operation as usize).copied().unwrap_or(false)
    }

    /// The component of an operation.
    pub fn component(&self, operation: u32) -> Option<u32> {
        self.components.get(operation as usize).copied()
    }
}
