//! What waits to be written. The oldest is kept: when the database is away for longer than the buffer lasts, newer results
//! are dropped and counted, because a gap that is visible at its end is better than one that moves.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use metrics::Counter;
use tokio::sync::Notify;

use crate::{
    model::{check::CheckId, check_state::CheckState, probe::ProbeEvent},
    store::{ProbeRow, TransitionRow},
};

/// What is written together.
#[derive(Debug, Default)]
pub struct Batch {
    /// Counted probes, oldest first.
    pub events: Vec<ProbeEvent>,
    /// The row of each event, in the same order.
    pub rows: Vec<ProbeRow>,
    /// States of checks that changed.
    pub states: BTreeMap<CheckId, CheckState>,
    /// Changes of services' states, oldest first.
    pub transitions: Vec<TransitionRow>,
}

impl Batch {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.states.is_empty() && self.transitions.is_empty()
    }
}

/// The waiting room.
#[derive(Debug)]
pub struct Buffer {
    limit: usize,
    waiting: Mutex<Waiting>,
    /// Rung when something was added that others should hear of at once.
    urgent: Notify,
    dropped: Counter,
}

#[derive(Debug, Default)]
struct Waiting {
    batch: Batch,
    /// Results taken out but not yet written.
    in_flight: usize,
    dropped: u64,
}

impl Buffer {
    /// Room for `limit` results.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            waiting: Mutex::default(),
            urgent: Notify::new(),
            dropped: metrics::counter!("mainstay_probe_results_dropped_total"),
        }
    }

    /// Adds a result, or drops it when there is no room.
    pub fn push(&self, event: ProbeEvent, row: ProbeRow) {
        let mut waiting = self.lock();
        if waiting.batch.rows.len() + waiting.in_flight >= self.limit {
            waiting.dropped += 1;
            self.dropped.increment(1);
            return;
        }
        waiting.batch.events.push(event);
        waiting.batch.rows.push(row);
    }

    /// Remembers the state of a check; only the newest counts.
    pub fn put_state(&self, check: CheckId, state: CheckState) {
        self.lock().batch.states.insert(check, state);
        self.urgent.notify_one();
    }

    /// Resolves when the state of a check has moved since the last time.
    pub async fn urgent(&self) {
        self.urgent.notified().await;
    }

    /// Adds changes of services' states.
    pub fn push_transitions(&self, transitions: impl IntoIterator<Item = TransitionRow>) {
        let mut waiting = self.lock();
        let room = self.limit.saturating_sub(waiting.batch.transitions.len());
        waiting.batch.transitions.extend(transitions.into_iter().take(room));
    }

    /// Takes out up to `most` results, oldest first, and everything else.
    pub fn take(&self, most: usize) -> Batch {
        let mut waiting = self.lock();
        let count = waiting.batch.rows.len().min(most);
        waiting.in_flight += count;
        if count == waiting.batch.rows.len() {
            return std::mem::take(&mut waiting.batch);
        }
        Batch {
            events: waiting.batch.events.drain(..count).collect(),
            rows: waiting.batch.rows.drain(..count).collect(),
            states: std::mem::take(&mut waiting.batch.states),
            transitions: std::mem::take(&mut waiting.batch.transitions),
        }
    }

    /// The results taken out are written.
    pub fn written(&self, count: usize) {
        let mut waiting = self.lock();
        waiting.in_flight = waiting.in_flight.saturating_sub(count);
    }

    /// How many results wait, and how many were dropped since the start.
    pub fn waiting(&self) -> (usize, u64) {
        let waiting = self.lock();
        (waiting.batch.rows.len() + waiting.in_flight, waiting.dropped)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
