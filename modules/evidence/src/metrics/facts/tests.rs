//! Facts by example and by property.

use std::{collections::BTreeSet, fmt::Write};

use proptest::prelude::*;

use super::*;
use crate::{
    logs::time::TimeContext,
    metrics::{
        Kind, Role, SeriesLimits, SeriesSet,
        read::{Format, ReadOptions, read},
    },
    source::Origin,
};

const START: i64 = 1_661_140_800;

fn set_of(files: &[(&str, &str)]) -> SeriesSet {
    let mut set = SeriesSet::new(SeriesLimits::default());
    let options = ReadOptions::new(TimeContext { reference: 0, zone: 0 });
    for (name, text) in files {
        read(
            text.as_bytes(),
            &Origin::file(*name),
            Format::Separated,
            &options,
            &mut set,
        )
        .expect("readable");
    }
    set.settle(&BTreeSet::new());
    set
}

/// Noise between 0 and 1, the same in every run.
fn noise(at: usize) -> f64 {
    let mixed = (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    f64::from(u32::try_from(mixed).expect("24 bits")) / f64::from(1 << 24)
}

/// One sample a minute.
fn table(column: &str, values: impl IntoIterator<Item = f64>) -> String {
    let mut text = format!("time,{column}\n");
    for (minute, value) in (0..).zip(values) {
        if value.is_finite() {
            let _ = writeln!(text, "{},{value}", START + 60 * minute);
        }
    }
    text
}

fn found(column: &str, values: impl IntoIterator<Item = f64>) -> MetricFacts {
    facts(&set_of(&[("cart.csv", &table(column, values))]), FactOptions::default())
}

#[test]
fn a_rise_is_told_with_its_onset_its_normal_range_and_its_words() {
    let facts = found(
        "cpu(%)",
        (0..300).map(|at| 10.0 + noise(at) + if (200..205).contains(&at) { 40.0 } else { 0.0 }),
    );
    let [shift] = facts.shifts.as_slice() else {
        panic!("{:?}", facts.shifts)
    };
    let minute = |at: i64| (at / 1_000_000 - START) / 60;
    assert_eq!(
        (shift.direction, shift.role, shift.samples),
        (Direction::Up, Role::Cpu, 5)
    );
    assert_eq!(minute(shift.onset.seen), 200);
    assert_eq!(shift.until.map(minute), Some(205));
    assert!(
        shift.onset.earliest < shift.onset.at && shift.onset.at < shift.onset.latest + 1,
        "{:?}",
        shift.onset
    );
    assert!(
        shift.normal.low >= 10.0 && shift.normal.high <= 11.0,
        "{:?}",
        shift.normal
    );
    assert!(shift.value > 49.0 && shift.certainty > 0.9, "{shift:?}");
    let quote = shift.quote.as_ref().expect("a quote");
    assert_eq!(quote.line, 202);
    assert!(quote.text.starts_with(&format!("{},5", START + 60 * 200)), "{quote:?}");
}

#[test]
fn a_drop_and_a_change_for_good_are_told() {
    let drop = found(
        "availability(%)",
        (0..200).map(|at| if (150..153).contains(&at) { 80.0 } else { 100.0 }),
    );
    assert_eq!(
        drop.shifts.iter().map(|shift| shift.direction).collect::<Vec<_>>(),
        [Direction::Down]
    );
    let for_good = found(
        "memory(Mi)",
        (0..200).map(|at| 100.0 + noise(at) + if at >= 150 { 60.0 } else { 0.0 }),
    );
    assert_eq!(for_good.shifts.len(), 1, "{:?}", for_good.shifts);
    assert_eq!(for_good.shifts[0].until, None);
}

#[test]
fn what_is_hardly_more_than_nothing_is_no_shift() {
    let facts = found(
        "latency(s)",
        (0..300).map(|at| 0.001 + if (200..210).contains(&at) { 0.000_2 } else { 0.0 }),
    );
    assert_eq!(facts.shifts, []);
}

#[test]
fn what_every_day_shows_at_that_hour_is_no_shift() {
    let day = |at: usize, hour: usize| {
        let busy = if (hour..hour + 2).contains(&(at / 60 % 24)) {
            100.0
        } else {
            0.0
        };
        20.0 + 3.0 * noise(at) + busy
    };
    let nightly = found("requests", (0..4 * 24 * 60).map(|at| day(at, 3)));
    assert_eq!(nightly.shifts, []);
    // The same load at an hour that has none on other days.
    let odd = found(
        "requests",
        (0..4 * 24 * 60).map(|at| day(at, 3) + if (5_000..5_030).contains(&at) { 100.0 } else { 0.0 }),
    );
    assert_eq!(odd.shifts.len(), 1, "{:?}", odd.shifts);
}

#[test]
fn a_latency_of_an_idle_component_says_nothing() {
    let mut text = "time,latency(s),requests\n".to_owned();
    for minute in 0..200 {
        let idle = (150..160).contains(&minute);
        let _ = writeln!(
            text,
            "{},{},{}",
            START + 60 * minute,
            if idle { 9.0 } else { 0.1 },
            if idle { 0 } else { 5 }
        );
    }
    let facts = facts(&set_of(&[("cart.csv", &text)]), FactOptions::default());
    assert_eq!(facts.idle, 1);
    assert!(
        facts.shifts.iter().all(|shift| shift.role == Role::Traffic),
        "{:?}",
        facts.shifts
    );
}

#[test]
fn a_gap_and_an_end_are_told_once_for_all_series_of_a_source() {
    let full = table("cpu", (0..100).map(noise));
    let mut text = "time,cpu,memory\n".to_owned();
    for minute in (0..40).chain(50..80) {
        let _ = writeln!(text, "{},1,2", START + 60 * minute);
    }
    let set = set_of(&[("all.csv", &full), ("cart.csv", &text)]);
    let facts = facts(&set, FactOptions::default());
    let shown: Vec<_> = facts
        .gaps
        .iter()
        .map(|gap| (gap.count, gap.missing, gap.ends))
        .collect();
    assert_eq!(shown, [(2, 10, false)], "{:?}", facts.gaps);
    assert_eq!(facts.gaps[0].quote.as_ref().map(|quote| quote.line), Some(41));
}

#[test]
fn what_is_full_is_told() {
    let facts = found(
        "cpu(%)",
        (0..200).map(|at| 20.0 + noise(at) + if (100..110).contains(&at) { 78.5 } else { 0.0 }),
    );
    let [full] = facts.saturations.as_slice() else {
        panic!("{:?}", facts.saturations)
    };
    assert_eq!((full.full, full.samples), (Full::NearWhole, 10));
    let always = found("pool_used_percent", (0..200).map(|at| 99.0 + noise(at) / 2.0));
    assert_eq!(always.saturations, [], "its ordinary state");
    let flat = found(
        "memory(Mi)",
        (0..200).map(|at| {
            if (100..108).contains(&at) {
                512.0
            } else {
                100.0 + noise(at)
            }
        }),
    );
    assert_eq!(flat.saturations.first().map(|full| full.full), Some(Full::FlatTop));
}

#[test]
fn a_counter_becomes_a_rate_and_may_begin_anew() {
    let mut total = 1_000.0;
    let values: Vec<f64> = (0..200)
        .map(|at| {
            total = if at == 100 { 6.0 } else { total + 6.0 };
            total
        })
        .collect();
    let set = set_of(&[("cart.csv", &table("requests_total", values))]);
    let series = &set.series()[0];
    assert_eq!(
        (series.kind, series.unit.as_deref(), set.summary().resets),
        (Kind::Counter, Some("/s"), 1)
    );
    assert!(
        series.points.values.iter().all(|rate| (rate - 0.1).abs() < 1e-9),
        "{:?}",
        series.points.values
    );
    assert_eq!(facts(&set, FactOptions::default()).shifts, []);
}

#[test]
fn a_column_between_two_known_components_is_an_edge() {
    let edge = format!("time,front_cart\n{START},0.1\n{},0.2\n", START + 60);
    let set = set_of(&[
        ("source_50.csv", &edge),
        ("front.csv", &table("cpu", [1.0, 2.0])),
        ("cart.csv", &table("cpu", [1.0, 2.0])),
    ]);
    insta::assert_json_snapshot!(set.series()[0]);
}

#[test]
fn count_and_sum_make_a_mean() {
    let mut text = "time,rpc_seconds_count,rpc_seconds_sum\n".to_owned();
    for minute in 0..10 {
        let _ = writeln!(text, "{},{},{}", START + 60 * minute, 10 * minute, 5 * minute);
    }
    let set = set_of(&[("cart.csv", &text)]);
    let mean = set.series().last().expect("a mean");
    assert_eq!(
        (mean.name.as_str(), mean.statistic.as_deref(), mean.unit.as_deref()),
        ("rpc_seconds", Some("mean"), Some("s"))
    );
    assert!(mean.points.values.iter().all(|value| (value - 0.5).abs() < 1e-9));
}

proptest! {
    #[test]
    fn any_values_give_facts_within_bounds(
        values in proptest::collection::vec(prop_oneof![any::<f64>(), 0.0..1.0_f64, Just(f64::NAN), Just(f64::MAX)], 0..120),
        column in proptest::sample::select(vec!["cpu(%)", "latency", "requests_total", "availability"]),
    ) {
        let facts = found(column, values);
        for shift in &facts.shifts {
            prop_assert!((0.0..=1.0).contains(&shift.certainty), "{shift:?}");
            prop_assert!(shift.onset.earliest <= shift.onset.seen && shift.onset.seen <= shift.onset.latest, "{shift:?}");
            prop_assert!(shift.quote.is_some());
        }
    }
}
