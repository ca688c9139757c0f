//! Series: what was measured of components and of the calls between them, in the units that the model expects.

use std::{collections::HashMap, sync::Arc};

use mainstay_diagnosis::{Role, Samples, Series, Side, Subject, System};
use mainstay_evidence::metrics::{self, Kind, Owner, SeriesSet};

use super::Names;
use crate::reading::Evidence;

/// Where a series comes from: its place in the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Place in the set of the time in question.
    pub place: usize,
    /// By what its values were multiplied.
    pub scale: Scale,
}

/// By what values are multiplied: latency becomes seconds, availability per cent, saturation a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// They stay.
    One,
    /// Milliseconds.
    Milli,
    /// Microseconds.
    Micro,
    /// Nanoseconds.
    Nano,
    /// A share that becomes per cent.
    Cent,
    /// Per cent that become a share.
    PerCent,
}

impl Scale {
    /// The factor.
    pub fn factor(self) -> f64 {
        match self {
            Self::One => 1.0,
            Self::Milli => 1e-3,
            Self::Micro => 1e-6,
            Self::Nano => 1e-9,
            Self::Cent => 100.0,
            Self::PerCent => 0.01,
        }
    }
}

/// Adds all series that tell something; answers what their witnesses stand for.
pub fn join(evidence: &Evidence, names: &mut Names, system: &mut System) -> Vec<Measured> {
    let normal = by_key(&evidence.normal);
    let mut measured = Vec::new();
    let mut shared = Times::default();
    for (place, series) in evidence.metrics.series().iter().enumerate() {
        let subject = subject(&series.owner, names);
        let (Some(role), Some(subject)) = (role(series), subject) else {
            continue;
        };
        let scale = scale(series, role);
        let samples = samples(series, scale, &mut shared);
        if samples.is_empty() {
            continue;
        }
        let baseline = normal.get(&key(series)).map(|place| &evidence.normal.series()[*place]);
        system.series.push(Series {
            subject,
            role,
            samples,
            baseline: baseline.map_or_else(Samples::default, |series| self::samples(series, scale, &mut shared)),
            witness: u32::try_from(measured.len()).unwrap_or(u32::MAX),
        });
        measured.push(Measured { place, scale });
    }
    measured
}

fn subject(owner: &Owner, names: &mut Names) -> Option<Subject> {
    match owner {
        Owner::Component(name) => names.add(name).map(Subject::Component),
        Owner::Edge {
            caller,
            callee,
            seen_by,
        } => Some(Subject::Edge {
            caller: names.add(caller)?,
            callee: names.add(callee)?,
            seen_by: match seen_by {
                metrics::Side::Caller => Side::Caller,
                metrics::Side::Callee => Side::Callee,
                metrics::Side::Unknown => return None,
            },
        }),
        Owner::Unknown => None,
    }
}

fn role(series: &metrics::Series) -> Option<Role> {
    // Parts of a histogram are no measure by themselves.
    if series.kind == Kind::HistogramPart {
        return None;
    }
    Some(match series.role {
        metrics::Role::Cpu => Role::Cpu,
        metrics::Role::Memory => Role::Memory,
        metrics::Role::Latency => Role::Latency,
        metrics::Role::Availability => Role::Availability,
        metrics::Role::Error => Role::Error,
        metrics::Role::Traffic => Role::Traffic,
        metrics::Role::Saturation => Role::Saturation,
        metrics::Role::ClientLatency | metrics::Role::Host | metrics::Role::Other => return None,
    })
}

fn scale(series: &metrics::Series, role: Role) -> Scale {
    let unit = series.unit.as_deref().unwrap_or_default();
    match role {
        Role::Latency => match unit {
            "ms" | "milliseconds" => Scale::Milli,
            "us" | "µs" | "microseconds" => Scale::Micro,
            "ns" | "nanoseconds" => Scale::Nano,
            _ => Scale::One,
        },
        Role::Availability if unit != "%" && largest(series) <= 1.0 => Scale::Cent,
        Role::Saturation if unit == "%" || series.full() == Some(100.0) => Scale::PerCent,
        _ => Scale::One,
    }
}

fn largest(series: &metrics::Series) -> f64 {
    series.points.values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn samples(series: &metrics::Series, scale: Scale, shared: &mut Times) -> Samples {
    let factor = scale.factor();
    let values = series.points.values.iter().map(|value| value * factor).collect();
    Samples::new(shared.of(&series.points.times), values)
}

/// Lists of times; series of one file mostly have the same.
#[derive(Default)]
struct Times {
    last: Option<Arc<[i64]>>,
}

impl Times {
    fn of(&mut self, times: &[i64]) -> Arc<[i64]> {
        match &self.last {
            Some(last) if **last == *times => last.clone(),
            _ => self.last.insert(times.into()).clone(),
        }
    }
}

fn key(series: &metrics::Series) -> String {
    format!(
        "{:?}\n{}\n{:?}\n{:?}",
        series.owner, series.name, series.labels, series.statistic
    )
}

fn by_key(set: &SeriesSet) -> HashMap<String, usize> {
    set.series()
        .iter()
        .enumerate()
        .map(|(place, series)| (key(series), place))
        .collect()
}
