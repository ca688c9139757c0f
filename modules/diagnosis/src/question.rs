//! What is asked of a system: when something was noticed, of what kind, and which times must not count as normal.

use crate::windows::{COARSE_STEP, SECOND};

/// A question about one system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Question {
    /// When.
    pub when: When,
    /// What was noticed, where.
    pub symptom: Option<Symptom>,
    /// Incidents that are known, other than the one in question: no normal time.
    pub incidents: Vec<Incident>,
    /// Nothing at or after this is judged.
    pub until: Option<i64>,
}

/// What is known of the time, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It began about then; such times are often a little late.
    Began(i64),
    /// It was noticed then and began some minutes before.
    Noticed(i64),
    /// Somebody says that it was noticed then: it mostly began just before, and sometimes minutes earlier.
    Reported(i64),
    /// It began somewhere between the two.
    Between(i64, i64),
}

impl Default for When {
    fn default() -> Self {
        Self::Began(0)
    }
}

/// What was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symptom {
    /// At which component.
    pub component: u32,
    /// Of what kind.
    pub kind: SymptomKind,
}

/// The kind of a symptom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymptomKind {
    /// Slow.
    Latency,
    /// Failing.
    Availability,
    /// Not told.
    Unknown,
}

/// A time in which something else was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// When it was said to begin.
    pub start: i64,
    /// When it was over, if known; else some minutes are assumed.
    pub end: Option<i64>,
}

/// A moment at which the fault may have begun, and how likely that is before anything is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hypothesis {
    /// Microseconds since 1970.
    pub onset: i64,
    /// Of all hypotheses together 1.
    pub prior: f64,
}

/// Prior of the told time itself; the rest is that of a minute before (J).
const TOLD: f64 = 0.7;
const EARLIER: i64 = 60 * SECOND;
/// Seconds before a reported time at which it may have begun, and how likely each is. The first two as for a told time, in the same
/// proportion; the rest for who noticed minutes later (J).
const REPORTED: [(i64, f64); 5] = [(0, 0.5), (60, 0.22), (150, 0.11), (240, 0.1), (330, 0.07)];
/// How far back from the moment of notice, and at what distances, onsets are tried; for coarse samples in steps (J).
const BACK: i64 = 300 * SECOND;
const APART: i64 = 90 * SECOND;
const BACK_STEPS: (i64, i64) = (3, 2);
const APART_STEPS: (i64, i64) = (3, 4);
/// A short time is tried at so many places, no closer than this (J).
const CLOSELY: i64 = 12;
const CLOSEST: i64 = 5 * SECOND;
/// Onsets that are tried at most; a longer span is tried at greater distances. Each costs one pass over all facts, and memory for
/// each component.
const MOST: usize = 64;

impl Question {
    /// The onsets that are tried, at most so many. `step` is the least distance between samples; without samples 0.
    pub(crate) fn hypotheses(&self, step: i64, most: usize) -> Vec<Hypothesis> {
        let most = most.clamp(1, MOST);
        let coarse = step > COARSE_STEP;
        let (back, apart) = if coarse {
            (
                step.saturating_mul(BACK_STEPS.0) / BACK_STEPS.1,
                step.saturating_mul(APART_STEPS.0) / APART_STEPS.1,
            )
        } else {
            (BACK, APART)
        };
        match self.when {
            When::Began(onset) | When::Reported(onset) if coarse => vec![Hypothesis { onset, prior: 1.0 }],
            When::Began(onset) => vec![
                Hypothesis { onset, prior: TOLD },
                Hypothesis {
                    onset: onset.saturating_sub(EARLIER),
                    prior: 1.0 - TOLD,
                },
            ],
            When::Reported(noticed) => REPORTED
                .iter()
                .map(|(before, prior)| Hypothesis {
                    onset: noticed.saturating_sub(before * SECOND),
                    prior: *prior,
                })
                .take(most)
                .collect(),
            When::Noticed(noticed) => spread(noticed.saturating_sub(back), noticed, apart, most),
            When::Between(from, to) => {
                let (from, to) = (from.min(to), from.max(to));
                // A short time is tried closely: what was recorded of it is close, too.
                let close = (to.saturating_sub(from) / CLOSELY).max(CLOSEST);
                spread(from, to, if coarse { apart } else { apart.min(close) }, most)
            }
        }
    }
}

/// Onsets at equal distances, equally likely.
fn spread(from: i64, to: i64, apart: i64, most: usize) -> Vec<Hypothesis> {
    let length = to.saturating_sub(from);
    let apart = apart.max(length / i64::try_from(most).unwrap_or(1) + 1);
    let count = length / apart + 1;
    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
    let prior = 1.0 / count as f64;
    (0..count)
        .map(|at| Hypothesis {
            onset: from + at * apart,
            prior,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn onsets(when: When, step: i64) -> Vec<(i64, f64)> {
        let question = Question {
            when,
            ..Question::default()
        };
        question
            .hypotheses(step, MOST)
            .iter()
            .map(|hypothesis| (hypothesis.onset / SECOND, hypothesis.prior))
            .collect()
    }

    #[test]
    fn a_told_time_may_be_a_minute_late_unless_samples_are_coarser_than_that() {
        assert_eq!(
            onsets(When::Began(1_000 * SECOND), SECOND),
            [(1_000, 0.7), (940, 1.0 - 0.7)]
        );
        assert_eq!(onsets(When::Began(1_000 * SECOND), 300 * SECOND), [(1_000, 1.0)]);
    }

    #[test]
    fn a_reported_time_is_mostly_right_and_sometimes_minutes_late() {
        let tried = onsets(When::Reported(1_000 * SECOND), SECOND);
        assert_eq!((tried[0], tried[4].0), ((1_000, 0.5), 670));
        assert!((tried.iter().map(|(_, prior)| prior).sum::<f64>() - 1.0).abs() < 1e-9);
        assert_eq!(onsets(When::Reported(1_000 * SECOND), 300 * SECOND), [(1_000, 1.0)]);
    }

    #[test]
    fn a_time_of_notice_is_searched_backwards() {
        assert_eq!(
            onsets(When::Noticed(1_000 * SECOND), 0),
            [(700, 0.25), (790, 0.25), (880, 0.25), (970, 0.25)]
        );
        let coarse: Vec<i64> = onsets(When::Noticed(1_000 * SECOND), 300 * SECOND)
            .iter()
            .map(|(onset, _)| *onset)
            .collect();
        assert_eq!(coarse, [550, 775, 1_000]);
    }

    #[test]
    fn a_long_span_is_tried_at_few_places() {
        let tried = onsets(When::Between(86_400 * SECOND, 0), 0);
        assert!((10..=64).contains(&tried.len()), "{}", tried.len());
        assert!(onsets(When::Between(i64::MIN, i64::MAX), 0).len() <= 65);
    }
}
