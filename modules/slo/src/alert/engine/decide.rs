//! From what the objectives, the watch and the catalog say to events of the folding machine.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use jiff::{SignedDuration, Timestamp};
use mainstay_catalog::{Fleet, ServiceName, Tier};
use mainstay_kernel::{Environment, OrganizationId};
use tokio::time::Instant;

use super::{
    Decision,
    apply::Batch,
    run::{KICK_GAP, Run},
    words::{self, Text},
};
use crate::{
    alert::{
        fold::{AFTER_ROOT, Event, Fold, OpenAlert, Phase},
        model::AlertId,
        store::Record,
    },
    signal::{AlertKey, AlertKind, Severity, Signal},
};

impl Run {
    pub(super) fn signal(&mut self, batch: &mut Batch, signal: Signal) {
        let environment = signal.key.environment.clone();
        let memory = memory(&signal);
        let text = Text {
            title: signal.title,
            summary: signal.summary,
            values: signal.values,
        };
        if signal.firing {
            self.raise(batch, signal.key, signal.severity, memory, text);
        } else {
            let because = text.summary.clone();
            self.apply(batch, &environment, Event::Cleared { key: signal.key }, Some(&because));
        }
    }

    pub(super) fn decision(&mut self, batch: &mut Batch, decision: &Decision) {
        let key = down_key(decision);
        if decision.down {
            let severity = self.severity(&decision.environment, &decision.service);
            self.raise(
                batch,
                key,
                severity,
                SignedDuration::ZERO,
                words::service_down(decision),
            );
        } else if self
            .folds
            .get(&decision.environment)
            .is_some_and(|fold| fold.find(&key).is_some())
        {
            let because = words::service_up(&decision.service);
            self.apply(batch, &decision.environment, Event::Cleared { key }, Some(&because));
        }
    }

    /// A critical or high service wakes somebody; any other opens a ticket.
    fn severity(&self, environment: &Environment, service: &ServiceName) -> Severity {
        let tier = self
            .fleets
            .get(environment)
            .and_then(|fleet| fleet.service(service))
            .map(|service| service.tier)
            .unwrap_or_default();
        match tier {
            Tier::Critical | Tier::High => Severity::Page,
            Tier::Standard | Tier::Low => Severity::Ticket,
        }
    }

    /// Opens an alert, or brings the words of an open one up to date.
    pub(super) fn raise(
        &mut self,
        batch: &mut Batch,
        key: AlertKey,
        severity: Severity,
        memory: SignedDuration,
        text: Text,
    ) {
        let environment = key.environment.clone();
        let known = self
            .folds
            .get(&environment)
            .and_then(|fold| fold.find(&key))
            .map(|open| open.id);
        if let Some(id) = known {
            if let Some(record) = self.book.records.get_mut(&id)
                && (record.summary != text.summary || record.values != text.values)
            {
                record.title = text.title;
                record.summary = text.summary;
                record.values = text.values;
                batch.changed.insert(id);
            }
            return;
        }
        let now = self.now();
        let since = self.alerts.inner.news.failing_since(&environment, &key.service);
        let failing_since = match key.kind {
            AlertKind::ServiceDown => Some(since.unwrap_or(now)),
            AlertKind::BurnRate { .. } | AlertKind::BudgetSpent => since,
        };
        let id: AlertId = self.alerts.inner.world.id();
        let open = OpenAlert {
            id,
            key: key.clone(),
            severity,
            failing_since,
            opened_at: now,
            memory,
            told_at: None,
            phase: Phase::Standing { since: now },
        };
        self.book.records.insert(
            id,
            Record {
                organization: OrganizationId::DEFAULT,
                open,
                title: text.title,
                summary: text.summary,
                values: text.values,
                resolved_at: None,
                acknowledged_at: None,
                acknowledged_by: None,
                told: None,
                accepted: 0,
            },
        );
        let new_environment = !self.folds.contains_key(&environment);
        if new_environment {
            let silences = self.alerts.silences_of(&environment);
            self.apply(batch, &environment, Event::Silences(silences), None);
        }
        let event = Event::Raised {
            id,
            key,
            severity,
            failing_since,
            memory,
        };
        self.apply(batch, &environment, event, None);
    }

