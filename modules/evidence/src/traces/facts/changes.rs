//! What came and went: calls and inner spans of visits, and operations of components. Knows no times but which side a visit is
//! on.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    quoting::Witness,
    sides::{BASELINE, LEAST_SURE, Of, Pair, SUBJECT, TraceWindows, changed},
};
use crate::{
    logs::facts::ChangeKind,
    traces::{
        store::Traces,
        visits::{Event, EventId, Visits},
    },
};

/// A share of visits that differs by no more than this is the same, however sure the difference: what is asked for varies from
/// hour to hour (docs/adr/0013-ranked-causes.md, events).
const LEAST_CHANGE: f64 = 0.08;

/// Something that visits of an operation have or have not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// A call of another component.
    Call {
        /// Whom.
        component: String,
        /// What of it.
        operation: String,
        /// Whether the answer is that the request is wrong.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        refused: bool,
    },
    /// A span of its own.
    Span {
        /// What it does.
        operation: String,
    },
}

/// Visits of one operation have something more or less often than in normal time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VisitFact {
    /// Who is visited.
    pub component: String,
    /// By which operation.
    pub operation: String,
    /// What the visits have.
    pub happening: Happening,
    /// How that changed: a burst is any rise, a drop any fall that leaves some.
    pub kind: ChangeKind,
    /// For a call that is new or vanished: whether no other operation of the component calls that other component either,
    /// so that the edge between the two is new or vanished.
    pub edge: bool,
    /// Visits with it, in normal time.
    pub baseline: Of,
    /// Visits with it, in what is looked into.
    pub subject: Of,
    /// How sure it is that this is not chance, from 0 to 1, over all that were compared.
    pub certainty: f64,
    /// The entry span of a visit: with it where it came, without it where it vanished, of normal time where there is less of it.
    pub witness: Witness,
}

/// A component serves an operation more or less often than in normal time, among all that it serves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperationFact {
    /// Who.
    pub component: String,
    /// What.
    pub operation: String,
    /// How that changed: new or vanished.
    pub kind: ChangeKind,
    /// Visits of it among all of the component, in normal time.
    pub baseline: Of,
    /// The same in what is looked into.
    pub subject: Of,
    /// How sure it is that this is not chance, from 0 to 1, over all that were compared.
    pub certainty: f64,
    /// The entry span of its first visit, in normal time if it vanished.
    pub witness: Witness,
}

/// Counts of visits of each operation, and the first of them on each side.
#[derive(Debug, Default)]
struct Served {
    visits: [u64; 2],
    first: [Option<u32>; 2],
}

impl Served {
    fn note(&mut self, side: usize, visit: u32) {
        self.visits[side] += 1;
        self.first[side].get_or_insert(visit);
    }
}

type Operation = (u32, u32);

/// Compares the visits of both sides.
pub fn find(traces: &Traces, visits: &Visits, windows: &TraceWindows) -> (Vec<VisitFact>, Vec<OperationFact>) {
    let rows = traces.rows();
    let mut sides = vec![None; visits.all().len()];
    let mut operations: BTreeMap<Operation, Served> = BTreeMap::new();
    for visit in visits.by_start() {
        let place = visit as usize;
        let row = &rows[visits.all()[place].row as usize];
        sides[place] = windows.side(row.start);
        if let Some(side) = sides[place] {
            let served = operations.entry((row.component(), row.operation)).or_default();
            served.note(side, visit);
        }
    }
    let mut happenings: BTreeMap<(Operation, EventId), Served> = BTreeMap::new();
    for (visit, event) in visits.events() {
        let row = &rows[visits.all()[visit as usize].row as usize];
        if let Some(side) = sides[visit as usize]
            && !matches!(visits.event(event), Event::Log { .. })
        {
            let key = ((row.component(), row.operation), event);
            happenings.entry(key).or_default().note(side, visit);
        }
    }
    let facts = Facts {
        traces,
        visits,
        operations: &operations,
    };
    (facts.of_visits(&happenings), facts.of_operations())
}

struct Facts<'f> {
    traces: &'f Traces,
    visits: &'f Visits,
    operations: &'f BTreeMap<Operation, Served>,
}

