//! The use cases of watch, and the facade other modules see: load, decide, save, announce. Knows no SQL and no HTTP.

mod checks;
mod history;
mod maintenance;
mod reconcile;
mod states;

#[cfg(test)]
pub(crate) mod tests;

use std::{
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use mainstay_catalog::{Catalog, Declaration, Fleets, Follower};
use mainstay_http::EventHub;
use mainstay_kernel::{Micros, World};
use mainstay_runtime::{Latest, Tasks};
use mainstay_store::{Database, StoreError, Transaction};
use tokio::time::Instant;

pub use self::history::{History, HistoryQuery};
pub use self::maintenance::NewMaintenance;
pub use self::reconcile::CheckValidator;
pub use self::states::{Strip, StripQuery};
use crate::{
    declared_windows,
    engine::{Engine, Known, Live, Stored},
    error::WatchError,
    events::ProbeListener,
    generate::DECLARATION_KIND,
    history::{Buffer, FlushParticipant, Retention, Writer},
    model::{check::Check, check::CheckId, draft::Defaults},
    probe::{Prober, ProberConfig, Reach},
    schedule::{Inbox, Scheduler, Timing},
    share::Share,
    store::{Store, TransitionRow},
};

/// How watch works.
#[derive(Debug, Clone)]
pub struct WatchConfig {
    /// What fills the gaps of checks.
    pub defaults: Defaults,
    /// Probes under way at once.
    pub concurrency: usize,
    /// Results that wait in memory while the database is away; newer ones are dropped and counted.
    pub buffer: usize,
    /// How long history is kept.
    pub retention: Retention,
    /// The folder with the files that headers take their values from.
    pub secrets_folder: Option<PathBuf>,
    /// PEM files with certificates to trust beside the operating system's.
    pub trusted_certificates: Vec<PathBuf>,
    /// How targets are reached; what a process began with stays.
    pub reach: Reach,
}

impl WatchConfig {
    fn prober(&self) -> ProberConfig {
        ProberConfig {
            secrets_folder: self.secrets_folder.clone(),
            trusted_certificates: self.trusted_certificates.clone(),
        }
    }
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self {
            defaults: Defaults::default(),
            concurrency: 512,
            // A minute of 10,000 checks at ten seconds.
            buffer: 60_000,
            retention: Retention::default(),
            secrets_folder: None,
            trusted_certificates: Vec::new(),
            reach: Reach::default(),
        }
    }
}

/// Where services and declared checks come from.
pub trait FleetSource: Send + Sync + 'static {
    /// Every environment's services; ticks when services or declarations change.
    fn fleets(&self) -> mainstay_runtime::Follower<Fleets>;

    /// The checks that files declare.
    fn declared_checks(&self) -> Vec<Declaration>;

    /// The maintenance windows that files declare.
    fn declared_maintenance(&self) -> Vec<Declaration> {
        Vec::new()
    }

    /// Who says, to those that wait for it, which state of the fleets watch has taken up.
    fn follower(&self) -> Option<Follower> {
        None
    }
}

impl FleetSource for Catalog {
    fn fleets(&self) -> mainstay_runtime::Follower<Fleets> {
        Self::fleets(self)
    }

    fn declared_checks(&self) -> Vec<Declaration> {
        self.declarations(DECLARATION_KIND)
    }

    fn declared_maintenance(&self) -> Vec<Declaration> {
        self.declarations(declared_windows::KIND)
    }

    fn follower(&self) -> Option<Follower> {
        Some(Self::follower(self))
    }
}

/// Watch: probes every check, decides states, keeps history. Cheap to clone.
#[derive(Clone)]
pub struct Watch {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    world: World,
    catalog: Box<dyn FleetSource>,
    config: Latest<WatchConfig>,
    engine: Arc<Engine>,
    scheduler: Scheduler,
    inbox: Mutex<Option<Inbox>>,
    writer: Arc<Writer>,
    share: Share,
    /// The flush that the states at the start include.
    follow_from: Micros,
    /// Held while checks are changed, so that memory follows the database in order.
    edits: tokio::sync::Mutex<()>,
    /// Set by the start.
    tasks: OnceLock<Tasks>,
    /// The sums behind the uptime, and when they were made.
    uptime: Mutex<Option<(Instant, states::Totals)>>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}

impl Watch {
    /// Opens watch and goes on where it stopped: states, streaks and since when. Starts nothing.
    ///
    /// # Errors
    /// When the database cannot be read or a trusted certificate is unreadable.
    pub async fn new(
        database: Database,
        world: World,
        hub: EventHub,
        catalog: impl FleetSource,
        config: WatchConfig,
    ) -> Result<Self, WatchError> {
        Self::shared(database, world, hub, catalog, config, Share::default()).await
    }

