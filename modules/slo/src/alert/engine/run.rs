//! The engine's loop: take what came in, let the machine decide, finish.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use mainstay_catalog::{Fleet, ServiceName};
use mainstay_kernel::Environment;
use mainstay_runtime::TaskContext;
use tokio::{sync::mpsc, time::Instant};

use super::{
    Alerts, Input, Watching,
    apply::{Batch, Book},
    elsewhere::ASKED,
    view::{FleetView, SteadyClock},
};
use crate::{
    alert::{
        fold::{Effect, Event, Fold, HOLD, OpenAlert, Phase},
        store::Record,
    },
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
    pub term: Term,
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
            } => self.order(batch, scope, id, order, answer),
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
}
