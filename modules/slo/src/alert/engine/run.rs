//! The engine's loop: take what came in, let the machine decide, commit, tell.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use jiff::Timestamp;
use mainstay_catalog::{Fleet, ServiceName};
use mainstay_kernel::Environment;
use mainstay_runtime::TaskContext;
use serde_json::json;
use tokio::{sync::mpsc, time::Instant};

use super::{
    Alerts, Answer, Input, Watching,
    apply::{Batch, Book, Refusal, Rows, Uncommitted},
    elsewhere::ASKED,
    view::{FleetView, SteadyClock},
};
use crate::{
    alert::{
        fold::{Effect, Event, Fold, HOLD, OpenAlert, Phase},
        model::{AlertId, What},
        store::{self, Order, Record},
    },
    delivery::{model::DeliveryEvent, store::Job},
    term::Term,
};

/// How many inputs are decided together at most, so that one flood becomes few transactions and none of them is long.
const MOST_AT_ONCE: usize = 256;
/// How often the open alerts are compared with what the watch has decided.
const RECONCILE: Duration = Duration::from_secs(30);
/// A deadline is looked at again after this at the latest, because the clock may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// A dependency is not probed out of turn more often than this.
pub(super) const KICK_GAP: Duration = Duration::from_secs(1);

/// What an earlier engine has left, here or elsewhere.
pub(super) struct Left {
    pub open: Vec<Record>,
    pub position: i64,
    /// When services were last no longer down, if that is not long ago.
    pub resolved: BTreeMap<(Environment, ServiceName), Timestamp>,
}

/// The engine cannot go on with what it has in memory: the term is over, a shutdown has begun, or somebody took back what it
/// had acted upon already.
#[derive(Debug)]
pub(super) struct Ended;

/// Everything the engine knows while it runs.
pub(super) struct Run {
    pub alerts: Alerts,
    pub watching: Arc<dyn Watching>,
    pub folds: BTreeMap<Environment, Fold>,
    pub book: Book,
    pub fleets: Arc<BTreeMap<Environment, Arc<Fleet>>>,
    clock: SteadyClock,
    pub kicked: HashMap<(Environment, ServiceName), Instant>,
    /// See [`Left::resolved`].
    pub resolved: BTreeMap<(Environment, ServiceName), Timestamp>,
    /// Services whose alerts do not agree with what is decided, perhaps because an earlier engine knew more.
    pub doubts: BTreeSet<(Environment, ServiceName)>,
    term: Term,
}

impl Run {
    pub fn new(alerts: Alerts, watching: Arc<dyn Watching>, term: Term, left: &Left) -> Self {
        let inner = alerts.inner.clone();
        let fleets = inner.fleets.get();
        Self {
            book: Book {
                world: inner.world.clone(),
                webhooks: inner.deliveries.webhooks.clone(),
                public_url: inner.deliveries.public_url.clone(),
                records: BTreeMap::new(),
                position: left.position,
            },
            fleets,
            clock: SteadyClock::starting_at(inner.world.now()),
            folds: BTreeMap::new(),
            kicked: HashMap::new(),
            resolved: left.resolved.clone(),
            doubts: BTreeSet::new(),
            term,
            watching,
            alerts,
        }
    }

    /// Takes up the alerts of an earlier process. Times that lie ahead because the clock was set back are drawn in.
    pub async fn restore(&mut self, open: Vec<Record>, context: &TaskContext) -> Result<(), Ended> {
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
        self.finish(batch, context).await
    }

