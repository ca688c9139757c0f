//! The one place where everything is put together: database, modules, ports, routes, middleware.
//!
//! **Invariant:** nothing is decided here. A port of a lower module is implemented by a higher one; this file only hands it over.

mod configured;
mod document;
mod open;
mod reconfigure;
mod router;
mod work;

use std::{convert::Infallible, sync::Arc, time::Duration};

use anyhow::Context;
use axum::Router;
use mainstay_auth::{Auth, Settings};
use mainstay_backends::notify::HttpOutgoing;
use mainstay_catalog::Catalog;
use mainstay_http::EventHub;
use mainstay_kernel::{Environment, World};
use mainstay_runtime::{Latest, Tasks};
use mainstay_slo::{Shared, Slo};
use mainstay_store::{Database, DirectoryLock, Migration, Presence, migrate};
use mainstay_watch::{MaintenanceValidator, Share, Watch};
use mainstay_work::{Jobs, Leases, Outbox};

pub use self::{document::openapi_document, reconfigure::Reconfigure};
use self::{open::open_database, router::router, work::Work};
use crate::{
    config::Config,
    operate::{self, Operate, backup::Source},
    sealing,
};

/// The task that reads the configuration again on SIGHUP.
pub const RELOAD_TASK: &str = "config.reload";

/// What was built, for whoever needs to look at it.
#[derive(Clone)]
pub struct Parts {
    /// The open database.
    pub database: Database,
    /// Background work.
    pub tasks: Tasks,
    /// Know.
    pub catalog: Catalog,
    /// Watch.
    pub watch: Watch,
    /// Promise.
    pub slo: Slo,
    /// Which replica does what.
    pub leases: Leases,
    /// What happened.
    pub outbox: Outbox,
    /// What is to be done.
    pub jobs: Jobs,
    /// Who may do what.
    pub auth: Auth,
}

impl Parts {
    fn operate(&self, world: &World) -> Operate {
        Operate {
            leases: self.leases.clone(),
            outbox: self.outbox.clone(),
            jobs: self.jobs.clone(),
            world: world.clone(),
        }
    }
}

/// A Mainstay that is ready to be started.
pub struct Mainstay {
    database: Database,
    router: Router,
    parts: Parts,
    operate: Operate,
    work: Work,
    reconfigure: Reconfigure,
    environment: Environment,
    metrics: mainstay_telemetry::Metrics,
    lock: Option<DirectoryLock>,
}

/// Every migration, in the order in which modules may build on each other.
pub fn migrations() -> Vec<Migration> {
    [
        mainstay_store::MIGRATIONS,
        mainstay_work::MIGRATIONS,
        mainstay_auth::MIGRATIONS,
        mainstay_catalog::MIGRATIONS,
        mainstay_watch::MIGRATIONS,
        mainstay_slo::MIGRATIONS,
    ]
    .concat()
}

