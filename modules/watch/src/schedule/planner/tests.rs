//! The plan by example, by simulation and by property.

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
