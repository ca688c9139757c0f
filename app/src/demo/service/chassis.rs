//! What every demo service stands on, whatever it offers: its database pool, journal, documents, reference data,
//! dependencies, metrics and log, and the steps a handler is made of.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::Result;
use http::Method;
use mainstay_kernel::World;
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};

use super::{
    ServiceArgs,
    computation::Computation,
    dependencies::{Dependencies, DependencyError},
    documents::Documents,
    failure::Failure,
    journal::Journal,
    log::Log,
    metrics::{Gauge, Metrics},
    pool::Pool,
    reference::{self, Reference},
    settings::Settings,
};
use crate::demo::registry::Registry;

/// The version every demo service reports.
pub const VERSION: &str = "1.4.2";

const CONNECTIONS: usize = 8;
const DATABASE_PATIENCE: Duration = Duration::from_millis(300);
const JOURNAL_PATIENCE: Duration = Duration::from_millis(600);
const DOCUMENT_LIMIT: usize = 16 << 20;
const REQUESTS_AT_ONCE: usize = 64;
/// Round trip to the database, as a near one takes.
const ROUND_TRIP: Duration = Duration::from_millis(1);

/// One service's means.
#[derive(Debug)]
pub struct Chassis {
    /// The service's name in the registry.
    pub name: String,
    /// Time and chance.
    pub world: World,
    /// Its log.
    pub log: Log,
    /// Its counts.
    pub metrics: Metrics,
    /// Connections to its database.
    pub pool: Pool,
    /// Documents kept in memory.
    pub documents: Documents,
    /// Its journal.
    pub journal: Journal,
    /// The services it calls.
    pub dependencies: Dependencies,
    /// The instruments it knows.
    pub reference: Reference,
    /// The indicator it computes.
    pub computation: Computation,
    /// Requests it handles at once.
    pub admission: Semaphore,
    /// When it started, in Unix microseconds.
    pub started_micros: i64,
    /// The port it serves on.
    pub own_port: u16,
    /// The configuration it was delivered with, which a repair goes back to.
    pub delivered_settings: Settings,
    folder: PathBuf,
    born: Instant,
    heartbeat_ms: AtomicU64,
}

impl Chassis {
    /// Opens everything in the service's own folder; writes what is missing there.
    ///
    /// # Errors
    /// When a file cannot be used, the reference data among them.
    pub async fn open(args: &ServiceArgs, registry: &Registry, log: Log, world: World) -> Result<Self> {
        let (name, folder) = (args.name.as_str(), args.state.as_path());
        let delivered_settings = Settings::from_registry(registry, name);
        std::fs::create_dir_all(folder)?;
        let paths = Files::of(folder);
        if !paths.reference.exists() {
            reference::publish(&paths.reference)?;
        }
        if !paths.settings.exists() {
            delivered_settings.write(&paths.settings)?;
        }
        Ok(Self {
            name: name.to_owned(),
            log,
            metrics: Metrics::default(),
            pool: Pool::new(CONNECTIONS, DATABASE_PATIENCE),
            documents: Documents::new(DOCUMENT_LIMIT),
            journal: Journal::open(&paths.journal, JOURNAL_PATIENCE).await?,
            dependencies: Dependencies::new(Settings::read(&paths.settings)?),
            reference: Reference::load(&paths.reference)?,
            computation: Computation::new(),
            admission: Semaphore::new(REQUESTS_AT_ONCE),
            started_micros: world.now_micros(),
            own_port: args.port,
            delivered_settings,
            folder: folder.to_owned(),
            world,
            born: Instant::now(),
            heartbeat_ms: AtomicU64::new(0),
        })
    }

    /// The files of this service.
    pub fn files(&self) -> Files {
        Files::of(&self.folder)
    }

    /// Runs one statement on a borrowed connection on behalf of `route`.
    ///
    /// # Errors
    /// When no connection became free.
    pub async fn statement<T>(&self, route: &str, statement: impl FnOnce() -> T) -> Result<T, Failure> {
        let mut connection = self.pool.acquire(route).await?;
        connection.begin();
        sleep(ROUND_TRIP).await;
        Ok(statement())
    }

