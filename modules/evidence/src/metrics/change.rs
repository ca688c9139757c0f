//! Change points: where the level of a series changes, without being told when to look.
//!
//! Places where the means before and after differ, on scales from two samples to thirty-two, are the candidates. Among them
//! the best partition into stretches of one level each is found by dynamic programming with a price for each change
//! (Jackson et al., "An algorithm for optimal partitioning of data on an interval", 2005). Values are cut at some scales, so
//! that one wild sample cannot pay for two changes (the biweight loss of Fearnhead and Rigaill, "Changepoint detection in the
//! presence of outliers", 2019, in its plainest form).

use super::order::{key, of_key};

/// Scales at which a value is cut. Two samples as far as that pay for a change and a return, one does not pay for more.
const CUT: f64 = 8.0;
/// Windows on each side of a candidate, in samples.
const WINDOWS: [usize; 5] = [2, 4, 8, 16, 32];
/// Standard errors by which the means on both sides of a candidate differ.
const CANDIDATE: f64 = 3.5;
/// Candidates that are kept, the strongest first.
const CANDIDATES: usize = 64;
/// Price of a change in units of ln n. The Bayesian information criterion says 2 for independent values; samples of one
/// minute hang together, hence more.
const PRICE: f64 = 3.0;
/// Fewest samples of a stretch.
const SHORTEST: usize = 2;
/// Samples on each side among which the true place of a change is sought.
const AROUND: usize = 16;
/// Share of the probability that is left out on each side of the interval of a change.
const OUTSIDE: f64 = 0.05;
/// Percentile of the absolute steps from sample to sample, and what it is for a normal distribution of unit variance
/// (1.2816 times the square root of two). A high one, because many series stand still most of the time.
const STEPS: (usize, f64) = (80, 1.812);

/// Lists that are used again from series to series.
#[derive(Debug, Default)]
pub struct Scratch {
    z: Vec<f64>,
    sums: Vec<f64>,
    scores: Vec<f64>,
    best: Vec<f64>,
    keys: Vec<i64>,
}

/// A stretch of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// First sample.
    pub from: usize,
    /// The one after the last.
    pub to: usize,
    /// First place at which it may begin, with 90 % together with `latest`.
    pub earliest: usize,
    /// Last place.
    pub latest: usize,
}

/// Parts values into stretches. `least` is the smallest noise that is believed.
pub fn stretches(values: &[f64], least: f64, scratch: &mut Scratch) -> Vec<Stretch> {
    let count = values.len();
    let whole = Stretch {
        from: 0,
        to: count,
        earliest: 0,
        latest: 0,
    };
    if count < 2 * SHORTEST || !scratch.prepare(values, least) {
        return vec![whole];
    }
    let candidates = scratch.candidates();
    if candidates.is_empty() {
        return vec![whole];
    }
    let bounds = scratch.partition(&candidates);
    let mut stretches: Vec<Stretch> = Vec::with_capacity(bounds.len() + 1);
    let mut from = 0;
    for to in bounds.into_iter().chain([count]) {
        stretches.push(Stretch {
            from,
            to,
            earliest: from,
            latest: from,
        });
        from = to;
    }
    for place in 1..stretches.len() {
        let (before, after) = (stretches[place - 1], stretches[place]);
        let (earliest, latest) = scratch.interval(before, after);
        (stretches[place].earliest, stretches[place].latest) = (earliest, latest);
    }
    stretches
}

impl Scratch {
    /// Values in scales of their noise around their median, cut, and their running sums. False when nothing moves.
    fn prepare(&mut self, values: &[f64], least: f64) -> bool {
        let keys = &mut self.keys;
        keys.clear();
        keys.extend(values.windows(2).map(|pair| key((pair[1] - pair[0]).abs())));
        let place = keys.len() * STEPS.0 / 100;
        let step = of_key(*keys.select_nth_unstable(place).1);
        let noise = (step / STEPS.1).max(least);
        let (_, median) = middles(values, keys);
        self.z.clear();
        self.z
            .extend(values.iter().map(|value| ((value - median) / noise).clamp(-CUT, CUT)));
        self.sums.clear();
        self.sums.push(0.0);
        let (mut sum, mut low, mut high) = (0.0, f64::MAX, f64::MIN);
        for z in &self.z {
            sum += z;
            self.sums.push(sum);
            low = z.min(low);
            high = z.max(high);
        }
        high - low > CANDIDATE
    }

