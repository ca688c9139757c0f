//! A complete promise: what is measured, how much of it must be good, over which time, and who is told when it is not.

use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, Micros};

use super::{BurnRule, Counts, LongWindow, Objective, Ppm, RuleName, SECOND, Sli, SliKind, Window, WindowCounts};

/// A slice of a throughput SLO is at least this long: over less, a rate of probes means nothing.
const SHORTEST_SLICE_S: i64 = 10;

/// A promise about one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Unique in its environment.
    pub name: String,
    /// The service it is about.
    pub service: ServiceName,
    /// Where the service runs.
    pub environment: Environment,
    /// What is promised, in a sentence or two.
    pub description: Option<String>,
    /// What is measured.
    pub sli: Sli,
    /// The share that must be good.
    pub objective: Objective,
    /// Over which time.
    pub window: Window,
    /// The burn-rate rules that are watched, quickest first.
    pub rules: Vec<RuleName>,
    /// The spent share of the budget that is announced by a ticket.
    pub spent_alert_ppm: Ppm,
}

impl Definition {
    /// The rules that are watched.
    pub fn burn_rules(&self) -> impl Iterator<Item = BurnRule> {
        self.rules.iter().map(|name| BurnRule::of(*name, &self.window))
    }

    /// All four rules, watched or not: the windows over which burn is shown.
    pub fn all_rules(&self) -> impl Iterator<Item = BurnRule> {
        RuleName::ALL.into_iter().map(|name| BurnRule::of(name, &self.window))
    }

    /// The width of the buckets its events are counted in.
    pub fn bucket_us(&self) -> Micros {
        let width = self.window.bucket_s();
        let seconds = match self.sli.kind {
            SliKind::Throughput { .. } => width.max(SHORTEST_SLICE_S),
            _ => width,
        };
        seconds * SECOND
    }

    /// How long events keep their exact times: the quickest rule's long and short window.
    pub fn exact_span(&self) -> Micros {
        BurnRule::of(RuleName::PageQuick, &self.window).long / 12 * 13
    }

    /// Empty counts for it, of events from `since` on.
    pub fn empty_counts(&self, since: Micros) -> WindowCounts {
        WindowCounts::new(self.bucket_us(), self.exact_span(), since)
    }

    /// Its events after `from` and up to `to`: probes, or slices for throughput.
    pub fn counts_within(&self, counts: &WindowCounts, from: Micros, to: Micros) -> Counts {
        match self.sli.kind {
            SliKind::Throughput { minimum_milli_per_s } => counts.slices_within(from, to, minimum_milli_per_s),
            _ => counts.within(from, to),
        }
    }

    /// The long window of a rule at `now`.
    pub fn long_window(&self, counts: &WindowCounts, rule: &BurnRule, now: Micros) -> LongWindow {
        let from = now - rule.long;
        let since = counts.first().unwrap_or(now).max(from);
        LongWindow {
            counts: self.counts_within(counts, from, now),
            covered: (now - since).clamp(SECOND.min(rule.long), rule.long),
        }
    }

    /// Its events bucket by bucket.
    pub fn events_within(&self, counts: &WindowCounts, from: Micros, to: Micros) -> Vec<(Micros, Counts)> {
        let buckets = counts.buckets(from, to);
        match self.sli.kind {
            SliKind::Throughput { minimum_milli_per_s } => buckets
                .filter(|(at, _)| at + counts.width() <= to)
                .map(|(at, bucket)| {
                    let bad = u64::from(counts.is_slow_slice(bucket, minimum_milli_per_s));
                    (at, Counts { total: 1, bad })
                })
                .collect(),
            _ => buckets.collect(),
        }
    }

    /// The end of an open-ended count: a slice must have closed, a probe may lie ahead of a clock that was put back.
    pub(super) fn latest(&self, now: Micros, future: Micros) -> Micros {
        match self.sli.kind {
            SliKind::Throughput { .. } => now,
            _ => future,
        }
    }

    /// Whether events counted under `other` mean the same under this definition.
    pub fn counts_like(&self, other: &Self) -> bool {
        let measured = match (self.sli.kind, other.sli.kind) {
            // The minimum is applied when slices are read, not when they are counted.
            (SliKind::Throughput { .. }, SliKind::Throughput { .. }) => true,
            (mine, theirs) => mine == theirs,
        };
        measured
            && self.sli.checks == other.sli.checks
            && self.service == other.service
            && self.environment == other.environment
    }
}
