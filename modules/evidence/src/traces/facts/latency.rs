//! Which operations take another time of their own than in normal time. Knows nothing of who waits for them.

use serde::Serialize;

use super::{
    quoting::Witness,
    sides::{BASELINE, LEAST_SURE, SUBJECT, TraceWindows},
};
use crate::{
    logs::facts::upper_tail,
    traces::{store::Traces, visits::Visits},
};

/// Visits that are needed on each side: below, even ranks that are all apart are no evidence (for 5 against 5 the chance of
/// that is 1 in 252).
const LEAST: usize = 5;
/// A median that differs by less than this factor is the same, however sure the difference (judgement).
const FACTOR: f64 = 1.2;
/// And by less than so many microseconds: clocks and queues of an idle machine vary by as much (judgement).
const FLOOR: i64 = 1_000;

/// Times of visits, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Distribution {
    /// Visits.
    pub count: usize,
    /// Half of them take no longer.
    pub median: i64,
    /// Nineteen of twenty take no longer.
    pub high: i64,
    /// The longest.
    pub most: i64,
}

/// Visits of one operation take more or less time of their own: what other components take is not counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatencyFact {
    /// Who.
    pub component: String,
    /// By which operation.
    pub operation: String,
    /// In normal time.
    pub baseline: Distribution,
    /// In what is looked into.
    pub subject: Distribution,
    /// How sure it is that this is not chance, from 0 to 1, over all operations that were compared.
    pub certainty: f64,
    /// The entry span of the slowest visit that is looked into; where it became faster, of the fastest.
    pub witness: Witness,
}

/// Compares the visits of both sides.
pub fn find(traces: &Traces, visits: &Visits, windows: &TraceWindows) -> Vec<LatencyFact> {
    let rows = traces.rows();
    let mut times: Vec<(u32, u32, usize, i64, u32)> = visits
        .all()
        .iter()
        .filter_map(|visit| {
            let row = &rows[visit.row as usize];
            let side = windows.side(row.start)?;
            Some((row.component(), row.operation, side, visit.self_time, visit.row))
        })
        .collect();
    times.sort_unstable();
    let operations = || times.chunk_by(|left, right| (left.0, left.1) == (right.0, right.1));
    let compared = operations().count();
    let mut facts = Vec::new();
    for operation in operations() {
        let (baseline, subject) = operation.split_at(operation.partition_point(|time| time.2 == BASELINE));
        debug_assert!(subject.iter().all(|time| time.2 == SUBJECT));
        if baseline.len() < LEAST || subject.len() < LEAST {
            continue;
        }
        let of = |side: &[(u32, u32, usize, i64, u32)]| side.iter().map(|time| time.3).collect::<Vec<i64>>();
        let (before, during) = (of(baseline), of(subject));
        let (normal, now) = (distribution(&before), distribution(&during));
        let (low, high) = (normal.median.min(now.median), normal.median.max(now.median));
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a visit")]
        if high - low < FLOOR || (high as f64) < low as f64 * FACTOR {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "thousands of operations at most")]
        let certainty = 1.0 - (chance(&before, &during) * compared as f64).min(1.0);
        let shown = if now.median > normal.median {
            subject.last()
        } else {
            subject.first()
        };
        if let Some(shown) = shown.filter(|_| certainty >= LEAST_SURE) {
            facts.push(LatencyFact {
                component: traces.components().name(shown.0).to_owned(),
                operation: traces.operations().name(shown.1).to_owned(),
                baseline: normal,
                subject: now,
                certainty,
                witness: Witness::from(&rows[shown.4 as usize]),
            });
        }
    }
    facts.sort_by(|left, right| right.certainty.total_cmp(&left.certainty));
    facts
}

/// Of times in order.
pub(super) fn distribution(times: &[i64]) -> Distribution {
    let at = |hundredths: usize| times.get((times.len().saturating_sub(1)) * hundredths / 100).copied();
    Distribution {
        count: times.len(),
        median: at(50).unwrap_or(0),
        high: at(95).unwrap_or(0),
        most: times.last().copied().unwrap_or(0),
    }
}

/// The chance of such different ranks if both sides were alike: the two-sided test of Mann and Whitney (On a test of whether one
/// of two random variables is stochastically larger than the other, 1947) with the normal approximation and its correction for
/// ties. Both are in order.
fn chance(before: &[i64], during: &[i64]) -> f64 {
    let (mut left, mut right) = (0, 0);
    let (mut rank_sum, mut tied) = (0.0, 0.0);
    #[expect(clippy::cast_precision_loss, reason = "counts of visits")]
    let float = |count: usize| count as f64;
    while left < before.len() || right < during.len() {
        let value = match (before.get(left), during.get(right)) {
            (Some(one), Some(other)) => *one.min(other),
            (Some(one), None) | (None, Some(one)) => *one,
            (None, None) => break,
        };
        let ours = before[left..].partition_point(|time| *time <= value);
        let theirs = during[right..].partition_point(|time| *time <= value);
        let alike = float(ours + theirs);
        rank_sum += float(theirs) * (float(left + right) + f64::midpoint(alike, 1.0));
        tied += alike.powi(3) - alike;
        left += ours;
        right += theirs;
    }
    let (n, m) = (float(before.len()), float(during.len()));
    let all = n + m;
    let above = rank_sum - m * (m + 1.0) / 2.0;
    let variance = n * m / 12.0 * (all + 1.0 - tied / (all * (all - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let away = ((above - n * m / 2.0).abs() - 0.5).max(0.0);
    (2.0 * upper_tail(away / variance.sqrt())).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_that_are_all_apart_are_no_chance_and_equal_ones_are() {
        let slow: Vec<i64> = (100..120).collect();
        let fast: Vec<i64> = (0..20).collect();
        assert!(chance(&fast, &slow) < 1e-6);
        assert!(chance(&slow, &slow) > 0.9);
        assert!((chance(&[7; 30], &[7; 30]) - 1.0).abs() < f64::EPSILON);
        // Reference: mannwhitneyu(..., method="asymptotic").pvalue of scipy.stats.
        assert!((chance(&[1, 2, 3, 4, 5], &[3, 4, 5, 6, 7]) - 0.113_846_30).abs() < 1e-6);
        let (early, late): (Vec<i64>, Vec<i64>) = ((0..30).collect(), (7..40).collect());
        assert!((chance(&early, &late) - 0.001_544_738).abs() < 1e-6);
    }
}
