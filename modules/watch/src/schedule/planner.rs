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
mod tests {
    use mainstay_kernel::{ManualClock, World};
    use proptest::prelude::*;

    use super::*;

    fn ids(count: usize, seed: u64) -> Vec<CheckId> {
        let world = World::simulated(ManualClock::at(jiff::Timestamp::UNIX_EPOCH), seed);
        (0..count).map(|_| world.id()).collect()
    }

    fn timing(interval_ms: u64) -> Timing {
        Timing {
            interval: Duration::from_millis(interval_ms),
            retry: Duration::from_secs(1),
        }
    }

    /// Runs the plan for a while, every probe taking `takes`, and answers every start with its offset.
    fn run(
        planner: &mut Planner,
        epoch: Instant,
        length: Duration,
        takes: Duration,
        undecided: bool,
    ) -> Vec<(Duration, Start)> {
        let mut ends: BinaryHeap<Reverse<(Instant, CheckId)>> = BinaryHeap::new();
        let mut starts = Vec::new();
        let mut now = epoch;
        while now < epoch + length {
            while let Some(Reverse((at, check))) = ends.peek().copied() {
                if at > now {
                    break;
                }
                ends.pop();
                planner.finished(check, undecided, now);
            }
            while let Some(start) = planner.start(now) {
                starts.push((now - epoch, start));
                ends.push(Reverse((now + takes, start.check)));
            }
            let next = [planner.next_wake(), ends.peek().map(|Reverse((at, _))| *at)]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next else { break };
            now = next.max(now + Duration::from_nanos(1));
        }
        starts
    }

    #[test]
    fn ten_thousand_refusing_targets_make_no_burst() {
        let epoch = Instant::now();
        let mut planner = Planner::new(epoch, 512);
        let checks: Vec<(CheckId, Timing)> = ids(10_000, 1).into_iter().map(|id| (id, timing(10_000))).collect();
        planner.put(&checks, epoch);
        // Refused at once, and undecided for ever, which is the worst case: a retry each second.
        for (undecided, most) in [(false, 400), (true, 2600)] {
            let mut planner = Planner::new(epoch, 512);
            planner.put(&checks, epoch);
            let starts = run(
                &mut planner,
                epoch,
                Duration::from_secs(12),
                Duration::from_micros(200),
                undecided,
            );
            let mut in_window = vec![0; 60];
            for (at, start) in &starts {
                assert!(start.lateness < Duration::from_millis(1));
                in_window[usize::try_from(at.as_millis() / 200).unwrap()] += 1;
            }
            let worst = in_window.iter().max().unwrap();
            assert!(*worst <= most, "{worst} probes in 200 ms");
        }
    }

    #[test]
    fn every_check_keeps_its_interval_and_none_is_probed_twice_at_once() {
        let epoch = Instant::now();
        let mut planner = Planner::new(epoch, 512);
        let checks: Vec<(CheckId, Timing)> = ids(200, 2).into_iter().map(|id| (id, timing(10_000))).collect();
        planner.put(&checks, epoch);
        let starts = run(
            &mut planner,
            epoch,
            Duration::from_secs(100),
            Duration::from_millis(30),
            false,
        );
        for (check, _) in &checks {
            let times: Vec<Duration> = starts
                .iter()
                .filter(|(_, start)| start.check == *check)
                .map(|(at, _)| *at)
                .collect();
            assert!((9..=11).contains(&times.len()), "{} probes in 100 s", times.len());
            for pair in times[1..].windows(2) {
                assert_eq!(pair[1], pair[0] + Duration::from_secs(10));
            }
        }
    }

    #[test]
    fn with_all_places_taken_probes_wait_and_unused_slots_are_counted() {
        let epoch = Instant::now();
        let mut planner = Planner::new(epoch, 1);
        let checks: Vec<(CheckId, Timing)> = ids(2, 3).into_iter().map(|id| (id, timing(1000))).collect();
        planner.put(&checks, epoch);
        let first = planner.start(epoch + Duration::from_secs(1)).unwrap();
        assert_eq!(planner.start(epoch + Duration::from_secs(1)), None);
        assert_eq!(planner.next_wake(), None);
        let later = epoch + Duration::from_secs(5);
        assert!(planner.finished(first.check, false, later) >= 3);
        let second = planner.start(later).unwrap();
        assert_ne!(second.check, first.check);
        assert!(second.missed >= 3, "{second:?}");
    }

