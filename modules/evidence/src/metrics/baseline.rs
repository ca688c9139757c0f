//! What is normal for a series: a band, a scale in which distances from it count, and the shape of the day.

use serde::Serialize;

use super::{
    Kind, Points, Role, Series,
    order::{key, of_key},
};

/// Samples of a reference that are used, evenly thinned (ADR 13, windows).
const USED: usize = 200;
/// 90 % − 10 % of a normal distribution in standard deviations (ADR 13, shift of a series).
const DECILES: f64 = 2.56;
/// Share by which the shape of the day must make what is left smaller to be believed. Judgement: hours that are mere
/// chance make it some per cent smaller.
const SEASONAL: f64 = 0.2;
/// Share of hours that must be there on two days or more.
const COVERED: f64 = 0.75;
/// Samples that an hour must have for its median.
const IN_HOUR: usize = 4;
const HOUR: i64 = 3_600_000_000;

/// What is normal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    /// Below is unusual.
    pub low: f64,
    /// The middle.
    pub median: f64,
    /// Above is unusual.
    pub high: f64,
    /// The unit in which a distance from the band counts; never zero.
    pub scale: f64,
    /// Samples it was taken from.
    pub samples: usize,
}

impl Band {
    /// The band moved by so much.
    #[must_use]
    pub fn moved(self, by: f64) -> Self {
        Self {
            low: self.low + by,
            median: self.median + by,
            high: self.high + by,
            ..self
        }
    }
}

/// The least that counts as a distance, relative to the median and absolute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Floors {
    relative: f64,
    absolute: f64,
    /// Shares of the reference outside the band on each side.
    tail: f64,
}

impl Floors {
    /// ADR 13's floors by role; those of the roles it does not judge are like memory's, without an absolute one.
    pub fn of(series: &Series) -> Self {
        let (relative, absolute, tail) = match series.role {
            Role::Cpu | Role::Memory => (0.05, 0.5, 0.01),
            Role::Traffic => (0.1, 0.05, 0.01),
            Role::Latency | Role::ClientLatency => (0.1, 0.001, 0.01),
            Role::Availability => (0.0, 0.5, 0.05),
            Role::Error => (0.1, 0.5, 0.05),
            Role::Host | Role::Saturation | Role::Other => (0.1, 0.0, 0.01),
        };
        Self {
            relative,
            absolute: absolute * Self::unit(series),
            tail,
        }
    }

    /// What one unit of the floors is in the unit of the series: they are meant for per cent, seconds and millicores.
    fn unit(series: &Series) -> f64 {
        let unit = series.unit.as_deref().unwrap_or_default();
        match series.role {
            Role::Latency | Role::ClientLatency => match unit {
                "ms" => 1e3,
                "us" => 1e6,
                "ns" => 1e9,
                _ => 1.0,
            },
            _ if series.kind == Kind::Ratio && unit != "%" => 0.01,
            // Without a unit, what never passes one is a share, or counts whole processors.
            Role::Cpu | Role::Memory | Role::Availability | Role::Error
                if unit != "%" && unit != "m" && series.points.values.iter().all(|value| value.abs() <= 1.5) =>
            {
                0.01
            }
            _ => 1.0,
        }
    }

    /// The least distance that counts beside such a median.
    pub fn least(self, median: f64) -> f64 {
        // What is neither relative nor absolute still must not divide by zero.
        (self.relative * median.abs()).max(self.absolute).max(1e-12)
    }

    /// What is normal by these values, which are reordered. None without any.
    pub fn band(self, values: &mut [f64]) -> Option<Band> {
        let samples = values.len();
        let mut keys: Vec<i64> = values.iter().copied().map(key).collect();
        keys.sort_unstable();
        for (value, key) in values.iter_mut().zip(keys) {
            *value = of_key(key);
        }
        let at = |share: f64| quantile(values, share);
        let median = at(0.5)?;
        let spread = (at(0.9)? - at(0.1)?) / DECILES;
        Some(Band {
            low: at(self.tail)?,
            median,
            high: at(1.0 - self.tail)?,
            scale: spread.max(self.least(median)),
            samples,
        })
    }
}