    /// The same as one of several replicas.
    ///
    /// # Errors
    /// As [`Watch::new`].
    pub async fn shared(
        database: Database,
        world: World,
        hub: EventHub,
        catalog: impl FleetSource,
        config: WatchConfig,
        share: Share,
    ) -> Result<Self, WatchError> {
        let store = Store::new(database);
        // Read before the states: a flush in between is heard of twice rather than not at all.
        let follow_from = store.last_flush().await?;
        let prober = Prober::new(world.clone(), config.reach.clone(), &config.prober())?;
        let buffer = Arc::new(Buffer::new(config.buffer));
        let writer = Arc::new(Writer::new(store.clone(), world.clone(), Arc::clone(&buffer), share.clone()).await?);
        let stored = Stored {
            checks: store.checks().await?,
            check_states: store.check_states().await?,
            service_states: store.service_states().await?,
            windows: store.maintenance_ending_after(world.now_micros()).await?,
        };
        let (known, changes) = Known::resume(catalog.fleets().get(), stored, world.now());
        buffer.push_transitions(changes.iter().filter_map(TransitionRow::of));
        let engine = Arc::new(Engine::new(world.clone(), hub, prober, buffer, known));
        let (scheduler, inbox) = Scheduler::new();
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                world,
                catalog: Box::new(catalog),
                config: Latest::new(config),
                engine,
                scheduler,
                inbox: Mutex::new(Some(inbox)),
                writer,
                share,
                follow_from,
                edits: tokio::sync::Mutex::default(),
                tasks: OnceLock::new(),
                uptime: Mutex::default(),
            }),
        })
    }

    /// Adds someone who hears of every decision; before [`Watch::start`].
    pub fn add_listener(&self, listener: Arc<dyn ProbeListener>) {
        self.inner.engine.add_listener(listener);
    }

    /// Adds someone who writes in the transaction of the results; before [`Watch::start`].
    pub fn add_participant(&self, participant: Arc<dyn FlushParticipant>) {
        self.inner.writer.add_participant(participant);
    }

    /// Makes the checks the catalog asks for and starts probing.
    ///
    /// # Errors
    /// When the database refuses the first checks.
    pub async fn start(&self, tasks: &Tasks) -> Result<(), WatchError> {
        let inner = &self.inner;
        let Some(inbox) = inner.inbox.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        inner.tasks.get_or_init(|| tasks.clone());
        // Subscribed before reading, so that no change falls between.
        let mut fleets = inner.catalog.fleets();
        fleets.mark_seen();
        self.reconcile().await?;
        let runner = Arc::new(Arc::clone(&inner.engine));
        inner
            .scheduler
            .start(inbox, tasks, inner.config.get().concurrency, runner);
        let all: Vec<Arc<Live>> = inner.engine.known().checks().cloned().collect();
        self.schedule(all.iter().map(|live| &live.check));
        inner.writer.start(tasks);
        let config = inner.config.clone();
        Retention::start(
            move || config.get().retention,
            inner.store.clone(),
            inner.world.clone(),
            inner.share.clone(),
            tasks,
        );
        self.follow_catalog(fleets, tasks);
        self.follow_clock(tasks);
        self.follow_others(inner.follow_from, tasks);
        Ok(())
    }

    /// Goes on with another configuration: secrets and certificates, which are read again, and the number of probes at once
    /// from the next probe, retention from its next run, and the gaps of generated and declared checks as soon as the
    /// database took them. What checks made by hand were given stays, and so does the size of the buffer.
    ///
    /// # Errors
    /// When a trusted certificate is unreadable; then nothing has changed.
    pub fn reconfigure(&self, config: WatchConfig) -> Result<(), WatchError> {
        self.inner.engine.equip(&config.prober())?;
        self.inner.scheduler.limit(config.concurrency);
        self.inner.config.set(config);
        Ok(())
    }

    /// The newest flush that a snapshot of the database sees, for whoever counts from there on; see [`crate::ProbeEvent`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_flush_in(&self, snapshot: &mut Transaction) -> Result<Micros, StoreError> {
        self.inner.store.last_flush_in(snapshot).await
    }

    pub(crate) fn share(&self) -> &Share {
        &self.inner.share
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.inner.engine
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.inner.writer
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn scheduler(&self) -> &Scheduler {
        &self.inner.scheduler
    }

    pub(crate) async fn edits(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.edits.lock().await
    }

    /// Starts the task `watch.clock`: windows begin and end by themselves.
    fn follow_clock(&self, tasks: &Tasks) {
        let watch = self.clone();
        tasks.spawn("watch.clock", |context| async move {
            let mut active = 0;
            // The wall clock may be set, so nothing can be waited for.
            while context.sleep(watch.inner.share.look_every()).await {
                let now = watch.inner.world.now();
                let covering: Vec<_> = {
                    let known = watch.inner.engine.known();
                    let covers = |window: &&crate::model::maintenance::Maintenance| {
                        window.starts_at <= now && now < window.ends_at
                    };
                    known.windows().iter().filter(covers).map(|window| window.id).collect()
                };
                // Which windows cover this moment, as one number to compare with the moment before.
                let fingerprint = {
                    use std::hash::{DefaultHasher, Hash, Hasher};
                    let mut hasher = DefaultHasher::new();
                    covering.hash(&mut hasher);
                    hasher.finish()
                };
                if fingerprint != active {
                    active = fingerprint;
                    watch.inner.engine.change(Known::refresh_all);
                    context.ran(format!("{} maintenance windows are open", covering.len()));
                }
            }
            Ok::<_, Infallible>(())
        });
    }

    /// Tells the scheduler how often checks are probed; paused ones and those of other replicas are not.
    pub(crate) fn schedule<'c>(&self, checks: impl Iterator<Item = &'c Check>) {
        let (mut put, mut remove): (Vec<(CheckId, Timing)>, Vec<CheckId>) = (Vec::new(), Vec::new());
        for check in checks {
            if check.paused || !self.inner.share.owns(check.id) {
                remove.push(check.id);
            } else {
                let millis = |millis: u32| Duration::from_millis(u64::from(millis));
                put.push((
                    check.id,
                    Timing {
                        interval: millis(check.spec.interval_ms),
                        retry: millis(check.spec.retry_ms),
                    },
                ));
            }
        }
        self.inner.scheduler.put(put);
        self.inner.scheduler.remove(remove);
    }
}
