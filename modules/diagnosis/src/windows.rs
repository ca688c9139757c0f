//! Which times are judged and which are normal, for samples of any step and for visits. It knows nothing of what was measured.
//!
//! **Rule.** Two kinds of samples were measured (ADR 13): of 60 s, whose stamp is the end of what they cover, and of 300 s, whose
//! stamp is its beginning. A step of at most 60 s follows the first: the offsets that come from a sample's width shrink with the
//! step, those that come from how long faults last and how late they are told do not. A longer step follows the second, in
//! steps. History is asked for in samples and in time, whichever is more, because sixty samples a second apart are no hour.

use std::ops::Range;

use crate::{
    incidents::Excluded,
    question::Question,
    statistics::sorted,
    system::{Samples, Visit},
};

/// Microseconds.
pub const SECOND: i64 = 1_000_000;
/// Longer steps follow the second rule.
pub const COARSE_STEP: i64 = 60 * SECOND;

/// Judged: from 25/60 of a step after T (D: 25 s at 60 s) for three minutes (D: how long faults last).
const FIRST_JUDGED: (i64, i64) = (25, 60);
const JUDGED: i64 = 180 * SECOND;
/// Local level: ten minutes up to half a minute before T (J).
const LOCAL: i64 = 600 * SECOND;
const LOCAL_GUARD: i64 = 30 * SECOND;
/// History ends ten minutes before T (J), and what comes fifteen minutes after may serve as well when there is not enough.
const HISTORY_GUARD: i64 = 600 * SECOND;
const AFTERMATH: i64 = 900 * SECOND;
/// Coarse steps: judged from T less a half to T and one and a half (D); local up to T less 0.9 (J), ten steps long.
const COARSE_JUDGED: [(i64, i64); 2] = [(1, 2), (3, 2)];
const COARSE_LOCAL_GUARD: (i64, i64) = (9, 10);
const COARSE_LOCAL_STEPS: i64 = 10;

/// Samples that are judged, at least: one is no evidence (J).
const LEAST_JUDGED: i64 = 2;
/// Samples of history and the time they stand for, at least (J).
const LEAST_HISTORY: (i64, i64) = (60, 600 * SECOND);
/// Samples of a reference and the time they stand for, at least (J).
const LEAST_REFERENCE: (i64, i64) = (20, 120 * SECOND);
/// The same when there is nothing but the minute before T: cases that were recorded because something was about to happen (J).
const LEAST_BEFORE: (i64, i64) = (20, 20 * SECOND);
/// Normal time ends so long before T at the latest (J).
const CLOSE: i64 = 5 * SECOND;
/// Less of a log before the guard than this is little (J).
const LOGS_BEFORE: i64 = 60 * SECOND;
/// Of a reference so many samples are used, evenly thinned.
const MOST_REFERENCE: usize = 200;

/// Visits that are judged start from T for so long (D).
pub const VISITS_JUDGED: i64 = 120 * SECOND;
/// Normal visits start this long before T (D: told times are late).
const VISITS_GUARD: i64 = 90 * SECOND;
/// With fewer normal visits than this, those of the minutes just before T are taken too (J).
const FEW_VISITS: usize = 300;
const VISITS_JUST_BEFORE: (i64, i64) = (600 * SECOND, 2 * SECOND);
/// Normal visits and judged ones, at least (J).
const LEAST_VISITS: usize = 50;
const LEAST_VISITS_JUDGED: usize = 10;

/// The first and the last time of any sample: of those in question, and of those that were declared normal.
pub type Extents = ((i64, i64), (i64, i64));

/// How a system was sampled.
#[derive(Debug)]
pub struct Sampling {
    /// The first and the last time of any sample, and of any sample of a time that was declared normal.
    pub extent: (i64, i64),
    /// See `extent`.
    pub baseline_extent: (i64, i64),
    /// Nothing at or after this is judged.
    pub until: i64,
    /// What is no normal time.
    pub excluded: Excluded,
}

impl Sampling {
    /// As a question sees it.
    pub fn of((extent, baseline_extent): Extents, question: &Question) -> Self {
        Self {
            extent,
            baseline_extent,
            until: question.until.unwrap_or(i64::MAX),
            excluded: Excluded::from_samples(&question.incidents),
        }
    }

