//! The account of one SLO: its counts, what its rules say of them, and what the alert engine was last told.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use mainstay_kernel::{Micros, from_micros};

use super::{
    loading::{Loading, Row},
    sentences,
};
use crate::{
    model::{
        Budget, BurnRule, Exceeding, Histogram, Observation, RuleName, RuleState, SeriesId, SliKind, WindowCounts,
    },
    objective::Promise,
    signal::{AlertKey, AlertKind, Severity, Signal, SignalSink},
};

/// A budget that was announced as spent is announced as recovered only when a tenth less than the share is spent, so that
/// it does not flap while old failures leave a rolling window.
const SPENT_MARGIN: f64 = 0.9;

/// What a book must know of the world around it to decide.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    /// The time of the deciding event, or now.
    pub(crate) now: Micros,
    /// Counts of earlier runs are loaded back to this moment.
    pub(crate) loaded_back_to: Micros,
    /// A firing rule holds at least this long after its short window last exceeded.
    pub(crate) least_hold: Micros,
    /// Who is told.
    pub(crate) sink: &'a dyn SignalSink,
}

#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) promise: Arc<Promise>,
    pub(crate) counts: WindowCounts,
    pub(super) latency: VecDeque<(Micros, Histogram)>,
    pub(super) rules: Vec<(RuleName, RuleState)>,
    told: Told,
    /// The series whose counts of earlier runs are to be loaded: there may be some only of what was promised at the start.
    loads: Option<SeriesId>,
    /// Something was counted since the budget was last published.
    pub(crate) changed: bool,
}

/// What the alert engine was last told; nothing before the first decision.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    page: Option<bool>,
    ticket: Option<bool>,
    spent: Option<bool>,
}

impl Book {
    /// Empty counts of events from now on; `loads` is whether those of earlier runs will be loaded.
    pub(crate) fn open(promise: Arc<Promise>, now: Micros, loads: bool) -> Self {
        Self {
            loads: loads.then_some(promise.series),
            counts: promise.definition.empty_counts(now),
            latency: VecDeque::new(),
            rules: promise
                .definition
                .rules
                .iter()
                .map(|name| (*name, RuleState::Undecided { since: now }))
                .collect(),
            told: Told::default(),
            changed: true,
            promise,
        }
    }

    /// Goes on with a changed promise: counts move to its grid, or begin anew with a new series.
    pub(crate) fn turn_page(&mut self, promise: Arc<Promise>, now: Micros, sink: &dyn SignalSink) {
        let place = |promise: &Promise| {
            (
                promise.definition.service.clone(),
                promise.definition.environment.clone(),
            )
        };
        if place(&self.promise) != place(&promise) {
            self.close(sink, now);
        }
        if self.promise.series != promise.series {
            self.counts = promise.definition.empty_counts(now);
            self.latency.clear();
            self.loads = None;
        } else if self.promise.definition.window != promise.definition.window {
            let definition = &promise.definition;
            self.counts = self.counts.regrid(definition.bucket_us(), definition.exact_span());
        }
        let before = std::mem::take(&mut self.rules);
        self.rules = promise
            .definition
            .rules
            .iter()
            .map(|name| {
                let kept = before.iter().find(|(other, _)| other == name);
                (
                    *name,
                    kept.map_or(RuleState::Undecided { since: now }, |(_, state)| *state),
                )
            })
            .collect();
        // The alert engine hears everything again, because the sentences name the old promise.
        self.told = Told::default();
        self.changed = true;
        self.promise = promise;
    }

    /// Counts a probe if it is an event of this SLO; a bad event is decided upon at once. `foreign` is the flush with which
    /// another replica stored it, and how far loading has come.
    pub(crate) fn observe(
        &mut self,
        probe: &Observation<'_>,
        foreign: Option<(Micros, &mut Loading)>,
        moment: Moment<'_>,
    ) {
        if self.count(probe, foreign) == Some(true) {
            self.decide(moment);
        }
    }