impl Facts<'_> {
    fn of_visits(&self, happenings: &BTreeMap<(Operation, EventId), Served>) -> Vec<VisitFact> {
        // Which components call which, on each side.
        let mut edges: BTreeMap<(u32, u32), [u64; 2]> = BTreeMap::new();
        for ((operation, event), served) in happenings {
            if let Event::Call { component, .. } = self.visits.event(*event) {
                let edge = edges.entry((operation.0, component)).or_default();
                edge[BASELINE] += served.visits[BASELINE];
                edge[SUBJECT] += served.visits[SUBJECT];
            }
        }
        let mut facts = Vec::new();
        for ((operation, event), served) in happenings {
            let Some(all) = self.operations.get(operation) else {
                continue;
            };
            let pair = of(served, all.visits);
            if (pair[SUBJECT].share() - pair[BASELINE].share()).abs() <= LEAST_CHANGE {
                continue;
            }
            let Some((kind, certainty)) = changed(pair, happenings.len()) else {
                continue;
            };
            let visit = match kind {
                ChangeKind::New | ChangeKind::Burst => served.first[SUBJECT],
                ChangeKind::Vanished => all.first[SUBJECT],
                ChangeKind::Drop => served.first[BASELINE],
            };
            let Some(witness) = visit.map(|visit| self.witness(visit)) else {
                continue;
            };
            let (happening, edge) = match self.visits.event(*event) {
                Event::Call {
                    component,
                    operation: called,
                    refused,
                } => {
                    let edge = edges.get(&(operation.0, component)).copied().unwrap_or_default();
                    let happening = Happening::Call {
                        component: self.traces.components().name(component).to_owned(),
                        operation: self.traces.operations().name(called).to_owned(),
                        refused,
                    };
                    (happening, edge.contains(&0))
                }
                Event::Span { operation } => {
                    let operation = self.traces.operations().name(operation).to_owned();
                    (Happening::Span { operation }, false)
                }
                // Failures are told where they begin.
                Event::Failure | Event::Refusal | Event::Abandoned | Event::Log { .. } => continue,
            };
            facts.push(VisitFact {
                component: self.traces.components().name(operation.0).to_owned(),
                operation: self.traces.operations().name(operation.1).to_owned(),
                happening,
                kind,
                edge,
                baseline: pair[BASELINE],
                subject: pair[SUBJECT],
                certainty,
                witness,
            });
        }
        facts.sort_by(|left, right| {
            let order = right.certainty.total_cmp(&left.certainty);
            order.then_with(|| right.edge.cmp(&left.edge))
        });
        facts
    }

    fn of_operations(&self) -> Vec<OperationFact> {
        let mut components: BTreeMap<u32, [u64; 2]> = BTreeMap::new();
        for ((component, _), served) in self.operations {
            let all = components.entry(*component).or_default();
            all[BASELINE] += served.visits[BASELINE];
            all[SUBJECT] += served.visits[SUBJECT];
        }
        let mut facts = Vec::new();
        for ((component, operation), served) in self.operations {
            let pair = of(served, components.get(component).copied().unwrap_or_default());
            let Some((kind, certainty)) = changed(pair, self.operations.len()) else {
                continue;
            };
            let side = match kind {
                ChangeKind::New => SUBJECT,
                ChangeKind::Vanished => BASELINE,
                ChangeKind::Burst | ChangeKind::Drop => continue,
            };
            let Some(witness) = served.first[side].map(|visit| self.witness(visit)) else {
                continue;
            };
            facts.push(OperationFact {
                component: self.traces.components().name(*component).to_owned(),
                operation: self.traces.operations().name(*operation).to_owned(),
                kind,
                baseline: pair[BASELINE],
                subject: pair[SUBJECT],
                certainty,
                witness,
            });
        }
        facts.sort_by(|left, right| right.certainty.total_cmp(&left.certainty));
        debug_assert!(facts.iter().all(|fact| fact.certainty >= LEAST_SURE));
        facts
    }

    fn witness(&self, visit: u32) -> Witness {
        Witness::from(&self.traces.rows()[self.visits.all()[visit as usize].row as usize])
    }
}

fn of(served: &Served, all: [u64; 2]) -> Pair {
    [BASELINE, SUBJECT].map(|side| Of {
        count: served.visits[side],
        of: all[side],
    })
}
