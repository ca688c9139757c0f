//! Where errors begin: spans that failed with none that failed below them. Knows nothing of why.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    quoting::Witness,
    sides::{BASELINE, Of, Pair, SUBJECT, TraceWindows, changed},
};
use crate::{
    logs::facts::ChangeKind,
    traces::store::{Row, Traces},
};

/// How sure an error begins in a span that handles something or works inside a service: it has seen the failure itself.
const SEEN: f64 = 0.95;
/// How sure it begins in a span that calls somebody who has left no span: it may have begun there (judgement).
const CALLED: f64 = 0.7;

/// Errors begin at one operation of one component.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorFact {
    /// Where.
    pub component: String,
    /// In what.
    pub operation: String,
    /// Whom it was calling, if it was and says so, and nothing below it was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Such spans in which errors began, in normal time.
    pub baseline: Of,
    /// The same in what is looked into.
    pub subject: Of,
    /// Traces that are looked into and failed, and those of them that failed here first.
    pub traces: Of,
    /// How sure it is that the error began here, from 0 to 1: .95 if the span is one that works or answers, .7 if it only calls.
    pub certainty: f64,
    /// How that changed against normal time and how sure that is.
    pub change: Option<(ChangeKind, f64)>,
    /// The first such span.
    pub witness: Witness,
}

#[derive(Default)]
struct Begun {
    spans: [u64; 2],
    failed: [u64; 2],
    traces: u64,
    only_called: bool,
    first: Option<u32>,
}

/// Finds where the errors that are looked into begin.
pub fn find(traces: &Traces, windows: &TraceWindows) -> Vec<ErrorFact> {
    let rows = traces.rows();
    let mut is_above = vec![false; rows.len()];
    for (at, row) in (0..).zip(rows) {
        if let Some(parent) = traces.parent(at).filter(|_| row.is_error()) {
            is_above[parent as usize] = true;
        }
    }
    let mut places: BTreeMap<(u32, u32, u32), Begun> = BTreeMap::new();
    let mut failed_traces = 0;
    for group in traces.groups() {
        let mut here = Vec::new();
        for at in group {
            let row = &rows[at as usize];
            let Some(side) = windows.side(row.start) else { continue };
            let begins = row.is_error() && !is_above[at as usize];
            let key = (row.component(), row.operation, row.peer());
            let begun = places.entry(key).or_default();
            begun.spans[side] += 1;
            begun.failed[side] += u64::from(begins);
            if begins && side == SUBJECT {
                begun.only_called |= row.kind.calls();
                if begun.first.is_none_or(|first| row.start < rows[first as usize].start) {
                    begun.first = Some(at);
                }
                here.push(key);
            }
        }
        failed_traces += u64::from(!here.is_empty());
        here.sort_unstable();
        here.dedup();
        for key in here {
            if let Some(begun) = places.get_mut(&key) {
                begun.traces += 1;
            }
        }
    }
    let compared = places.values().filter(|begun| begun.failed != [0, 0]).count();
    let mut facts: Vec<ErrorFact> = places
        .values()
        .filter_map(|begun| {
            let first = &rows[begun.first? as usize];
            Some(fact(traces, first, begun, failed_traces, compared))
        })
        .collect();
    facts.sort_by(|left, right| {
        let order = right.traces.count.cmp(&left.traces.count);
        order.then_with(|| right.certainty.total_cmp(&left.certainty))
    });
    facts
}

fn fact(traces: &Traces, first: &Row, begun: &Begun, failed_traces: u64, compared: usize) -> ErrorFact {
    let pair: Pair = [BASELINE, SUBJECT].map(|side| Of {
        count: begun.failed[side],
        of: begun.spans[side],
    });
    let peer = traces.components().name(first.peer());
    ErrorFact {
        component: traces.components().name(first.component()).to_owned(),
        operation: traces.operations().name(first.operation).to_owned(),
        peer: (!peer.is_empty()).then(|| peer.to_owned()),
        baseline: pair[BASELINE],
        subject: pair[SUBJECT],
        traces: Of {
            count: begun.traces,
            of: failed_traces,
        },
        certainty: if begun.only_called { CALLED } else { SEEN },
        change: changed(pair, compared),
        witness: Witness::from(first),
    }
}