    /// How many samples were taken between two times, neither included, by the step of a series. One without a value counts:
    /// there was nothing to measure, whether the series has a gap there or no sample at all.
    fn taken(&self, samples: &Samples, step: i64, after: i64, before: i64) -> i64 {
        let Some(phase) = samples.times().first() else { return 0 };
        let after = after.max(self.extent.0.saturating_sub(1));
        let before = before.min(self.extent.1.saturating_add(1));
        let until = |time: i64| time.saturating_sub(*phase).div_euclid(step);
        (until(before.saturating_sub(1)) - until(after)).max(0)
    }

    /// The same without those in incidents.
    fn taken_free(&self, samples: &Samples, step: i64, after: i64, before: i64) -> i64 {
        let excluded = self.excluded.spans().iter();
        let excluded = excluded.map(|(start, end)| self.taken(samples, step, after.max(*start), before.min(*end)));
        self.taken(samples, step, after, before) - excluded.sum::<i64>()
    }
}

/// The samples of one series as one onset sees them.
#[derive(Debug)]
pub struct SampleWindows {
    /// Judged values, sorted; of at least two samples that were taken. Empty when there was nothing to measure.
    pub judged: Vec<f64>,
    /// Values of the minutes before, sorted; may be empty.
    pub local: Vec<f64>,
    /// Normal values, sorted.
    pub reference: Vec<f64>,
}

fn part(step: i64, (numerator, denominator): (i64, i64)) -> i64 {
    step.saturating_mul(numerator) / denominator
}

/// Cuts a series. None when too little is there to judge by.
pub fn of_samples((samples, baseline): (&Samples, &Samples), onset: i64, sampling: &Sampling) -> Option<SampleWindows> {
    let step = samples.step().or_else(|| baseline.step())?;
    let coarse = step > COARSE_STEP;
    let (first, last) = if coarse {
        let [before, after] = COARSE_JUDGED;
        (
            onset.saturating_sub(part(step, before)),
            onset.saturating_add(part(step, after)),
        )
    } else {
        let first = onset.saturating_add(part(step, FIRST_JUDGED));
        (first, first.saturating_add(JUDGED))
    };
    let last = last.min(sampling.until);
    if sampling.taken(samples, step, first, last) < LEAST_JUDGED {
        return None;
    }
    let judged = sorted(between(samples, first, last).map(|(_, value)| value));
    let (guard, length) = if coarse {
        (
            part(step, COARSE_LOCAL_GUARD),
            LOCAL.max(step.saturating_mul(COARSE_LOCAL_STEPS)),
        )
    } else {
        (LOCAL_GUARD, LOCAL)
    };
    let before = onset.saturating_sub(guard);
    let local =
        between(samples, before.saturating_sub(length), before).filter(|(time, _)| sampling.excluded.is_free(*time));
    let local = sorted(local.map(|(_, value)| value));
    let reference = reference(samples, baseline, step, (onset, before), sampling)?;
    Some(SampleWindows {
        judged,
        local,
        reference,
    })
}