/// Quantile of sorted values, between neighbours in proportion (type 7 of Hyndman and Fan, 1996).
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let (place, rest) = {
        let exact = share.clamp(0.0, 1.0) * last as f64;
        (exact as usize, exact - exact.floor())
    };
    let (left, right) = (*sorted.get(place)?, *sorted.get(place + 1).unwrap_or(&sorted[last]));
    Some(left + (right - left) * rest)
}

/// Evenly thinned values of some stretches of a series.
pub fn thinned(values: &[f64], stretches: &[(usize, usize)], into: &mut Vec<f64>) {
    into.clear();
    let all: usize = stretches.iter().map(|(from, to)| to - from).sum();
    let stride = all.div_ceil(USED).max(1);
    let mut skip = 0;
    for &(from, to) in stretches {
        let mut at = from + skip;
        while at < to {
            into.push(values[at]);
            at += stride;
        }
        skip = at - to;
    }
}

/// How much each hour of the day (UTC) lies above the whole, where that explains much and at least two days show it.
pub fn hours(points: &Points) -> Option<[f64; 24]> {
    let (first, last) = (*points.times.first()?, *points.times.last()?);
    if last.saturating_sub(first) < 30 * HOUR {
        return None;
    }
    let hour = |time: i64| usize::try_from(time.div_euclid(HOUR).rem_euclid(24)).unwrap_or(0);
    let mut buckets: Vec<Vec<f64>> = vec![Vec::new(); 24];
    let mut days = [(i64::MIN, 0_u32); 24];
    for (&time, &value) in points.times.iter().zip(&points.values) {
        let hour = hour(time);
        buckets[hour].push(value);
        let day = time.div_euclid(24 * HOUR);
        if days[hour].0 != day {
            days[hour] = (day, days[hour].1 + 1);
        }
    }
    let seen = buckets.iter().filter(|bucket| bucket.len() >= IN_HOUR).count();
    let twice = days.iter().filter(|(_, days)| *days >= 2).count();
    #[expect(clippy::cast_precision_loss, reason = "hours of a day")]
    if seen < 6 || (twice as f64) < COVERED * seen as f64 {
        return None;
    }
    let mut sorted = points.values.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = quantile(&sorted, 0.5)?;
    let mut above = [0.0; 24];
    for (bucket, above) in buckets.iter_mut().zip(&mut above) {
        bucket.sort_unstable_by(f64::total_cmp);
        if bucket.len() >= IN_HOUR {
            *above = quantile(bucket, 0.5)? - median;
        }
    }
    let (mut whole, mut left) = (0.0, 0.0);
    for (&time, &value) in points.times.iter().zip(&points.values) {
        whole += (value - median).abs();
        left += (value - median - above[hour(time)]).abs();
    }
    (left < (1.0 - SEASONAL) * whole).then_some(above)
}

/// What the hour adds to a value at this time.
pub fn at_hour(hours: Option<&[f64; 24]>, time: i64) -> f64 {
    let hour = usize::try_from(time.div_euclid(HOUR).rem_euclid(24)).unwrap_or(0);
    hours.map_or(0.0, |hours| hours[hour])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let sorted = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(quantile(&sorted, 0.5), Some(2.5));
        assert_eq!(quantile(&sorted, 1.0), Some(4.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_shape_of_the_day_is_found_when_two_days_show_it() {
        let mut points = Points::default();
        for minute in 0..3 * 24 * 12 {
            let time = i64::from(minute) * 300_000_000;
            points.times.push(time);
            points
                .values
                .push(100.0 + 50.0 * f64::from((minute / 12) % 24) + f64::from(minute * 7 % 5));
        }
        let hours = hours(&points).expect("a shape");
        assert!((hours[20] - hours[10] - 500.0).abs() < 10.0, "{hours:?}");
        points.times.truncate(24 * 12);
        points.values.truncate(24 * 12);
        assert_eq!(super::hours(&points), None, "one day shows nothing");
    }
}