    /// A service begins to fail: what it needs is probed now, so that by the time the failure is decided nobody has to wait
    /// to know whether it is the cause.
    pub(super) fn falters(
        &mut self,
        batch: &mut Batch,
        environment: &Environment,
        service: &ServiceName,
        since: Timestamp,
    ) {
        let Some(fleet) = self.fleets.get(environment) else {
            return;
        };
        let news = &self.alerts.inner.news;
        for dependency in fleet.transitive_hard(service) {
            if !news.well_since(environment, dependency, since) && !news.is_failing(environment, dependency) {
                batch.kicks.insert((environment.clone(), dependency.clone()));
            }
        }
    }

    pub(super) fn fleet_changed(&mut self, batch: &mut Batch, fleets: Arc<BTreeMap<Environment, Arc<Fleet>>>) {
        let before = std::mem::replace(&mut self.fleets, fleets);
        let environments: Vec<Environment> = self.folds.keys().cloned().collect();
        for environment in environments {
            let had = before.get(&environment);
            let has = self.fleets.get(&environment);
            let gone: Vec<AlertKey> = self
                .folds
                .get(&environment)
                .into_iter()
                .flat_map(Fold::open)
                .map(|open| open.key.clone())
                .filter(|key| had.is_some_and(|fleet| fleet.service(&key.service).is_some()))
                .filter(|key| has.is_none_or(|fleet| fleet.service(&key.service).is_none()))
                .collect();
            for key in gone {
                let because = words::left_the_catalog(&key.service);
                self.apply(batch, &environment, Event::Cleared { key }, Some(&because));
            }
            self.apply(batch, &environment, Event::FleetChanged, None);
        }
    }

    /// Compares the open alerts with what the watch has decided, in case a change was lost with an earlier engine. What that
    /// one did may rest on probes that were lost with it: the alert it opened is over only when the service was seen well
    /// since, and one it resolved is opened again only when the service has failed since.
    pub(super) fn reconcile(&mut self, batch: &mut Batch) {
        let decisions = self.watching.clone().decisions();
        let doubtful = decisions.iter().filter(|decision| !self.is_news(decision));
        self.doubts = doubtful.map(place).collect();
        if !self.doubts.is_empty() {
            // From here on a probe is told; whatever came before is seen below.
            self.alerts.inner.waiting.store(true, Ordering::SeqCst);
        }
        for decision in decisions {
            self.compare(batch, &decision);
        }
        let now = Instant::now();
        self.kicked.retain(|_, at| now.duration_since(*at) < KICK_GAP);
    }

    /// A service was seen well: what was doubtful about it may be settled.
    pub(super) fn settle(&mut self, batch: &mut Batch, environment: &Environment, service: &ServiceName) {
        let place = (environment.clone(), service.clone());
        if !self.doubts.contains(&place) {
            return;
        }
        let decisions = self.watching.clone().decisions();
        for decision in decisions.iter().filter(|decision| self::place(decision) == place) {
            self.compare(batch, decision);
        }
    }

    fn compare(&mut self, batch: &mut Batch, decision: &Decision) {
        if self.is_news(decision) {
            self.doubts.remove(&place(decision));
            self.decision(batch, decision);
        }
    }

    fn is_news(&self, decision: &Decision) -> bool {
        let news = &self.alerts.inner.news;
        let (environment, service) = (&decision.environment, &decision.service);
        let open = self
            .folds
            .get(environment)
            .and_then(|fold| fold.find(&down_key(decision)));
        match open {
            None if decision.down => self
                .resolved
                .get(&place(decision))
                .is_none_or(|at| news.failed_since(environment, service, *at)),
            Some(open) if !decision.down => {
                decision.in_maintenance || news.succeeded_since(environment, service, open.opened_at)
            }
            _ => true,
        }
    }
}

fn place(decision: &Decision) -> (Environment, ServiceName) {
    (decision.environment.clone(), decision.service.clone())
}

/// What an alert about a service being down is about.
fn down_key(decision: &Decision) -> AlertKey {
    AlertKey {
        kind: AlertKind::ServiceDown,
        environment: decision.environment.clone(),
        service: decision.service.clone(),
        slo_id: None,
    }
}

/// How long a condition looks back on failures that are over: the short window of a burn-rate rule.
fn memory(signal: &Signal) -> SignedDuration {
    let seconds = signal
        .values
        .get("short_s")
        .and_then(serde_json::Value::as_f64)
        .unwrap_or_default();
    let longest = AFTER_ROOT.as_secs_f64() * 60.0 * 24.0 * 7.0;
    SignedDuration::try_from_secs_f64(seconds.clamp(0.0, longest)).unwrap_or(SignedDuration::ZERO)
}
