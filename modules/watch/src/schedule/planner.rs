//! When each check is probed next: a plan on the monotonic clock, so that a step of the wall clock moves nothing.
//!
//! Every check has slots one interval apart, and where in the interval they lie is a stable hash of the check's id: checks
//! spread evenly, whatever order they were made in, and keep their places over a restart. Pure: told the time, it says what
//! to start.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    time::Duration,
};

use mainstay_kernel::TypedId;
use tokio::time::Instant;

use crate::model::{check::CheckId, probe::Attempt};

/// New checks are first probed at no more than about this many a second together.
const FIRST_PROBES_PER_SECOND: u32 = 1000;

/// How often a check is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From slot to slot.
    pub interval: Duration,
    /// From the end of an undecided probe to the next.
    pub retry: Duration,
}

/// A probe that should start now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The check.
    pub check: CheckId,
    /// Why now.
    pub attempt: Attempt,
    /// How late it is.
    pub lateness: Duration,
    /// How many of its slots passed unused because of that.
    pub missed: u64,
}

#[derive(Debug)]
struct Entry {
    timing: Timing,
    planned: Instant,
    attempt: Attempt,
    /// The heap may hold outdated appointments; only the one with this number counts.
    appointment: u64,
    running_since: Option<Instant>,
    /// Asked for while a probe was running.
    again: Option<Attempt>,
}

/// The plan of all checks.
#[derive(Debug)]
pub struct Planner {
    epoch: Instant,
    limit: usize,
    running: usize,
    appointments: u64,
    entries: HashMap<CheckId, Entry>,
    heap: BinaryHeap<Reverse<(Instant, u64, CheckId)>>,
}

impl Planner {
    /// An empty plan; at most `limit` probes run at once.
    pub fn new(epoch: Instant, limit: usize) -> Self {
        Self {
            epoch,
            limit: limit.max(1),
            running: 0,
            appointments: 0,
            entries: HashMap::new(),
            heap: BinaryHeap::new(),
        }
    }

    /// From now on at most `limit` probes run at once.
    pub fn limit(&mut self, limit: usize) {
        self.limit = limit.max(1);
    }

    /// How many checks are planned.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many probes are under way.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Adds checks or changes their timing. New ones are first probed soon, spread out so that many make no burst.
    pub fn put(&mut self, checks: &[(CheckId, Timing)], now: Instant) {
        let new = checks
            .iter()
            .filter(|(check, _)| !self.entries.contains_key(check))
            .count();
        let spread = Duration::from_secs(1)
            * u32::try_from(new)
                .unwrap_or(u32::MAX)
                .div_ceil(FIRST_PROBES_PER_SECOND)
                .max(1);
        for (check, timing) in checks {
            match self.entries.get_mut(check) {
                Some(entry) if entry.timing == *timing => {}
                Some(entry) => {
                    entry.timing = *timing;
                    if entry.running_since.is_none() {
                        let next = self.slot_from(*check, *timing, now);
                        self.plan(*check, next, Attempt::Scheduled);
                    }
                }
                None => {
                    let first = now + place(*check, spread.min(timing.interval));
                    self.entries.insert(
                        *check,
                        Entry {
                            timing: *timing,
                            planned: first,
                            attempt: Attempt::Scheduled,
                            appointment: 0,
                            running_since: None,
                            again: None,
                        },
                    );
                    self.plan(*check, first, Attempt::Scheduled);
                }
            }
        }
    }

    /// Forgets a check. A probe of it that is under way still has to be reported as finished.
    pub fn remove(&mut self, check: CheckId) {
        self.entries.remove(&check);
    }

    /// Wants a probe at once; when one is under way, another right after it. Answers whether the check is known.
    pub fn ask(&mut self, check: CheckId, attempt: Attempt, now: Instant) -> bool {
        let Some(entry) = self.entries.get_mut(&check) else {
            return false;
        };
        if entry.running_since.is_some() {
            entry.again = Some(attempt);
        } else {
            self.plan(check, now, attempt);
        }
        true
    }

