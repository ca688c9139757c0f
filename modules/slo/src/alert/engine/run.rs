//! The engine's loop: take what came in, let the machine decide, commit, tell.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    convert::Infallible,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use mainstay_catalog::{Fleet, ServiceName, Tier};
use mainstay_kernel::{Environment, OrganizationId};
use mainstay_runtime::{TaskContext, Tasks};
use serde_json::json;
use tokio::{sync::mpsc, time::Instant};

use super::{
    Alerts, Decision, Input, Watching,
    apply::{Batch, Book},
    commands::{already_resolved, no_such_alert},
    words::{self, Text},
};
use crate::{
    alert::{
        fold::{AFTER_ROOT, Effect, Event, Fold, HOLD, OpenAlert, Phase, View},
        model::{AlertId, What},
        store::Record,
    },
    delivery::{model::DeliveryEvent, store::Job},
    signal::{AlertKey, AlertKind, Severity, Signal},
};

/// How many inputs are decided together at most, so that one flood becomes few transactions and none of them is long.
const MOST_AT_ONCE: usize = 256;
/// How often the open alerts are compared with what the watch has decided.
const RECONCILE: Duration = Duration::from_secs(30);
/// A deadline is looked at again after this at the latest, because the clock may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// A dependency is not probed out of turn more often than this.
const KICK_GAP: Duration = Duration::from_secs(1);

pub(super) fn start(
    alerts: Alerts,
    inputs: mpsc::UnboundedReceiver<Input>,
    watching: Arc<dyn Watching>,
    open: Vec<Record>,
    position: i64,
    tasks: &Tasks,
) {
    tasks.spawn("slo.alert", |context| async move {
        let mut run = Run::new(alerts, watching, position);
        run.restore(open, &context).await;
        run.run(inputs, &context).await;
        Ok::<_, Infallible>(())
    });
}

struct Run {
    alerts: Alerts,
    watching: Arc<dyn Watching>,
    folds: BTreeMap<Environment, Fold>,
    book: Book,
    fleets: Arc<BTreeMap<Environment, Arc<Fleet>>>,
    clock: SteadyClock,
    kicked: HashMap<(Environment, ServiceName), Instant>,
}

/// The wall clock as far as it goes forward; while it is set back, time goes on from where it was. Deadlines would
/// otherwise be late by as much as the clock was set back.
struct SteadyClock {
    at: Timestamp,
    since: Instant,
}

impl SteadyClock {
    fn now(&mut self, wall: Timestamp) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::ZERO);
        let steady = self.at.saturating_add(elapsed).unwrap_or(self.at);
        if wall >= steady {
            self.at = wall;
            self.since = Instant::now();
            wall
        } else {
            steady
        }
    }
}

/// The fleet of one environment and the news of it, as the folding machine sees them.
struct FleetView<'v> {
    environment: &'v Environment,
    fleet: Option<&'v Fleet>,
    alerts: &'v Alerts,
    watching: &'v dyn Watching,
}

impl View for FleetView<'_> {
    fn transitive_hard(&self, service: &ServiceName) -> Vec<ServiceName> {
        self.fleet
            .map(|fleet| fleet.transitive_hard(service).cloned().collect())
            .unwrap_or_default()
    }

    fn transitive_dependants(&self, service: &ServiceName) -> Vec<ServiceName> {
        self.fleet
            .map(|fleet| fleet.transitive_dependants(service).cloned().collect())
            .unwrap_or_default()
    }

    fn hard_path(&self, from: &ServiceName, to: &ServiceName) -> Option<Vec<ServiceName>> {
        self.fleet?.hard_path(from, to)
    }

    fn well_since(&self, service: &ServiceName, since: Timestamp) -> bool {
        self.alerts.inner.news.well_since(self.environment, service, since)
            || !self.watching.is_watched(self.environment, service)
    }

    fn is_faltering(&self, service: &ServiceName) -> bool {
        self.alerts.inner.news.is_failing(self.environment, service)
    }
}

