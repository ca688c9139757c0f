//! Saturation: something is full, or stands at its highest value as if something held it there.

use serde::Serialize;

use crate::{
    metrics::{Owner, Role, Series, SeriesSet},
    quote::Quote,
};

/// Share of what is full that counts as full. Judgement: queues grow without bound from there on.
const NEAR: f64 = 0.95;
/// Samples one after another that must be full.
const LONG: usize = 3;
/// Samples at exactly the highest value that are a flat top.
const FLAT: usize = 5;
/// Share of a series that may be full before that is its ordinary state.
const ORDINARY: f64 = 0.5;
/// A flat top lies above the median by at least this share of it, or it is no top.
const ABOVE: f64 = 0.5;

/// How something is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Full {
    /// A part of a whole is nearly the whole.
    NearWhole,
    /// It stands still at the highest value of all.
    FlatTop,
}

/// Something was full.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SaturationFact {
    /// Place of the series in the set.
    pub series: usize,
    /// What the series is called.
    pub title: String,
    /// Whose it is.
    pub owner: Owner,
    /// What it tells of its owner.
    pub role: Role,
    /// How.
    pub full: Full,
    /// Its highest value then.
    pub value: f64,
    /// First sample, in microseconds since 1970.
    pub from: i64,
    /// Last sample.
    pub to: i64,
    /// Samples.
    pub samples: usize,
    /// How sure it is: 0.9 for a part that is nearly the whole, 0.5 for a flat top, which may be a limit or a mere habit.
    pub certainty: f64,
    /// The first sample.
    pub quote: Option<Quote>,
}

/// The longest time at which a series was full, unless that is its ordinary state.
pub fn saturation(place: usize, series: &Series, set: &SeriesSet) -> Option<SaturationFact> {
    if matches!(
        series.role,
        Role::Availability | Role::Latency | Role::ClientLatency | Role::Error
    ) {
        return None;
    }
    let values = &series.points.values;
    let full = match series.full() {
        // A share above the whole is no share: a processor counted by cores may use 400 %.
        Some(whole) if values.iter().all(|value| *value <= whole * 1.05) => Some((
            longest(values, |value| value >= NEAR * whole),
            Full::NearWhole,
            LONG,
            0.9,
        )),
        _ => None,
    };
    let (run, full, least, certainty) = full.filter(|(run, ..)| run.1 - run.0 >= LONG).or_else(|| {
        let top = values.iter().copied().fold(f64::MIN, f64::max);
        let mut sorted = values.clone();
        let middle = sorted.len() / 2;
        let median = *sorted.select_nth_unstable_by(middle, f64::total_cmp).1;
        let is_top = matches!(series.role, Role::Cpu | Role::Memory | Role::Saturation) && top > (1.0 + ABOVE) * median;
        is_top.then(|| {
            (
                longest(values, |value| value.to_bits() == top.to_bits()),
                Full::FlatTop,
                FLAT,
                0.5,
            )
        })
    })?;
    let (from, to) = run;
    let least_value = values[from..to].iter().copied().fold(f64::MAX, f64::min);
    let share = values.iter().filter(|value| **value >= least_value).count();
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    let ordinary = share as f64 > ORDINARY * values.len() as f64;
    if to - from < least || ordinary {
        return None;
    }
    Some(SaturationFact {
        series: place,
        title: series.title(),
        owner: series.owner.clone(),
        role: series.role,
        full,
        value: values[from..to].iter().copied().fold(f64::MIN, f64::max),
        from: series.points.times[from],
        to: series.points.times[to - 1],
        samples: to - from,
        certainty,
        quote: set.quote(series.points.rows[from]),
    })
}

/// The longest run of values for which it holds.
fn longest(values: &[f64], holds: impl Fn(f64) -> bool) -> (usize, usize) {
    let (mut best, mut from) = ((0, 0), 0);
    for (at, value) in values.iter().enumerate() {
        if holds(*value) {
            if at + 1 - from > best.1 - best.0 {
                best = (from, at + 1);
            }
        } else {
            from = at + 1;
        }
    }
    best
}