    /// Writes what is about to change into the journal.
    ///
    /// # Errors
    /// When the journal did not take it in time.
    pub async fn record(&self, what: &Value) -> Result<(), Failure> {
        let took = self.journal.append(&what.to_string()).await?;
        if took > Duration::from_millis(100) {
            let fields = json!({ "journal.duration_ms": took.as_millis() });
            self.log.warn("the journal was slow to take a record", fields);
        }
        Ok(())
    }

    /// Completes an answer with its indicator and keeps it among the documents.
    ///
    /// # Errors
    /// When the document limit refuses it.
    pub fn finish(&self, route: &str, seed: i64, mut answer: Value) -> Result<Value, Failure> {
        let started = Instant::now();
        answer["indicator"] = self.computation.correlate(seed, route).into();
        let took = started.elapsed();
        if took > Duration::from_millis(250) {
            let fields = json!({ "route": route, "computation.points": self.computation.history(), "computation.duration_ms": took.as_millis() });
            self.log.warn("computing the indicator held the request thread", fields);
        }
        self.documents.keep(answer.to_string().as_bytes())?;
        Ok(answer)
    }

    /// Reads from another service.
    ///
    /// # Errors
    /// When it gave no usable answer.
    pub async fn ask(&self, dependency: &str, path: &str, request_id: &str) -> Result<Value, Failure> {
        self.call(dependency, Method::GET, path, None, request_id).await
    }

    /// Tells another service something.
    ///
    /// # Errors
    /// When it gave no usable answer.
    pub async fn tell(&self, dependency: &str, path: &str, what: &Value, request_id: &str) -> Result<Value, Failure> {
        self.call(dependency, Method::POST, path, Some(what), request_id).await
    }

    /// Called by the request thread as long as it gets to run.
    pub fn beat(&self) {
        let alive_ms = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heartbeat_ms.store(alive_ms, Ordering::Relaxed);
    }

    /// How long the request thread has not run.
    pub fn stalled_for(&self) -> Duration {
        let beat = Duration::from_millis(self.heartbeat_ms.load(Ordering::Relaxed));
        self.born.elapsed().saturating_sub(beat)
    }

    /// The metrics page.
    pub fn metrics_page(&self) -> String {
        let gauges = [
            Gauge {
                name: "database_connections_in_use",
                help: "Database connections lent out.",
                value: self.pool.in_use(),
            },
            Gauge {
                name: "database_connections_limit",
                help: "Database connections there are.",
                value: self.pool.size(),
            },
            Gauge {
                name: "document_cache_bytes",
                help: "Bytes taken by documents kept in memory.",
                value: self.documents.used(),
            },
            Gauge {
                name: "requests_in_flight",
                help: "Requests being handled.",
                value: REQUESTS_AT_ONCE.saturating_sub(self.admission.available_permits()),
            },
        ];
        self.metrics.render(&self.name, VERSION, &gauges)
    }

    async fn call(
        &self,
        dependency: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
        request_id: &str,
    ) -> Result<Value, Failure> {
        let answer = self.dependencies.call(dependency, method, path, body, request_id).await;
        let outcome = answer.as_ref().map_or_else(DependencyError::outcome, |_| "ok");
        self.metrics.called(dependency, outcome);
        Ok(answer?)
    }
}

/// Where a service keeps what.
#[derive(Debug, Clone)]
pub struct Files {
    /// Its configuration.
    pub settings: PathBuf,
    /// Its reference data.
    pub reference: PathBuf,
    /// Its journal.
    pub journal: PathBuf,
}

impl Files {
    /// The files in `folder`.
    pub fn of(folder: &Path) -> Self {
        Self {
            settings: folder.join("config.json"),
            reference: folder.join("reference.json"),
            journal: folder.join("journal.jsonl"),
        }
    }
}
