//! Latency distributions that can be added up: counts in buckets whose bounds grow by a constant factor.
//!
//! Sixteen buckets to each doubling: a percentile read from it is at most 6.25 % above the true one, whatever the range,
//! and the sum of two histograms is the histogram of both. (The idea of `HdrHistogram`, and of `OpenTelemetry`'s base-2
//! exponential histogram at scale 4 with linear steps inside a doubling.)

/// A sparse histogram of durations in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// `(bin, count)`, ascending by bin.
    bins: Vec<(u16, u32)>,
    count: u64,
}

/// The usual percentiles in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentiles {
    /// Half were faster.
    pub p50_ms: f64,
    /// 95 of 100 were faster.
    pub p95_ms: f64,
    /// 99 of 100 were faster.
    pub p99_ms: f64,
}

const STEPS_LOG2: u32 = 4;
const STEPS: u64 = 1 << STEPS_LOG2;

impl Histogram {
    /// The bin a duration falls in.
    pub fn bin_of(duration_us: i64) -> u16 {
        let value = u64::try_from(duration_us).unwrap_or_default();
        if value < STEPS {
            return u16::try_from(value).unwrap_or_default();
        }
        let doubling = value.ilog2();
        let step = (value >> (doubling - STEPS_LOG2)) & (STEPS - 1);
        let bin = u64::from(doubling - STEPS_LOG2 + 1) * STEPS + step;
        u16::try_from(bin).unwrap_or(u16::MAX)
    }

    /// The greatest duration that falls in the bin, in microseconds.
    fn upper_bound(bin: u16) -> u64 {
        let bin = u64::from(bin);
        if bin < STEPS {
            return bin;
        }
        let shift = bin / STEPS - 1;
        ((STEPS + bin % STEPS + 1) << shift.min(58)) - 1
    }

    /// Counts `count` durations of one bin.
    pub fn add(&mut self, bin: u16, count: u32) {
        self.count += u64::from(count);
        match self.bins.binary_search_by_key(&bin, |(bin, _)| *bin) {
            Ok(at) => self.bins[at].1 = self.bins[at].1.saturating_add(count),
            Err(at) => self.bins.insert(at, (bin, count)),
        }
    }

    /// Adds another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (bin, count) in &other.bins {
            self.add(*bin, *count);
        }
    }

    /// The duration in microseconds that the share `quantile` of all durations did not exceed (nearest rank).
    pub fn quantile(&self, quantile: f64) -> Option<u64> {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts stay far below 2^53 and the quantile is between 0 and 1"
        )]
        let rank = ((quantile.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        self.bins.iter().find_map(|(bin, count)| {
            seen += u64::from(*count);
            (seen >= rank).then(|| Self::upper_bound(*bin))
        })
    }

    /// The usual percentiles, unless nothing was counted.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let ms = |quantile| {
            #[expect(clippy::cast_precision_loss, reason = "microseconds of one probe")]
            let us = self.quantile(quantile).map(|us| us as f64);
            us.map(|us| us / 1_000.0)
        };
        Some(Percentiles {
            p50_ms: ms(0.5)?,
            p95_ms: ms(0.95)?,
            p99_ms: ms(0.99)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn histogram(durations: &[i64]) -> Histogram {
        let mut histogram = Histogram::default();
        for duration in durations {
            histogram.add(Histogram::bin_of(*duration), 1);
        }
        histogram
    }

    proptest! {
        #[test]
        fn a_percentile_is_at_most_a_sixteenth_above_the_true_one(mut durations in prop::collection::vec(0_i64..100_000_000, 1..200), quantile in 0.0..=1.0_f64) {
            let read = histogram(&durations).quantile(quantile).unwrap();
            durations.sort_unstable();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small numbers")]
            let rank = ((quantile * durations.len() as f64).ceil() as usize).max(1);
            let exact = u64::try_from(durations[rank - 1]).unwrap();
            prop_assert!(read >= exact && read <= exact + exact / 16, "{read} for {exact}");
        }

        #[test]
        fn the_sum_of_two_histograms_is_the_histogram_of_both(a in prop::collection::vec(0_i64..10_000_000, 0..50), b in prop::collection::vec(0_i64..10_000_000, 0..50)) {
            let mut sum = histogram(&a);
            sum.merge(&histogram(&b));
            prop_assert_eq!(sum, histogram(&[a, b].concat()));
        }

        #[test]
        fn every_duration_has_a_bin(duration in any::<i64>()) {
            let bin = Histogram::bin_of(duration);
            prop_assert!(Histogram::upper_bound(bin) >= u64::try_from(duration).unwrap_or_default().min(1 << 62));
        }
    }

    #[test]
    fn nothing_counted_has_no_percentiles() {
        assert_eq!(Histogram::default().percentiles(), None);
    }

    #[test]
    fn the_usual_percentiles_are_read_in_milliseconds() {
        let durations: Vec<i64> = (1..=100).map(|ms| ms * 1_000).collect();
        let percentiles = histogram(&durations).percentiles().unwrap();
        assert!((50.0..54.0).contains(&percentiles.p50_ms), "{percentiles:?}");
        assert!((99.0..106.0).contains(&percentiles.p99_ms), "{percentiles:?}");
    }
}
