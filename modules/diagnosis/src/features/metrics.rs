//! What series say: how far the judged samples left both the normal range and the level of the minutes before.

use std::collections::BTreeMap;

use super::{Feature, Features, Mean, Witness};
use crate::{
    statistics::quantile,
    system::{Role, Series, Side, Subject, System},
    windows::{self, SampleWindows, Sampling},
};

/// Quantiles outside the normal range, each side; of errors more, because short outages in normal time must not define normal
/// (S).
const TAIL: f64 = 0.01;
const TAIL_OF_ERRORS: f64 = 0.05;
/// The distance between the quantiles of 10 % and 90 % of a normal distribution in standard deviations.
const DECILES: f64 = 2.56;
/// Standard deviations above which more makes no difference (J).
const ENOUGH: f64 = 50.0;
/// A resource is nearly used up from here (J: the common limit of alerts on pools and disks).
const NEARLY_FULL: f64 = 0.9;

/// The least spread of a series: relative to its normal median, and absolute (J).
fn floors(role: Role) -> (f64, f64) {
    match role {
        Role::Cpu | Role::Memory => (0.05, 0.5),
        Role::Availability => (0.0, 0.5),
        Role::Traffic => (0.1, 0.05),
        Role::Latency => (0.1, 0.001),
        Role::Error => (0.1, 0.5),
        Role::Saturation => (0.1, 0.02),
    }
}

/// How far a series was shifted.
#[derive(Debug, Clone, Copy)]
struct Shift {
    /// Scores from 0 to 1.
    up: f64,
    down: f64,
    /// The middle of the judged samples.
    value: f64,
    normal: (f64, f64),
}

/// From 0 to 1, growing ever more slowly.
fn score_of(deviations: f64) -> f64 {
    let most = (1.0 + ENOUGH).ln();
    deviations.max(0.0).ln_1p().min(most) / most
}

fn shift(windows: &SampleWindows, role: Role) -> Option<Shift> {
    let errors = matches!(role, Role::Availability | Role::Error);
    let tail = if errors { TAIL_OF_ERRORS } else { TAIL };
    let at = |place: f64| quantile(&windows.reference, place);
    let (relative, absolute) = floors(role);
    let scale = ((at(0.9)? - at(0.1)?) / DECILES)
        .max(relative * at(0.5)?.abs())
        .max(absolute);
    let value = quantile(&windows.judged, 0.5)?;
    let (mut low, mut high) = (at(tail)?, at(1.0 - tail)?);
    if let Some(level) = quantile(&windows.local, 0.5) {
        (low, high) = (low.min(level), high.max(level));
    }
    Some(Shift {
        up: score_of((value - high) / scale),
        down: score_of((low - value) / scale),
        value,
        normal: (low, high),
    })
}

/// Scores all series.
pub(super) fn score(features: &mut Features, system: &System, onset: i64, sampling: &Sampling) {
    let mut edges: BTreeMap<(u32, u32), EdgeShift> = BTreeMap::new();
    let mut traffic: Vec<Option<f64>> = vec![None; system.components.len()];
    for series in &system.series {
        // A series that is there and has no sample counts as no traffic.
        if let (Role::Traffic, Subject::Component(owner)) = (series.role, series.subject)
            && let Some(traffic) = traffic.get_mut(owner as usize)
        {
            traffic.get_or_insert(0.0);
        }
        let Some(windows) = windows::of_samples((&series.samples, &series.baseline), onset, sampling) else {
            continue;
        };
        let shift = shift(&windows, series.role);
        match series.subject {
            Subject::Component(owner) => {
                let Some(shift) = shift else { continue };
                if let (Role::Traffic, Some(traffic)) = (series.role, traffic.get_mut(owner as usize)) {
                    *traffic = Some(traffic.unwrap_or(0.0).max(shift.value));
                }
                raise(features, owner, series, shift);
            }
            Subject::Edge {
                caller,
                callee,
                seen_by,
            } if series.role == Role::Latency => {
                let edge = edges.entry((caller, callee)).or_default();
                match seen_by {
                    Side::Caller => edge.caller = Some((shift, series.witness)),
                    Side::Callee => edge.callee = shift.map_or(0.0, |shift| shift.up),
                }
            }
            Subject::Edge { .. } => {}
        }
    }
    for (component, traffic) in traffic.iter().enumerate() {
        if traffic.is_some_and(|traffic| traffic <= 0.0) {
            // A latency without requests is no evidence.
            features.clear(component, Feature::Latency);
        }
    }
    score_edges(features, &edges);
}

fn raise(features: &mut Features, owner: u32, series: &Series, shift: Shift) {
    let witness = || Witness::Series {
        witness: series.witness,
        value: shift.value,
        normal: shift.normal,
    };
    let mut raise = |feature, score| features.raise(owner, feature, score, witness);
    match series.role {
        Role::Cpu => raise(Feature::Cpu, shift.up),
        Role::Memory => raise(Feature::Memory, shift.up),
        Role::Latency => raise(Feature::Latency, shift.up),
        Role::Availability => raise(Feature::Error, shift.down),
        Role::Error => raise(Feature::Error, shift.up),
        Role::Traffic => {
            raise(Feature::TrafficDown, shift.down);
            raise(Feature::TrafficUp, shift.up);
        }
        Role::Saturation => raise(Feature::Saturation, fullness(shift)),
    }
}

/// How full a resource became that is not normally full.
fn fullness(shift: Shift) -> f64 {
    if shift.normal.1 >= NEARLY_FULL || shift.up <= 0.0 {
        return 0.0;
    }
    ((shift.value - NEARLY_FULL) / (1.0 - NEARLY_FULL)).clamp(0.0, 1.0)
}

/// One edge as its two ends see it.
///
/// Without calls in the window there is no shift, and the edge counts as one that is not slow.
#[derive(Debug, Default)]
struct EdgeShift {
    caller: Option<(Option<Shift>, u32)>,
    callee: f64,
}

/// Slow for the caller and not for the callee: between them.
fn score_edges(features: &mut Features, edges: &BTreeMap<(u32, u32), EdgeShift>) {
    let mut mean = Mean::over(features.len());
    for ((caller, callee), edge) in edges {
        let Some((seen, series)) = edge.caller else { continue };
        let score = seen.map_or(0.0, |seen| (seen.up - edge.callee).max(0.0));
        for end in [*caller, *callee] {
            mean.add(end, score);
            if let Some(seen) = seen.filter(|_| score > 0.0) {
                features.keep(end, Feature::Edge, score, || Witness::Series {
                    witness: series,
                    value: seen.value,
                    normal: seen.normal,
                });
            }
        }
    }
    mean.write(features, Feature::Edge);
}