/// Opens the database, brings its schema up to date, and puts the modules together. Starts nothing.
pub async fn build(config: &Config, world: World, tasks: Tasks) -> anyhow::Result<Mainstay> {
    let metrics = mainstay_telemetry::install().context("metrics cannot be recorded")?;
    let presence = Presence::new(&world);
    let (database, lock) = open_database(config, presence, &tasks).await?;
    let report = migrate(&database, &world, &migrations())
        .await
        .context("cannot use the database")?;
    if let Some(copy) = &report.copy {
        tracing::info!(copy = %copy.display(), "copied the database before migrating it");
    }
    for migration in &report.applied {
        tracing::info!(migration, "applied a migration");
    }

    let work = Work::new(&database, &world, presence, config, &tasks)?;
    let settings = Settings::at(config.reached_at());
    let auth = Auth::open(database.clone(), world.clone(), settings, sealing::keys(config)?).await?;
    let hub = EventHub::new();
    let catalog = Catalog::new(database.clone(), world.clone(), hub.clone()).await?;
    let watch = Watch::shared(
        database.clone(),
        world.clone(),
        hub.clone(),
        catalog.clone(),
        config.watch()?,
        Share::new(&work.leases, &work.wakes, &database),
    )
    .await?;
    let outgoing = HttpOutgoing::new(&config.outgoing()?)?;
    let slo = Slo::new(
        database.clone(),
        world.clone(),
        hub.clone(),
        catalog.clone(),
        watch.clone(),
        Arc::new(outgoing.clone()),
        config.slo()?,
        Shared {
            leases: work.leases.clone(),
            wakes: work.wakes.clone(),
            outbox: work.outbox.clone(),
            group: work.group.clone(),
        },
    )
    .await?;
    catalog.add_validator(watch.declaration_validator());
    catalog.add_validator(Arc::new(MaintenanceValidator));
    for validator in slo.declaration_validators() {
        catalog.add_validator(validator);
    }
    watch.add_listener(slo.probe_listener());
    watch.add_participant(slo.flush_participant());

    let parts = Parts {
        database: database.clone(),
        tasks,
        catalog,
        watch,
        slo,
        leases: work.leases.clone(),
        outbox: work.outbox.clone(),
        jobs: work.jobs.clone(),
        auth,
    };
    let reconfigure = Reconfigure {
        watch: parts.watch.clone(),
        slo: parts.slo.clone(),
        outgoing,
        imports: Latest::new(config.catalog.import.clone()),
    };
    let operate = parts.operate(&world);
    let source = Source {
        database: config.database()?,
        migrations: migrations().into(),
    };
    operate.register_jobs(source, config.backup()?)?;
    let router = router(&parts, hub, world, metrics.clone(), config)?;
    Ok(Mainstay {
        database,
        router,
        parts,
        operate,
        work,
        reconfigure,
        environment: config.environment.clone(),
        metrics,
        lock,
    })
}

impl Mainstay {
    /// Who may do what.
    pub fn auth(&self) -> &Auth {
        &self.parts.auth
    }

    /// Accounts alone, for whoever has the machine itself: nothing is started.
    pub fn into_accounts(self) -> Accounts {
        Accounts {
            database: self.database,
            auth: self.parts.auth,
            _lock: self.lock,
        }
    }

    /// Takes part only to run jobs that are named: nothing is probed, delivered or served, and no share of the work is taken.
    pub async fn open_for_jobs(self) -> anyhow::Result<Opened> {
        let Self {
            database, parts, lock, ..
        } = self;
        parts.leases.start(&parts.tasks).await?;
        Ok(Opened {
            database,
            jobs: parts.jobs,
            _lock: lock,
        })
    }

    /// Starts probing, evaluating and delivering; answers the router to serve.
    pub async fn start(self) -> anyhow::Result<Running> {
        let Self {
            database,
            router,
            parts,
            operate,
            work,
            reconfigure,
            environment,
            metrics,
            lock,
        } = self;
        let Parts {
            tasks,
            catalog,
            watch,
            slo,
            auth,
            ..
        } = &parts;
        auth.start(tasks);
        catalog.start(tasks);
        slo.start(tasks).await?;
        // Every lease is declared by now.
        work.start(&database, tasks).await?;
        watch.start(tasks).await?;
        operate::keep_metrics(operate, tasks);
        tasks.spawn("telemetry.upkeep", |context| async move {
            while context.sleep(Duration::from_secs(5)).await {
                metrics.upkeep();
                context.ran("");
            }
            Ok::<_, Infallible>(())
        });
        configured::follow(environment, reconfigure.imports.clone(), catalog, tasks);
        Ok(Running {
            database,
            router,
            reconfigure,
            _lock: lock,
        })
    }
}

/// A Mainstay that only looks after accounts.
#[derive(Debug)]
pub struct Accounts {
    /// The open database.
    pub database: Database,
    /// Who may do what.
    pub auth: Auth,
    _lock: Option<DirectoryLock>,
}

/// A Mainstay that only runs the jobs it is told to.
#[derive(Debug)]
pub struct Opened {
    /// The open database.
    pub database: Database,
    /// What can be run.
    pub jobs: Jobs,
    _lock: Option<DirectoryLock>,
}

/// A Mainstay at work.
pub struct Running {
    /// The open database.
    pub database: Database,
    /// Everything that is served.
    pub router: Router,
    /// Puts another configuration into force.
    pub reconfigure: Reconfigure,
    _lock: Option<DirectoryLock>,
}
