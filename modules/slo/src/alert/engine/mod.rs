//! The alert engine: one task that owns the open alerts, feeds the folding machine, writes what follows in one transaction,
//! and only then lets anybody be told. Of several replicas one runs it at a time.
//!
//! **Invariant:** an alert's opening and its deliveries are committed before the first attempt, and only by the replica that
//! holds the lease. Whatever was committed is taken up again after a crash; whatever was not is stated again by the objectives
//! and the watch.

mod apply;
mod commands;
mod decide;
mod elsewhere;
mod finish;
mod lead;
pub(crate) mod live;
mod orders;
mod run;
#[cfg(test)]
mod tests;
mod upkeep;
mod view;
mod words;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use mainstay_catalog::{Declaration, Fleet, ServiceName};
use mainstay_http::EventHub;
use mainstay_kernel::{Environment, Problem, Scope, World, uuid::Uuid};
use mainstay_providers::Outgoing;
use mainstay_runtime::{Latest, Tasks};
use mainstay_store::{Database, StoreError};
use mainstay_work::{Placement, Role};
use tokio::sync::{mpsc, oneshot};

use super::{
    model::{Alert, AlertId, Silence},
    news::News,
    store::{self, CommandId, Order, SilenceRow},
};
use crate::{
    delivery::{
        dispatch::{DeliveryConfig, Dispatcher, Parts, Queue},
        heartbeat::{Heartbeat, HeartbeatConfig},
        service::Deliveries,
        webhooks::Webhooks,
    },
    shared::{Sender, Shared},
    signal::{Signal, SignalSink},
    term::Seat,
};

/// The lease of the replica that decides and delivers alerts. It stays where it is: what is open need not be loaded again.
const PAGE: (&str, Placement) = (
    "slo.page",
    Placement {
        role: Role::Page,
        spread: false,
    },
);

/// Every environment's fleet, as the catalog announces it.
pub type Fleets = mainstay_runtime::Follower<Arc<BTreeMap<Environment, Arc<Fleet>>>>;

/// How alerting and delivery behave.
#[derive(Debug, Clone)]
pub struct AlertsConfig {
    /// Where people find Mainstay, for links in messages.
    pub public_url: String,
    /// How deliveries are made.
    pub delivery: DeliveryConfig,
    /// The outgoing heartbeat.
    pub heartbeat: Option<HeartbeatConfig>,
    /// How long resolved alerts are kept.
    pub keep_alerts: Duration,
    /// How long final deliveries are kept.
    pub keep_deliveries: Duration,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8000".to_owned(),
            delivery: DeliveryConfig::default(),
            heartbeat: None,
            keep_alerts: Duration::from_hours(400 * 24),
            keep_deliveries: Duration::from_hours(30 * 24),
        }
    }
}

/// What the engine asks of those who watch the services.
pub trait Watching: Send + Sync {
    /// Probes a service's checks at once.
    fn kick(&self, environment: &Environment, service: &ServiceName);
    /// Whether anything probes the service at all.
    fn is_watched(&self, environment: &Environment, service: &ServiceName) -> bool;
    /// What is decided about every service now.
    fn decisions(&self) -> Vec<Decision>;
    /// Has every condition of the objectives stated anew: the engine has heard of none so far.
    fn state_anew(&self);
}

/// What is decided about one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Where it runs.
    pub environment: Environment,
    /// The service.
    pub service: ServiceName,
    /// Whether its own checks say that it is down, maintenance excepted.
    pub down: bool,
    /// The reason in words.
    pub reason: Option<String>,
    /// Whether it is in maintenance, in which it is not down whatever its checks say.
    pub in_maintenance: bool,
}

/// Alerts, silences, webhooks and deliveries: the facade of this half of the module.
#[derive(Clone)]
pub struct Alerts {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub db: Database,
    pub world: World,
    pub hub: EventHub,
    pub deliveries: Deliveries,
    pub config: AlertsConfig,
    pub shared: Shared,
    pub sender: Sender,
    pub seat: Seat,
    /// To the engine, while it runs here.
    inputs: RwLock<Option<mpsc::UnboundedSender<Input>>>,
    fleets: Fleets,
    news: News,
    /// Whether an alert waits for news of a service, so that probes are worth telling.
    waiting: AtomicBool,
    silences: RwLock<Arc<Vec<SilenceRow>>>,
    /// Held from reading silences to replacing them: of two who read, the one who read first must not write last.
    loading_silences: tokio::sync::Mutex<()>,
    /// Whom the heartbeat goes to.
    beat_to: Latest<Option<HeartbeatConfig>>,
    heartbeat: RwLock<Heartbeat>,
}

/// What the engine is told.
enum Input {
    Signal(Signal),
    Decision(Decision),
    Probed {
        environment: Environment,
        service: ServiceName,
        started_at: Timestamp,
    },
    Falters {
        environment: Environment,
        service: ServiceName,
        since: Timestamp,
    },
    Silences,
    /// One more webhook has accepted the opening of an alert; it is written down already.
    Accepted(AlertId),
    Order {
        scope: Scope,
        id: AlertId,
        order: Order,
        answer: Answer,
    },
}

/// Whom to tell what became of an order.
enum Answer {
    /// A person at this replica.
    Here(oneshot::Sender<Result<Alert, Problem>>),
    /// Whoever wrote it down at another.
    Elsewhere(CommandId),
}

/// What is made by [`Alerts::new`] and consumed by [`Alerts::start`].
pub struct Engine {
    queue: Queue,
}

