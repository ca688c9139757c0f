//! Several replicas on one database: one of them decides and delivers, the others show, ask, and take over.

use mainstay_kernel::ProblemKind;
use mainstay_store::{DatabaseConfig, sql};
use mainstay_testkit::TestDatabase;
use receiver::Reply;

use super::*;
use crate::alert::{
    engine::apply::{Rows, Uncommitted},
    model::{AlertId, Condition},
};

/// One of several processes, with connections of its own.
struct Replica {
    process: Process,
    db: Database,
}

impl Replica {
    async fn join(db: &TestDatabase, seed: u64) -> Self {
        Self::with(db, seed, config(), &Role::ALL).await
    }

    async fn with(db: &TestDatabase, seed: u64, config: AlertsConfig, roles: &[Role]) -> Self {
        let own = Database::open(&DatabaseConfig {
            connections: 8,
            ..db.config().clone()
        })
        .await
        .unwrap();
        let (_, clock) = mainstay_testkit::world();
        let world = (World::simulated(clock.clone(), seed), clock);
        let process = Process::take_part(&own, "api web", config, Arc::default(), world, roles).await;
        process.alerts.inner.shared.wakes.listen(&own, &process.tasks);
        Self { process, db: own }
    }

    fn leads(&self) -> bool {
        self.process.alerts.leads()
    }

    /// Ends where it stands, as a killed process would.
    async fn kill(self) {
        self.process.tasks.abort();
        self.process.tasks.stop_and_wait(Duration::from_secs(5)).await;
        self.db.close().await;
    }

    async fn stop(self) {
        self.process.stop().await;
        self.db.close().await;
    }
}

/// Two replicas, of which the first decides.
async fn pair(db: &TestDatabase, config: AlertsConfig) -> (Replica, Replica) {
    let first = Replica::with(db, 1, config.clone(), &Role::ALL).await;
    until("the first decides", || first.leads()).await;
    let second = Replica::with(db, 2, config, &Role::ALL).await;
    (first, second)
}

/// Every replica hears of every probe and of every state.
fn down(service: &str, replicas: &[&Replica]) {
    for replica in replicas {
        replica.process.down(service);
    }
}

async fn alert_of(replica: &Replica) -> Alert {
    let alerts = replica.process.until_alerts(|alerts| alerts.len() == 1).await;
    alerts.into_iter().next().unwrap()
}

