//! On whom slow requests wait: the critical path of each slow trace, added up by component. Knows nothing of errors.
//!
//! The path is walked from the end of the first span backwards: at each point in time the request waits for the span below that
//! ended last (Zhang and others, CRISP: critical path analysis of large-scale microservice architectures, 2022).

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    latency::distribution,
    quoting::Witness,
    sides::{BASELINE, Of, SUBJECT, TraceWindows, changed},
};
use crate::traces::store::Traces;

/// A request is slow above so many times the normal 95 % and two milliseconds more (docs/adr/0013-ranked-causes.md, slow).
const FACTOR: i64 = 3;
const DIVISOR: i64 = 2;
const FLOOR: i64 = 2_000;
/// Requests of one operation that are needed in normal time (the same source).
const LEAST: usize = 5;
/// Normal requests of one operation whose path is walked; evenly thinned. Their mean is known to some 7 % of the spread.
const NORMAL: usize = 200;
/// Steps of the slowest request that are told.
const STEPS: usize = 8;

/// What a component takes of the critical path, in microseconds a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathPart {
    /// Who.
    pub component: String,
    /// Mean over slow requests.
    pub slow: i64,
    /// Mean over normal requests.
    pub normal: i64,
}

/// One span's own part of a critical path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathStep {
    /// Who.
    pub component: String,
    /// What it did.
    pub operation: String,
    /// Microseconds.
    pub own: i64,
}

/// Requests of one operation are slow, and these are the components that they wait for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PathFact {
    /// Where the requests come in.
    pub component: String,
    /// What they ask for.
    pub operation: String,
    /// Microseconds above which one is slow.
    pub limit: i64,
    /// Slow ones in normal time.
    pub baseline: Of,
    /// Slow ones in what is looked into.
    pub subject: Of,
    /// Those whose part has grown most first.
    pub parts: Vec<PathPart>,
    /// The greatest parts of the slowest request.
    pub slowest: Vec<PathStep>,
    /// How sure it is that there are more slow ones than in normal time, from 0 to 1, over all operations that were compared.
    pub certainty: f64,
    /// The span with the greatest own part of the slowest request.
    pub witness: Witness,
}

/// A request: its first span, and the rows of its trace.
#[derive(Clone, Copy)]
struct Request {
    root: u32,
    from: u32,
    to: u32,
}

/// Finds slow requests and what they wait for.
pub fn find(traces: &Traces, windows: &TraceWindows) -> Vec<PathFact> {
    let rows = traces.rows();
    let mut operations: BTreeMap<(u32, u32), [Vec<Request>; 2]> = BTreeMap::new();
    for group in traces.groups() {
        let roots = group.clone().filter(|&at| traces.parent(at).is_none());
        let root = roots.min_by_key(|&at| (rows[at as usize].start, -rows[at as usize].duration));
        let Some(root) = root else { continue };
        let row = &rows[root as usize];
        if let Some(side) = windows.side(row.start) {
            let (from, to) = (group.start, group.end);
            let requests = operations.entry((row.component(), row.operation)).or_default();
            requests[side].push(Request { root, from, to });
        }
    }
    let compared = operations.len();
    let mut facts: Vec<PathFact> = operations
        .into_values()
        .filter_map(|requests| fact(traces, requests, compared))
        .collect();
    facts.sort_by(|left, right| right.certainty.total_cmp(&left.certainty));
    facts
}

