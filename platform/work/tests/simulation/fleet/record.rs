//! What no database knows: what was acknowledged to whom, who believed to hold what when, and what left for the outside.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mainstay_work::{HeldLeases, JobId};
use tokio::time::Instant;

/// What a client was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledged {
    /// All parts of an operation are written, and so is the event that announces it if it has one.
    Operation { number: i64, announced: bool },
    /// A job was added.
    Job(JobId),
    /// There was such a job, and it is cancelled or asked to stop.
    Cancelled(JobId),
}

/// A span in which a process believed to hold a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belief {
    pub process: String,
    pub lease: String,
    pub token: i64,
    /// Whether it had seen no other replica when it last looked.
    pub alone: bool,
    pub from: Instant,
    /// Absent while it still does.
    pub to: Option<Instant>,
}

/// A span in which a process ran an attempt of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub process: String,
    pub job: JobId,
    pub attempt: i64,
    pub from: Instant,
    /// Absent while it still does.
    pub to: Option<Instant>,
}

/// Something that left for the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What it was about.
    pub content: String,
    /// By which the receiver tells a repetition.
    pub id: String,
}

#[derive(Debug, Default)]
pub struct Inner {
    pub acknowledged: Vec<Acknowledged>,
    pub beliefs: Vec<Belief>,
    pub runs: Vec<Run>,
    pub deliveries: Vec<Delivery>,
    /// How often each handler refused each event.
    pub refused: BTreeMap<(&'static str, i64), u32>,
    operations: i64,
    open_beliefs: BTreeMap<(String, String), usize>,
    open_runs: BTreeMap<(String, JobId, i64), usize>,
    ended: BTreeSet<String>,
}

/// What an observer outside the simulation writes down. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Record(Arc<Mutex<Inner>>);

impl Record {
    /// All of it.
    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a new operation.
    pub fn operation(&self) -> i64 {
        let mut inner = self.inner();
        inner.operations += 1;
        inner.operations
    }

    /// A client was told something.
    pub fn acknowledge(&self, what: Acknowledged) {
        self.inner().acknowledged.push(what);
    }

    /// Something left for the outside.
    pub fn deliver(&self, content: String, id: String) {
        self.inner().deliveries.push(Delivery { content, id });
    }

    /// What a process believes to hold from now on.
    pub fn believes(&self, process: &str, held: &HeldLeases, alone: bool) {
        let now = Instant::now();
        let inner = &mut *self.inner();
        // A task that was woken before the crash is polled once more after it.
        if inner.ended.contains(process) {
            return;
        }
        let open: Vec<((String, String), usize)> = inner
            .open_beliefs
            .range((process.to_owned(), String::new())..)
            .take_while(|((owner, _), _)| owner == process)
            .map(|(key, index)| (key.clone(), *index))
            .collect();
        for (key, index) in open {
            let belief = &mut inner.beliefs[index];
            let same = held
                .get(key.1.as_str())
                .is_some_and(|lease| lease.token == belief.token && alone == belief.alone);
            if !same {
                belief.to = Some(now);
                inner.open_beliefs.remove(&key);
            }
        }
        for (name, lease) in held.iter() {
            let key = (process.to_owned(), name.to_string());
            if !inner.open_beliefs.contains_key(&key) {
                inner.open_beliefs.insert(key, inner.beliefs.len());
                inner.beliefs.push(Belief {
                    process: process.to_owned(),
                    lease: name.to_string(),
                    token: lease.token,
                    alone,
                    from: now,
                    to: None,
                });
            }
        }
    }

    /// An attempt of a job begins.
    pub fn run_begins(&self, process: &str, job: JobId, attempt: i64) {
        let inner = &mut *self.inner();
        inner
            .open_runs
            .insert((process.to_owned(), job, attempt), inner.runs.len());
        inner.runs.push(Run {
            process: process.to_owned(),
            job,
            attempt,
            from: Instant::now(),
            to: None,
        });
    }

    /// It ends, or is dropped.
    pub fn run_ends(&self, process: &str, job: JobId, attempt: i64) {
        let inner = &mut *self.inner();
        if let Some(index) = inner.open_runs.remove(&(process.to_owned(), job, attempt)) {
            inner.runs[index].to = Some(Instant::now());
        }
    }

    /// A process does nothing any more.
    pub fn process_ended(&self, process: &str) {
        self.believes(process, &HeldLeases::default(), false);
        self.inner().ended.insert(process.to_owned());
    }
}
