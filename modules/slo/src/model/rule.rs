//! Burn-rate rules: how fast a budget may be spent before somebody is told.
//!
//! A burn rate is `(bad / total) / budget`; at 1 the budget lasts exactly its window. A rule asks for the burn over a long
//! window, so that a blip does not wake anybody, **and** over a short one, a twelfth of it, so that the alert ends soon
//! after the trouble. Spending `p` of the budget in the long window is a factor of `p * T / long`. Source: *The Site
//! Reliability Workbook* (2018), chapter 5, "Multiwindow, Multi-Burn-Rate Alerts", with the fourth row that is in common
//! use; there for T = 30 days, here scaled with T so that the factors stay what they are.

use mainstay_kernel::Micros;

use super::{Objective, SECOND, Window, window_counts::Counts};
use crate::signal::Severity;

/// The four rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleName {
    /// 2 % of the budget in 1/720 of the window: a page.
    PageQuick,
    /// 5 % in 1/120: a page.
    PageSlow,
    /// 10 % in 1/30: a ticket.
    TicketQuick,
    /// 10 % in 1/10: a ticket.
    TicketSlow,
}

impl RuleName {
    /// All rules, the quickest first.
    pub const ALL: [Self; 4] = [Self::PageQuick, Self::PageSlow, Self::TicketQuick, Self::TicketSlow];

    /// The word in the API, in files and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PageQuick => "page-quick",
            Self::PageSlow => "page-slow",
            Self::TicketQuick => "ticket-quick",
            Self::TicketSlow => "ticket-slow",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }

    fn divisor(self) -> i64 {
        match self {
            Self::PageQuick => 720,
            Self::PageSlow => 120,
            Self::TicketQuick => 30,
            Self::TicketSlow => 10,
        }
    }

    fn factor_tenths(self) -> i64 {
        match self {
            Self::PageQuick => 144,
            Self::PageSlow => 60,
            Self::TicketQuick => 30,
            Self::TicketSlow => 10,
        }
    }

    fn severity(self) -> Severity {
        match self {
            Self::PageQuick | Self::PageSlow => Severity::Page,
            Self::TicketQuick | Self::TicketSlow => Severity::Ticket,
        }
    }
}

/// One rule, for a window of a certain length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BurnRule {
    /// Which of the four.
    pub name: RuleName,
    /// Whom it tells.
    pub severity: Severity,
    /// The long window in microseconds.
    pub long: Micros,
    /// The short window in microseconds, a twelfth of the long one.
    pub short: Micros,
    factor_tenths: i64,
}

impl BurnRule {
    /// The fewest bad events in the long window that fire a rule, whatever the rate: one failed probe of a service that is
    /// seldom probed is no trend.
    pub const FLOOR: u64 = 2;

    /// The rule for a window.
    pub fn of(name: RuleName, window: &Window) -> Self {
        let long = window.nominal_s() * SECOND / name.divisor();
        Self {
            name,
            severity: name.severity(),
            long,
            short: long / 12,
            factor_tenths: name.factor_tenths(),
        }
    }

    /// The burn rate that must be exceeded: 14.4, 6, 3 or 1.
    pub fn factor(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most 144")]
        let tenths = self.factor_tenths as f64;
        tenths / 10.0
    }

    /// Whether the rule can fire at all. The burn rate cannot exceed `1 / budget`, so with `factor * budget >= 1` not even
    /// a service that never answers would be noticed.
    pub fn can_fire(&self, objective: Objective) -> bool {
        self.factor_tenths * i64::from(objective.budget_ppm()) < 10_000_000
    }

    /// The objective above which the rule can fire, in percent.
    pub fn lowest_objective_percent(&self) -> f64 {
        100.0 - 100.0 / self.factor()
    }

    /// Whether the counts of a window that was observed as a whole burn faster than the factor; never for no events.
    pub fn exceeded_by(&self, counts: Counts, objective: Objective) -> bool {
        self.spends_more(counts, objective, 1, 1)
    }

    /// Whether the long window burns faster than the factor.
    ///
    /// While only a part of it has been observed, its events stand for a whole one: a rule says that so much of the budget
    /// is spent, and a service that fails its very first probes, because it is still starting, has spent next to nothing.
    pub fn exceeded_in_long(&self, window: LongWindow, objective: Objective) -> bool {
        self.spends_more(window.counts, objective, window.covered, self.long)
    }

    /// `bad / (total * long / covered) > factor * budget`, without dividing.
    fn spends_more(&self, counts: Counts, objective: Objective, covered: Micros, long: Micros) -> bool {
        let spent = i128::from(counts.bad) * 10_000_000 * i128::from(covered);
        let per_event = i128::from(self.factor_tenths) * i128::from(objective.budget_ppm());
        counts.total > 0 && spent > per_event * i128::from(counts.total) * i128::from(long)
    }

    /// The burn rate of the long window, as [`BurnRule::exceeded_in_long`] compares it.
    pub fn long_burn(&self, window: LongWindow, objective: Objective) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a year of microseconds is exact in 53 bits")]
        let coverage = window.covered as f64 / self.long as f64;
        burn_rate(window.counts, objective).map(|burn| burn * coverage)
    }

    /// Below how many events per hour one single bad event exceeds the factor (which the floor then holds back).
    pub fn one_failure_exceeds_below_per_hour(&self, objective: Objective) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a year of microseconds is exact in 53 bits")]
        let long_hours = self.long as f64 / 3_600_000_000.0;
        1.0 / (self.factor() * objective.budget_ratio()) / long_hours
    }
}

