//! Events of visits as small numbers, each counted once a visit. Knows no names.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::build::{index, number};

/// Something that happens in a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// The entry span says that it failed.
    Failure,
    /// The caller went away before the visit was done.
    Abandoned,
    /// The entry span of a request from outside says that the request was wrong.
    Refusal,
    /// A line of a log, by its key.
    Log {
        /// As the logs gave it.
        key: u32,
        /// Whether any line of this key says that something failed.
        error: bool,
    },
    /// A span inside.
    Span {
        /// Number of the operation's name.
        operation: u32,
    },
    /// A call of another service.
    Call {
        /// Number of the called component's name.
        component: u32,
        /// Number of the called operation's name.
        operation: u32,
        /// Whether the answer was that the request is wrong.
        refused: bool,
    },
}

/// Number of an event: the same event has the same number in all visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub(super) u32);

impl EventId {
    /// The number, from 0 on.
    pub fn index(self) -> usize {
        index(self.0)
    }
}

/// Numbers of events of logs have this bit.
pub(super) const OF_LOG: u32 = 1 << 31;

#[derive(Debug, Default)]
pub(super) struct Events {
    numbers: HashMap<u64, EventId, BuildHasherDefault<Mixing>>,
    known: Vec<Event>,
    pub pairs: Vec<(u32, EventId)>,
}

impl Events {
    pub fn number(&mut self, event: Event) -> EventId {
        let key = match event {
            Event::Failure => 1 << 62,
            Event::Refusal => 1 << 61,
            Event::Abandoned => 1 << 59,
            Event::Span { operation } => u64::from(operation),
            Event::Call {
                component,
                operation,
                refused,
            } => u64::from(refused) << 60 | u64::from(component + 1) << 32 | u64::from(operation),
            Event::Log { key, .. } => 1 << 63 | u64::from(key),
        };
        let Self { numbers, known, .. } = self;
        *numbers.entry(key).or_insert_with(|| {
            known.push(event);
            EventId(number(known.len() - 1))
        })
    }

    pub fn known(&self, event: EventId) -> Option<Event> {
        self.known.get(event.index()).copied()
    }

    /// Takes the events of a trace, each once a visit.
    pub fn close(&mut self, pairs: &mut Vec<(u32, EventId)>) {
        pairs.sort_unstable();
        pairs.dedup();
        self.pairs.append(pairs);
    }
}

/// Spreads small numbers.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Mixing(u64);

impl Hasher for Mixing {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, run: &[u8]) {
        self.0 ^= crate::logs::template::hash_bytes(run);
    }

    fn write_u64(&mut self, key: u64) {
        // The golden ratio's multiplier (Knuth, The Art of Computer Programming, volume 3, 6.4), high bits folded down.
        let product = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = product ^ product >> 32;
    }
}
