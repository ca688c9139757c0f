//! Panels: the series that show something, thinned to be drawn.

use mainstay_diagnosis::{Cause, Subject, features::Witness};
use mainstay_evidence::metrics::{Owner, Points, Series};

use super::words::quantity;
use crate::{joining::Joined, reading::Evidence, report::Panel};

/// Panels that are shown.
const MOST: usize = 12;
/// Panels up to which those of the first cause are shown that did not move.
const MOST_OF_FIRST: usize = 6;
/// Points of a panel.
const POINTS: usize = 240;
/// Time that is shown before and after the onset, in microseconds.
const AROUND: i64 = 3_600_000_000;
/// An onset may be told so late.
const LATE: i64 = 10_000_000;
/// A distance between points of so many usual ones is a gap.
const GAP: i64 = 4;

/// Panels of the causes, the likeliest first.
pub fn panels(evidence: &Evidence, joined: &Joined, causes: &[&Cause], onset: i64) -> Vec<Panel> {
    let witnesses = causes.iter().flat_map(|cause| {
        let supporting = cause.supporting.iter().flat_map(|support| &support.witnesses);
        let explained = cause.contradicting.iter().flat_map(|against| match against {
            mainstay_diagnosis::Contradiction::Explained { witnesses, .. } => witnesses.as_slice(),
            _ => &[],
        });
        supporting.chain(explained)
    });
    let mut seen = Vec::new();
    let mut panels = Vec::new();
    for witness in witnesses {
        let Witness::Series { witness, value, normal } = witness else {
            continue;
        };
        if seen.contains(witness) || panels.len() >= MOST {
            continue;
        }
        seen.push(*witness);
        panels.extend(panel(evidence, joined, *witness, Some(*value), *normal, onset));
    }
    // What did not move is shown of the first cause alone: that it did not is worth seeing there.
    for (witness, measured) in (0_u32..).zip(&joined.measured) {
        let of_first = causes.first().is_some_and(|cause| {
            let series = joined.system.series.get(witness as usize);
            series.is_some_and(|series| series.subject == Subject::Component(cause.component))
        });
        if of_first && !seen.contains(&witness) && panels.len() < MOST_OF_FIRST {
            let usual = usual(
                &evidence.metrics.series()[measured.place].points,
                onset,
                measured.scale.factor(),
            );
            panels.extend(usual.and_then(|normal| {
                let points = &evidence.metrics.series()[measured.place].points;
                let left = after(points, onset, measured.scale.factor())
                    .filter(|value| *value < normal.0 || *value > normal.1);
                panel(evidence, joined, witness, left, normal, onset)
            }));
        }
    }
    panels
}

/// Where a series mostly was before the onset, which may be told late: all but the lowest and the highest hundredth.
fn usual(points: &Points, onset: i64, factor: f64) -> Option<(f64, f64)> {
    let until = points.times.partition_point(|time| *time < onset.saturating_sub(LATE));
    let mut before: Vec<f64> = points.values[..until].iter().map(|value| value * factor).collect();
    before.sort_by(f64::total_cmp);
    let tail = before.len() / 100;
    Some((*before.get(tail)?, *before.get(before.len() - 1 - tail)?))
}