    /// Places where the means of both sides differ most, in order.
    fn candidates(&mut self) -> Vec<usize> {
        let count = self.z.len();
        self.best.clear();
        self.best.resize(count + 1, 0.0);
        for window in WINDOWS.into_iter().filter(|window| *window < count) {
            self.score(window);
            let near = window / 2;
            for at in SHORTEST..=count - SHORTEST {
                let score = self.scores[at];
                if score < CANDIDATE || score <= self.best[at] {
                    continue;
                }
                let around = &self.scores[at.saturating_sub(near).max(SHORTEST)..=(at + near).min(count - SHORTEST)];
                if around.iter().all(|other| *other <= score) {
                    self.best[at] = score;
                }
            }
        }
        let mut found: Vec<usize> = (0..=count).filter(|at| self.best[*at] > 0.0).collect();
        if found.len() > CANDIDATES {
            found.sort_unstable_by(|left, right| self.best[*right].total_cmp(&self.best[*left]));
            found.truncate(CANDIDATES);
            found.sort_unstable();
        }
        found
    }

    /// Difference of the means of so many samples before and after each place, in standard errors.
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    fn score(&mut self, window: usize) {
        let count = self.z.len();
        self.scores.clear();
        self.scores.resize(count + 1, 0.0);
        let sums = &self.sums;
        let factor = 1.0 / (2.0 * window as f64).sqrt();
        if count >= 2 * window {
            let sides = sums.iter().zip(&sums[window..]).zip(&sums[2 * window..]);
            for (score, ((left, middle), right)) in self.scores[window..].iter_mut().zip(sides) {
                *score = (right - 2.0 * middle + left).abs() * factor;
            }
        }
        // Near the ends one side is shorter.
        let ends =
            (SHORTEST..window.min(count)).chain((count.saturating_sub(window) + 1).max(window)..=count - SHORTEST);
        for at in ends {
            let (left, right) = (at.min(window), (count - at).min(window));
            let before = (sums[at] - sums[at - left]) / left as f64;
            let after = (sums[at + right] - sums[at]) / right as f64;
            self.scores[at] = (after - before).abs() / (1.0 / left as f64 + 1.0 / right as f64).sqrt();
        }
    }

    /// The best partition: for each candidate the best way to it.
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    fn partition(&self, candidates: &[usize]) -> Vec<usize> {
        let count = self.z.len();
        let price = PRICE * (count as f64).ln();
        // What a stretch of one level explains; the squares themselves are the same in every partition.
        let explained = |from: usize, to: usize| {
            let sum = self.sums[to] - self.sums[from];
            sum * sum / (to - from) as f64
        };
        let mut ways: Vec<(f64, usize)> = Vec::with_capacity(candidates.len() + 1);
        for (number, &to) in candidates.iter().chain([&count]).enumerate() {
            let mut best = (explained(0, to), usize::MAX);
            for (before, &from) in candidates[..number.min(candidates.len())].iter().enumerate() {
                if to - from < SHORTEST {
                    break;
                }
                let gain = ways[before].0 + explained(from, to) - price;
                if gain > best.0 {
                    best = (gain, before);
                }
            }
            ways.push(best);
        }
        let mut bounds = Vec::new();
        let mut at = ways[candidates.len()].1;
        while at != usize::MAX {
            bounds.push(candidates[at]);
            at = ways[at].1;
        }
        bounds.reverse();
        bounds
    }

