//! What an observer outside the simulation writes down: who probed what when, and which pages arrived.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mainstay_work::ReplicaId;
use tokio::time::Instant;

/// A probe as its target saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The service.
    pub service: &'static str,
    /// The port, which tells the checks of a service apart.
    pub port: u16,
    /// Which process probed.
    pub process: Arc<str>,
    /// As whom it took part then, if it did.
    pub replica: Option<ReplicaId>,
    /// When.
    pub at: Instant,
    /// The same by the process's own clock, in microseconds.
    pub wall: i64,
}

/// A page that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// By which a receiver tells a repetition.
    pub webhook_id: String,
    /// What it tells, such as `alert.opened`.
    pub event: String,
    /// The alert.
    pub alert: String,
    /// Its kind, such as `service-down`.
    pub kind: String,
    /// The service it is about.
    pub service: String,
    /// When it arrived.
    pub at: Instant,
    /// Whether the receiver took it.
    pub accepted: bool,
}

/// A process from its start to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// On which machine.
    pub machine: usize,
    /// From when on it worked.
    pub from: Instant,
    /// Absent while it still does.
    pub to: Option<Instant>,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Inner {
    /// In the order in which they began.
    pub probes: Vec<Probed>,
    /// In the order in which they arrived.
    pub pages: Vec<Page>,
    /// Processes by name.
    pub lives: BTreeMap<String, Life>,
}

/// The record. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Record(Arc<Mutex<Inner>>);

impl Record {
    /// All of it.
    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pages that arrived, to be changed by whoever wants to know whether the checker notices.
    pub fn change_pages(&self, change: impl FnOnce(&mut Vec<Page>)) {
        change(&mut self.inner().pages);
    }

    /// A process works from now on.
    pub(crate) fn begins(&self, process: &str, machine: usize) {
        let life = Life {
            machine,
            from: Instant::now(),
            to: None,
        };
        self.inner().lives.insert(process.to_owned(), life);
    }

    /// A process is gone.
    pub(crate) fn ends(&self, process: &str) {
        if let Some(life) = self.inner().lives.get_mut(process) {
            life.to = Some(Instant::now());
        }
    }
}
