//! What this process runs at the moment, and how to stop it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio_util::sync::CancellationToken;

use super::job::JobId;
use crate::replica::ReplicaId;

/// How to stop a running job.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Tells the attempt to stop.
    pub token: CancellationToken,
    /// Whether somebody wanted the job itself to stop, and not only this attempt.
    requested: Arc<AtomicBool>,
}

impl Stop {
    /// Stops the job itself.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
        self.token.cancel();
    }

    /// Whether the job itself should stop.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }
}

/// One attempt in this process, until it is dropped. A job that was put back may be claimed again before that.
#[derive(Debug)]
#[must_use = "an attempt that is not held has ended"]
pub struct Run {
    running: Arc<Running>,
    number: u64,
    settled: bool,
}

impl Run {
    /// The attempt has ended; `settled` says whether that is written.
    pub fn end(mut self, settled: bool) {
        self.settled = settled;
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let mut runs = self.running.runs();
        if let Some((id, ..)) = runs.now.remove(&self.number)
            && !self.settled
        {
            runs.unsettled.insert(id);
        }
    }
}

/// Jobs of one queue that this process runs.
#[derive(Debug, Default)]
pub struct Running(Mutex<Runs>);

#[derive(Debug, Default)]
struct Runs {
    begun: u64,
    now: BTreeMap<u64, (JobId, ReplicaId, Stop)>,
    unsettled: BTreeSet<JobId>,
}

impl Running {
    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A job begins.
    pub fn add(self: &Arc<Self>, id: JobId, holder: ReplicaId, stop: Stop) -> Run {
        let mut runs = self.runs();
        runs.begun += 1;
        let number = runs.begun;
        runs.now.insert(number, (id, holder, stop));
        Run {
            running: Arc::clone(self),
            number,
            settled: false,
        }
    }

    /// Whether an attempt at this job ended here and could not be written; asking settles it.
    pub fn settle(&self, id: JobId) -> bool {
        self.runs().unsettled.remove(&id)
    }

    /// How many run.
    pub fn len(&self) -> usize {
        self.runs().now.len()
    }

    /// Which jobs run.
    pub fn ids(&self) -> BTreeSet<JobId> {
        self.runs().now.values().map(|(id, ..)| *id).collect()
    }

    /// Stops a job, if it runs here.
    pub fn request_stop(&self, id: JobId) {
        for (running, _, stop) in self.runs().now.values() {
            if *running == id {
                stop.request();
            }
        }
    }

    /// Stops what runs under a claim that is no longer this replica's.
    pub fn cancel_all_but(&self, holder: Option<ReplicaId>) {
        for (_, claimed_by, stop) in self.runs().now.values() {
            if Some(*claimed_by) != holder {
                stop.token.cancel();
            }
        }
    }
}