    /// Between which places the change lies with 90 %, both levels taken as known and every place as likely beforehand.
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    fn interval(&self, before: Stretch, after: Stretch) -> (usize, usize) {
        let level =
            |stretch: Stretch| (self.sums[stretch.to] - self.sums[stretch.from]) / (stretch.to - stretch.from) as f64;
        let (low, high) = (level(before), level(after));
        let first = (before.from + 1).max(after.from.saturating_sub(AROUND));
        let last = (after.to - 1).min(after.from + AROUND);
        let mut logs = vec![0.0; last - first + 1];
        // What the sample says for belonging to the stretch before.
        let says = |at: usize| ((self.z[at] - high).powi(2) - (self.z[at] - low).powi(2)) / 2.0;
        for at in after.from..last {
            logs[at + 1 - first] = logs[at - first] + says(at);
        }
        for at in (first..after.from).rev() {
            logs[at - first] = logs[at + 1 - first] - says(at);
        }
        let most = logs.iter().copied().fold(f64::MIN, f64::max);
        let weights: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
        let whole: f64 = weights.iter().sum();
        let (mut sum, mut from, mut to) = (0.0, first, last);
        for (place, weight) in weights.iter().enumerate() {
            if sum <= OUTSIDE * whole {
                from = first + place;
            }
            sum += weight;
            if sum >= (1.0 - OUTSIDE) * whole {
                to = first + place;
                break;
            }
        }
        (from.min(after.from), to.max(after.from))
    }
}

/// The median of a few values: the lower of the two middle ones.
pub fn middle(values: &[f64], scratch: &mut Vec<i64>) -> f64 {
    middles(values, scratch).0
}

/// Both middle values; of an odd number of values they are the same.
pub fn middles(values: &[f64], scratch: &mut Vec<i64>) -> (f64, f64) {
    scratch.clear();
    scratch.extend(values.iter().copied().map(key));
    let Some(last) = scratch.len().checked_sub(1) else {
        return (0.0, 0.0);
    };
    let (_, &mut lower, above) = scratch.select_nth_unstable(last / 2);
    let next = above.iter().min().filter(|_| last % 2 == 1);
    (of_key(lower), of_key(*next.unwrap_or(&lower)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Noise between −1 and 1, the same in every run.
    fn noise(at: usize) -> f64 {
        let mixed = (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        f64::from(u32::try_from(mixed).expect("24 bits")) / f64::from(1 << 23) - 1.0
    }

    fn begins(values: &[f64]) -> Vec<usize> {
        let stretches = stretches(values, 1e-9, &mut Scratch::default());
        stretches.iter().skip(1).map(|stretch| stretch.from).collect()
    }

    #[test]
    fn a_rise_and_its_end_are_found_where_they_are() {
        let values: Vec<f64> = (0..600)
            .map(|at| noise(at) + if (300..304).contains(&at) { 10.0 } else { 0.0 })
            .collect();
        assert_eq!(begins(&values), [300, 304]);
    }

    #[test]
    fn a_change_of_half_the_data_is_found() {
        let values: Vec<f64> = (0..100)
            .map(|at| noise(at) + if at >= 50 { -3.0 } else { 0.0 })
            .collect();
        assert_eq!(begins(&values), [50]);
    }

    #[test]
    fn noise_and_single_wild_samples_are_no_change() {
        let mut values: Vec<f64> = (0..2_000).map(noise).collect();
        assert_eq!(begins(&values), Vec::<usize>::new());
        values[700] = 1e9;
        assert_eq!(begins(&values), Vec::<usize>::new());
        assert_eq!(begins(&[5.0; 100]), Vec::<usize>::new());
    }

    #[test]
    fn the_interval_is_wider_where_the_change_is_smaller() {
        let width = |step: f64| {
            let values: Vec<f64> = (0..200)
                .map(|at| noise(at) + if at >= 100 { step } else { 0.0 })
                .collect();
            let found = stretches(&values, 1e-9, &mut Scratch::default());
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(
                (found[1].earliest..=found[1].latest).contains(&found[1].from),
                "{found:?}"
            );
            found[1].latest - found[1].earliest
        };
        assert_eq!(width(20.0), 0);
        assert!(width(1.0) > 0);
    }

    proptest! {
        #[test]
        fn stretches_cover_all_samples_in_order(values in proptest::collection::vec(-1e6_f64..1e6, 0..200)) {
            let found = stretches(&values, 1e-3, &mut Scratch::default());
            prop_assert_eq!(found[0].from, 0);
            prop_assert_eq!(found[found.len() - 1].to, values.len());
            for pair in found.windows(2) {
                prop_assert_eq!(pair[0].to, pair[1].from);
                prop_assert!(pair[1].earliest <= pair[1].from && pair[1].from <= pair[1].latest);
            }
        }
    }
}
