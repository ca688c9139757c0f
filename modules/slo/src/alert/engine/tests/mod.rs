//! The engine with real databases and a real receiver on loopback.

mod alerting;
mod declaring;
mod delivering;
mod outgoing;
mod over_http;
mod receiver;
mod replicas;
mod telling;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use mainstay_catalog::Fleet;
use mainstay_http::EventHub;
use mainstay_kernel::{Environment, ManualClock, PageRequest, Scope, TypedId, World, uuid::Uuid};
use mainstay_runtime::{Latest, Tasks};
use mainstay_store::Database;

use super::*;
use crate::{
    alert::{model::Alert, store::AlertFilter},
    delivery::{
        model::{Delivery, DeliveryStatus, Format, Webhook},
        schedule::Backoff,
        service::WebhookDraft,
        signature::Secret,
        store::DeliveryFilter,
    },
    model::SloId,
    signal::{AlertKey, AlertKind, Severity},
};
use receiver::Receiver;

pub(super) use crate::testing::{databases, fleet, name, sqlite};

/// Watches nothing by itself: notes whom it was asked to probe.
#[derive(Default)]
pub(super) struct FakeWatch {
    pub kicked: Mutex<Vec<String>>,
    pub decisions: Mutex<Vec<Decision>>,
}

impl Watching for FakeWatch {
    fn kick(&self, _: &Environment, service: &ServiceName) {
        self.kicked.lock().unwrap().push(service.to_string());
    }

    fn is_watched(&self, _: &Environment, service: &ServiceName) -> bool {
        !service.as_str().starts_with("unwatched-")
    }

    fn decisions(&self) -> Vec<Decision> {
        self.decisions.lock().unwrap().clone()
    }

    fn state_anew(&self) {}
}

/// One process of Mainstay, as far as alerts are concerned.
pub(super) struct Process {
    pub alerts: Alerts,
    pub tasks: Tasks,
    pub clock: Arc<ManualClock>,
    pub watch: Arc<FakeWatch>,
    /// Held so that the fleet can be changed.
    pub fleets: Latest<Arc<BTreeMap<Environment, Arc<Fleet>>>>,
}

pub(super) fn config() -> AlertsConfig {
    AlertsConfig {
        delivery: DeliveryConfig {
            // A busy machine may stand still for a second, and an attempt that is given up is made again.
            timeout: Duration::from_secs(10),
            concurrency: 4,
            backoff: Backoff {
                steps: vec![Duration::from_millis(5)],
                give_up_after: Duration::from_hours(24),
            },
        },
        ..AlertsConfig::default()
    }
}

impl Process {
    pub async fn start(db: &Database, edges: &str) -> Self {
        Self::start_with(db, edges, config(), Arc::default(), 42, Timestamp::UNIX_EPOCH).await
    }

    /// A later process on the same database: another sequence of ids, and a clock that did not stand still.
    pub async fn start_with(
        db: &Database,
        edges: &str,
        config: AlertsConfig,
        watch: Arc<FakeWatch>,
        seed: u64,
        at: Timestamp,
    ) -> Self {
        let (_, clock) = mainstay_testkit::world();
        if at != Timestamp::UNIX_EPOCH {
            clock.set(at);
        }
        let world = World::simulated(clock.clone(), seed);
        let process = Self::take_part(db, edges, config, watch, (world, clock), &Role::ALL).await;
        until("it decides alerts", || process.alerts.leads()).await;
        process
    }