impl Run {
    fn new(alerts: Alerts, watching: Arc<dyn Watching>, position: i64) -> Self {
        let inner = alerts.inner.clone();
        let fleets = inner.fleets.borrow().clone();
        Self {
            book: Book {
                world: inner.world.clone(),
                webhooks: inner.deliveries.webhooks.clone(),
                public_url: inner.deliveries.public_url.clone(),
                records: BTreeMap::new(),
                position,
            },
            fleets,
            clock: SteadyClock {
                at: inner.world.now(),
                since: Instant::now(),
            },
            folds: BTreeMap::new(),
            kicked: HashMap::new(),
            watching,
            alerts,
        }
    }

    /// Takes up the alerts of an earlier process. Times that lie ahead because the clock was set back are drawn in.
    async fn restore(&mut self, open: Vec<Record>, context: &TaskContext) {
        let now = self.now();
        let latest = now.saturating_add(HOLD).unwrap_or(now);
        let mut by_environment: BTreeMap<Environment, Vec<OpenAlert>> = BTreeMap::new();
        for mut record in open {
            match &mut record.open.phase {
                Phase::Held { until } => *until = (*until).min(latest),
                Phase::Standing { since } => *since = (*since).min(now),
                Phase::Folded {
                    root_gone_at: Some(gone_at),
                    ..
                } => *gone_at = (*gone_at).min(now),
                Phase::Folded { .. } | Phase::Silenced { .. } => {}
            }
            let environment = record.open.key.environment.clone();
            by_environment.entry(environment).or_default().push(record.open.clone());
            self.book.records.insert(record.open.id, record);
        }
        let mut batch = Batch::default();
        for (environment, open) in by_environment {
            let view = FleetView {
                environment: &environment,
                fleet: self.fleets.get(&environment).map(|fleet| &**fleet),
                alerts: &self.alerts,
                watching: &*self.watching,
            };
            let (fold, effects) = Fold::restore(open, self.alerts.silences_of(&environment), &view);
            self.folds.insert(environment.clone(), fold);
            self.book.take(&mut batch, effects, &environment, now, None);
        }
        self.finish(batch, context).await;
    }

    async fn run(&mut self, mut inputs: mpsc::UnboundedReceiver<Input>, context: &TaskContext) {
        let mut fleets = self.alerts.inner.fleets.clone();
        fleets.mark_changed();
        let mut reconcile = tokio::time::interval(RECONCILE);
        reconcile.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut fleets_alive = true;
        loop {
            let mut batch = Batch::default();
            let wait = self.next_wait();
            tokio::select! {
                () = context.stopping() => return,
                () = tokio::time::sleep(wait) => {}
                changed = fleets.changed(), if fleets_alive => {
                    // Without a catalog the last fleet stays in force.
                    fleets_alive = changed.is_ok();
                    let fleet = fleets.borrow_and_update().clone();
                    self.fleet_changed(&mut batch, fleet);
                }
                _ = reconcile.tick() => self.reconcile(&mut batch),
                input = inputs.recv() => {
                    let Some(input) = input else { return };
                    self.take(&mut batch, input);
                    for _ in 1..MOST_AT_ONCE {
                        let Ok(input) = inputs.try_recv() else { break };
                        self.take(&mut batch, input);
                    }
                }
            }
            self.tick(&mut batch);
            self.finish(batch, context).await;
            context.ran(format!("{} open alerts", self.book.records.len()));
        }
    }

    fn now(&mut self) -> Timestamp {
        self.clock.now(self.alerts.inner.world.now())
    }

    fn next_wait(&mut self) -> Duration {
        let now = self.now();
        let next = self.folds.values().filter_map(Fold::next_deadline).min();
        next.map_or(Duration::from_hours(1), |at| {
            Duration::try_from(at.duration_since(now))
                .unwrap_or_default()
                .min(LONGEST_SLEEP)
        })
    }

