//! The module as one thing: objectives whose signals become alerts, wired to the watch they listen to.

use std::sync::{Arc, Mutex, PoisonError};

use mainstay_catalog::{Catalog, Declaration, DeclarationValidator};
use mainstay_http::EventHub;
use mainstay_kernel::{Environment, World};
use mainstay_providers::Outgoing;
use mainstay_runtime::{Latest, Tasks};
use mainstay_store::{Database, StoreError};
use mainstay_watch::{FlushParticipant, ProbeEvent, ProbeListener, ServiceStateChange, Watch};
use mainstay_work::{Placement, Role};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    alert::{Alerts, AlertsConfig, Engine, SilenceDeclarations, Watched, WebhookDeclarations},
    api,
    declaration::SloDeclarations,
    error::SloError,
    service::{Objectives, Settings},
    shared::Shared,
    sharing::Sharing,
    term::Seat,
};

/// Following files stays where it is.
const FILES: Placement = Placement {
    role: Role::Work,
    spread: false,
};

/// How the module behaves.
#[derive(Debug, Clone, Default)]
pub struct SloConfig {
    /// Objectives and their budgets.
    pub objectives: Settings,
    /// Alerts and their delivery.
    pub alerts: AlertsConfig,
    /// Webhooks of the configuration file, as declarations of the kind `webhook`.
    pub webhooks: Vec<Declaration>,
}

/// Objectives, alerts and their delivery. Cheap to clone.
#[derive(Clone)]
pub struct Slo {
    pub(crate) objectives: Objectives,
    pub(crate) alerts: Alerts,
    catalog: Catalog,
    watch: Watch,
    configured_webhooks: Latest<Vec<Declaration>>,
    /// Held by the replicas that follow what files declare: SLOs, and webhooks.
    files: [Seat; 2],
    /// Consumed by the first start.
    engine: Arc<Mutex<Option<Engine>>>,
}

impl Slo {
    /// Reads the definitions and puts the parts together; nothing runs before [`Slo::start`]. `outgoing` is what webhooks and
    /// the heartbeat are called through. Declares leases, so it comes before [`mainstay_work::Leases::start`].
    ///
    /// # Errors
    /// When the database cannot be read.
    #[expect(
        clippy::too_many_arguments,
        reason = "the one place that sees everything the module stands on"
    )]
    pub async fn new(
        db: Database,
        world: World,
        hub: EventHub,
        catalog: Catalog,
        watch: Watch,
        outgoing: Arc<dyn Outgoing>,
        config: SloConfig,
        shared: Shared,
    ) -> Result<Self, SloError> {
        let files = ["slo.follow-files", "slo.follow-webhooks"].map(|name| Seat::declare(&shared.leases, name, FILES));
        let wakes = shared.wakes.clone();
        let (alerts, engine) = Alerts::new(
            db.clone(),
            world.clone(),
            hub.clone(),
            catalog.fleets(),
            outgoing,
            config.alerts,
            shared,
        );
        let objectives = Objectives::new(
            db,
            world,
            hub,
            config.objectives,
            Arc::new(alerts.clone()),
            catalog.fleets(),
        );
        objectives.explain_by(watch.clone());
        objectives.share(Sharing {
            wakes,
            flushes: Arc::new(watch.clone()),
        });
        objectives.open().await?;
        Ok(Self {
            objectives,
            alerts,
            catalog,
            watch,
            configured_webhooks: Latest::new(config.webhooks),
            files,
            engine: Arc::new(Mutex::new(Some(engine))),
        })
    }

    /// Starts deciding, delivering, and following what files declare, each where it falls to this replica. A second call does
    /// nothing. Comes before [`mainstay_work::Leases::start`], too.
    ///
    /// # Errors
    /// When what was left open cannot be read.
    pub async fn start(&self, tasks: &Tasks) -> Result<(), SloError> {
        let engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(engine) = engine else { return Ok(()) };
        let watched = Watched::new(self.watch.clone(), self.catalog.clone(), self.objectives.clone());
        self.alerts.start(engine, watched, tasks).await?;
        let [slos, webhooks] = self.files.clone();
        self.alerts
            .follow_declarations(&self.catalog, self.configured_webhooks.clone(), webhooks, tasks);
        let leases = &self.alerts.inner.shared.leases;
        self.objectives.start(tasks, &self.catalog, slos, leases);
        self.follow_changes(tasks);
        Ok(())
    }

    /// Goes on with another configuration: the address in messages from the next message, the heartbeat at once, and the
    /// declared webhooks as soon as the database took them, whose secrets are read again. How deliveries are made and how long
    /// alerts are kept stays.
    pub fn reconfigure(&self, config: SloConfig) {
        self.objectives.reconfigure(config.objectives);
        self.alerts.reconfigure(config.alerts);
        self.configured_webhooks.set(config.webhooks);
    }

    /// Every route of the module.
    pub fn routes() -> OpenApiRouter<Self> {
        api::routes().merge(api::alert_routes())
    }

    /// What judges declared SLOs, webhooks and silences while files are imported.
    pub fn declaration_validators(&self) -> Vec<Arc<dyn DeclarationValidator>> {
        vec![
            Arc::new(SloDeclarations {
                settings: self.objectives.inner.settings.clone(),
            }),
            Arc::new(WebhookDeclarations { here: true }),
            Arc::new(SilenceDeclarations),
        ]
    }

    /// What hears of every probe and every change of a service's state.
    pub fn probe_listener(&self) -> Arc<dyn ProbeListener> {
        Arc::new(Listener {
            objectives: self.objectives.clone(),
            alerts: self.alerts.clone(),
        })
    }

    /// What writes counts in the transaction that keeps the probes.
    pub fn flush_participant(&self) -> Arc<dyn FlushParticipant> {
        Arc::new(self.objectives.clone())
    }

    /// The objectives alone.
    pub fn objectives(&self) -> &Objectives {
        &self.objectives
    }

    /// The alerts alone.
    pub fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// How many SLOs an environment has.
    pub fn objective_count(&self, environment: &Environment) -> usize {
        self.objectives.count_in(environment)
    }

    /// How many alerts are open.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_alert_count(&self) -> Result<i64, StoreError> {
        self.alerts.count_open().await
    }
}

/// Tells both halves, the alerts first: when a burn is signalled they already know whose probe failed.
struct Listener {
    objectives: Objectives,
    alerts: Alerts,
}

impl ProbeListener for Listener {
    fn on_probe(&self, event: &ProbeEvent) {
        self.alerts.on_probe(event);
        self.objectives.on_probe(event);
    }

    fn on_service_state(&self, change: &ServiceStateChange) {
        self.alerts.on_service_state(change);
    }
}