/// The first of these that is enough: the time that was declared normal; all history; the rest of the time that is there; all
/// before T. The last is for cases of a few minutes with nothing else to compare with.
fn reference(
    samples: &Samples,
    baseline: &Samples,
    step: i64,
    (onset, before): (i64, i64),
    sampling: &Sampling,
) -> Option<Vec<f64>> {
    let enough = |count: i64, (least, time): (i64, i64)| count >= least && count.saturating_mul(step) >= time;
    let (first, last) = sampling.baseline_extent;
    if !baseline.is_empty() && last.saturating_sub(first) / step + 1 >= LEAST_REFERENCE.0 {
        return Some(thinned(baseline.values(), &[]));
    }
    let chosen = |first: Range<usize>, rest: Range<usize>| {
        if sampling.excluded.is_empty() {
            return thinned(&samples.values()[first], &samples.values()[rest]);
        }
        let free = first
            .chain(rest)
            .filter(|at| sampling.excluded.is_free(samples.times()[*at]));
        let free: Vec<f64> = free.map(|at| samples.values()[at]).collect();
        thinned(&free, &[])
    };
    let before_time = |ends: i64| 0..samples.times().partition_point(|time| *time < ends);
    let history_ends = onset.saturating_sub(HISTORY_GUARD);
    let aftermath_ends = onset.saturating_add(AFTERMATH);
    let taken = |after: i64, before: i64| sampling.taken_free(samples, step, after, before);
    let history = taken(i64::MIN, history_ends);
    if enough(history, LEAST_HISTORY) {
        return Some(chosen(before_time(history_ends), 0..0));
    }
    if enough(history + taken(aftermath_ends, i64::MAX), LEAST_REFERENCE) {
        let aftermath = before_time(aftermath_ends).end..samples.len();
        return Some(chosen(before_time(history_ends.saturating_add(1)), aftermath));
    }
    // Of half a minute nothing would be left without its last seconds.
    let close = before.max(onset.saturating_sub(CLOSE));
    let ends = if enough(taken(i64::MIN, before), LEAST_BEFORE) {
        before
    } else {
        close
    };
    enough(taken(i64::MIN, ends), LEAST_BEFORE).then(|| chosen(before_time(ends), 0..0))
}

/// Evenly thinned values of two stretches, as if they were one.
fn thinned(first: &[f64], rest: &[f64]) -> Vec<f64> {
    let step = ((first.len() + rest.len()) / MOST_REFERENCE).max(1);
    sorted(first.iter().chain(rest).copied().step_by(step))
}

/// Samples between two times, neither included.
fn between(samples: &Samples, after: i64, before: i64) -> impl Iterator<Item = (i64, f64)> {
    let times = samples.times();
    let first = times.partition_point(|time| *time <= after);
    let last = times.partition_point(|time| *time < before).max(first);
    times[first..last]
        .iter()
        .copied()
        .zip(samples.values()[first..last].iter().copied())
}

/// The part of a log that is judged and the end of what is normal in it: the same as for visits. Of a log that begins so late
/// that little would be normal, all is but the last seconds.
pub fn of_logs(onset: i64, until: Option<i64>, begins: i64) -> ((i64, i64), i64) {
    let last = onset.saturating_add(VISITS_JUDGED).min(until.unwrap_or(i64::MAX));
    let guarded = onset.saturating_sub(VISITS_GUARD);
    let normal_until = if guarded.saturating_sub(begins) < LOGS_BEFORE {
        onset.saturating_sub(VISITS_JUST_BEFORE.1)
    } else {
        guarded
    };
    ((onset, last), normal_until)
}

/// Visits as one onset sees them, as places in a list sorted by start.
#[derive(Debug)]
pub struct VisitWindows {
    /// Judged: from the first to before the last.
    pub judged: std::ops::Range<usize>,
    /// For each visit whether it is normal.
    pub normal: Vec<bool>,
}

/// Cuts visits that are sorted by start. None when too little is there to judge by.
pub fn of_visits(visits: &[Visit], onset: i64, question: &Question, excluded: &Excluded) -> Option<VisitWindows> {
    of_starts(
        visits,
        |visit| (visit.start, visit.is_baseline),
        onset,
        question,
        excluded,
    )
}