    /// Counts a probe without deciding; answers whether it is a bad event, and nothing when it is none.
    pub(super) fn count(&mut self, probe: &Observation<'_>, foreign: Option<(Micros, &mut Loading)>) -> Option<bool> {
        if probe.at < self.promise.counts_from() {
            return None;
        }
        let bad = self.promise.definition.sli.judge(probe)?;
        let series = self.promise.series;
        let mut foreign = foreign.filter(|_| self.loads == Some(series));
        let mut is_new = |at, bin| {
            foreign
                .as_mut()
                .is_none_or(|(flush, loading)| loading.counts(Row { at, series, bin }, bad, *flush))
        };
        if is_new(self.counts.bucket_start(probe.at), None) {
            self.counts.record(probe.at, bad);
        }
        if matches!(self.promise.definition.sli.kind, SliKind::Latency { .. }) {
            let (slot, bin) = (self.latency_slot_of(probe.at), Histogram::bin_of(probe.duration_us));
            if is_new(slot, Some(bin)) {
                self.add_latency(probe.at, bin, 1);
            }
        }
        self.changed = true;
        Some(bad)
    }

    /// The series whose counts of earlier runs are to be loaded.
    pub(super) fn loads(&self) -> Option<SeriesId> {
        self.loads
    }

    /// Forgets what the alert engine was told. What does not fire is undecided again: another engine may have seen it fire.
    pub(super) fn state_anew(&mut self, now: Micros) {
        self.told = Told::default();
        for (_, state) in &mut self.rules {
            if state.firing() != Some(true) {
                *state = RuleState::Undecided { since: now };
            }
        }
    }

    /// Adds a bucket of an earlier run.
    pub(crate) fn load_bucket(&mut self, at: Micros, total: u32, bad: u32) {
        self.counts.add_bucket(at, total, bad);
        self.changed = true;
    }

    /// Adds to the latency histogram of the slot that `at` lies in.
    pub(crate) fn add_latency(&mut self, at: Micros, bin: u16, events: u32) {
        let begin = self.latency_slot_of(at);
        let index = self.latency.partition_point(|(other, _)| *other < begin);
        if self.latency.get(index).is_none_or(|(other, _)| *other != begin) {
            self.latency.insert(index, (begin, Histogram::default()));
        }
        self.latency[index].1.add(bin, events);
    }

    fn latency_slot_of(&self, at: Micros) -> Micros {
        let slot = self.promise.latency_slot().max(1);
        at.div_euclid(slot) * slot
    }

    /// Time passes: forgets what has left the window and decides.
    pub(crate) fn tick(&mut self, moment: Moment<'_>) {
        let from = self.promise.definition.window.period(moment.now).from;
        // A clock that jumped ahead must not make the counts of a whole window vanish when it comes back.
        let slack = self.promise.definition.window.nominal_s() * crate::model::SECOND / 10;
        self.counts.prune(from - slack);
        let slot = self.promise.latency_slot();
        while self
            .latency
            .front()
            .is_some_and(|(begin, _)| begin + slot < from - slack)
        {
            self.latency.pop_front();
        }
        self.decide(moment);
    }

    /// Whether everything since `from` is counted.
    pub(super) fn knows(&self, from: Micros, loaded_back_to: Micros) -> bool {
        loaded_back_to <= from.max(self.promise.counts_from())
    }

    fn decide(&mut self, moment: Moment<'_>) {
        // The usual case costs nothing: no bad event, nothing to take back.
        let slices = matches!(self.promise.definition.sli.kind, SliKind::Throughput { .. });
        let quiet = [self.told.page, self.told.ticket, self.told.spent]
            .iter()
            .all(|told| *told == Some(false));
        if quiet && !slices && !self.counts.any_bad() {
            return;
        }
        self.step_rules(moment);
        self.tell_burn(Severity::Page, moment);
        self.tell_burn(Severity::Ticket, moment);
        self.tell_spent(moment);
    }

    fn step_rules(&mut self, moment: Moment<'_>) {
        let Moment {
            now,
            loaded_back_to,
            least_hold,
            ..
        } = moment;
        let definition = &self.promise.definition;
        for index in 0..self.rules.len() {
            let (name, state) = self.rules[index];
            let rule = BurnRule::of(name, &definition.window);
            if !self.knows(now - rule.long, loaded_back_to) {
                // Waiting begins when there is something to wait for.
                if matches!(state, RuleState::Undecided { .. }) {
                    self.rules[index].1 = RuleState::Undecided { since: now };
                }
                continue;
            }
            let long = definition.long_window(&self.counts, &rule, now);
            let short = definition.counts_within(&self.counts, now - rule.short, now);
            let exceeding = Exceeding {
                long: (long.counts.total > 0).then(|| rule.exceeded_in_long(long, definition.objective)),
                short: rule.exceeded_by(short, definition.objective),
                floor: long.counts.bad >= BurnRule::FLOOR,
            };
            let hold = rule.short.max(least_hold);
            self.rules[index].1 = state.next(now, exceeding, rule.long, hold);
        }
    }

