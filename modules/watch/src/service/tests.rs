//! Watch as a whole: real targets, a real database, and a catalog that can be changed.

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
    sync::watch,
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
    fleets: Arc<watch::Sender<Fleets>>,
    declared: Arc<Mutex<Vec<Declaration>>>,
}

impl TestCatalog {
    pub(crate) fn of(services: Vec<Service>) -> Self {
        let catalog = Self {
            fleets: Arc::new(watch::channel(Fleets::default()).0),
            declared: Arc::default(),
        };
        catalog.set(services);
        catalog
    }

    pub(crate) fn set(&self, services: Vec<Service>) {
        let environment = Environment::production();
        let fleet = Fleet::new(environment.clone(), 1, services);
        self.fleets
            .send_replace(Arc::new(BTreeMap::from([(environment, Arc::new(fleet))])));
    }

    fn declare(&self, declarations: Vec<Declaration>) {
        *self.declared.lock().unwrap() = declarations;
        self.fleets.send_modify(|_| {});
    }
}

impl FleetSource for TestCatalog {
    fn fleets(&self) -> watch::Receiver<Fleets> {
        self.fleets.subscribe()
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

pub(crate) async fn open(db: &Database, catalog: &TestCatalog) -> Watch {
    let config = WatchConfig {
        defaults: Defaults {
            interval: Duration::from_secs(1),
            timeout: Duration::from_millis(500),
            retry: Duration::from_millis(100),
            ..Defaults::default()
        },
        ..WatchConfig::default()
    };
    Watch::new(db.clone(), World::system(), EventHub::new(), catalog.clone(), config)
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

#[tokio::test]
async fn a_failing_service_is_down_its_dependants_degraded_and_both_recover() {
    for db in databases(MIGRATIONS).await {
        let tasks = Tasks::new(World::system());
        let (data, web) = (Target::start(&tasks).await, Target::start(&tasks).await);
        let catalog = TestCatalog::of(vec![
            service("data", data.port, &[]),
            service("web", web.port, &["data"]),
        ]);
        let watch = open(&db, &catalog).await;
        let ear = Arc::new(Ear::default());
        watch.add_listener(ear.clone());
        watch.start(&tasks).await.unwrap();
        until("all is up", || {
            state(&watch, "data") == State::Up && state(&watch, "web") == State::Up
        })
        .await;

        data.set(false);
        until("web is degraded", || state(&watch, "web") == State::Degraded).await;
        let down = watch.service_state(&Environment::production(), &name("data")).unwrap();
        assert_eq!(
            down.reason.unwrap(),
            "health: answered 503 where 200-299 was expected; body says status=down"
        );
        let degraded = watch.service_state(&Environment::production(), &name("web")).unwrap();
        assert_eq!(degraded.cause.unwrap().path, [name("web"), name("data")]);
        let failed = ear.probes.lock().unwrap().iter().filter(|event| !event.ok).count();
        assert!(failed >= 3, "three failures decide");

        data.set(true);
        until("all is up again", || state(&watch, "web") == State::Up).await;
        let order: Vec<(String, State)> = ear
            .changes
            .lock()
            .unwrap()
            .iter()
            .filter(|change| change.before.state != State::Unknown)
            .map(|change| (change.after.service.to_string(), change.after.state))
            .collect();
        let expected = [
            ("data", State::Down),
            ("web", State::Degraded),
            ("data", State::Up),
            ("web", State::Up),
        ];
        assert_eq!(order, expected.map(|(service, state)| (service.to_owned(), state)));

        assert!(tasks.stop_and_wait(Duration::from_secs(10)).await.is_empty());
        let heard = ear.probes.lock().unwrap().len();
        let scope = Scope::default();
        let mut written = 0;
        for view in watch.checks(&scope, None, &all()).unwrap().items {
            written += watch
                .probes(view.check.id, None, &PageRequest::first(10_000))
                .await
                .unwrap()
                .items
                .len();
        }
        assert_eq!(written, heard, "a shutdown writes everything that was decided");
        let strips = watch.strips(&scope, StripQuery { hours: 1, slots: 4 }).await.unwrap();
        assert_eq!((strips[0].slots[3], strips[1].slots[3]), (State::Down, State::Degraded));
        let shown = watch.state_page(&scope, &all()).await.unwrap().items;
        assert!(shown[0].latency_p95_ms.is_some() && shown[0].uptime_24h_ratio.unwrap() < 1.0);
    }
}

async fn stop(tasks: Tasks) {
    assert!(tasks.stop_and_wait(Duration::from_secs(10)).await.is_empty());
}

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped() {
    for db in databases(MIGRATIONS).await {
        let servers = Tasks::new(World::system());
        let (data, web) = (Target::start(&servers).await, Target::start(&servers).await);
        data.set(false);
        let catalog = TestCatalog::of(vec![
            service("data", data.port, &[]),
            service("web", web.port, &["data"]),
        ]);
        let tasks = Tasks::new(World::system());
        let first = open(&db, &catalog).await;
        first.start(&tasks).await.unwrap();
        until("web is degraded", || state(&first, "web") == State::Degraded).await;
        stop(tasks).await;
        let environment = Environment::production();
        let before = first.service_states(&environment);
        let checks_before = first.checks(&Scope::default(), None, &all()).unwrap().items;

        let second = open(&db, &catalog).await;
        let after = second.service_states(&environment);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(
                (before.state, &before.cause, &before.reason),
                (after.state, &after.cause, &after.reason)
            );
            let stored = mainstay_kernel::from_micros(mainstay_kernel::to_micros(before.since));
            assert_eq!(stored, after.since);
        }
        let checks_after = second.checks(&Scope::default(), None, &all()).unwrap().items;
        for (before, after) in checks_before.iter().zip(&checks_after) {
            assert_eq!(before.check.id, after.check.id);
            assert_eq!(
                (before.word, before.state.failing_streak),
                (after.word, after.state.failing_streak)
            );
        }
        let ear = Arc::new(Ear::default());
        second.add_listener(ear.clone());
        let tasks = Tasks::new(World::system());
        second.start(&tasks).await.unwrap();
        until("it probes again", || ear.probes.lock().unwrap().len() >= 4).await;
        assert_eq!(
            *ear.changes.lock().unwrap(),
            [],
            "nothing flaps because Mainstay was restarted"
        );
        stop(tasks).await;
        stop(servers).await;
    }
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

#[tokio::test]
async fn checks_follow_the_catalog_and_keep_what_a_person_changed() {
    for db in databases(MIGRATIONS).await {
        let catalog = TestCatalog::of(vec![service("api", 1, &[])]);
        let watch = open(&db, &catalog).await;
        watch.reconcile().await.unwrap();
        let made = check_named(&watch, "api", "health").unwrap();
        assert_eq!((made.check.managed_by, made.check.version), (CheckManager::Catalog, 1));

        let edit = json!({"target": made.spec.target, "interval_ms": 30_000, "role": "health"});
        watch
            .replace_check(made.check.id, IfMatch(Some(1)), draft(edit.clone()))
            .await
            .unwrap();
        let stale = watch.replace_check(made.check.id, IfMatch(Some(1)), draft(edit)).await;
        assert!(matches!(stale, Err(WatchError::Stale)));
        catalog.set(vec![service("api", 2, &[])]);
        watch.reconcile().await.unwrap();
        let moved = check_named(&watch, "api", "health").unwrap();
        assert_eq!(moved.spec.target, "http://127.0.0.1:2/health", "the endpoint moved");
        assert_eq!(moved.spec.interval_ms, 30_000, "a person's edit stays");
        assert_eq!(moved.check.edited, ["interval_ms"]);

        let refused = watch.delete_check(made.check.id, IfMatch(None)).await;
        assert!(matches!(refused, Err(WatchError::Generated { .. })));
        catalog.set(vec![]);
        watch.reconcile().await.unwrap();
        assert!(check_named(&watch, "api", "health").is_none());
        catalog.set(vec![service("api", 2, &[])]);
        watch.reconcile().await.unwrap();
        let back = check_named(&watch, "api", "health").unwrap();
        assert_eq!(
            (back.check.id, back.spec.interval_ms),
            (made.check.id, 30_000),
            "it comes back with its history"
        );
        let version = back.check.version;
        watch.reconcile().await.unwrap();
        assert_eq!(
            check_named(&watch, "api", "health").unwrap().check.version,
            version,
            "a second look changes nothing"
        );
    }
}

#[tokio::test]
async fn checks_declared_in_files_are_read_only_here_and_go_with_their_file() {
    let db = sqlite(MIGRATIONS).await;
    let catalog = TestCatalog::of(vec![service("api", 1, &[])]);
    let watch = open(&db, &catalog).await;
    let declaration = |name: &str, body: serde_json::Value| Declaration {
        kind: "check".to_owned(),
        name: name.to_owned(),
        environment: Environment::production(),
        body,
        source: Source::file(SourceKind::Mainstay, "checks.yaml", Some(3)),
    };
    let good = declaration(
        "checkout",
        json!({"name": "checkout", "service": "api", "target": "tcp://127.0.0.1:1", "paused": true}),
    );
    let bad = declaration(
        "odd",
        json!({"service": "api", "target": "http://a/", "interval_ms": 3, "asserts": []}),
    );
    let validator = watch.declaration_validator();
    assert_eq!(validator.validate(&good), [] as [String; 0]);
    assert!(validator.validate(&bad)[0].contains("asserts"));
    catalog.declare(vec![good, bad]);
    watch.reconcile().await.unwrap();
    let made = check_named(&watch, "api", "checkout").unwrap();
    assert_eq!(
        (made.check.managed_by, made.word),
        (CheckManager::File, CheckStateWord::Paused)
    );
    let edit = watch
        .replace_check(made.check.id, IfMatch(None), draft(json!({"target": "a:1"})))
        .await;
    assert!(matches!(edit, Err(WatchError::FileManaged { .. })));
    catalog.declare(Vec::new());
    watch.reconcile().await.unwrap();
    assert!(check_named(&watch, "api", "checkout").is_none());
}

#[tokio::test]
async fn a_person_makes_runs_pauses_and_deletes_a_check() {
    let db: TestDatabase = sqlite(MIGRATIONS).await;
    let tasks = Tasks::new(World::system());
    let target = Target::start(&tasks).await;
    let catalog = TestCatalog::of(vec![service("api", target.port, &[])]);
    let watch = open(&db, &catalog).await;
    let scope = Scope::default();
    let url = format!("http://127.0.0.1:{}/", target.port);
    let body = json!({"name": "home", "service": "api", "target": url, "interval_ms": 60_000,
        "assertions": [{"on": "body", "contains": "healthy"}]});
    let made = watch.create_check(&scope, draft(body.clone())).await.unwrap();
    assert!(matches!(
        watch.create_check(&scope, draft(body)).await,
        Err(WatchError::Exists { .. })
    ));
    let wrong = watch
        .create_check(&scope, draft(json!({"service": "nobody", "target": "x"})))
        .await;
    let Err(WatchError::Invalid(fields)) = wrong else {
        panic!("{wrong:?}")
    };
    assert_eq!(
        fields.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(),
        ["service", "name", "target"]
    );

    watch.start(&tasks).await.unwrap();
    let id = made.check.id;
    assert!(watch.run_check(id).await.unwrap().ok());
    target.set(false);
    let environment = Environment::production();
    let asked = World::system().now();
    watch.kick(&environment, &name("api"));
    until("fresh probes failed", || {
        watch.last_probe_started_after(&environment, &name("api"), asked) == Some(false)
    })
    .await;

    let paused = watch.pause_check(id, IfMatch(None), true).await.unwrap();
    assert_eq!(paused.word, CheckStateWord::Paused);
    assert!(
        !watch.run_check(id).await.unwrap().ok(),
        "a paused check can still be tried out"
    );
    watch.pause_check(id, IfMatch(None), false).await.unwrap();
    watch.delete_check(id, IfMatch(None)).await.unwrap();
    assert!(matches!(watch.check(id), Err(WatchError::NoCheck(_))));
    stop(tasks).await;
}

#[tokio::test]
async fn during_maintenance_failures_are_marked_and_the_state_says_so() {
    let db = sqlite(MIGRATIONS).await;
    let tasks = Tasks::new(World::system());
    let target = Target::start(&tasks).await;
    let catalog = TestCatalog::of(vec![service("api", target.port, &[])]);
    let watch = open(&db, &catalog).await;
    let ear = Arc::new(Ear::default());
    watch.add_listener(ear.clone());
    watch.start(&tasks).await.unwrap();
    let now = World::system().now();
    let window = NewMaintenance {
        service: Some(name("api")),
        reason: "upgrade".to_owned(),
        starts_at: now,
        ends_at: now + Duration::from_hours(1),
    };
    let scope = Scope::default();
    let planned = watch
        .plan_maintenance(&scope, &Actor::Local, window.clone())
        .await
        .unwrap();
    assert_eq!(state(&watch, "api"), State::Maintenance);
    target.set(false);
    until("a failure is marked", || {
        let probes = ear.probes.lock().unwrap();
        probes.iter().filter(|event| !event.ok && event.in_maintenance).count() >= 3
    })
    .await;
    assert_eq!(state(&watch, "api"), State::Maintenance);
    watch.delete_maintenance(planned.id).await.unwrap();
    assert_eq!(
        state(&watch, "api"),
        State::Down,
        "the truth shows as soon as the window ends"
    );
    let backwards = NewMaintenance {
        ends_at: now,
        service: Some(name("nobody")),
        reason: " ".to_owned(),
        ..window
    };
    let Err(WatchError::Invalid(fields)) = watch.plan_maintenance(&scope, &Actor::Local, backwards).await else {
        panic!()
    };
    assert_eq!(fields.len(), 3);
    stop(tasks).await;
}

#[test]
fn a_service_without_a_health_endpoint_is_at_least_connected_to() {
    let mut database = service("db", 1, &[]);
    database.endpoints = vec![Endpoint {
        kind: EndpointKind::Base,
        url: "tcp://db.internal:5432".to_owned(),
    }];
    let catalog = TestCatalog::of(vec![database]);
    let fleets = catalog.fleets().borrow().clone();
    let wanted = crate::generate::wanted(&fleets, &[], &Defaults::default());
    assert_eq!(wanted.len(), 1);
    assert_eq!(
        (wanted[0].name.as_str(), wanted[0].spec.target.as_str()),
        ("port", "db.internal:5432")
    );
}