fn fact(traces: &Traces, mut requests: [Vec<Request>; 2], compared: usize) -> Option<PathFact> {
    let rows = traces.rows();
    let duration = |request: &Request| rows[request.root as usize].duration;
    for side in &mut requests {
        side.sort_by_key(duration);
    }
    let [baseline, subject] = requests;
    if baseline.len() < LEAST {
        return None;
    }
    let times: Vec<i64> = baseline.iter().map(duration).collect();
    let limit = distribution(&times).high.saturating_mul(FACTOR) / DIVISOR + FLOOR;
    let slow = |side: &[Request]| Of {
        count: side.iter().filter(|request| duration(request) > limit).count() as u64,
        of: side.len() as u64,
    };
    let pair = [slow(&baseline), slow(&subject)];
    let (_, certainty) = changed(pair, compared).filter(|_| pair[SUBJECT].count > 0)?;
    let first_slow = subject.partition_point(|request| duration(request) <= limit);
    let mut walk = Walk::default();
    let now = walk.means(traces, &subject[first_slow..], 1);
    let normal = walk.means(traces, &baseline, baseline.len().div_ceil(NORMAL));
    let mut parts: Vec<PathPart> = now
        .iter()
        .map(|(component, slow)| PathPart {
            component: traces.components().name(*component).to_owned(),
            slow: *slow,
            normal: normal.get(component).copied().unwrap_or(0),
        })
        .collect();
    parts.sort_by_key(|part| part.normal - part.slow);
    let slowest = subject.last()?;
    walk.request(traces, *slowest);
    let mut steps: Vec<(i64, u32)> = walk.own.iter().copied().zip(slowest.from..).collect();
    steps.sort_unstable_by(|left, right| right.cmp(left));
    steps.truncate(STEPS);
    let root = &rows[slowest.root as usize];
    Some(PathFact {
        component: traces.components().name(root.component()).to_owned(),
        operation: traces.operations().name(root.operation).to_owned(),
        limit,
        baseline: pair[BASELINE],
        subject: pair[SUBJECT],
        parts,
        witness: Witness::from(&rows[steps.first()?.1 as usize]),
        slowest: steps
            .iter()
            .filter(|(own, _)| *own > 0)
            .map(|&(own, at)| PathStep {
                component: traces.components().name(rows[at as usize].component()).to_owned(),
                operation: traces.operations().name(rows[at as usize].operation).to_owned(),
                own,
            })
            .collect(),
        certainty,
    })
}

/// Walks critical paths, in buffers that are used again.
#[derive(Default)]
struct Walk {
    /// Each span's own part of the path, by its place in the trace.
    own: Vec<i64>,
    /// Children by parent, the one that ends last first.
    children: Vec<(u32, i64, u32)>,
    open: Vec<Step>,
}

/// A span on the path: what is before `until` is still to be told.
struct Step {
    row: u32,
    until: i64,
    next: usize,
}

impl Walk {
    /// Mean microseconds a request of each component, over every so-many-th request.
    fn means(&mut self, traces: &Traces, requests: &[Request], every: usize) -> BTreeMap<u32, i64> {
        let mut sums: BTreeMap<u32, i64> = BTreeMap::new();
        let mut count = 0;
        for request in requests.iter().step_by(every.max(1)) {
            self.request(traces, *request);
            count += 1;
            for (own, at) in self.own.iter().zip(request.from..) {
                if *own > 0 {
                    let sum = sums.entry(traces.rows()[at as usize].component()).or_default();
                    *sum = sum.saturating_add(*own);
                }
            }
        }
        for sum in sums.values_mut() {
            *sum /= count.max(1);
        }
        sums
    }

    /// Walks one request. A span is below one parent only, so that each is on the path at most once.
    fn request(&mut self, traces: &Traces, request: Request) {
        let rows = traces.rows();
        self.own.clear();
        self.own.resize((request.to - request.from) as usize, 0);
        self.children.clear();
        for at in request.from..request.to {
            if let Some(parent) = traces.parent(at) {
                self.children.push((parent, -rows[at as usize].end(), at));
            }
        }
        self.children.sort_unstable();
        let first = |children: &[(u32, i64, u32)], row: u32| children.partition_point(|child| child.0 < row);
        self.open.clear();
        self.open.push(Step {
            row: request.root,
            until: rows[request.root as usize].end(),
            next: first(&self.children, request.root),
        });
        while let Some(step) = self.open.last_mut() {
            let row = &rows[step.row as usize];
            let own = &mut self.own[(step.row - request.from) as usize];
            let child = self.children.get(step.next).filter(|child| child.0 == step.row);
            let Some(&(_, _, child)) = child else {
                *own += (step.until - row.start).max(0);
                self.open.pop();
                continue;
            };
            step.next += 1;
            let below = &rows[child as usize];
            let end = below.end().min(step.until);
            if below.start >= end || end <= row.start {
                continue;
            }
            *own += step.until - end;
            step.until = below.start.max(row.start);
            let next = first(&self.children, child);
            self.open.push(Step {
                row: child,
                until: end,
                next,
            });
        }
    }
}