    /// Lets the machine of an environment decide.
    fn apply(&mut self, batch: &mut Batch, environment: &Environment, event: Event, because: Option<&str>) {
        let now = self.now();
        let fold = self.folds.entry(environment.clone()).or_default();
        let view = FleetView {
            environment,
            fleet: self.fleets.get(environment).map(|fleet| &**fleet),
            alerts: &self.alerts,
            watching: &*self.watching,
        };
        let effects = fold.apply(event, now, &view);
        // What an effect is about must be seen as the machine left it.
        for id in effects.iter().flat_map(Effect::alerts) {
            if let (Some(open), Some(record)) = (fold.alert(id), self.book.records.get_mut(&id)) {
                record.open = open.clone();
            }
        }
        self.book.take(batch, effects, environment, now, because);
    }

    fn take(&mut self, batch: &mut Batch, input: Input) {
        let now = self.alerts.inner.world.now();
        match input {
            Input::Signal(signal) => self.signal(batch, signal),
            Input::Decision(decision) => self.decision(batch, &decision),
            Input::Probed {
                environment,
                service,
                started_at,
            } => {
                let awaited = self.folds.get(&environment).is_some_and(|fold| fold.awaits(&service));
                if awaited {
                    let event = Event::Probed {
                        service,
                        started_at,
                        well: true,
                    };
                    self.apply(batch, &environment, event, None);
                }
            }
            Input::Falters {
                environment,
                service,
                since,
            } => self.falters(batch, &environment, &service, since),
            Input::Silences => {
                let environments: Vec<Environment> = self.folds.keys().cloned().collect();
                for environment in environments {
                    let silences = self.alerts.silences_of(&environment);
                    self.apply(batch, &environment, Event::Silences(silences), None);
                }
            }
            Input::Acknowledge {
                scope,
                id,
                by,
                note,
                answer,
            } => match self.open_record(&scope.environment, id) {
                Ok(record) => {
                    record.acknowledged_at = Some(now);
                    record.acknowledged_by = Some(by.clone());
                    let delivered = record.open.delivered_at.is_some();
                    let detail = note.map_or_else(|| format!("By {by}."), |note| format!("By {by}: {note}"));
                    self.book.step(batch, id, now, What::Acknowledged, Some(detail));
                    if delivered {
                        self.book.tell(batch, id, now, DeliveryEvent::Acknowledged);
                    }
                    batch.answers.push((id, answer));
                }
                Err(Some(title)) => batch.refusals.push((already_resolved(&title), answer)),
                Err(None) => batch.refusals.push((no_such_alert(&scope, id), answer)),
            },
            Input::Unacknowledge { scope, id, by, answer } => match self.open_record(&scope.environment, id) {
                Ok(record) => {
                    record.acknowledged_at = None;
                    record.acknowledged_by = None;
                    self.book
                        .step(batch, id, now, What::Unacknowledged, Some(format!("By {by}.")));
                    batch.answers.push((id, answer));
                }
                Err(Some(title)) => batch.refusals.push((already_resolved(&title), answer)),
                Err(None) => batch.refusals.push((no_such_alert(&scope, id), answer)),
            },
        }
    }

    /// The record of an open alert; otherwise the title of the one that is over, if it is known.
    fn open_record(&mut self, environment: &Environment, id: AlertId) -> Result<&mut Record, Option<String>> {
        match self.book.records.get_mut(&id) {
            Some(record) if record.open.key.environment != *environment => Err(None),
            Some(record) if record.resolved_at.is_some() => Err(Some(record.title.clone())),
            Some(record) => Ok(record),
            // It was open when it was asked for, so it was resolved since.
            None => Err(Some("This alert".to_owned())),
        }
    }

