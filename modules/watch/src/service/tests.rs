//! Watch as a whole: real targets, a real database, and a catalog that can be changed.

mod checks;
mod life;
mod replicas;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mainstay_catalog::{
    Declaration, Dependency, DependencyKind, Endpoint, EndpointKind, Fleet, Fleets, ManagedBy, Service, ServiceName,
    Source, SourceKind, Tier,
};
use mainstay_http::{EventHub, IfMatch};
use mainstay_kernel::{Actor, Environment, PageRequest, Scope, World};
use mainstay_runtime::Tasks;
use mainstay_store::Database;
use mainstay_testkit::{TestDatabase, databases, sqlite};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::{
    events::ProbeListener,
    model::{
        check::CheckManager,
        draft::CheckDraft,
        probe::ProbeEvent,
        service_state::{ServiceStateChange, State},
    },
    store::MIGRATIONS,
    view::CheckStateWord,
};

pub(crate) fn name(text: &str) -> ServiceName {
    ServiceName::parse(text).unwrap()
}

/// A service with a health endpoint on `port` and what it needs.
pub(crate) fn service(service: &str, port: u16, needs: &[&str]) -> Service {
    let world = World::system();
    Service {
        name: name(service),
        description: None,
        owner: None,
        tier: Tier::Standard,
        environment: Environment::production(),
        links: Vec::new(),
        endpoints: vec![Endpoint {
            kind: EndpointKind::Health,
            url: format!("http://127.0.0.1:{port}/health"),
        }],
        dependencies: needs
            .iter()
            .map(|need| Dependency {
                service: name(need),
                kind: DependencyKind::Hard,
            })
            .collect(),
        managed_by: ManagedBy::Api,
        source: None,
        created_at: world.now(),
        updated_at: world.now(),
        version: 1,
    }
}

/// A catalog that a test can change.
#[derive(Clone)]
pub(crate) struct TestCatalog {
    fleets: Latest<Fleets>,
    declared: Arc<Mutex<Vec<Declaration>>>,
}

impl TestCatalog {
    pub(crate) fn of(services: Vec<Service>) -> Self {
        let catalog = Self {
            fleets: Latest::default(),
            declared: Arc::default(),
        };
        catalog.set(services);
        catalog
    }

    pub(crate) fn set(&self, services: Vec<Service>) {
        let environment = Environment::production();
        let fleet = Fleet::new(environment.clone(), 1, services);
        self.fleets
            .set(Arc::new(BTreeMap::from([(environment, Arc::new(fleet))])));
    }

    fn declare(&self, declarations: Vec<Declaration>) {
        *self.declared.lock().unwrap() = declarations;
        self.fleets.set(self.fleets.get());
    }
}

impl FleetSource for TestCatalog {
    fn fleets(&self) -> mainstay_runtime::Follower<Fleets> {
        self.fleets.follow()
    }

    fn declared_checks(&self) -> Vec<Declaration> {
        self.declared.lock().unwrap().clone()
    }
}

/// A server that is well or not, as a test wants.
pub(crate) struct Target {
    pub(crate) port: u16,
    well: Arc<AtomicBool>,
}

impl Target {
    pub(crate) async fn start(tasks: &Tasks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let well = Arc::new(AtomicBool::new(true));
        let (owner, state) = (tasks.clone(), Arc::clone(&well));
        tasks.detached(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = owner.stopping() => return,
                };
                let Ok((mut stream, _)) = accepted else { return };
                let state = Arc::clone(&state);
                owner.detached(async move {
                    let mut head = [0_u8; 2048];
                    let _ = stream.read(&mut head).await;
                    let answer = if state.load(Ordering::SeqCst) {
                        "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"status\":\"healthy\"}"
                    } else {
                        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 17\r\n\r\n{\"status\":\"down\"}"
                    };
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { port, well }
    }

    pub(crate) fn set(&self, well: bool) {
        self.well.store(well, Ordering::SeqCst);
    }
}

/// Remembers what it hears.
#[derive(Default)]
struct Ear {
    probes: Mutex<Vec<ProbeEvent>>,
    changes: Mutex<Vec<ServiceStateChange>>,
}

impl ProbeListener for Ear {
    fn on_probe(&self, event: &ProbeEvent) {
        self.probes.lock().unwrap().push(event.clone());
    }

    fn on_service_state(&self, change: &ServiceStateChange) {
        self.changes.lock().unwrap().push(change.clone());
    }
}

fn impatient() -> WatchConfig {
    WatchConfig {
        defaults: Defaults {
            interval: Duration::from_secs(1),
            timeout: Duration::from_millis(500),
            retry: Duration::from_millis(100),
            ..Defaults::default()
        },
        ..WatchConfig::default()
    }
}

pub(crate) async fn open(db: &Database, catalog: &TestCatalog) -> Watch {
    let (world, hub) = (World::system(), EventHub::new());
    Watch::new(db.clone(), world, hub, catalog.clone(), impatient())
        .await
        .unwrap()
}

/// Waits until something holds; a test that waits for ten seconds has failed.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never happened that {what}");
}

pub(crate) fn state(watch: &Watch, service: &str) -> State {
    watch
        .service_state(&Environment::production(), &name(service))
        .map_or(State::Unknown, |state| state.state)
}

fn all() -> PageRequest {
    PageRequest::first(100)
}

async fn stop(tasks: Tasks) {
    assert!(tasks.stop_and_wait(Duration::from_secs(10)).await.is_empty());
}

fn check_named(watch: &Watch, service: &str, check: &str) -> Option<crate::engine::CheckView> {
    let checks = watch
        .checks(&Scope::default(), Some(&name(service)), &all())
        .unwrap()
        .items;
    checks.into_iter().find(|view| view.check.name == check)
}

fn draft(body: serde_json::Value) -> CheckDraft {
    serde_json::from_value(body).unwrap()
}
