//! All facts of a set, the strongest first, within bounds.

use std::{collections::HashMap, ops::Range, panic::resume_unwind, thread};

use serde::Serialize;

use super::{
    gap::{GapFact, Gaps},
    saturation::{SaturationFact, saturation},
    shift::{Judge, ShiftFact},
};
use crate::metrics::{Kind, Owner, Role, Series, SeriesSet};

/// Bounds of what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactOptions {
    /// Shifts; the weakest are left out first.
    pub shifts: usize,
    /// Gaps, and times of being full; the latest are left out first.
    pub others: usize,
}

impl Default for FactOptions {
    fn default() -> Self {
        Self {
            shifts: 5_000,
            others: 500,
        }
    }
}

/// All facts.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct MetricFacts {
    /// In the order of their onset.
    pub shifts: Vec<ShiftFact>,
    /// In the order of time.
    pub gaps: Vec<GapFact>,
    /// In the order of their onset.
    pub saturations: Vec<SaturationFact>,
    /// Series that were judged.
    pub judged: u64,
    /// Series with too few points to say what is normal.
    pub short: u64,
    /// Series that never change.
    pub constant: u64,
    /// Shifts of latencies of components that nobody asked anything at that time: they say nothing.
    pub idle: u64,
    /// Facts that were left out for want of room.
    pub unkept: u64,
}

/// Finds what can be said of a settled set.
pub fn facts(set: &SeriesSet, options: FactOptions) -> MetricFacts {
    let mut facts = shifts(set, options);
    let mut gaps = Gaps::default();
    for (place, series) in set.series().iter().enumerate() {
        gaps.look(place, series, set);
        if Worth::of(series) == Worth::Judged {
            facts.saturations.extend(saturation(place, series, set));
        }
    }
    facts.gaps = gaps.finish(set);
    facts.saturations.sort_by_key(|fact| (fact.from, fact.series));
    for length in [facts.gaps.len(), facts.saturations.len()] {
        facts.unkept += length.saturating_sub(options.others) as u64;
    }
    facts.gaps.truncate(options.others);
    facts.saturations.truncate(options.others);
    facts
}

/// The same without gaps and times of being full: who asks for shifts alone need not wait for those. Two threads judge half of
/// the series each.
pub fn shifts(set: &SeriesSet, options: FactOptions) -> MetricFacts {
    let (all, half) = (set.series().len(), set.series().len() / 2);
    let (mut facts, rest) = thread::scope(|scope| {
        let rest = scope.spawn(|| judged(set, half..all, options));
        (judged(set, 0..half, options), rest.join())
    });
    let mut rest = rest.unwrap_or_else(|panic| resume_unwind(panic));
    facts.shifts.append(&mut rest.shifts);
    facts.judged += rest.judged;
    facts.short += rest.short;
    facts.constant += rest.constant;
    facts.idle = leave_idle(set, &mut facts.shifts);
    facts.unkept += rest.unkept + keep_strongest(&mut facts.shifts, options.shifts);
    facts.shifts.sort_by_key(|fact| (fact.onset.at, fact.series));
    facts
}

/// Judges the series at these places.
fn judged(set: &SeriesSet, places: Range<usize>, options: FactOptions) -> MetricFacts {
    let mut facts = MetricFacts::default();
    let mut judge = Judge::default();
    for place in places {
        let series = &set.series()[place];
        match Worth::of(series) {
            Worth::Part => continue,
            Worth::Short => facts.short += 1,
            Worth::Constant => facts.constant += 1,
            Worth::Judged => {
                facts.judged += 1;
                judge.look(place, series, set, &mut facts.shifts);
            }
        }
        if facts.shifts.len() > 4 * options.shifts {
            facts.unkept += keep_strongest(&mut facts.shifts, options.shifts);
        }
    }
    facts
}

/// Whether a series can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// It is a part of a histogram, which tells nothing alone.
    Part,
    Short,
    Constant,
    Judged,
}

impl Worth {
    fn of(series: &Series) -> Self {
        let values = &series.points.values;
        if series.kind == Kind::HistogramPart {
            Self::Part
        } else if values.len() < Judge::FEWEST {
            Self::Short
        } else if values.iter().all(|value| value.to_bits() == values[0].to_bits()) {
            Self::Constant
        } else {
            Self::Judged
        }
    }
}

/// Leaves out latencies of components without traffic at that time (ADR 13, shift of a series). Gives how many.
fn leave_idle(set: &SeriesSet, shifts: &mut Vec<ShiftFact>) -> u64 {
    let mut traffic: HashMap<&Owner, &Series> = HashMap::new();
    for series in set
        .series()
        .iter()
        .filter(|series| series.role == Role::Traffic && !series.points.is_empty())
    {
        traffic.entry(&series.owner).or_insert(series);
    }
    let before = shifts.len();
    shifts.retain(|shift| {
        let Some(points) = traffic.get(&shift.owner).map(|series| &series.points) else {
            return true;
        };
        if !matches!(shift.role, Role::Latency | Role::ClientLatency) {
            return true;
        }
        let from = points.times.partition_point(|time| *time < shift.onset.at);
        let to = points
            .times
            .partition_point(|time| shift.until.is_none_or(|until| *time < until));
        let during = points.values.get(from..to).unwrap_or_default();
        during.is_empty() || during.iter().filter(|value| **value > 0.0).count() * 2 >= during.len()
    });
    (before - shifts.len()) as u64
}

fn keep_strongest(shifts: &mut Vec<ShiftFact>, most: usize) -> u64 {
    let over = shifts.len().saturating_sub(most);
    if over > 0 {
        shifts.sort_by(|left, right| right.certainty.total_cmp(&left.certainty));
        shifts.truncate(most);
    }
    over as u64
}