    #[test]
    fn an_undecided_check_is_probed_again_after_a_second_not_an_interval() {
        let epoch = Instant::now();
        let mut planner = Planner::new(epoch, 8);
        let id = ids(1, 4)[0];
        planner.put(&[(id, timing(15_000))], epoch);
        let mut now = planner.next_wake().unwrap();
        planner.start(now).unwrap();
        planner.finished(id, true, now);
        assert_eq!(planner.next_wake(), Some(now + Duration::from_secs(1)));
        now += Duration::from_secs(1);
        assert_eq!(planner.start(now).unwrap().attempt, Attempt::Retry);
        planner.finished(id, false, now);
        let next = planner.next_wake().unwrap();
        assert!(next >= now + Duration::from_millis(7500) && next <= now + Duration::from_millis(22_500));
    }

    #[test]
    fn asking_while_a_probe_runs_gives_another_right_after_it() {
        let epoch = Instant::now();
        let mut planner = Planner::new(epoch, 8);
        let id = ids(1, 5)[0];
        planner.put(&[(id, timing(15_000))], epoch);
        assert!(planner.ask(id, Attempt::Manual, epoch));
        assert_eq!(planner.start(epoch).unwrap().attempt, Attempt::Manual);
        assert!(planner.ask(id, Attempt::Retry, epoch));
        assert_eq!(planner.start(epoch), None, "one probe of a check at a time");
        planner.finished(id, false, epoch);
        assert_eq!(planner.start(epoch).unwrap().attempt, Attempt::Retry);
        planner.remove(id);
        assert_eq!(planner.finished(id, true, epoch), 0);
        assert_eq!((planner.next_wake(), planner.running()), (None, 0));
        assert!(!planner.ask(id, Attempt::Manual, epoch));
    }

    #[test]
    fn a_changed_interval_counts_from_now_on() {
        let epoch = Instant::now();
        let mut planner = Planner::new(epoch, 8);
        let id = ids(1, 6)[0];
        planner.put(&[(id, timing(3_600_000))], epoch);
        let now = planner.next_wake().unwrap();
        planner.start(now);
        planner.finished(id, false, now);
        planner.put(&[(id, timing(1000))], now);
        assert!(planner.next_wake().unwrap() <= now + Duration::from_secs(1));
    }

    proptest! {
        #[test]
        fn whatever_happens_no_check_is_forgotten(
            events in prop::collection::vec((0_usize..4, 0_u8..4, 0_u64..3000, any::<bool>()), 0..60),
        ) {
            let epoch = Instant::now();
            let checks = ids(4, 7);
            let mut planner = Planner::new(epoch, 2);
            planner.put(&checks.iter().map(|id| (*id, timing(1000))).collect::<Vec<_>>(), epoch);
            let (mut now, mut running) = (epoch, Vec::new());
            for (which, what, wait, undecided) in events {
                now += Duration::from_millis(wait);
                match what {
                    0 => drop(planner.ask(checks[which], Attempt::Manual, now)),
                    1 => while let Some(start) = planner.start(now) {
                        prop_assert!(!running.contains(&start.check));
                        running.push(start.check);
                    },
                    2 => if let Some(check) = running.pop() { planner.finished(check, undecided, now); },
                    _ => planner.put(&[(checks[which], timing(1000 + wait))], now),
                }
                prop_assert!(running.len() <= 2);
                prop_assert_eq!(planner.running(), running.len());
            }
            for check in running.drain(..) { planner.finished(check, false, now); }
            // Given time, each check comes up again.
            let mut seen = std::collections::HashSet::new();
            for _ in 0..4 {
                now += Duration::from_secs(10);
                while let Some(start) = planner.start(now) {
                    seen.insert(start.check);
                    planner.finished(start.check, false, now);
                }
            }
            prop_assert_eq!(seen.len(), 4);
        }
    }
}