/// The long window of a rule at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongWindow {
    /// The events in it.
    pub counts: Counts,
    /// How much of it has been observed, in microseconds: since the first event of all, or the whole of it.
    pub covered: Micros,
}

/// How many times faster than allowed the budget is spent; nothing when there were no events.
pub fn burn_rate(counts: Counts, objective: Objective) -> Option<f64> {
    counts.bad_ratio().map(|ratio| ratio / objective.budget_ratio())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn objective(percent: f64) -> Objective {
        Objective::from_percent(percent).unwrap()
    }

    fn rule(name: RuleName) -> BurnRule {
        BurnRule::of(name, &Window::thirty_days())
    }

    #[test]
    fn thirty_days_give_the_windows_and_factors_of_the_workbook() {
        let minutes: Vec<_> = RuleName::ALL
            .map(rule)
            .iter()
            .map(|rule| (rule.long / SECOND / 60, rule.short / SECOND / 60, rule.factor()))
            .collect();
        assert_eq!(
            minutes,
            [(60, 5, 14.4), (360, 30, 6.0), (1_440, 120, 3.0), (4_320, 360, 1.0)]
        );
    }

    #[test]
    fn windows_scale_from_ten_minutes_to_a_year() {
        let quick = |seconds| BurnRule::of(RuleName::PageQuick, &Window::Rolling { seconds });
        assert_eq!(quick(600).long, 833_333);
        assert_eq!(quick(365 * 86_400).long, 43_800 * SECOND);
        assert_eq!(quick(7 * 86_400).long, 840 * SECOND);
    }

    #[test]
    fn a_rule_whose_factor_times_budget_reaches_one_can_never_fire() {
        assert!(!rule(RuleName::PageQuick).can_fire(objective(90.0)));
        assert!(!rule(RuleName::PageQuick).can_fire(objective(93.05)));
        assert!(rule(RuleName::PageQuick).can_fire(objective(93.06)));
        assert!(rule(RuleName::PageSlow).can_fire(objective(90.0)));
        assert!(!rule(RuleName::TicketQuick).can_fire(objective(66.0)));
    }

    #[test]
    fn below_69_events_an_hour_one_failure_exceeds_the_page_at_three_nines() {
        let limit = rule(RuleName::PageQuick).one_failure_exceeds_below_per_hour(objective(99.9));
        assert!((limit - 69.444).abs() < 0.001, "{limit}");
    }

    #[test]
    fn a_window_observed_in_part_stands_for_a_whole_one() {
        // A total outage from the first probe on: 2 % of the budget of 30 days are spent after 52 seconds.
        let outage = |seconds| LongWindow {
            counts: Counts { total: 4, bad: 4 },
            covered: seconds * SECOND,
        };
        let quick = rule(RuleName::PageQuick);
        assert!(!quick.exceeded_in_long(outage(51), objective(99.9)));
        assert!(quick.exceeded_in_long(outage(52), objective(99.9)));
        let burn = quick.long_burn(outage(52), objective(99.9)).unwrap();
        assert!((burn - 14.444).abs() < 0.001, "{burn}");
    }

    #[test]
    fn no_events_are_no_burn() {
        assert_eq!(burn_rate(Counts::default(), objective(99.9)), None);
        assert!(!rule(RuleName::PageQuick).exceeded_by(Counts::default(), objective(99.9)));
    }

    #[test]
    fn exactly_the_factor_does_not_exceed_it() {
        let counts = Counts {
            total: 10_000,
            bad: 144,
        };
        assert!(!rule(RuleName::PageQuick).exceeded_by(counts, objective(99.9)));
        let counts = Counts {
            total: 10_000,
            bad: 145,
        };
        assert!(rule(RuleName::PageQuick).exceeded_by(counts, objective(99.9)));
    }

    proptest! {
        #[test]
        fn the_exact_comparison_agrees_with_the_burn_rate(total in 1_u64..1_000_000, bad in 0_u64..1_000, ppm in 950_000_u32..999_999) {
            let objective = Objective::from_ppm(ppm).unwrap();
            let counts = Counts { total, bad: bad.min(total) };
            let burn = burn_rate(counts, objective).unwrap();
            for name in RuleName::ALL {
                let rule = rule(name);
                if (burn - rule.factor()).abs() > 1e-6 {
                    prop_assert_eq!(rule.exceeded_by(counts, objective), burn > rule.factor());
                }
            }
        }

        #[test]
        fn a_rule_that_can_fire_fires_when_everything_fails(ppm in 1_u32..1_000_000, total in 1_u64..1_000_000) {
            let objective = Objective::from_ppm(ppm).unwrap();
            for name in RuleName::ALL {
                let all_bad = Counts { total, bad: total };
                prop_assert_eq!(rule(name).can_fire(objective), rule(name).exceeded_by(all_bad, objective));
            }
        }
    }
}
