//! Lines of logs that are attached to visits by the span they name. Only which keys a visit has is kept, so that millions of
//! lines fit. Knows no text of a line.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    build::Visits,
    events::{Event, EventId, OF_LOG},
};
use crate::traces::{
    id::{SpanId, TraceId},
    store::{Lookup, Traces},
};

/// Pairs of a visit and a key that are kept: 32 MB.
const MOST: usize = 1 << 22;

/// A line that names a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEvent {
    /// What is the same in all lines like it: the number of a template or of a code location, below 2^31.
    pub key: u32,
    /// Whether its level says that something failed.
    pub error: bool,
}

/// What became of the lines.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Attached {
    /// Lines of a visit.
    pub lines: u64,
    /// Lines whose span is not there.
    pub unknown: u64,
    /// Lines whose trace was let go of.
    pub not_kept: u64,
    /// Lines for which there was no room.
    pub dropped: u64,
}

#[derive(Debug, Default)]
pub(super) struct Logs {
    pairs: Vec<(u32, EventId)>,
    /// How many of `pairs` are in order and each once.
    settled: usize,
    /// Keys with a line that says that something failed.
    errors: BTreeMap<u32, u64>,
    counts: Attached,
}

impl Logs {
    /// Each pair once, in order; what was attached last may not be among them before `settle`.
    pub fn events(&self) -> &[(u32, EventId)] {
        &self.pairs[..self.settled]
    }

    pub fn event(&self, event: EventId) -> Event {
        let key = event.0 & !OF_LOG;
        Event::Log {
            key,
            error: self.errors.contains_key(&key),
        }
    }

    fn settle(&mut self) {
        self.pairs.sort_unstable();
        self.pairs.dedup();
        self.settled = self.pairs.len();
    }
}

impl Visits {
    /// Attaches a line to the visit of the span it names. Call `settle` after the last one.
    pub fn attach(&mut self, traces: &Traces, trace: TraceId, span: SpanId, line: LogEvent) -> Lookup {
        let found = traces.find(trace, span);
        let counts = &mut self.logs.counts;
        let row = match found {
            Lookup::Row(row) => row,
            Lookup::NotKept => {
                counts.not_kept += 1;
                return found;
            }
            Lookup::Unknown => {
                counts.unknown += 1;
                return found;
            }
        };
        let Some(visit) = self.of_row(row) else {
            return Lookup::Unknown;
        };
        let event = EventId(line.key | OF_LOG);
        let logs = &mut self.logs;
        if logs.pairs.len() >= MOST {
            // Each time at least an eighth is free again, so that this does not happen at every line.
            if logs.settled < MOST - MOST / 8 {
                logs.settle();
            }
            if logs.pairs.len() >= MOST {
                logs.counts.dropped += 1;
                return found;
            }
        }
        logs.counts.lines += 1;
        if line.error {
            *logs.errors.entry(line.key & !OF_LOG).or_default() += 1;
        }
        if logs.pairs.last() != Some(&(visit, event)) {
            logs.pairs.push((visit, event));
        }
        found
    }

    /// Every visit with the keys of its lines, each once, those of a visit together. Only what is settled.
    pub fn lines(&self) -> impl Iterator<Item = (u32, u32)> {
        let events = self.logs.events().iter();
        events.map(|(visit, event)| (*visit, event.0 & !OF_LOG))
    }

    /// Gives the lines other keys: those of lines that were found to be alike become one.
    pub fn rename_lines(&mut self, name: impl Fn(u32) -> u32) {
        for (_, event) in &mut self.logs.pairs {
            *event = EventId(name(event.0 & !OF_LOG) | OF_LOG);
        }
        for (key, count) in std::mem::take(&mut self.logs.errors) {
            *self.logs.errors.entry(name(key)).or_default() += count;
        }
        self.logs.settle();
    }

    /// Puts what was attached in order. `events` has it from then on.
    pub fn settle(&mut self) {
        self.logs.settle();
    }

    /// What became of the lines.
    pub fn attached(&self) -> Attached {
        self.logs.counts
    }
}
