//! Building visits, one pass over the rows of each trace. Knows no names.

use std::ops::Range;

use super::{
    events::{Event, EventId, Events},
    logs::Logs,
};
use crate::traces::{
    span::{Outcome, SpanKind},
    store::{Row, Traces},
};

const NONE: u32 = u32::MAX;

/// One service's handling of one incoming call: an entry span and the spans of the same service below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// Row of the entry span. Its component and operation are the visit's.
    pub row: u32,
    /// The visit that called; `None` for a first one, or one whose caller is not there.
    pub caller: Option<u32>,
    /// Row of the span that called, likewise.
    pub calling: Option<u32>,
    /// When it began, in microseconds since 1970.
    pub start: i64,
    /// The entry span less the union of the calls to other services below it, in microseconds.
    pub self_time: i64,
    /// The calling span's duration less the entry span's, in microseconds; 0 without a caller. Below 0 where nobody waits.
    pub wire: i64,
    /// By its clock it began so long after the calling span did, in microseconds, where that cannot be: before, or after the end of
    /// a call that was waited for. 0 where it can.
    pub ahead: i64,
    /// Whether it answered that its caller's request was wrong.
    pub refused: bool,
    /// Whether its caller went away before it was done.
    pub abandoned: bool,
}

/// Clocks that are kept in step differ by milliseconds, and this much (J) is no matter of the network.
const OUT_OF_STEP: i64 = 1_000_000;

/// All visits of some traces, those of one trace together.
#[derive(Debug)]
pub struct Visits {
    pub(super) all: Vec<Visit>,
    /// The visit of each row.
    pub(super) of_row: Vec<u32>,
    pub(super) events: Events,
    pub(super) logs: Logs,
}

impl Visits {
    /// Finds the visits of all spans that are kept. No log is attached yet.
    pub fn of(traces: &Traces) -> Self {
        let mut visits = Self {
            all: Vec::new(),
            of_row: vec![NONE; traces.rows().len()],
            events: Events::default(),
            logs: Logs::default(),
        };
        let mut scratch = Scratch::default();
        for group in traces.groups() {
            visits.trace(traces, group, &mut scratch);
        }
        visits
    }

    /// Visits. Their place is their number.
    pub fn all(&self) -> &[Visit] {
        &self.all
    }

    /// The visit that a row belongs to.
    pub fn of_row(&self, row: u32) -> Option<u32> {
        let visit = *self.of_row.get(index(row))?;
        (visit != NONE).then_some(visit)
    }

