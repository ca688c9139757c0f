//! How an SLO stands, for people: its budget, what its rules say, and the numbers beside them.

use mainstay_kernel::Micros;

use super::book::Book;
use crate::{
    model::{Budget, BudgetState, BurnRule, Counts, Histogram, LongWindow, Percentiles, RuleName, SliKind},
    signal::Severity,
};

/// What one rule says, for people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RuleReading {
    pub(crate) rule: BurnRule,
    pub(crate) long: LongWindow,
    pub(crate) short: Counts,
    pub(crate) firing: bool,
}

/// An SLO's standing, for people.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    pub(crate) budget: Budget,
    pub(crate) state: BudgetState,
    pub(crate) rules: Vec<RuleReading>,
    pub(crate) percentiles: Option<Percentiles>,
    pub(crate) throughput_per_s: Option<f64>,
    /// Whether the counts of earlier runs that the window needs are loaded.
    pub(crate) loaded: bool,
}

impl Book {
    /// How the SLO stands at `now`.
    pub(crate) fn standing(&self, now: Micros, loaded_back_to: Micros) -> Standing {
        let definition = &self.promise.definition;
        let budget = Budget::of(definition, &self.counts, now);
        let rules: Vec<_> = self
            .rules
            .iter()
            .map(|(name, state)| {
                let rule = BurnRule::of(*name, &definition.window);
                RuleReading {
                    rule,
                    long: definition.long_window(&self.counts, &rule, now),
                    short: definition.counts_within(&self.counts, now - rule.short, now),
                    firing: state.firing() == Some(true),
                }
            })
            .collect();
        let fires = |severity| {
            rules
                .iter()
                .any(|reading| reading.firing && reading.rule.severity == severity)
        };
        Standing {
            state: budget.state(definition, fires(Severity::Page), fires(Severity::Ticket)),
            percentiles: self.percentiles(budget.period.from),
            throughput_per_s: self.throughput(now),
            loaded: self.knows(budget.period.from, loaded_back_to),
            budget,
            rules,
        }
    }

    fn percentiles(&self, from: Micros) -> Option<Percentiles> {
        let slot = self.promise.latency_slot();
        let mut sum = Histogram::default();
        for (_, histogram) in self.latency.iter().filter(|(begin, _)| begin + slot > from) {
            sum.merge(histogram);
        }
        sum.percentiles()
    }

    /// Successful probes per second over the last closed slices (a 120th of the window), for throughput SLOs.
    fn throughput(&self, now: Micros) -> Option<f64> {
        let SliKind::Throughput { .. } = self.promise.definition.sli.kind else {
            return None;
        };
        let rule = BurnRule::of(RuleName::PageSlow, &self.promise.definition.window);
        let width = self.counts.width();
        let to = self.counts.bucket_start(now);
        let from = to - rule.long.max(width) / width * width;
        let counts = self.counts.buckets_within(from - 1, to - 1);
        #[expect(clippy::cast_precision_loss, reason = "counts and microseconds stay far below 2^53")]
        let rate = (counts.total - counts.bad) as f64 * 1_000_000.0 / (to - from) as f64;
        (counts.total > 0).then_some(rate)
    }
}
