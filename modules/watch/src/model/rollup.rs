//! Probe results added up by minute, five minutes and hour.

use mainstay_kernel::Micros;

use super::histogram::Histogram;

const SECOND: Micros = 1_000_000;

/// The length of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resolution {
    /// One minute.
    Minute,
    /// Five minutes.
    FiveMinutes,
    /// One hour.
    Hour,
}

impl Resolution {
    /// Every resolution, the finest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::FiveMinutes, Self::Hour];

    /// Seconds in a bucket.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::Hour => 3600,
        }
    }

    /// The start of the bucket that holds `at`.
    pub fn bucket(self, at: Micros) -> Micros {
        at - at.rem_euclid(self.seconds() * SECOND)
    }

    /// The finest resolution that covers `span` in at most `points` buckets.
    pub fn for_span(span: Micros, points: i64) -> Self {
        Self::ALL
            .into_iter()
            .find(|resolution| span <= points.saturating_mul(resolution.seconds() * SECOND))
            .unwrap_or(Self::Hour)
    }
}

/// The results of one check in one bucket. Failures during maintenance count as maintenance, not as failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rollup {
    /// All probes.
    pub total: i64,
    /// Failed ones outside maintenance.
    pub failed: i64,
    /// Ones during maintenance, whatever their result.
    pub maintenance: i64,
    /// The slowest, in microseconds.
    pub max_us: i64,
    /// All durations, failed probes included.
    pub durations: Histogram,
}

impl Rollup {
    /// Counts one probe.
    pub fn record(&mut self, duration_us: u64, ok: bool, in_maintenance: bool) {
        self.total += 1;
        self.maintenance += i64::from(in_maintenance);
        self.failed += i64::from(!ok && !in_maintenance);
        self.max_us = self.max_us.max(i64::try_from(duration_us).unwrap_or(i64::MAX));
        self.durations.record(duration_us);
    }

    /// Probes outside maintenance.
    pub fn counted(&self) -> i64 {
        self.total - self.maintenance
    }

    /// Good probes among all outside maintenance; `None` when there were none.
    pub fn good_ratio(&self) -> Option<f64> {
        let counted = self.counted();
        #[expect(clippy::cast_precision_loss, reason = "a bucket holds far fewer than 2^52 probes")]
        let ratio = (counted - self.failed) as f64 / counted as f64;
        (counted > 0).then_some(ratio)
    }

    /// Adds another bucket.
    pub fn merge(&mut self, other: &Self) {
        self.total += other.total;
        self.failed += other.failed;
        self.maintenance += other.maintenance;
        self.max_us = self.max_us.max(other.max_us);
        self.durations.merge(&other.durations);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_failure_during_maintenance_is_not_a_failure() {
        let mut rollup = Rollup::default();
        rollup.record(1000, false, true);
        rollup.record(3000, false, false);
        rollup.record(2000, true, false);
        assert_eq!(
            (rollup.total, rollup.failed, rollup.maintenance, rollup.max_us),
            (3, 1, 1, 3000)
        );
        assert_eq!(rollup.good_ratio(), Some(0.5));
    }

    #[test]
    fn without_probes_outside_maintenance_there_is_no_share_of_good_ones() {
        let mut rollup = Rollup::default();
        assert_eq!(rollup.good_ratio(), None);
        rollup.record(1000, false, true);
        assert_eq!(rollup.good_ratio(), None);
    }

    #[test]
    fn the_resolution_follows_the_span() {
        let hours = |count: i64| count * 3600 * SECOND;
        assert_eq!(Resolution::for_span(hours(3), 400), Resolution::Minute);
        assert_eq!(Resolution::for_span(hours(24), 400), Resolution::FiveMinutes);
        assert_eq!(Resolution::for_span(hours(24 * 90), 400), Resolution::Hour);
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_moment(at in -4_000_000_000_000_000_i64..4_000_000_000_000_000) {
            for resolution in Resolution::ALL {
                let start = resolution.bucket(at);
                prop_assert!(start <= at && at < start + resolution.seconds() * SECOND);
                prop_assert_eq!(start % (resolution.seconds() * SECOND), 0);
            }
        }
    }
}