    /// Numbers of visits, earliest first.
    pub fn by_start(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.all.len()).map(number).collect();
        order.sort_unstable_by_key(|&visit| (self.all[index(visit)].start, visit));
        order
    }

    /// Every event of every visit once, as the visit's number and the event's, in the order of visits. Events of logs come
    /// after all others.
    pub fn events(&self) -> impl Iterator<Item = (u32, EventId)> {
        let logs = self.logs.events().iter().copied();
        self.events.pairs.iter().copied().chain(logs)
    }

    /// What an event is.
    pub fn event(&self, event: EventId) -> Event {
        self.events.known(event).unwrap_or_else(|| self.logs.event(event))
    }

    fn trace(&mut self, traces: &Traces, group: Range<u32>, scratch: &mut Scratch) {
        let rows = traces.rows();
        let first_visit = self.all.len();
        for row in group.clone() {
            self.belong(traces, row, &mut scratch.path);
        }
        scratch.calls.clear();
        for at in first_visit..self.all.len() {
            let visit = self.all[at];
            let entry = &rows[index(visit.row)];
            let calling = traces
                .parent(visit.row)
                .filter(|&parent| self.of_row[index(parent)] != number(at));
            let caller = calling.map(|calling| self.of_row[index(calling)]);
            let ending = match entry.outcome {
                Outcome::Failed => Some(Event::Failure),
                Outcome::Refused if caller.is_none() => Some(Event::Refusal),
                Outcome::Abandoned => Some(Event::Abandoned),
                Outcome::Refused | Outcome::Well => None,
            };
            if let Some(event) = ending {
                scratch.events.push((number(at), self.events.number(event)));
            }
            let visit = &mut self.all[at];
            (visit.calling, visit.caller) = (calling, caller);
            if let (Some(calling), Some(caller)) = (calling, caller) {
                let calling = &rows[index(calling)];
                visit.wire = calling.duration - entry.duration;
                visit.ahead = ahead(calling, entry);
                visit.refused = entry.outcome == Outcome::Refused;
                // By the caller's clock.
                let start = entry.start - visit.ahead;
                scratch.calls.push(Call {
                    caller,
                    start,
                    end: start + entry.duration,
                });
                let event = Event::Call {
                    component: entry.component(),
                    operation: entry.operation,
                    refused: visit.refused,
                };
                scratch.events.push((caller, self.events.number(event)));
            }
        }
        self.self_times(rows, &mut scratch.calls);
        for row in group {
            let visit = self.of_row[index(row)];
            if self.all[index(visit)].row != row {
                let event = Event::Span {
                    operation: rows[index(row)].operation,
                };
                scratch.events.push((visit, self.events.number(event)));
            }
        }
        self.events.close(&mut scratch.events);
    }

    /// Finds the visit of a row: its parent's, unless it is an entry. Rows that are each other's parents are cut at the first.
    fn belong(&mut self, traces: &Traces, row: u32, path: &mut Vec<u32>) {
        let rows = traces.rows();
        let mut at = row;
        let visit = loop {
            let known = self.of_row[index(at)];
            if known != NONE && known != OPEN {
                break known;
            }
            let parent = traces
                .parent(at)
                .filter(|&parent| rows[index(parent)].component() == rows[index(at)].component());
            match parent {
                Some(parent) if known != OPEN => {
                    self.of_row[index(at)] = OPEN;
                    path.push(at);
                    at = parent;
                }
                _ => {
                    let visit = number(self.all.len());
                    self.all.push(Visit {
                        row: at,
                        caller: None,
                        calling: None,
                        start: rows[index(at)].start,
                        self_time: rows[index(at)].duration,
                        wire: 0,
                        ahead: 0,
                        refused: false,
                        abandoned: rows[index(at)].outcome == Outcome::Abandoned,
                    });
                    self.of_row[index(at)] = visit;
                    break visit;
                }
            }
        };
        for at in path.drain(..) {
            self.of_row[index(at)] = visit;
        }
    }

    /// Takes the union of the calls of each visit off its entry span.
    fn self_times(&mut self, rows: &[Row], calls: &mut [Call]) {
        calls.sort_unstable_by_key(|call| (call.caller, call.start, call.end));
        let mut calls = calls.iter().peekable();
        while let Some(caller) = calls.peek().map(|call| call.caller) {
            let visit = &mut self.all[index(caller)];
            let entry = &rows[index(visit.row)];
            let (mut away, mut until) = (0, entry.start);
            while let Some(call) = calls.next_if(|call| call.caller == caller) {
                let (from, to) = (call.start.max(until), call.end.min(entry.end()));
                if to > from {
                    away += to - from;
                    until = to;
                }
            }
            visit.self_time -= away;
        }
    }
}

/// How far the clock of a called one is ahead of the caller's, if they cannot both be right.
fn ahead(calling: &Row, entry: &Row) -> i64 {
    let is_early = entry.start < calling.start - OUT_OF_STEP;
    let is_late = calling.kind == SpanKind::Client && entry.start > calling.end() + OUT_OF_STEP;
    if is_early || is_late {
        entry.start - calling.start
    } else {
        0
    }
}

/// A row whose entry is being looked for.
const OPEN: u32 = NONE - 1;

struct Call {
    caller: u32,
    start: i64,
    end: i64,
}

#[derive(Default)]
struct Scratch {
    path: Vec<u32>,
    calls: Vec<Call>,
    events: Vec<(u32, EventId)>,
}

pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

pub(super) fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NONE)
}
