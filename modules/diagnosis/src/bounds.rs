//! Bounds of a share that was seen as k of n. They know nothing of what was counted.

use std::collections::HashMap;

use serde::Serialize;
use statrs::function::beta::inv_beta_reg;

use crate::statistics::as_f64;

/// Probability outside each bound (J).
pub const TAIL: f64 = 0.01;

/// A count and what it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
pub struct Rate {
    /// How many.
    pub k: u32,
    /// Of how many.
    pub n: u32,
}

impl Rate {
    /// The share; 0 of nothing.
    pub fn share(self) -> f64 {
        if self.n == 0 {
            0.0
        } else {
            f64::from(self.k) / f64::from(self.n)
        }
    }
}

/// Jeffreys' bounds, remembered: the same few counts come again and again.
#[derive(Debug, Default)]
pub struct Bounds {
    known: HashMap<Rate, (f64, f64)>,
}

impl Bounds {
    /// The lower and the upper bound at `TAIL` each: quantiles of Beta(k + ½, n − k + ½), 0 for none and 1 for all (Brown, Cai
    /// and `DasGupta`, Interval estimation for a binomial proportion, 2001).
    pub fn of(&mut self, rate: Rate) -> (f64, f64) {
        let Rate { k, n } = rate;
        if n == 0 || k > n {
            return (0.0, 1.0);
        }
        *self.known.entry(rate).or_insert_with(|| {
            let (a, b) = (f64::from(k) + 0.5, f64::from(n - k) + 0.5);
            let low = if k > 0 { inv_beta_reg(a, b, TAIL) } else { 0.0 };
            let high = if k < n { inv_beta_reg(a, b, 1.0 - TAIL) } else { 1.0 };
            (low, high)
        })
    }

    /// How much the share certainly rose: the lower bound after less the upper bound before, at least 0.
    pub fn rise(&mut self, before: Rate, after: Rate) -> f64 {
        (self.of(after).0 - self.of(before).1).max(0.0)
    }

    /// How much the share certainly fell.
    pub fn fall(&mut self, before: Rate, after: Rate) -> f64 {
        self.rise(after, before)
    }
}

/// A length of a list as a count.
pub fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The lower bound of the ratio of two Poisson rates: of the counts' sum the later has a binomial share, and the odds of that
/// share are the ratio of rates times that of the exposures.
pub fn least_ratio(bounds: &mut Bounds, before: (u32, f64), after: (u32, f64)) -> f64 {
    let all = before.0.saturating_add(after.0);
    if all == 0 || before.1 <= 0.0 || after.1 <= 0.0 {
        return 0.0;
    }
    let share = bounds
        .of(Rate { k: after.0, n: all })
        .0
        .min(1.0 - 1.0 / as_f64(1 << 40));
    share / (1.0 - share) * (before.1 / after.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_those_of_the_reference() {
        // `scipy.special.betaincinv`, 1.17.1.
        for (k, n, low, high) in [
            (1, 10, 0.005_874_787_131_333_9, 0.441_683_233_876_175),
            (5, 20, 0.082_798_872_227_995_1, 0.505_607_650_014_821),
            (3, 30_000, 0.000_020_651_352_34, 0.000_307_887_205_878_19),
            (15_000, 30_000, 0.493_284_770_955_46, 0.506_715_229_044_54),
            (100, 200_000, 0.000_393_309_889_014_59, 0.000_626_363_021_427_23),
            (29_990, 30_000, 0.999_351_238_229_467, 0.999_851_700_881_558),
        ] {
            let (found_low, found_high) = Bounds::default().of(Rate { k, n });
            assert!((found_low - low).abs() < 1e-10, "{k}/{n}: {found_low}");
            assert!((found_high - high).abs() < 1e-10, "{k}/{n}: {found_high}");
        }
    }

    #[test]
    fn none_may_be_none_and_all_may_be_all() {
        let mut bounds = Bounds::default();
        assert_eq!(bounds.of(Rate { k: 0, n: 7 }).0.to_bits(), 0.0_f64.to_bits());
        assert_eq!(bounds.of(Rate { k: 7, n: 7 }).1.to_bits(), 1.0_f64.to_bits());
        assert_eq!(bounds.of(Rate { k: 0, n: 0 }), (0.0, 1.0));
        assert!(bounds.rise(Rate { k: 0, n: 100 }, Rate { k: 10, n: 10 }) > 0.6);
        assert!(bounds.fall(Rate { k: 100, n: 100 }, Rate { k: 0, n: 10 }) > 0.6);
    }

    #[test]
    fn a_burst_is_only_as_much_more_as_its_count_shows() {
        let mut bounds = Bounds::default();
        let few = least_ratio(&mut bounds, (0, 3_600.0), (2, 120.0));
        let many = least_ratio(&mut bounds, (0, 3_600.0), (200, 120.0));
        assert!(few > 5.0 && many > 20.0 * few, "{few} {many}");
        assert!(least_ratio(&mut bounds, (300, 3_600.0), (10, 120.0)) < 1.0);
    }
}
