//! The counts against brute force.

use proptest::prelude::*;

use super::*;
use crate::model::SECOND;

const WIDTH: Micros = 300 * SECOND;
const SPAN: Micros = 3_900 * SECOND;

fn brute(events: &[(Micros, bool)], from: Micros, to: Micros) -> Counts {
    let inside = || events.iter().filter(|(at, _)| *at > from && *at <= to);
    Counts {
        total: inside().count() as u64,
        bad: inside().filter(|(_, bad)| *bad).count() as u64,
    }
}

fn recorded(events: &[(Micros, bool)]) -> WindowCounts {
    let mut counts = WindowCounts::new(WIDTH, SPAN, Micros::MIN);
    for (at, bad) in events {
        counts.record(*at, *bad);
    }
    counts
}

/// Events over about three days, with pauses, bursts, and now and then a clock that is put back by up to an hour.
fn events() -> impl Strategy<Value = Vec<(Micros, bool)>> {
    let step = prop_oneof![
        20 => 0_i64..30 * SECOND,
        2 => 0_i64..3 * 3_600 * SECOND,
        1 => -3_600 * SECOND..0,
    ];
    prop::collection::vec((step, prop::bool::weighted(0.1)), 1..400).prop_map(|steps| {
        let mut at = 1_772_366_400 * SECOND;
        steps
            .into_iter()
            .map(|(step, bad)| {
                at += step;
                (at, bad)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn counts_equal_a_brute_force_count_to_the_edge_of_a_bucket(events in events(), age in 0_i64..100_000 * SECOND) {
        let counts = recorded(&events);
        let newest = events.iter().map(|(at, _)| *at).max().unwrap();
        let from = newest - age;
        let exact = from + 1 >= counts.exact_since;
        let edge = if exact { from } else { counts.bucket_start(from + 1) - 1 };
        prop_assert_eq!(counts.within(from, newest), brute(&events, edge, newest));
    }

    #[test]
    fn the_quick_windows_are_exact_while_time_runs_forward(gaps in prop::collection::vec((0_i64..60 * SECOND, any::<bool>()), 1..300), age in 0..=3_600 * SECOND) {
        let mut at = 0;
        let events: Vec<_> = gaps.into_iter().map(|(gap, bad)| { at += gap; (at, bad) }).collect();
        prop_assert_eq!(recorded(&events).within(at - age, at), brute(&events, at - age, at));
    }

    #[test]
    fn buckets_loaded_later_in_any_order_count_as_if_recorded(events in events(), split in 0_usize..400, shuffle in any::<bool>()) {
        // The older part comes from the database as buckets, after the newer part was recorded.
        let (old, new) = events.split_at(split.min(events.len()));
        let start = new.first().map_or(Micros::MAX / 2, |(at, _)| *at);
        let mut counts = WindowCounts::new(WIDTH, SPAN, start);
        for (at, bad) in new {
            counts.record(*at, *bad);
        }
        let stored = recorded(old);
        let mut buckets: Vec<_> = stored.buckets(Micros::MIN / 2, Micros::MAX / 2).collect();
        if shuffle {
            buckets.reverse();
        }
        for (at, bucket) in buckets {
            counts.add_bucket(at, u32::try_from(bucket.total).unwrap(), u32::try_from(bucket.bad).unwrap());
        }
        prop_assert_eq!(counts.within(0, Micros::MAX / 2), brute(&events, 0, Micros::MAX / 2));
    }

    #[test]
    fn another_grid_keeps_every_event(events in events()) {
        let counts = recorded(&events).regrid(70 * SECOND, 910 * SECOND);
        let all = |counts: &WindowCounts| counts.buckets_within(0, Micros::MAX / 2);
        prop_assert_eq!(all(&counts), brute(&events, 0, Micros::MAX / 2));
    }

    #[test]
    fn pruning_keeps_everything_that_is_young_enough(events in events(), age in 0_i64..400_000 * SECOND) {
        let mut counts = recorded(&events);
        let newest = events.iter().map(|(at, _)| *at).max().unwrap();
        let before = newest - age;
        let expected = counts.buckets_within(before, newest);
        counts.prune(before);
        prop_assert_eq!(counts.buckets_within(before, newest), expected);
        prop_assert_eq!(counts.any_bad(), counts.buckets_within(0, newest).bad > 0);
    }
}

#[test]
fn no_events_count_as_nothing_and_have_no_ratio() {
    let counts = WindowCounts::new(WIDTH, SPAN, 0);
    assert_eq!(counts.within(0, 1_000 * SECOND), Counts::default());
    assert_eq!(counts.within(0, 1_000 * SECOND).bad_ratio(), None);
}

#[test]
fn a_busy_slo_keeps_the_newest_events_exactly_and_the_rest_in_buckets() {
    let mut counts = WindowCounts::new(SECOND, SPAN, 0);
    for at in 0..10_000_i64 {
        counts.record(at * 100_000, false);
    }
    assert!(counts.recent.len() <= MAX_EXACT);
    assert_eq!(
        counts.within(counts.exact_since - 1, 10_000 * 100_000).total,
        MAX_EXACT as u64
    );
    assert_eq!(counts.within(0, 10_000 * 100_000).total, 10_000);
}

#[test]
fn a_slice_is_bad_when_too_little_was_completed_and_absent_when_nothing_was_probed() {
    let mut counts = WindowCounts::new(10 * SECOND, 0, 0);
    for at in 0..10 {
        counts.record(at * SECOND, false);
    }
    for at in 20..25 {
        counts.record(at * SECOND, at == 20);
    }
    // Slices close at 10 s (1/s), 20 s (nothing) and 30 s (0.4/s); the one open at 30 s does not count.
    counts.record(31 * SECOND, false);
    let slices = |minimum| counts.slices_within(0, 35 * SECOND, minimum);
    assert_eq!(slices(500), Counts { total: 2, bad: 1 });
    assert_eq!(slices(400), Counts { total: 2, bad: 0 });
    assert_eq!(slices(1_001), Counts { total: 2, bad: 2 });
    assert_eq!(counts.slices_within(10 * SECOND, 29 * SECOND, 500), Counts::default());
}

#[test]
fn a_thousand_slos_of_thirty_days_take_about_twenty_megabytes() {
    // Three checks at 15 s with a second of jitter: neither exact times nor bucket counts are regular.
    let mut counts = WindowCounts::new(WIDTH, SPAN, 0);
    let mut random = 1_u64;
    let mut at = 0;
    while at < 30 * 86_400 * SECOND {
        for check in 0..3 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let jitter = i64::try_from(random >> 44).unwrap();
            counts.record(at + check * 5 * SECOND + jitter, (random >> 33).trailing_zeros() >= 12);
        }
        at += 15 * SECOND;
    }
    let megabytes = counts.bytes() * 1_000 / 1_000_000;
    assert!(megabytes <= 24, "{megabytes} MB");
}
