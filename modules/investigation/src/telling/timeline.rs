//! The timeline: what broke, first things first.

use mainstay_evidence::metrics::{
    Owner,
    facts::{Direction, ShiftFact},
};

use super::words::quantity;
use crate::{
    asking::Answer,
    reading::Evidence,
    report::{Cause, Finding, InputKind, Moment},
};

/// Moments that are shown.
const MOST: usize = 40;
/// Of them those of series.
const MOST_SHIFTS: usize = 24;
/// A cause less likely than this is no part of what happened.
const LIKELY: f64 = 0.05;
/// A shift less sure than this may be chance.
const SURE: f64 = 0.9;
/// Shifts so long before the earliest onset and after the latest are shown, in microseconds.
const BEFORE: i64 = 120_000_000;
const AFTER: i64 = 600_000_000;

/// What the causes show, and which series left what is normal around the onset.
pub fn timeline(evidence: &Evidence, causes: &[Cause], answer: &Answer, onset: i64) -> Vec<Moment> {
    let (from, to) = answer
        .ranking
        .onset
        .map_or((onset, onset), |estimate| (estimate.earliest, estimate.latest));
    let (from, to) = (from.saturating_sub(BEFORE), to.saturating_add(AFTER));
    let shifts = shifts(evidence, from, to);
    // A cause's series that were too short to be judged by themselves are told by what the model saw in them.
    let is_told = |component: &str| shifts.iter().any(|shift| shift.component == component);
    let mut moments: Vec<Moment> = Vec::new();
    for cause in causes.iter().filter(|cause| cause.likelihood >= LIKELY) {
        let told = is_told(&cause.component);
        let findings = cause
            .supporting
            .iter()
            .filter(|finding| finding.kind != InputKind::Metrics || !told);
        moments.extend(findings.filter_map(|finding| moment(&cause.component, finding)));
    }
    moments.retain(|moment| (from..=to).contains(&moment.at));
    moments.extend(shifts);
    moments.sort_by(|left, right| {
        left.at
            .cmp(&right.at)
            .then_with(|| left.component.cmp(&right.component))
    });
    moments.truncate(MOST);
    moments
}

fn moment(component: &str, finding: &Finding) -> Option<Moment> {
    let at = finding.at?;
    Some(Moment {
        at,
        earliest: at,
        latest: at,
        component: component.to_owned(),
        what: finding.text.clone(),
        kind: finding.kind,
        certainty: finding.certainty,
        quotes: finding.quotes.clone(),
    })
}

/// The surest shifts in a span of time, the strongest of each component and role.
fn shifts(evidence: &Evidence, from: i64, to: i64) -> Vec<Moment> {
    let mut shifts: Vec<&ShiftFact> = evidence
        .shifts()
        .iter()
        .filter(|shift| {
            (from..=to).contains(&shift.onset.at) && shift.certainty >= SURE && shift.owner != Owner::Unknown
        })
        .collect();
    shifts.sort_by(|left, right| right.strength.total_cmp(&left.strength));
    let mut seen = Vec::new();
    shifts.retain(|shift| {
        let key = (&shift.owner, shift.role);
        let is_new = !seen.contains(&key);
        if is_new {
            seen.push(key);
        }
        is_new
    });
    shifts.truncate(MOST_SHIFTS);
    shifts.into_iter().map(|shift| of_shift(evidence, shift)).collect()
}

fn of_shift(evidence: &Evidence, shift: &ShiftFact) -> Moment {
    let series = &evidence.metrics.series()[shift.series];
    let unit = series.unit.as_deref();
    let went = match shift.direction {
        Direction::Up => "rises to",
        Direction::Down => "falls to",
    };
    Moment {
        at: shift.onset.at,
        earliest: shift.onset.earliest,
        latest: shift.onset.latest,
        component: match &shift.owner {
            Owner::Component(name) => name.clone(),
            Owner::Edge { callee, .. } => callee.clone(),
            Owner::Unknown => String::new(),
        },
        what: format!(
            "{} {went} {}; normally {} to {}.",
            shift.title,
            quantity(shift.value, unit),
            quantity(shift.normal.low, unit),
            quantity(shift.normal.high, unit)
        ),
        kind: InputKind::Metrics,
        certainty: shift.certainty,
        quotes: shift.quote.clone().into_iter().collect(),
    }
}
