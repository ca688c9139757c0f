//! The one place where everything is put together: database, modules, ports, routes, middleware.
//!
//! **Invariant:** nothing is decided here. A port of a lower module is implemented by a higher one; this file only hands it over.

mod configured;
mod reconfigure;
mod work;

use std::{convert::Infallible, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use mainstay_auth::{Auth, Settings};
use mainstay_backends::notify::HttpOutgoing;
use mainstay_catalog::Catalog;
use mainstay_http::{
    EventHub, Events, Health, Idempotency, ReadyCheck, events_routes, health_routes, idempotency, loopback_only,
    observe,
};
use mainstay_kernel::{Environment, World};
use mainstay_runtime::{Latest, Tasks};
use mainstay_slo::{Shared, Slo};
use mainstay_store::{Claim, Database, DatabaseUrl, DirectoryLock, Migration, Presence, Use, migrate};
use mainstay_watch::{MaintenanceValidator, Share, Watch};
use mainstay_work::{Jobs, Leases, Outbox};
use tower_http::compression::{
    CompressionLayer,
    predicate::{DefaultPredicate, NotForContentType, Predicate},
};
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

pub use self::reconfigure::Reconfigure;
use self::work::Work;
use crate::{
    assets,
    config::Config,
    meta::{self, Meta},
    operate::{self, Operate, backup::Source},
    sealing,
};

/// The largest request body; imports of whole configuration trees are the largest requests.
const MAX_BODY: usize = 64 * 1024 * 1024;

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
    _lock: Option<DirectoryLock>,
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
    let router = router(&parts, hub, world, metrics.clone(), config.demo);
    Ok(Mainstay {
        database,
        router,
        parts,
        operate,
        work,
        reconfigure,
        environment: config.environment.clone(),
        metrics,
        _lock: lock,
    })
}

async fn open_database(
    config: &Config,
    presence: Presence,
    tasks: &Tasks,
) -> anyhow::Result<(Database, Option<DirectoryLock>)> {
    let settings = config.database()?;
    let lock = match &settings.url {
        DatabaseUrl::Sqlite(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Some(DirectoryLock::acquire(
                folder.unwrap_or_else(|| std::path::Path::new(".")),
            )?)
        }
        DatabaseUrl::Postgres(_) => None,
    };
    let refused = || format!("cannot open the database {}", advice(&settings.url));
    let claim = Claim::take(&settings, Use::Shared, presence)
        .await
        .with_context(refused)?;
    let database = Database::open(&settings).await.with_context(refused)?;
    if let Some(claim) = claim {
        let stopper = tasks.clone();
        tasks.spawn("store.claim", |context| async move {
            tokio::select! {
                lost = claim.keep() => {
                    stopper.stop();
                    lost
                }
                () = context.stopping() => Ok(()),
            }
        });
    }
    Ok((database, lock))
}

/// Which database it is, and what to do when it cannot be opened. A URL may hold a password, so only its place is named.
fn advice(url: &DatabaseUrl) -> String {
    match url {
        DatabaseUrl::Sqlite(path) => format!(
            "{}; when it is damaged, put a copy of it in its place, or name another folder with --data",
            path.display()
        ),
        DatabaseUrl::Postgres(url) => {
            let url = url.parse::<url::Url>().ok();
            let host = url.as_ref().and_then(url::Url::host_str).unwrap_or("this machine");
            let port = url.as_ref().and_then(url::Url::port).unwrap_or(5432);
            format!("on {host} port {port}; see that the server runs and that `database.url` is right")
        }
    }
}

impl Mainstay {
    /// Accounts alone, for whoever has the machine itself: nothing is started.
    pub fn into_accounts(self) -> Accounts {
        Accounts {
            database: self.database,
            auth: self.parts.auth,
            _lock: self._lock,
        }
    }

    /// Takes part only to run jobs that are named: nothing is probed, delivered or served, and no share of the work is taken.
    pub async fn open_for_jobs(self) -> anyhow::Result<Opened> {
        let Self {
            database,
            parts,
            _lock: lock,
            ..
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
            _lock: lock,
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

/// Every route with its documentation, without anything behind it: enough to print the OpenAPI document.
struct Routes {
    mainstay: OpenApiRouter<Arc<Meta>>,
    operate: OpenApiRouter<Operate>,
    events: OpenApiRouter<Events>,
    health: OpenApiRouter<Health>,
    catalog: OpenApiRouter<Catalog>,
    watch: OpenApiRouter<Watch>,
    slo: OpenApiRouter<Slo>,
    auth: OpenApiRouter<Auth>,
}

impl Routes {
    fn new() -> Self {
        Self {
            mainstay: meta::routes(),
            operate: operate::routes(),
            events: events_routes(),
            health: health_routes(),
            catalog: Catalog::routes(),
            watch: Watch::routes(),
            slo: Slo::routes(),
            auth: Auth::routes(),
        }
    }
}

fn base_document() -> OpenApi {
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Mainstay")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Keeps a fleet of services standing. Rules that every endpoint follows are in docs/api-design.md.",
                ))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                ))
                .build(),
        )
        .build()
}

