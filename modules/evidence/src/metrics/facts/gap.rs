//! Gaps: samples that should be there and are not, told once for all series of a source that have the same.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    metrics::{Owner, Series, SeriesSet},
    quote::Quote,
    source::Origin,
};

/// Steps without a sample that are a gap.
const LONG: i64 = 3;
/// A gap is this many times as long as the steps that the series has anyhow, nine of ten of them.
const UNUSUAL: i64 = 3;
/// Steps before the end of its source at which a series may stop.
const END: i64 = 5;
/// Points below which a series has no rhythm.
const FEWEST: usize = 16;
/// Series that are named.
const NAMED: usize = 5;
/// Gaps that are kept at once.
const KEPT: usize = 4_096;

/// Samples are missing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapFact {
    /// Where they should be.
    pub origin: Origin,
    /// Whose series have the gap; the first few.
    pub owners: Vec<Owner>,
    /// The first few series by name.
    pub titles: Vec<String>,
    /// Places of these series in the set.
    pub series: Vec<usize>,
    /// Series that have it.
    pub count: usize,
    /// The last sample before, in microseconds since 1970.
    pub from: i64,
    /// The first sample after; for series that stop, the last sample of the source.
    pub to: i64,
    /// Whether nothing follows.
    pub ends: bool,
    /// Samples that are missing, by the usual step.
    pub missing: i64,
    /// How sure it is: 1 − 1/(1 + length over what counts as a gap).
    pub certainty: f64,
    /// The last sample before.
    pub quote: Option<Quote>,
}

/// Gaps while they are gathered: by source, beginning and end.
#[derive(Debug, Default)]
pub struct Gaps {
    found: BTreeMap<(Origin, i64, i64), Gap>,
    ends: BTreeMap<Origin, i64>,
    /// Last sample, step and row of each series.
    lasts: Vec<(usize, i64, i64, u32)>,
}

#[derive(Debug)]
struct Gap {
    series: Vec<usize>,
    count: usize,
    step: i64,
    threshold: i64,
    row: u32,
}

impl Gaps {
    /// Notes the gaps of a series.
    pub fn look(&mut self, place: usize, series: &Series, set: &SeriesSet) {
        let points = &series.points;
        let (Some(step), Some(&last), Some(&row)) = (points.step(), points.times.last(), points.rows.last()) else {
            return;
        };
        let Some(origin) = set.origin(row) else { return };
        match self.ends.get_mut(origin) {
            Some(end) => *end = last.max(*end),
            None => {
                self.ends.insert(origin.clone(), last);
            }
        }
        if points.len() < FEWEST || step <= 0 {
            return;
        }
        self.lasts.push((place, last, step, row));
        // Most series have none, and it costs one pass to see that.
        if points.times.windows(2).all(|pair| pair[1] - pair[0] <= LONG * step) {
            return;
        }
        let mut steps: Vec<i64> = points.times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let ninth = steps.len() * 9 / 10;
        let usual = *steps.select_nth_unstable(ninth).1;
        let threshold = (LONG * step).max(UNUSUAL * usual);
        for (at, pair) in points.times.windows(2).enumerate() {
            // Two sources of one series are two times at which somebody looked, not one with a gap.
            let one_source = set.origin(points.rows[at]) == set.origin(points.rows[at + 1]);
            if pair[1] - pair[0] > threshold && one_source && self.found.len() < KEPT {
                self.add(place, set, (pair[0], pair[1]), step, threshold, points.rows[at]);
            }
        }
    }

    fn add(&mut self, place: usize, set: &SeriesSet, span: (i64, i64), step: i64, threshold: i64, row: u32) {
        let Some(origin) = set.origin(row) else { return };
        let gap = self.found.entry((origin.clone(), span.0, span.1)).or_insert(Gap {
            series: Vec::new(),
            count: 0,
            step,
            threshold,
            row,
        });
        gap.count += 1;
        if gap.series.len() < NAMED {
            gap.series.push(place);
        }
    }

    /// The gaps in the order of time.
    pub fn finish(mut self, set: &SeriesSet) -> Vec<GapFact> {
        for (place, last, step, row) in std::mem::take(&mut self.lasts) {
            let end = set.origin(row).and_then(|origin| self.ends.get(origin)).copied();
            if let Some(end) = end.filter(|end| end - last > END * step)
                && self.found.len() < KEPT
            {
                self.add(place, set, (last, end), step, END * step, row);
            }
        }
        let ends = self.ends;
        let mut facts: Vec<GapFact> = self
            .found
            .into_iter()
            .map(|((origin, from, to), gap)| {
                let named = || gap.series.iter().map(|place| &set.series()[*place]);
                #[expect(clippy::cast_precision_loss, reason = "a ratio of times")]
                let length = (to - from) as f64 / gap.threshold as f64;
                GapFact {
                    owners: named().map(|series| series.owner.clone()).collect(),
                    titles: named().map(Series::title).collect(),
                    ends: gap.threshold == END * gap.step && ends.get(&origin) == Some(&to),
                    series: gap.series,
                    count: gap.count,
                    from,
                    to,
                    missing: (to - from) / gap.step - 1,
                    certainty: 1.0 - 1.0 / (1.0 + length),
                    quote: set.quote(gap.row),
                    origin,
                }
            })
            .collect();
        facts.sort_by_key(|fact| fact.from);
        facts
    }
}