fn webhook_ids(receiver: &Receiver) -> Vec<String> {
    let ids = receiver.received().into_iter();
    ids.map(|message| message.header("webhook-id").unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_replicas_that_see_an_outage_one_tells_of_it() {
    let Some(db) = crate::testing::postgres().await else {
        return;
    };
    let receiver = Receiver::start([]).await;
    let (first, second) = pair(&db, config()).await;
    first.process.webhook(&receiver, Format::Mainstay).await;
    down("api", &[&first, &second]);
    receiver.accepts(1).await;
    for replica in [&first, &second] {
        replica.process.up("api");
    }
    receiver.accepts(2).await;
    for replica in [&first, &second] {
        let alerts = replica
            .process
            .until_alerts(|alerts| alerts.iter().all(|alert| alert.state == Condition::Resolved))
            .await;
        assert_eq!(alerts.len(), 1);
        assert_eq!(replica.process.deliveries().await.len(), 2);
    }
    assert!(first.leads() && !second.leads());
    assert_eq!(receiver.received().len(), 2);
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_whose_sender_is_killed_before_it_is_accepted_is_sent_by_the_other_under_the_same_id() {
    let Some(db) = crate::testing::postgres().await else {
        return;
    };
    // The first attempt is never answered.
    let receiver = Receiver::start([Reply::Silence]).await;
    let mut patient = config();
    patient.delivery.timeout = Duration::from_mins(1);
    let (first, second) = pair(&db, patient).await;
    first.process.webhook(&receiver, Format::Mainstay).await;
    down("api", &[&first]);
    receiver.receives(1).await;
    first.kill().await;

    until("the second decides", || second.leads()).await;
    receiver.accepts(1).await;
    let ids = webhook_ids(&receiver);
    assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
    // It hears of the outage late, and opens nothing.
    down("api", &[&second]);
    second.process.caught_up().await;
    let alert = alert_of(&second).await;
    let delivered = second.process.until_deliveries(all(DeliveryStatus::Delivered)).await;
    assert_eq!((delivered.len(), delivered[0].alert_id), (1, Some(alert.id)));
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_killed_replica_alone_knew_is_not_undone_by_the_next() {
    let Some(db) = crate::testing::postgres().await else {
        return;
    };
    let receiver = Receiver::start([]).await;
    let (first, second) = pair(&db, config()).await;
    first.process.webhook(&receiver, Format::Mainstay).await;
    // The second has not heard of the probes that failed, and believes that the service is up.
    let decision = |down| Decision {
        environment: Environment::production(),
        service: name("api"),
        down,
        reason: None,
        in_maintenance: false,
    };
    *second.process.watch.decisions.lock().unwrap() = vec![decision(false)];
    down("api", &[&first]);
    receiver.accepts(1).await;
    first.process.until_deliveries(all(DeliveryStatus::Delivered)).await;
    first.kill().await;
    until("the second decides", || second.leads()).await;
    second.process.caught_up().await;
    second.process.probe("api", false);
    second.process.caught_up().await;
    assert_eq!(alert_of(&second).await.state, Condition::Open);
    // A minute later a probe succeeds, which settles it.
    second.process.clock.advance(SignedDuration::from_mins(1));
    second.process.probe("api", true);
    receiver.accepts(2).await;
    let alerts = second.process.list().await;
    assert_eq!((alerts.len(), alerts[0].state), (1, Condition::Resolved));
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_taken_on_through_the_replica_that_does_not_decide() {
    let Some(db) = crate::testing::postgres().await else {
        return;
    };
    let receiver = Receiver::start([]).await;
    let (first, second) = pair(&db, config()).await;
    first.process.webhook(&receiver, Format::Mainstay).await;
    down("api", &[&first, &second]);
    receiver.accepts(1).await;
    let alert = alert_of(&second).await;
    let scope = Scope::default();
    let (through, note) = (&second.process.alerts, Some("on it".to_owned()));
    let taken = through
        .acknowledge(&scope, alert.id, "ada".to_owned(), note)
        .await
        .unwrap();
    assert_eq!(taken.acknowledged_by.as_deref(), Some("ada"));
    receiver.accepts(2).await;
    let back = through.unacknowledge(&scope, alert.id, "bob".to_owned()).await.unwrap();
    assert_eq!(back.acknowledged_by, None);
    // What the first decides on has heard of both.
    first.process.up("api");
    first
        .process
        .until_alerts(|alerts| alerts[0].state == Condition::Resolved)
        .await;
    let mut steps = second.process.timeline(alert.id).await;
    steps.retain(|step| *step != "delivered");
    assert_eq!(steps, ["opened", "told", "acknowledged", "unacknowledged", "resolved"]);
    let refused = through
        .acknowledge(&scope, alert.id, "ada".to_owned(), None)
        .await
        .unwrap_err();
    assert_eq!(refused.code, "already-resolved");
    let unknown: AlertId = second.process.alerts.inner.world.id();
    let refused = through
        .acknowledge(&scope, unknown, "ada".to_owned(), None)
        .await
        .unwrap_err();
    assert_eq!(refused.code, "not-found");
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_decides_nothing_is_changed_and_that_is_said() {
    let Some(db) = crate::testing::postgres().await else {
        return;
    };
    let receiver = Receiver::start([]).await;
    let first = Replica::join(&db, 1).await;
    until("the first decides", || first.leads()).await;
    first.process.webhook(&receiver, Format::Mainstay).await;
    down("api", &[&first]);
    receiver.accepts(1).await;
    let alert = alert_of(&first).await;
    let front = Replica::with(&db, 2, config(), &[Role::Api]).await;
    first.stop().await;
    let scope = Scope::default();
    let refused = front
        .process
        .alerts
        .acknowledge(&scope, alert.id, "ada".to_owned(), None)
        .await;
    let problem = refused.unwrap_err();
    assert_eq!(
        (problem.code, problem.kind),
        ("nobody-decides", ProblemKind::Unavailable)
    );
    // It does not happen after all when somebody comes.
    let late = Replica::join(&db, 3).await;
    until("somebody decides", || late.leads()).await;
    late.process.caught_up().await;
    assert_eq!(alert_of(&late).await.acknowledged_by, None);
    front.stop().await;
    late.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_whose_lease_was_taken_commits_nothing() {
    let Some(db) = crate::testing::postgres().await else {
        return;
    };
    let first = Replica::join(&db, 1).await;
    until("it decides", || first.leads()).await;
    let inner = &first.process.alerts.inner;
    let term = inner.seat.term().unwrap();
    db.execute(sql("UPDATE work_lease SET token = token + 1 WHERE name = $1").bind("slo.page"))
        .await
        .unwrap();
    let step = store::NewStep {
        alert: inner.world.id(),
        organization: Scope::default().organization,
        position: 2,
        at: inner.world.now(),
        what: crate::alert::model::What::Opened,
        detail: None,
    };
    let rows = Rows {
        records: Vec::new(),
        steps: vec![step.clone()],
        deliveries: Vec::new(),
        answers: Vec::new(),
    };
    let refused = rows.commit(inner, &term, false).await;
    assert!(matches!(refused, Err(Uncommitted::Fenced)), "{refused:?}");
    assert!(!term.stands());
    assert!(store::timeline(&db, step.alert).await.unwrap().is_empty());
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_and_a_repetition_asked_for_elsewhere_are_made_by_whoever_delivers() {
    let Some(db) = crate::testing::postgres().await else {
        return;
    };
    let receiver = Receiver::start([]).await;
    let (first, second) = pair(&db, config()).await;
    let (webhook, _) = second.process.webhook(&receiver, Format::Mainstay).await;
    first.process.alerts.inner.deliveries.reload().await.unwrap();
    let deliveries = &second.process.alerts.inner.deliveries;
    let scope = Scope::default();
    let tested = deliveries.test(&scope, &webhook).await.unwrap();
    assert_eq!((tested.status, tested.attempts), (DeliveryStatus::Delivered, 1));
    let again = deliveries.redeliver(&scope, tested.id).await.unwrap();
    assert_eq!((again.status, again.attempts), (DeliveryStatus::Delivered, 2));
    let ids = webhook_ids(&receiver);
    assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_at_any_replica_hears_of_alerts_and_deliveries_once() {
    let Some(db) = crate::testing::postgres().await else {
        return;
    };
    let receiver = Receiver::start([]).await;
    let (first, second) = pair(&db, config()).await;
    first.process.webhook(&receiver, Format::Mainstay).await;
    let mut browsers = [&first, &second].map(|replica| replica.process.alerts.inner.hub.subscribe());
    down("api", &[&first, &second]);
    first.process.until_deliveries(all(DeliveryStatus::Delivered)).await;
    let mut heard = Vec::new();
    for browser in &mut browsers {
        let (mut alerts, mut opened, mut delivered) = (0, 0, false);
        while alerts == 0 || !delivered {
            let event = tokio::time::timeout(Duration::from_secs(10), browser.recv())
                .await
                .unwrap()
                .unwrap();
            if event.topic == "resync" {
                // The replica began to listen to the others only now; the browser looks by itself.
                break;
            }
            let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
            alerts += usize::from(event.topic == "alert");
            opened += usize::from(event.topic == "alert" && data["delivered"] == false);
            delivered |= event.topic == "delivery" && data["status"] == "delivered";
        }
        heard.push(opened);
    }
    // The other one tells what it finds when it looks, and by then the opening may be delivered.
    assert!(heard[0] <= 1, "the one that decides does not hear itself");
    second.stop().await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_to_an_alert_is_announced_to_other_modules_in_order() {
    for db in databases().await {
        let receiver = Receiver::start([]).await;
        let process = Process::start(&db, "api").await;
        process.webhook(&receiver, Format::Mainstay).await;
        process.down("api");
        receiver.accepts(1).await;
        let alert = process.until_alerts(|alerts| alerts.len() == 1).await.remove(0);
        let by = "ada".to_owned();
        let taken = process.alerts.acknowledge(&Scope::default(), alert.id, by, None).await;
        taken.unwrap();
        process.up("api");
        receiver.accepts(3).await;
        let rows = db
            .fetch_all(sql(
                "SELECT topic, version, key, payload FROM work_event ORDER BY position",
            ))
            .await
            .unwrap();
        let changes: Vec<String> = rows
            .iter()
            .map(|row| {
                assert_eq!(row.get::<String>("topic").unwrap(), "slo.alert");
                assert_eq!(row.get::<i64>("version").unwrap(), 1);
                assert_eq!(row.get::<String>("key").unwrap(), alert.id.to_string());
                let payload: String = row.get("payload").unwrap();
                let changed: crate::events::AlertChanged = serde_json::from_str(&payload).unwrap();
                format!("{:?}", changed.change)
            })
            .collect();
        assert_eq!(changes, ["Opened", "Told", "Acknowledged", "Resolved"]);
        process.stop().await;
    }
}
