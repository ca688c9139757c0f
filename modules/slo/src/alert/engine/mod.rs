//! The alert engine: one task that owns the open alerts, feeds the folding machine, writes what follows in one transaction,
//! and only then lets anybody be told.
//!
//! **Invariant:** an alert's opening and its deliveries are committed before the first attempt. Whatever was committed is
//! taken up again after a crash; whatever was not is stated again by the objectives and the watch.

mod apply;
mod commands;
mod decide;
mod run;
#[cfg(test)]
mod tests;
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
use mainstay_runtime::Tasks;
use mainstay_store::{Database, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    model::{Alert, AlertId, Silence},
    news::News,
    store::{self, SilenceRow},
};
use crate::{
    delivery::{
        dispatch::{DeliveryConfig, Dispatcher, Parts, Queue, Webhooks},
        heartbeat::{Heartbeat, HeartbeatConfig},
        service::Deliveries,
    },
    signal::{Signal, SignalSink},
};

/// Every environment's fleet, as the catalog announces it.
pub type Fleets = watch::Receiver<Arc<BTreeMap<Environment, Arc<Fleet>>>>;

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
    inputs: mpsc::UnboundedSender<Input>,
    fleets: Fleets,
    news: News,
    /// Whether an alert waits for news of a service, so that probes are worth telling.
    waiting: AtomicBool,
    silences: RwLock<Arc<Vec<SilenceRow>>>,
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
    Acknowledge {
        scope: Scope,
        id: AlertId,
        by: String,
        note: Option<String>,
        answer: Answer,
    },
    Unacknowledge {
        scope: Scope,
        id: AlertId,
        by: String,
        answer: Answer,
    },
}

type Answer = oneshot::Sender<Result<Alert, Problem>>;

/// What is made by [`Alerts::new`] and consumed by [`Alerts::start`].
pub struct Engine {
    inputs: mpsc::UnboundedReceiver<Input>,
    queue: Queue,
}

impl Alerts {
    /// Alerts that take note of what they are told from now on, and act on it once started.
    pub fn new(
        db: Database,
        world: World,
        hub: EventHub,
        fleets: Fleets,
        outgoing: Arc<dyn Outgoing>,
        config: AlertsConfig,
    ) -> (Self, Engine) {
        let (sender, inputs) = mpsc::unbounded_channel();
        let (dispatcher, queue) = Dispatcher::new();
        let deliveries = Deliveries {
            db: db.clone(),
            world: world.clone(),
            outgoing,
            webhooks: Webhooks::default(),
            dispatcher,
            config: config.delivery.clone(),
            public_url: config.public_url.trim_end_matches('/').into(),
        };
        let inner = Inner {
            db,
            world,
            hub,
            deliveries,
            config,
            inputs: sender,
            fleets,
            news: News::default(),
            waiting: AtomicBool::new(false),
            silences: RwLock::default(),
            heartbeat: RwLock::default(),
        };
        (Self { inner: Arc::new(inner) }, Engine { inputs, queue })
    }

    /// Loads what was open and unfinished, then works until shutdown.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn start(&self, engine: Engine, watching: Arc<dyn Watching>, tasks: &Tasks) -> Result<(), StoreError> {
        self.inner.deliveries.reload().await?;
        self.reload_silences().await?;
        let open = store::all_open(&self.inner.db).await?;
        let position = store::last_position(&self.inner.db).await?;
        let deliveries = &self.inner.deliveries;
        engine.queue.run(
            tasks,
            Parts {
                db: self.inner.db.clone(),
                world: self.inner.world.clone(),
                hub: self.inner.hub.clone(),
                outgoing: deliveries.outgoing.clone(),
                webhooks: deliveries.webhooks.clone(),
                config: deliveries.config.clone(),
            },
        );
        run::start(self.clone(), engine.inputs, watching, open, position, tasks);
        self.start_heartbeat(tasks);
        self.start_pruning(tasks);
        Ok(())
    }

    fn start_heartbeat(&self, tasks: &Tasks) {
        let db = self.inner.db.clone();
        let heartbeat = Heartbeat::start(
            self.inner.config.heartbeat.clone(),
            self.inner.deliveries.outgoing.clone(),
            Arc::new(move || {
                let db = db.clone();
                Box::pin(async move { db.ping().await.map_err(|error| error.to_string()) })
            }),
            &self.inner.world,
            tasks,
        );
        *self.inner.heartbeat.write().unwrap_or_else(PoisonError::into_inner) = heartbeat;
    }

    fn start_pruning(&self, tasks: &Tasks) {
        const EVERY: Duration = Duration::from_hours(1);
        let inner = self.inner.clone();
        tasks.spawn("slo.prune-alerts", |context| async move {
            while context.sleep(EVERY).await {
                match inner.prune().await {
                    Ok(detail) => context.ran(detail),
                    Err(error) => context.failed(error),
                }
            }
            Ok::<_, StoreError>(())
        });
    }

    /// The outgoing heartbeat.
    pub fn heartbeat(&self) -> Heartbeat {
        self.inner
            .heartbeat
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
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
        // After shutdown nobody listens; what matters then is stated again at the next start.
        let _ = self.inner.inputs.send(input);
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

impl Inner {
    async fn prune(&self) -> Result<String, StoreError> {
        const BATCH: i64 = 1000;
        let ago = |age: Duration| {
            let age = jiff::SignedDuration::try_from(age).unwrap_or(jiff::SignedDuration::MAX);
            self.world.now().checked_sub(age).unwrap_or(Timestamp::MIN)
        };
        let deliveries = self.deliveries.prune(ago(self.config.keep_deliveries)).await?;
        let mut alerts = 0;
        loop {
            let deleted = store::delete_older_than(&self.db, ago(self.config.keep_alerts), BATCH).await?;
            alerts += deleted;
            if deleted < BATCH.unsigned_abs() {
                return Ok(format!("deleted {alerts} old alerts and {deliveries} old deliveries"));
            }
        }
    }
}

impl SignalSink for Alerts {
    fn signal(&self, signal: Signal) {
        self.tell(Input::Signal(signal));
    }
}
