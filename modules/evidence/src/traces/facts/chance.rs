//! The chance that two shares differ as much as they do if nothing has changed. Knows no spans.

use statrs::function::gamma::ln_gamma;

use super::sides::{BASELINE, Pair, SUBJECT};

/// Terms of a tail below this part of its greatest are nothing.
const NOTHING: f64 = 1e-12;

/// Fisher's exact test, towards the side on which the share is (Statistical methods for research workers, 1934, 21.02): given how
/// many have it on both sides together, the count on one side is hypergeometric. Doubled, because either side would be told.
/// The pair is what is normal, then what is looked into.
pub fn of_shares(pair: Pair) -> f64 {
    let (before, during) = (pair[BASELINE], pair[SUBJECT]);
    let (with, of) = (before.count + during.count, before.of + during.of);
    let most = with.min(during.of);
    let least = with.saturating_sub(before.of);
    #[expect(clippy::cast_precision_loss, reason = "counts of spans")]
    let float = |count: u64| count as f64;
    let choose = |all: u64, some: u64| {
        ln_gamma(float(all) + 1.0) - ln_gamma(float(some) + 1.0) - ln_gamma(float(all - some) + 1.0)
    };
    let here = during.count;
    if here < least || here > most || with > of {
        return 1.0;
    }
    let point = choose(during.of, here) + choose(before.of, with - here) - choose(of, with);
    let rises = float(here) * float(of) > float(with) * float(during.of);
    let (mut term, mut tail, mut at) = (1.0_f64, 1.0_f64, here);
    // Each term from the one before it, away from the middle, until they are nothing.
    while at != (if rises { most } else { least }) && term > NOTHING {
        let ratio = if rises {
            float(during.of - at) * float(with - at) / (float(at + 1) * float(before.of + at + 1 - with))
        } else {
            float(at) * float(before.of + at - with) / (float(during.of + 1 - at) * float(with + 1 - at))
        };
        term *= ratio;
        tail += term;
        at = if rises { at + 1 } else { at - 1 };
    }
    (2.0 * point.exp() * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::{super::sides::Of, *};

    #[test]
    fn chances_are_those_of_fishers_test() {
        // Reference: scipy.stats.fisher_exact with `alternative` towards the observed side, doubled.
        for (k0, n0, k1, n1, chance) in REFERENCE {
            let pair = [Of { count: k0, of: n0 }, Of { count: k1, of: n1 }];
            let found = of_shares(pair);
            assert!(
                (found - chance).abs() <= 1e-6 * chance + 1e-14,
                "{pair:?} {found} {chance}"
            );
        }
    }

    const REFERENCE: [(u64, u64, u64, u64, f64); 6] = [
        (0, 50, 3, 10, 0.007_013_442_431_326_709),
        (400, 400, 4, 12, 5.148_419_022_629_174e-14),
        (100, 200, 50, 100, 1.0),
        (3, 9_000, 20, 800, 3.872_982_555_716_335e-19),
        (5, 5, 0, 5, 0.007_936_507_936_507_938),
        (0, 5, 0, 5, 1.0),
    ];

    #[test]
    fn any_counts_have_a_chance() {
        for (k0, n0) in (0..9).flat_map(|n| (0..=n).map(move |k| (k, n))) {
            for (k1, n1) in (0..9).flat_map(|n| (0..=n).map(move |k| (k, n))) {
                let found = of_shares([Of { count: k0, of: n0 }, Of { count: k1, of: n1 }]);
                assert!((0.0..=1.0).contains(&found), "{k0} of {n0}, {k1} of {n1}: {found}");
            }
        }
    }
}