    /// A process that may be one of several.
    pub async fn take_part(
        db: &Database,
        edges: &str,
        config: AlertsConfig,
        watch: Arc<FakeWatch>,
        (world, clock): (World, Arc<ManualClock>),
        roles: &[Role],
    ) -> Self {
        let tasks = Tasks::new(world.clone());
        let sender = Latest::new(fleet(edges));
        let (alerts, engine) = Alerts::new(
            db.clone(),
            world.clone(),
            EventHub::new(),
            sender.follow(),
            Arc::new(outgoing::PlainOutgoing),
            config,
            crate::testing::shared(db, &world, &tasks, roles),
        );
        alerts.start(engine, watch.clone(), &tasks).await.unwrap();
        alerts.inner.shared.leases.start(&tasks).await.unwrap();
        Self {
            alerts,
            tasks,
            clock,
            watch,
            fleets: sender,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.alerts.inner.world.now()
    }

    /// Ends the process as `kill` would: what is under way is dropped.
    pub async fn stop(self) -> Timestamp {
        let at = self.now();
        assert!(self.tasks.stop_and_wait(Duration::from_secs(5)).await.is_empty());
        at
    }

    pub async fn webhook(&self, receiver: &Receiver, format: Format) -> (Webhook, Secret) {
        let draft = WebhookDraft {
            name: format!(
                "pager-{}",
                receiver.url.len() + self.alerts.inner.deliveries.webhooks.snapshot().len()
            ),
            url: receiver.url.clone(),
            format,
            secret: None,
            enabled: true,
        };
        self.alerts
            .inner
            .deliveries
            .create(&Scope::default(), draft)
            .await
            .unwrap()
    }

    pub fn probe(&self, service: &str, ok: bool) {
        let environment = Environment::production();
        self.alerts
            .probed(&environment, &name(service), Uuid::from_u128(9), self.now(), ok);
    }

    pub fn decide(&self, service: &str, down: bool) {
        self.alerts.decided(Decision {
            environment: Environment::production(),
            service: name(service),
            down,
            reason: down.then(|| "3 of 3 probes timed out after 2 s".to_owned()),
            in_maintenance: false,
        });
    }

    pub fn down(&self, service: &str) {
        self.probe(service, false);
        self.decide(service, true);
    }

    pub fn up(&self, service: &str) {
        self.decide(service, false);
    }

    /// The clock goes on; whatever the engine is told makes it look.
    pub fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
        self.decide("nobody", false);
    }

    pub fn burn(&self, service: &str, severity: Severity, firing: bool) {
        self.alerts.signal(Signal {
            key: AlertKey {
                kind: AlertKind::BurnRate { severity },
                environment: Environment::production(),
                service: name(service),
                slo_id: Some(SloId::from_uuid(Uuid::from_u128(5))),
            },
            severity,
            firing,
            at: self.now(),
            title: format!("{service} burns its budget 14.6 times too fast"),
            summary: "12 of 14 events were bad in the last 5 min.".to_owned(),
            values: BTreeMap::from([("short_s".to_owned(), serde_json::json!(300))]),
        });
    }

    /// Waits until the engine has dealt with everything it was told so far.
    pub async fn caught_up(&self) {
        let (answer, answered) = oneshot::channel();
        self.alerts.tell(Input::Order {
            scope: Scope::default(),
            id: self.alerts.inner.world.id(),
            order: Order::Unacknowledge { by: String::new() },
            answer: Answer::Here(answer),
        });
        answered.await.unwrap().unwrap_err();
    }

    pub async fn list(&self) -> Vec<Alert> {
        let page = PageRequest::first(1000);
        let scope = Scope::default();
        self.alerts
            .list(&scope, &AlertFilter::default(), &page)
            .await
            .unwrap()
            .items
    }

    pub async fn deliveries(&self) -> Vec<Delivery> {
        let page = PageRequest::first(1000);
        let deliveries = &self.alerts.inner.deliveries;
        deliveries
            .list(&Scope::default(), &DeliveryFilter::default(), &page)
            .await
            .unwrap()
            .items
    }

    /// Waits until the list of alerts is as wanted.
    pub async fn until_alerts(&self, wanted: impl Fn(&[Alert]) -> bool) -> Vec<Alert> {
        for _ in 0..500 {
            let alerts = self.list().await;
            if wanted(&alerts) {
                return alerts;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the alerts never became as wanted: {:#?}", self.list().await);
    }

    /// Waits until the list of deliveries is as wanted.
    pub async fn until_deliveries(&self, wanted: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        for _ in 0..500 {
            let deliveries = self.deliveries().await;
            if wanted(&deliveries) {
                return deliveries;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the deliveries never became as wanted: {:#?}", self.deliveries().await);
    }

    pub async fn timeline(&self, id: crate::alert::model::AlertId) -> Vec<&'static str> {
        let (_, timeline) = self.alerts.find(&Scope::default(), id).await.unwrap();
        timeline.iter().map(|entry| entry.what.as_str()).collect()
    }
}

/// Waits until a condition holds.
pub(super) async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came true that {what}");
}

pub(super) fn all(status: DeliveryStatus) -> impl Fn(&[Delivery]) -> bool {
    move |deliveries| !deliveries.is_empty() && deliveries.iter().all(|delivery| delivery.status == status)
}