    /// Whether a rule of this severity fires; nothing while one that might is undecided.
    fn burns(&self, severity: Severity) -> Option<bool> {
        let mut undecided = false;
        for (name, state) in &self.rules {
            if BurnRule::of(*name, &self.promise.definition.window).severity != severity {
                continue;
            }
            match state.firing() {
                Some(true) => return Some(true),
                Some(false) => {}
                None => undecided = true,
            }
        }
        (!undecided).then_some(false)
    }

    fn tell_burn(&mut self, severity: Severity, moment: Moment<'_>) {
        let Some(mut firing) = self.burns(severity) else { return };
        let told = match severity {
            Severity::Page => self.told.page,
            Severity::Ticket => {
                // Who was woken needs no ticket beside it; a ticket that was open before stays.
                if firing && self.told.ticket != Some(true) && self.told.page == Some(true) {
                    firing = false;
                }
                self.told.ticket
            }
        };
        if told == Some(firing) {
            return;
        }
        let standing = self.standing(moment.now, moment.loaded_back_to);
        moment.sink.signal(self.signal(
            AlertKind::BurnRate { severity },
            severity,
            firing,
            sentences::burn(&self.promise.definition, severity, firing, &standing),
            moment.now,
        ));
        match severity {
            Severity::Page => self.told.page = Some(firing),
            Severity::Ticket => self.told.ticket = Some(firing),
        }
    }

    fn tell_spent(&mut self, moment: Moment<'_>) {
        let definition = &self.promise.definition;
        let period = definition.window.period(moment.now);
        if !self.knows(period.from, moment.loaded_back_to) {
            return;
        }
        let budget = Budget::of(definition, &self.counts, moment.now);
        let firing = if self.told.spent == Some(true) {
            let share = f64::from(definition.spent_alert_ppm) / 1_000_000.0 * SPENT_MARGIN;
            budget.remaining_ratio.is_some_and(|left| 1.0 - left >= share)
        } else {
            budget.is_spent(definition)
        };
        if self.told.spent == Some(firing) {
            return;
        }
        let standing = self.standing(moment.now, moment.loaded_back_to);
        let words = sentences::spent(definition, firing, &standing);
        moment
            .sink
            .signal(self.signal(AlertKind::BudgetSpent, Severity::Ticket, firing, words, moment.now));
        self.told.spent = Some(firing);
    }

    /// Takes back whatever the alert engine was told, because the promise is gone.
    pub(crate) fn close(&mut self, sink: &dyn SignalSink, now: Micros) {
        let name = &self.promise.definition.name;
        for (kind, severity) in [
            (
                AlertKind::BurnRate {
                    severity: Severity::Page,
                },
                Severity::Page,
            ),
            (
                AlertKind::BurnRate {
                    severity: Severity::Ticket,
                },
                Severity::Ticket,
            ),
            (AlertKind::BudgetSpent, Severity::Ticket),
        ] {
            let words = sentences::Words {
                title: format!("{name} is no longer promised"),
                summary: format!("The SLO {name} was removed, so its budget is no longer watched."),
                values: BTreeMap::new(),
            };
            sink.signal(self.signal(kind, severity, false, words, now));
        }
    }

    fn signal(
        &self,
        kind: AlertKind,
        severity: Severity,
        firing: bool,
        words: sentences::Words,
        now: Micros,
    ) -> Signal {
        let definition = &self.promise.definition;
        Signal {
            key: AlertKey {
                kind,
                environment: definition.environment.clone(),
                service: definition.service.clone(),
                slo_id: Some(self.promise.id),
            },
            severity,
            firing,
            at: from_micros(now),
            title: words.title,
            summary: words.summary,
            values: words.values,
        }
    }
}
