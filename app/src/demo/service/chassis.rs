//! What every demo service stands on, whatever it offers: its database pool, journal, documents, reference data,
//! dependencies, metrics and log, and the steps a handler is made of.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
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
    clock::{DriftingClock, SENT_AT},
    computation::Computation,
    dependencies::{Dependencies, DependencyError, REQUEST_ID},
    documents::Documents,
    failure::Failure,
    gauges,
    journal::Journal,
    log::Log,
    metrics::Metrics,
    pool::Pool,
    reference::{self, Reference},
    release::{self, Change, Release},
    settings::Settings,
    spans::{Kind, Spans, TRACEPARENT},
    table::Table,
};
use crate::demo::registry::Registry;

const CONNECTIONS: usize = 8;
const DATABASE_PATIENCE: Duration = Duration::from_millis(300);
const JOURNAL_PATIENCE: Duration = Duration::from_millis(600);
const DOCUMENT_LIMIT: usize = 16 << 20;
const REQUESTS_AT_ONCE: usize = 64;
/// Round trip to the database, as a near one takes.
const ROUND_TRIP: Duration = Duration::from_millis(1);
/// Round trips of a statement that reads positions one by one.
const SINGLE_READS: u32 = 100;
/// A statement that waits longer than this for its table is written down.
const LONG_WAIT: Duration = Duration::from_millis(150);

/// One service's means.
#[derive(Debug)]
pub struct Chassis {
    /// The service's name in the registry.
    pub name: String,
    /// The version that runs.
    pub release: Release,
    /// Time, as this service's clock tells it, and chance.
    pub world: World,
    /// The clock behind it.
    pub clock: Arc<DriftingClock>,
    /// Its spans.
    pub spans: Spans,
    /// The lock of the table its statements read.
    pub table: Table,
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
    /// Whether its customers come from elsewhere.
    pub without_customers: bool,
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
    pub async fn open(args: &ServiceArgs, registry: &Registry, log: Log, clock: Arc<DriftingClock>) -> Result<Self> {
        let world = clock.world();
        let (name, folder) = (args.name.as_str(), args.state.as_path());
        let mut delivered_settings = Settings::from_registry(registry, name);
        delivered_settings.timeout_ms *= u64::from(args.patience);
        std::fs::create_dir_all(folder)?;
        let paths = Files::of(folder);
        if !paths.reference.exists() {
            reference::publish(&paths.reference)?;
        }
        if !paths.settings.exists() {
            delivered_settings.write(&paths.settings)?;
        }
        let release = Release::in_folder(folder)?;
        let documents = Documents::new(DOCUMENT_LIMIT);
        documents.keep_references(release.does(Change::AnswerHistory));
        Ok(Self {
            name: name.to_owned(),
            log,
            spans: Spans::open(name, &release.version, world.clone(), args.spans.as_deref())?,
            release,
            clock,
            table: Table::default(),
            metrics: Metrics::default(),
            pool: Pool::new(CONNECTIONS, DATABASE_PATIENCE * args.patience),
            documents,
            journal: Journal::open(&paths.journal, JOURNAL_PATIENCE * args.patience).await?,
            dependencies: Dependencies::new(Settings::read(&paths.settings)?),
            reference: Reference::load(&paths.reference)?,
            computation: Computation::new(),
            admission: Semaphore::new(REQUESTS_AT_ONCE),
            without_customers: args.without_customers,
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
        let span = self.spans.begin(Kind::Client, "SELECT", None);
        let outcome = self.run_statement(route, statement).await;
        let error = outcome.as_ref().err().map(|failure| failure.detail.as_str());
        self.spans.end(span, &json!({ "db.system.name": "postgresql" }), error);
        outcome
    }

    async fn run_statement<T>(&self, route: &str, statement: impl FnOnce() -> T) -> Result<T, Failure> {
        let mut connection = self.pool.acquire(route).await?;
        connection.begin();
        let started = Instant::now();
        let _shared = self.table.read().await;
        let waited = started.elapsed();
        if waited > LONG_WAIT {
            let fields = json!({ "route": route, "statement.waited_ms": waited.as_millis() });
            self.log.warn("a statement waited for the lock of its table", fields);
        }
        let reads = if self.release.does(Change::SingleReads) {
            SINGLE_READS
        } else {
            1
        };
        for _read in 0..reads {
            sleep(ROUND_TRIP).await;
        }
        Ok(statement())
    }

    /// Writes what is about to change into the journal.
    ///
    /// # Errors
    /// When the journal did not take it in time.
    pub async fn record(&self, what: &Value) -> Result<(), Failure> {
        let span = self.spans.begin(Kind::Internal, "journal append", None);
        let outcome = self.journal.append(&what.to_string()).await;
        let error = outcome.as_ref().err().map(ToString::to_string);
        self.spans.end(span, &json!({}), error.as_deref());
        let took = outcome?;
        if took > Duration::from_millis(100) {
            let fields = json!({ "journal.duration_ms": took.as_millis() });
            self.log.warn("the journal was slow to take a record", fields);
        }
        Ok(())
    }

    /// What one of the instrument's smallest quantity costs, as far as a lot says.
    ///
    /// # Errors
    /// When the instrument's lot divides nothing.
    pub fn cents_of_one(&self, symbol: &str, cents: i64) -> Result<i64, Failure> {
        let Some(lot) = self.reference.lot(symbol) else {
            return Ok(cents);
        };
        let refused = || format!("cannot divide {cents} cents of {symbol} by its lot of {lot}");
        let quotient = cents.checked_div(i64::from(lot));
        quotient.ok_or_else(|| Failure::internal("arithmetic", refused()))
    }

    /// Completes an answer with its indicator and keeps it among the documents; `cents` is what it is about.
    ///
    /// # Errors
    /// When an amount in it cannot be computed, or the document limit refuses it.
    pub fn finish(&self, route: &str, cents: i64, mut answer: Value) -> Result<Value, Failure> {
        if let Some(symbol) = answer["symbol"].as_str() {
            answer["cents_of_one"] = self.cents_of_one(symbol, cents)?.into();
        }
        if self.release.does(Change::CompactAmounts) {
            let packed = release::compact(cents);
            answer["compact"] = packed
                .map_err(|error| Failure::internal("amount", error.to_string()))?
                .into();
        }
        let started = Instant::now();
        answer["indicator"] = self.computation.correlate(cents, route).into();
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

    /// Requests being handled.
    pub fn in_flight(&self) -> usize {
        REQUESTS_AT_ONCE.saturating_sub(self.admission.available_permits())
    }

    /// The metrics page.
    pub fn metrics_page(&self) -> String {
        self.metrics
            .render(&self.name, &self.release.version, &gauges::of(self))
    }

    async fn call(
        &self,
        dependency: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
        request_id: &str,
    ) -> Result<Value, Failure> {
        let span = self.spans.begin(Kind::Client, method.as_str(), None);
        let headers = [
            (REQUEST_ID, request_id.to_owned()),
            (TRACEPARENT, span.context.to_header()),
            (SENT_AT, self.world.now().as_millisecond().to_string()),
        ];
        let attributes =
            json!({ "peer.service": dependency, "http.request.method": method.as_str(), "url.path": path });
        let answer = self.dependencies.call(dependency, method, path, body, &headers).await;
        let error = answer.as_ref().err().map(ToString::to_string);
        self.spans.end(span, &attributes, error.as_deref());
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
