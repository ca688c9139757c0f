//! The map as traces show it. Knows no file.

use std::collections::BTreeMap;

use super::map::{EdgeKind, Topology};
use crate::traces::{
    store::{Traces, UNNAMED},
    visits::Visits,
};

impl Topology {
    /// Who was seen to call whom, and whom spans name as called that have left no span.
    pub fn of_traces(traces: &Traces, visits: &Visits) -> Self {
        let rows = traces.rows();
        let mut topology = Self::new();
        let mut calls: BTreeMap<(u32, u32, EdgeKind), u64> = BTreeMap::new();
        let mut answered = vec![false; rows.len()];
        for visit in visits.all() {
            let to = rows[visit.row as usize].component();
            topology.add(traces.components().name(to));
            if let Some(calling) = visit.calling {
                answered[calling as usize] = true;
                let from = rows[calling as usize].component();
                *calls.entry((from, to, EdgeKind::Called)).or_default() += 1;
            }
        }
        for (row, answered) in rows.iter().zip(answered) {
            if row.peer() != UNNAMED && !answered {
                let edge = (row.component(), row.peer(), EdgeKind::Named);
                *calls.entry(edge).or_default() += 1;
            }
        }
        for ((from, to, kind), calls) in calls {
            let name = |number| traces.components().name(number);
            topology.connect(name(from), name(to), kind, calls, || None);
        }
        topology
    }
}