/// An address that paths can be added to.
fn base(url: &str) -> Arc<str> {
    url.trim_end_matches('/').into()
}

impl Alerts {
    /// Alerts that are decided here once they are started and the lease is this replica's. Declares the lease, so it comes
    /// before [`mainstay_work::Leases::start`].
    pub fn new(
        db: Database,
        world: World,
        hub: EventHub,
        fleets: Fleets,
        outgoing: Arc<dyn Outgoing>,
        config: AlertsConfig,
        shared: Shared,
    ) -> (Self, Engine) {
        let (dispatcher, queue) = Dispatcher::new();
        let seat = Seat::declare(&shared.leases, PAGE.0, PAGE.1);
        let deliveries = Deliveries {
            db: db.clone(),
            world: world.clone(),
            outgoing,
            webhooks: Webhooks::default(),
            dispatcher,
            wakes: shared.wakes.clone(),
            config: config.delivery.clone(),
            public_url: Latest::new(base(&config.public_url)),
        };
        let heartbeat = Latest::new(config.heartbeat.clone());
        let inner = Inner {
            sender: Sender::new(&world),
            db,
            world,
            hub,
            deliveries,
            config,
            shared,
            seat,
            inputs: RwLock::default(),
            fleets,
            news: News::default(),
            waiting: AtomicBool::new(false),
            silences: RwLock::default(),
            loading_silences: tokio::sync::Mutex::default(),
            beat_to: heartbeat,
            heartbeat: RwLock::default(),
        };
        (Self { inner: Arc::new(inner) }, Engine { queue })
    }

    /// Goes on with another address in messages and another heartbeat. The rest of `config` stays as it was.
    pub(crate) fn reconfigure(&self, config: AlertsConfig) {
        self.inner.deliveries.public_url.set(base(&config.public_url));
        self.inner.beat_to.set_if_different(config.heartbeat);
    }

    /// Takes part in deciding and delivering until shutdown.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn start(&self, engine: Engine, watching: Arc<dyn Watching>, tasks: &Tasks) -> Result<(), StoreError> {
        let inner = &self.inner;
        inner.deliveries.reload().await?;
        self.reload_silences().await?;
        let alerts = self.clone();
        engine.queue.run(
            tasks,
            Parts {
                db: inner.db.clone(),
                world: inner.world.clone(),
                hub: inner.hub.clone(),
                outgoing: inner.deliveries.outgoing.clone(),
                webhooks: inner.deliveries.webhooks.clone(),
                config: inner.deliveries.config.clone(),
                opening_accepted: Arc::new(move |id| alerts.tell(Input::Accepted(id))),
                seat: inner.seat.clone(),
                wakes: inner.shared.wakes.clone(),
                sender: inner.sender.clone(),
            },
        );
        lead::start(self.clone(), watching, tasks);
        self.follow_live(tasks);
        self.start_upkeep(tasks);
        Ok(())
    }

    /// Takes note of a finished probe. Cheap, and never blocks. What is probed during maintenance is not told: a failure
    /// means nothing then.
    pub fn probed(
        &self,
        environment: &Environment,
        service: &ServiceName,
        check: Uuid,
        started_at: Timestamp,
        ok: bool,
    ) {
        let noted = self.inner.news.note(environment, service, check, started_at, ok);
        if noted.began_to_fail {
            self.tell(Input::Falters {
                environment: environment.clone(),
                service: service.clone(),
                since: started_at,
            });
        } else if noted.well && self.inner.waiting.load(Ordering::SeqCst) {
            self.tell(Input::Probed {
                environment: environment.clone(),
                service: service.clone(),
                started_at,
            });
        }
    }

    /// Takes note of what was decided about a service. Cheap, and never blocks.
    pub fn decided(&self, decision: Decision) {
        self.tell(Input::Decision(decision));
    }

    /// Brings the file-managed webhooks into line with the declarations. Answers one sentence for each that cannot be used.
    pub async fn sync_declared_webhooks(&self, declarations: &[Declaration]) -> Vec<String> {
        self.inner.deliveries.sync_declared(declarations).await
    }

    /// How many alerts are open.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_open(&self) -> Result<i64, StoreError> {
        Ok(store::count_open(&self.inner.db).await?.values().sum())
    }

    fn tell(&self, input: Input) {
        // While nobody decides here, nobody listens; what matters is stated again when that begins.
        if let Some(inputs) = &*self.inner.inputs.read().unwrap_or_else(PoisonError::into_inner) {
            let _ = inputs.send(input);
        }
    }

    /// The silences of an environment that are not over.
    fn silences_of(&self, environment: &Environment) -> Vec<Silence> {
        let all = self
            .inner
            .silences
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        all.iter()
            .filter(|row| row.scope.environment == *environment)
            .map(|row| row.silence.clone())
            .collect()
    }

    async fn reload_silences(&self) -> Result<(), StoreError> {
        let _loading = self.inner.loading_silences.lock().await;
        let rows = store::current_silences(&self.inner.db, self.inner.world.now()).await?;
        *self.inner.silences.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rows);
        Ok(())
    }

    fn is_silenced(&self, record: &store::Record) -> bool {
        let now = self.inner.world.now();
        let key = &record.open.key;
        record.resolved_at.is_none()
            && self
                .inner
                .silences
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
                .any(|row| {
                    row.scope.environment == key.environment && row.silence.is_active(now) && row.silence.matches(key)
                })
    }
}

impl SignalSink for Alerts {
    fn signal(&self, signal: Signal) {
        self.tell(Input::Signal(signal));
    }
}