/// The OpenAPI document of this version.
pub fn openapi_document() -> OpenApi {
    let routes = Routes::new();
    let mut document = base_document();
    document.merge(routes.mainstay.into_openapi());
    document.merge(routes.operate.into_openapi());
    document.merge(routes.events.into_openapi());
    document.merge(routes.health.into_openapi());
    document.merge(routes.catalog.into_openapi());
    document.merge(routes.watch.into_openapi());
    document.merge(routes.slo.into_openapi());
    document.merge(routes.auth.into_openapi());
    document
}

/// The document as a page, with everything it needs inside the binary. Its validator would call a server on the internet.
fn swagger() -> utoipa_swagger_ui::Config<'static> {
    utoipa_swagger_ui::Config::from("/openapi.json")
        .validator_url("none")
        .try_it_out_enabled(true)
        .display_request_duration(true)
}

/// Whatever is answered rests on the catalog as it is by now, whichever replica changed it.
async fn caught_up(State(catalog): State<Catalog>, request: Request, next: Next) -> Response {
    catalog.catch_up().await;
    next.run(request).await
}

fn router(parts: &Parts, hub: EventHub, world: World, metrics: mainstay_telemetry::Metrics, demo: bool) -> Router {
    let database = parts.database.clone();
    let answers = ReadyCheck::required("database", move || {
        let database = database.clone();
        async move {
            match database.ping().await {
                Ok(()) => Ok(database.dialect().name().to_owned()),
                Err(error) => Err(error.to_string()),
            }
        }
    });
    // A database that answers may still refuse to write: a full disk, a read-only one.
    let history = ReadyCheck::task("history", &parts.tasks, "watch.flush");
    let alerts = ReadyCheck::task("alerts", &parts.tasks, "slo.alert");
    // What the configuration or a file asks for and is not in force.
    let files = ReadyCheck::task("configured-files", &parts.tasks, configured::TASK);
    let webhooks = ReadyCheck::task("declared-webhooks", &parts.tasks, "slo.follow-webhooks");
    let configuration = ReadyCheck::task("configuration", &parts.tasks, RELOAD_TASK);
    // What no process was started for is missed by none of them.
    let leases = parts.leases.clone();
    let roles = ReadyCheck::optional("roles", move || {
        let members = leases.members().get();
        let has = |role| leases.has(role) || members.iter().any(|member| member.roles.contains(&role));
        std::future::ready(operate::undone(has).map_or_else(|| Ok("every role is somebody's".to_owned()), Err))
    });
    let checks = vec![answers, history, alerts, files, webhooks, configuration, roles];
    let health = Health::new(checks, parts.tasks.clone());
    let meta = Arc::new(Meta {
        parts: parts.clone(),
        started_at: world.now(),
        demo,
        metrics,
    });
    let events = Events {
        hub,
        tasks: parts.tasks.clone(),
    };
    let routes = Routes::new();
    let document = Arc::new(openapi_document());
    let api = Router::new()
        .merge(Router::from(routes.mainstay.with_state(meta)))
        .merge(Router::from(routes.operate.with_state(parts.operate(&world))))
        .merge(Router::from(routes.catalog.with_state(parts.catalog.clone())))
        .merge(Router::from(routes.watch.with_state(parts.watch.clone())))
        .merge(Router::from(routes.slo.with_state(parts.slo.clone())))
        .layer(middleware::from_fn_with_state(parts.catalog.clone(), caught_up))
        .layer(middleware::from_fn_with_state(
            Idempotency {
                database: parts.database.clone(),
                world: world.clone(),
            },
            idempotency,
        ))
        .layer(DefaultBodyLimit::max(MAX_BODY));
    // A stream must not be held back by a compressor waiting for more.
    let compressible = DefaultPredicate::new().and(NotForContentType::const_new("text/event-stream"));
    // Answers of accounts hold secrets, so none of them may be remembered under an idempotency key.
    api.merge(Router::from(routes.auth.with_state(parts.auth.clone())))
        .merge(Router::from(routes.events.with_state(events)))
        .merge(Router::from(routes.health.with_state(health)))
        .route("/openapi.json", get(move || async move { Json((*document).clone()) }))
        .merge(SwaggerUi::new("/docs").config(swagger()))
        .fallback(assets::serve)
        .layer(CompressionLayer::new().compress_when(compressible))
        // Here, outside of everything that answers and inside of what observes, comes `mainstay_auth::gate` with the table of
        // `permissions`; until then whoever reaches the loopback address may do everything but what `auth` itself guards.
        .layer(middleware::from_fn(loopback_only))
        .layer(middleware::from_fn_with_state(world, observe))
}

#[cfg(test)]
mod tests;
