//! How fast a budget is being spent just now: what a person asks first, before any rule may fire.
//!
//! A rule waits until a share of the budget is gone, so that nobody is woken by a blip. Until then an objective whose service
//! is down would be said to be well. So its latest events are looked at by themselves: those of the shortest window of any
//! rule that holds enough of them.

use mainstay_kernel::Micros;

use super::{BurnRule, Counts, Definition, Objective, WindowCounts, burn_rate};

/// A rate over fewer events than this says more about chance than about the service.
pub(crate) const ENOUGH_EVENTS: u64 = 3;

/// The latest events of an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recent {
    /// How far back they reach, in microseconds.
    pub length: Micros,
    /// The events.
    pub counts: Counts,
}

impl Recent {
    /// Those of the shortest window that holds enough events; nothing when even the longest does not.
    pub fn of(definition: &Definition, counts: &WindowCounts, now: Micros) -> Option<Self> {
        let mut lengths: Vec<Micros> = definition
            .all_rules()
            .flat_map(|rule| [rule.short, rule.long])
            .collect();
        lengths.sort_unstable();
        lengths.into_iter().find_map(|length| {
            let counts = definition.counts_within(counts, now - length, now);
            (counts.total >= ENOUGH_EVENTS).then_some(Self { length, counts })
        })
    }

    /// How many times faster than allowed they spend the budget.
    pub fn burn_rate(&self, objective: Objective) -> Option<f64> {
        burn_rate(self.counts, objective)
    }

    /// Whether the budget would not last its window at this rate, by more bad events than one that may be chance.
    pub fn is_too_fast(&self, objective: Objective) -> bool {
        let Counts { total, bad } = self.counts;
        // bad / total > budget, without dividing.
        bad >= BurnRule::FLOOR && u128::from(bad) * 1_000_000 > u128::from(total) * u128::from(objective.budget_ppm())
    }
}

#[cfg(test)]
mod tests {
    use mainstay_kernel::Environment;

    use super::*;
    use crate::model::{Draft, Limits, SECOND, validate};

    const NOW: Micros = 1_772_366_400 * SECOND;
    const MINUTE: Micros = 60 * SECOND;

    fn definition(percent: f64) -> Definition {
        let draft = Draft {
            service: Some("api".to_owned()),
            objective: Some(percent),
            rules: Some(vec!["ticket-slow".to_owned()]),
            ..Draft::default()
        };
        validate(&draft, &Environment::production(), &Limits::default())
            .unwrap()
            .definition
    }

    /// One probe every `every` up to now; of the latest ones `bad` failed.
    fn probed(definition: &Definition, every: Micros, total: i64, bad: i64) -> WindowCounts {
        let mut counts = definition.empty_counts(Micros::MIN);
        for index in (0..total).rev() {
            counts.record(NOW - index * every, index < bad);
        }
        counts
    }

    #[test]
    fn a_service_that_is_down_is_too_fast_at_once_whatever_the_hour_before_was_like() {
        let definition = definition(95.0);
        let recent = Recent::of(&definition, &probed(&definition, 15 * SECOND, 5_000, 3), NOW).unwrap();
        assert_eq!(recent.length, 5 * MINUTE);
        assert_eq!(recent.counts, Counts { total: 20, bad: 3 });
        assert!(recent.is_too_fast(definition.objective));
    }

    #[test]
    fn a_single_failure_is_never_too_fast() {
        let definition = definition(99.9);
        let recent = Recent::of(&definition, &probed(&definition, 15 * SECOND, 500, 1), NOW).unwrap();
        assert!(recent.burn_rate(definition.objective).unwrap() > 14.4);
        assert!(!recent.is_too_fast(definition.objective));
    }

    #[test]
    fn few_events_are_looked_at_over_a_longer_window_and_fewer_still_not_at_all() {
        let definition = definition(99.9);
        let recent = Recent::of(&definition, &probed(&definition, 61 * MINUTE, 48, 2), NOW).unwrap();
        assert_eq!((recent.length, recent.counts.total), (6 * 60 * MINUTE, 6));
        assert!(recent.is_too_fast(definition.objective));
        assert_eq!(Recent::of(&definition, &probed(&definition, MINUTE, 2, 2), NOW), None);
    }

    #[test]
    fn it_is_over_when_the_latest_events_are_good() {
        let definition = definition(99.9);
        let mut counts = probed(&definition, 15 * SECOND, 40, 40);
        for index in 1..=20 {
            counts.record(NOW + index * 15 * SECOND, false);
        }
        let recent = Recent::of(&definition, &counts, NOW + 5 * MINUTE).unwrap();
        assert_eq!(recent.counts, Counts { total: 20, bad: 0 });
        assert!(!recent.is_too_fast(definition.objective));
    }
}