    /// When [`Planner::start`] should be asked again; `None` while all places are taken or nothing is planned.
    pub fn next_wake(&mut self) -> Option<Instant> {
        if self.running >= self.limit {
            return None;
        }
        self.drop_outdated();
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// The next probe that is due, if one is and there is a place for it. It counts as running until
    /// [`Planner::finished`].
    pub fn start(&mut self, now: Instant) -> Option<Start> {
        if self.next_wake()? > now {
            return None;
        }
        let Reverse((planned, _, check)) = self.heap.pop()?;
        let entry = self.entries.get_mut(&check)?;
        entry.running_since = Some(now);
        self.running += 1;
        let lateness = now.saturating_duration_since(planned);
        let missed = if entry.attempt == Attempt::Scheduled {
            slots_in(lateness, entry.timing.interval)
        } else {
            0
        };
        Some(Start {
            check,
            attempt: entry.attempt,
            lateness,
            missed,
        })
    }

    /// A probe ended; `undecided` asks for the next one soon. Answers how many slots passed meanwhile.
    pub fn finished(&mut self, check: CheckId, undecided: bool, now: Instant) -> u64 {
        self.running = self.running.saturating_sub(1);
        let Some(entry) = self.entries.get_mut(&check) else {
            return 0;
        };
        let Some(started) = entry.running_since.take() else {
            return 0;
        };
        let (timing, on_time) = (entry.timing, entry.attempt == Attempt::Scheduled);
        if let Some(attempt) = entry.again.take() {
            self.plan(check, now, attempt);
            return 0;
        }
        if undecided {
            self.plan(check, now + timing.retry.min(timing.interval), Attempt::Retry);
            return 0;
        }
        // After a probe out of turn, the slot that follows at once is left out: it would tell nothing new.
        let earliest = started + timing.interval / 2;
        let next = self.slot_from(check, timing, earliest);
        let behind = now.saturating_duration_since(next);
        if behind.is_zero() {
            self.plan(check, next, Attempt::Scheduled);
            return 0;
        }
        let next = self.slot_from(check, timing, now);
        self.plan(check, next, Attempt::Scheduled);
        if on_time {
            slots_in(behind, timing.interval) + 1
        } else {
            0
        }
    }

    /// The first slot of a check that is not before `from`.
    fn slot_from(&self, check: CheckId, timing: Timing, from: Instant) -> Instant {
        let first = self.epoch + place(check, timing.interval);
        let since = from.saturating_duration_since(first);
        let passed = since.as_nanos().div_ceil(timing.interval.as_nanos().max(1));
        first + timing.interval * u32::try_from(passed).unwrap_or(u32::MAX)
    }

    fn plan(&mut self, check: CheckId, at: Instant, attempt: Attempt) {
        let Some(entry) = self.entries.get_mut(&check) else {
            return;
        };
        self.appointments += 1;
        entry.appointment = self.appointments;
        entry.planned = at;
        entry.attempt = attempt;
        self.heap.push(Reverse((at, self.appointments, check)));
    }

    fn drop_outdated(&mut self) {
        while let Some(Reverse((_, appointment, check))) = self.heap.peek() {
            let counts = self
                .entries
                .get(check)
                .is_some_and(|entry| entry.appointment == *appointment && entry.running_since.is_none());
            if counts {
                return;
            }
            self.heap.pop();
        }
    }
}

fn slots_in(time: Duration, interval: Duration) -> u64 {
    u64::try_from(time.as_nanos() / interval.as_nanos().max(1)).unwrap_or(u64::MAX)
}

/// Where in `within` a check has its place: the same in every process (FNV-1a over the id, then mixed).
fn place(check: CheckId, within: Duration) -> Duration {
    let hash = check
        .as_uuid()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = mixed ^ (mixed >> 32);
    let nanos = u128::from(mixed) * within.as_nanos() / (u128::from(u64::MAX) + 1);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
}

#[cfg(test)]
mod tests;