/// The same for anything that starts at a time and may have been declared normal, sorted by start.
pub fn of_starts<T>(
    visits: &[T],
    start: impl Fn(&T) -> (i64, bool),
    onset: i64,
    question: &Question,
    excluded: &Excluded,
) -> Option<VisitWindows> {
    let end = onset.saturating_add(VISITS_JUDGED);
    let until = end.min(question.until.unwrap_or(i64::MAX));
    let first = visits.partition_point(|visit| start(visit).0 < onset);
    let last = visits.partition_point(|visit| start(visit).0 < until).max(first);
    if last - first < LEAST_VISITS_JUDGED {
        return None;
    }
    let guard = onset.saturating_sub(VISITS_GUARD);
    let mut normal: Vec<bool> = visits
        .iter()
        .map(|visit| {
            let (start, is_baseline) = start(visit);
            is_baseline || start < guard && excluded.is_free(start)
        })
        .collect();
    if normal.iter().filter(|normal| **normal).count() < FEW_VISITS {
        let (from, to) = VISITS_JUST_BEFORE;
        let (from, to) = (onset.saturating_sub(from), onset.saturating_sub(to));
        for (normal, visit) in normal.iter_mut().zip(visits) {
            let (start, _) = start(visit);
            *normal |= start > from && start < to;
        }
    }
    for (normal, visit) in normal.iter_mut().zip(visits) {
        let (start, _) = start(visit);
        *normal &= start < onset || start >= end;
    }
    let count = normal.iter().filter(|normal| **normal).count();
    (count >= LEAST_VISITS).then_some(VisitWindows {
        judged: first..last,
        normal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::question::Incident;

    /// Samples a step apart whose values are their seconds.
    fn samples(step: i64, count: i64) -> Samples {
        let times: Vec<i64> = (0..count).map(|at| at * step * SECOND).collect();
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let values = (0..count).map(|at| (at * step) as f64).collect();
        Samples::new(times.into(), values)
    }

    fn sampling(last: i64) -> Sampling {
        Sampling::of(((0, last * SECOND), (0, 0)), &Question::default())
    }

    fn cut(step: i64, count: i64, onset: i64) -> Option<SampleWindows> {
        let series = (&samples(step, count), &Samples::default());
        of_samples(series, onset * SECOND, &sampling(step * (count - 1)))
    }

    #[test]
    fn samples_of_a_minute_are_judged_from_25_to_205_seconds() {
        let windows = cut(60, 200, 9_000).unwrap();
        assert_eq!(windows.judged, [9_060.0, 9_120.0, 9_180.0]);
        assert_eq!((windows.local[0], windows.local.len()), (8_400.0, 10));
        assert_eq!(
            (windows.reference[0], windows.reference[windows.reference.len() - 1]),
            (0.0, 8_340.0)
        );
    }

    #[test]
    fn samples_of_five_minutes_are_judged_around_the_onset() {
        let windows = cut(300, 40, 9_000).unwrap();
        assert_eq!(windows.judged, [9_000.0, 9_300.0]);
        assert_eq!((windows.local[0], windows.local.len()), (6_000.0, 10));
        assert_eq!(windows.reference.len(), 29 + 7);
    }

    #[test]
    fn minutes_of_seconds_are_compared_with_the_minutes_before() {
        let windows = cut(1, 600, 300).unwrap();
        assert_eq!((windows.judged[0], windows.judged.len()), (301.0, 180));
        assert_eq!((windows.reference[0], windows.reference.len()), (0.0, 270));
        assert!(cut(1, 600, 20).is_none(), "a quarter of a minute is no normal");
    }

    #[test]
    fn an_incident_is_no_normal_time() {
        let excluded = Excluded::from_samples(&[Incident {
            start: 600 * SECOND,
            end: None,
        }]);
        let sampling = Sampling {
            excluded,
            ..sampling(11_940)
        };
        let series = (&samples(60, 200), &Samples::default());
        let windows = of_samples(series, 9_000 * SECOND, &sampling).unwrap();
        assert!(windows.reference.iter().all(|value| *value <= 600.0 || *value >= 990.0));
    }

    #[test]
    fn a_series_with_one_value_among_samples_without_is_judged_by_it() {
        let times: Vec<i64> = (0..200)
            .filter(|at| !(150..=152).contains(at))
            .map(|at| at * 60 * SECOND)
            .collect();
        let values = vec![1.0; times.len()];
        let series = Samples::new(times.into(), values);
        let windows = of_samples((&series, &Samples::default()), 8_940 * SECOND, &sampling(11_940)).unwrap();
        assert!(windows.judged.is_empty());
        let windows = of_samples((&series, &Samples::default()), 9_000 * SECOND, &sampling(11_940)).unwrap();
        assert_eq!(windows.judged, [1.0]);
    }

    #[test]
    fn one_sample_is_no_evidence() {
        assert!(cut(60, 152, 9_000).is_none());
    }
}