    pub async fn run(&mut self, mut inputs: mpsc::UnboundedReceiver<Input>, context: &TaskContext) {
        let mut fleets = self.alerts.inner.fleets.clone();
        fleets.mark_unseen();
        let mut reconcile = tokio::time::interval(RECONCILE);
        reconcile.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let shared = self.alerts.inner.shared.clone();
        let (mut asked, others) = (shared.wakes.bell(ASKED), shared.leases.is_shared());
        let mut look = tokio::time::interval(shared.leases.look_every());
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let mut batch = Batch::default();
            let wait = self.next_wait();
            tokio::select! {
                biased;
                () = context.stopping() => return,
                () = fleets.changed() => self.fleet_changed(&mut batch, fleets.get()),
                _ = reconcile.tick() => self.reconcile(&mut batch),
                () = asked.rung(), if others => self.take_orders(&mut batch, context).await,
                _ = look.tick(), if others => self.take_orders(&mut batch, context).await,
                input = inputs.recv() => {
                    let Some(input) = input else { return };
                    self.take(&mut batch, input);
                    for _ in 1..MOST_AT_ONCE {
                        let Ok(input) = inputs.try_recv() else { break };
                        self.take(&mut batch, input);
                    }
                }
                () = tokio::time::sleep(wait) => {}
            }
            self.tick(&mut batch);
            if self.finish(batch, context).await.is_err() {
                return;
            }
            context.ran(format!("{} open alerts", self.book.records.len()));
        }
    }

    pub fn now(&mut self) -> Timestamp {
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
    pub fn apply(&mut self, batch: &mut Batch, environment: &Environment, event: Event, because: Option<&str>) {
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
                self.settle(batch, &environment, &service);
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
            Input::Accepted(id) => {
                if let Some(record) = self.book.records.get_mut(&id) {
                    record.accepted += 1;
                    batch.shown.insert(id);
                }
            }
            Input::Order {
                scope,
                id,
                order,
                answer,
            } => match self.open_record(&scope.environment, id) {
                Ok(record) => {
                    let told = record.open.told_at.is_some();
                    let (what, detail) = obey(record, order, now);
                    self.book.step(batch, id, now, what, Some(detail));
                    if told && what == What::Acknowledged {
                        self.book.tell(batch, id, now, DeliveryEvent::Acknowledged);
                    }
                    batch.done.push((id, answer));
                }
                Err(Some(title)) => batch.refusals.push((Refusal::AlreadyResolved(title), answer)),
                Err(None) => batch.refusals.push((Refusal::NoSuchAlert(scope, id), answer)),
            },
        }
    }

    /// What was asked at other replicas.
    async fn take_orders(&mut self, batch: &mut Batch, context: &TaskContext) {
        match store::waiting_commands(&self.alerts.inner.db).await {
            Ok(commands) => {
                for command in commands {
                    let order = Input::Order {
                        scope: command.scope,
                        id: command.alert,
                        order: command.order,
                        answer: Answer::Elsewhere(command.id),
                    };
                    self.take(batch, order);
                }
            }
            Err(error) => context.failed(error),
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
    async fn finish(&mut self, mut batch: Batch, context: &TaskContext) -> Result<(), Ended> {
        // Probes were asked for by what is in memory already, and telling them late would only prolong the wait.
        let waits = !self.doubts.is_empty() || self.folds.values().any(Fold::is_waiting);
        self.alerts.inner.waiting.store(waits, Ordering::SeqCst);
        self.kick(std::mem::take(&mut batch.kicks));

        let rows = self.book.rows(&mut batch);
        if !rows.is_empty() {
            self.commit(&rows, context).await?;
        }
        let jobs: Vec<Job> = rows.deliveries.iter().map(Job::from).collect();
        if !jobs.is_empty() {
            self.alerts.inner.deliveries.dispatcher.enqueue(jobs);
        }
        self.announce(&rows, &batch.shown);
        for (id, answer) in batch.done {
            if let (Answer::Here(answer), Some(record)) = (answer, self.book.records.get(&id)) {
                let _ = answer.send(Ok(record.shown(self.alerts.is_silenced(record))));
            }
        }
        for (refusal, answer) in batch.refusals {
            if let Answer::Here(answer) = answer {
                let _ = answer.send(Err(refusal.problem()));
            }
        }
        self.book.forget_resolved();
        Ok(())
    }

    /// Nothing may be told before it is committed, and nothing may be lost: it waits for the database, but not for the next
    /// term.
    async fn commit(&self, rows: &Rows, context: &TaskContext) -> Result<(), Ended> {
        let mut wait = Duration::from_millis(100);
        let mut tried = false;
        loop {
            match rows.commit(&self.alerts.inner, &self.term, tried).await {
                Ok(()) => return Ok(()),
                Err(Uncommitted::Fenced | Uncommitted::TakenBack) => return Err(Ended),
                Err(Uncommitted::Store(error)) => context.failed(&error),
            }
            tried = true;
            if !context.sleep(wait).await {
                return Err(Ended);
            }
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }

    fn announce(&self, rows: &Rows, shown: &BTreeSet<AlertId>) {
        let hub = &self.alerts.inner.hub;
        if hub.has_listeners() {
            let written: BTreeSet<AlertId> = rows.records.iter().map(|record| record.open.id).collect();
            let others = shown.difference(&written).filter_map(|id| self.book.records.get(id));
            for record in rows.records.iter().chain(others) {
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
                    alert.webhooks = record.told.as_ref().map_or(0, Vec::len),
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

/// Changes the record as somebody asked; answers what that is called, and who asked it.
fn obey(record: &mut Record, order: Order, now: Timestamp) -> (What, String) {
    match order {
        Order::Acknowledge { by, note } => {
            let detail = note.map_or_else(|| format!("By {by}."), |note| format!("By {by}: {note}"));
            record.acknowledged_at = Some(now);
            record.acknowledged_by = Some(by);
            (What::Acknowledged, detail)
        }
        Order::Unacknowledge { by } => {
            record.acknowledged_at = None;
            record.acknowledged_by = None;
            (What::Unacknowledged, format!("By {by}."))
        }
    }
}