/// The middle of the minutes after the onset.
fn after(points: &Points, onset: i64, factor: f64) -> Option<f64> {
    const JUDGED: i64 = 180_000_000;
    let from = points.times.partition_point(|time| *time < onset);
    let to = points
        .times
        .partition_point(|time| *time < onset.saturating_add(JUDGED));
    let mut values: Vec<f64> = points
        .values
        .get(from..to)?
        .iter()
        .map(|value| value * factor)
        .collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn panel(
    evidence: &Evidence,
    joined: &Joined,
    witness: u32,
    value: Option<f64>,
    normal: (f64, f64),
    onset: i64,
) -> Option<Panel> {
    let measured = joined.measured.get(witness as usize)?;
    let series = evidence.metrics.series().get(measured.place)?;
    let factor = measured.scale.factor();
    let normal = (normal.0 / factor, normal.1 / factor);
    let points = &series.points;
    let first = points
        .times
        .partition_point(|time| *time < onset.saturating_sub(AROUND));
    let last = points
        .times
        .partition_point(|time| *time <= onset.saturating_add(AROUND));
    let is_out = |value: f64| value < normal.0 || value > normal.1;
    let from = points.times.partition_point(|time| *time < onset);
    let left = (from..last).find(|place| value.is_some() && is_out(points.values[*place]));
    let unit = series.unit.as_deref();
    let owner = match &series.owner {
        Owner::Component(name) => name.clone(),
        Owner::Edge { caller, callee, .. } => format!("{caller} -> {callee}"),
        Owner::Unknown => String::new(),
    };
    Some(Panel {
        owner,
        name: name(series),
        unit: series.unit.clone(),
        points: thin(&points.times[first..last], &points.values[first..last]),
        normal: Some(normal),
        onset: left.map(|place| points.times[place]),
        text: value.map_or_else(
            || {
                format!(
                    "As normal: {} to {}.",
                    quantity(normal.0, unit),
                    quantity(normal.1, unit)
                )
            },
            |value| {
                format!(
                    "{} after the onset; normally {} to {}.",
                    quantity(value / factor, unit),
                    quantity(normal.0, unit),
                    quantity(normal.1, unit)
                )
            },
        ),
        quotes: left
            .and_then(|place| evidence.metrics.quote(points.rows[place]))
            .into_iter()
            .collect(),
    })
}

/// Its name, with what else tells it from others of that name.
fn name(series: &Series) -> String {
    let statistic = series
        .statistic
        .iter()
        .filter(|statistic| !series.name.contains(statistic.as_str()))
        .cloned();
    let told: Vec<String> = statistic.chain(series.labels.values().cloned()).collect();
    if told.is_empty() {
        series.name.clone()
    } else {
        format!("{} ({})", series.name, told.join(", "))
    }
}

/// About so many points; of each group the one furthest from its mean, so that a spike stays one. A gap has no value.
fn thin(times: &[i64], values: &[f64]) -> Vec<(i64, Option<f64>)> {
    let group = times.len().div_ceil(POINTS).max(1);
    let mut steps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    steps.sort_unstable();
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(i64::MAX / GAP);
    let mut points: Vec<(i64, Option<f64>)> = Vec::new();
    let mut from = 0;
    let is_gap = |at: &usize| times[*at] - times[*at - 1] > usual.saturating_mul(GAP);
    for end in (1..times.len()).filter(is_gap).chain([times.len()]) {
        if from > 0 {
            let (last, next) = (times[from - 1], times[from]);
            points.push((last + (next - last) / 2, None));
        }
        for (times, values) in times[from..end].chunks(group).zip(values[from..end].chunks(group)) {
            #[expect(clippy::cast_precision_loss, reason = "a few samples")]
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let away = |place: &usize| (values[*place] - mean).abs();
            let furthest = (0..values.len()).max_by(|left, right| away(left).total_cmp(&away(right)));
            points.extend(furthest.map(|place| (times[place], Some(values[place]))));
        }
        from = end;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_and_a_gap_are_still_seen_when_points_are_thinned() {
        let mut times: Vec<i64> = (0..1_000).map(|second| second * 1_000_000).collect();
        times.extend((2_000..3_000).map(|second| second * 1_000_000));
        let values: Vec<f64> = (0..2_000).map(|place| if place == 777 { 9.0 } else { 1.0 }).collect();
        let points = thin(&times, &values);
        assert!(points.len() <= POINTS + 3, "{}", points.len());
        assert!(points.iter().any(|(_, value)| *value == Some(9.0)));
        assert_eq!(points.iter().filter(|(_, value)| value.is_none()).count(), 1);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(thin(&[], &[]), []);
    }
}