    fn signal(&mut self, batch: &mut Batch, signal: Signal) {
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

    fn decision(&mut self, batch: &mut Batch, decision: &Decision) {
        let key = AlertKey {
            kind: AlertKind::ServiceDown,
            environment: decision.environment.clone(),
            service: decision.service.clone(),
            slo_id: None,
        };
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
    fn raise(&mut self, batch: &mut Batch, key: AlertKey, severity: Severity, memory: SignedDuration, text: Text) {
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
            delivered_at: None,
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
    fn falters(&mut self, batch: &mut Batch, environment: &Environment, service: &ServiceName, since: Timestamp) {
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

    fn fleet_changed(&mut self, batch: &mut Batch, fleets: Arc<BTreeMap<Environment, Arc<Fleet>>>) {
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

    /// Compares the open alerts with what the watch has decided, in case a change was lost with an earlier process.
    fn reconcile(&mut self, batch: &mut Batch) {
        for decision in self.watching.clone().decisions() {
            self.decision(batch, &decision);
        }
        let now = Instant::now();
        self.kicked.retain(|_, at| now.duration_since(*at) < KICK_GAP);
    }

    fn tick(&mut self, batch: &mut Batch) {
        let now = self.now();
        let due: Vec<Environment> = self
            .folds
            .iter()
            .filter(|(_, fold)| fold.next_deadline().is_some_and(|at| at <= now))
            .map(|(environment, _)| environment.clone())
            .collect();
        for environment in due {
            self.apply(batch, &environment, Event::Tick, None);
        }
    }

    /// Commits a batch, then does what had to wait for that.
    async fn finish(&mut self, mut batch: Batch, context: &TaskContext) {
        // Probes were asked for by what is in memory already, and telling them late would only prolong the wait.
        let waits = self.folds.values().any(Fold::is_waiting);
        self.alerts.inner.waiting.store(waits, Ordering::SeqCst);
        self.kick(std::mem::take(&mut batch.kicks));

        let rows = self.book.rows(&mut batch);
        if !rows.is_empty() {
            let mut wait = Duration::from_millis(100);
            while let Err(error) = rows.commit(&self.alerts.inner.db).await {
                // Nothing may be told before it is committed, and nothing may be lost: it waits for the database.
                context.failed(&error);
                if !context.sleep(wait).await {
                    return;
                }
                wait = (wait * 2).min(Duration::from_secs(5));
            }
        }
        let jobs: Vec<Job> = rows.deliveries.iter().map(Job::from).collect();
        if !jobs.is_empty() {
            self.alerts.inner.deliveries.dispatcher.enqueue(jobs);
        }
        self.announce(&rows);
        for (id, answer) in batch.answers {
            if let Some(record) = self.book.records.get(&id) {
                let _ = answer.send(Ok(record.shown(self.alerts.is_silenced(record))));
            }
        }
        for (problem, answer) in batch.refusals {
            let _ = answer.send(Err(problem));
        }
        self.book.forget_resolved();
    }

    fn announce(&self, rows: &super::apply::Rows) {
        let hub = &self.alerts.inner.hub;
        if hub.has_listeners() {
            for record in &rows.records {
                hub.publish("alert", &record.shown(self.alerts.is_silenced(record)));
            }
            for delivery in &rows.deliveries {
                hub.publish(
                    "delivery",
                    &json!({
                        "id": delivery.id, "webhook_id": delivery.webhook_id, "alert_id": delivery.alert_id,
                        "status": "pending",
                    }),
                );
            }
        }
        for step in rows.steps.iter().filter(|step| step.what == What::Opened) {
            if let Some(record) = self.book.records.get(&step.alert) {
                tracing::info!(
                    alert.id = %step.alert,
                    alert.kind = record.open.key.kind.as_str(),
                    alert.severity = %record.open.severity,
                    service.name = %record.open.key.service,
                    alert.delivered = record.open.delivered_at.is_some(),
                    "an alert opened: {}", record.title
                );
            }
            metrics::counter!("mainstay_alerts_opened_total").increment(1);
        }
        #[expect(clippy::cast_precision_loss, reason = "a handful of alerts")]
        metrics::gauge!("mainstay_alerts_open")
            .set(self.folds.values().map(|fold| fold.open().count()).sum::<usize>() as f64);
    }

    fn kick(&mut self, services: BTreeSet<(Environment, ServiceName)>) {
        let now = Instant::now();
        for (environment, service) in services {
            let key = (environment, service);
            let recently = self
                .kicked
                .get(&key)
                .is_some_and(|at| now.duration_since(*at) < KICK_GAP);
            if !recently {
                self.watching.kick(&key.0, &key.1);
                self.kicked.insert(key, now);
            }
        }
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
