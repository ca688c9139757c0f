//! Several replicas on one database: each check is probed by one of them, and all of them know what came of it.

use std::collections::BTreeSet;

use mainstay_kernel::from_micros;
use mainstay_store::Wakes;
use mainstay_work::{Introduction, Leases, Role, Timing};

use super::*;
use crate::{
    model::{
        check::CheckId,
        failure::{Failure, FailureKind},
        probe::{Attempt, Phases, Probe},
    },
    share::Share,
    store::StoredProbe,
};

struct Replica {
    watch: Watch,
    tasks: Tasks,
    ear: Arc<Ear>,
}

impl Replica {
    async fn start(shared: &TestDatabase, catalog: &TestCatalog) -> Self {
        let (world, tasks, wakes) = (World::system(), Tasks::new(World::system()), Wakes::new());
        let db = Database::open(shared.config()).await.unwrap();
        let introduction = Introduction {
            name: world.uuid().to_string(),
            roles: Role::ALL.into(),
            version: String::new(),
            presence: None,
        };
        let timing = Timing {
            beat: Duration::from_millis(200),
            silence: Duration::from_millis(1_500),
            margin: Duration::from_millis(300),
            look: Duration::from_secs(1),
            ..Timing::default()
        };
        let leases = Leases::new(db.clone(), world.clone(), wakes.clone(), introduction, timing);
        let share = Share::new(&leases, &wakes, &db);
        let hub = EventHub::new();
        let watch = Watch::shared(db.clone(), world, hub, catalog.clone(), impatient(), share);
        let watch = watch.await.unwrap();
        let ear = Arc::new(Ear::default());
        watch.add_listener(ear.clone());
        wakes.listen(&db, &tasks);
        leases.start(&tasks).await.unwrap();
        watch.start(&tasks).await.unwrap();
        Self { watch, tasks, ear }
    }

    /// The checks this replica probed, or heard of, since it was last asked.
    fn heard(&self, own: bool) -> BTreeSet<CheckId> {
        let probes = self.ear.probes.lock().unwrap();
        let wanted = probes.iter().filter(|event| event.foreign.is_none() == own);
        wanted.map(|event| event.check).collect()
    }

    fn forget(&self) {
        self.ear.probes.lock().unwrap().clear();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_share_the_checks_and_one_takes_over_when_the_other_dies() {
    let migrations = [mainstay_work::MIGRATIONS, MIGRATIONS].concat();
    let Some(db) = mainstay_testkit::postgres(&migrations).await else {
        return;
    };
    let tasks = Tasks::new(World::system());
    let target = Target::start(&tasks).await;
    let names: Vec<String> = (0..12).map(|number| format!("service-{number}")).collect();
    let catalog = TestCatalog::of(names.iter().map(|name| service(name, target.port, &[])).collect());
    let (one, two) = (Replica::start(&db, &catalog).await, Replica::start(&db, &catalog).await);
    let both = [&one, &two];
    let all_are = |replica: &Replica, wanted: State| names.iter().all(|name| state(&replica.watch, name) == wanted);
    until("everything is up everywhere", || {
        both.iter().all(|replica| all_are(replica, State::Up))
    })
    .await;
    until("both probe", || {
        both.iter().all(|replica| !replica.heard(true).is_empty())
    })
    .await;

    // After the shares have moved, no check is probed by both, and each hears of what the other probes.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for replica in both {
        replica.forget();
    }
    until("each has heard of every check", || {
        both.iter()
            .all(|replica| replica.heard(true).len() + replica.heard(false).len() == names.len())
    })
    .await;
    assert_eq!(one.heard(true), two.heard(false));
    assert_eq!(two.heard(true), one.heard(false));

    // An edit made at one is in force at the other.
    let id = check_named(&one.watch, "service-3", "health").unwrap().check.id;
    one.watch.pause_check(id, IfMatch(None), true).await.unwrap();
    until("the other knows that it is paused", || {
        check_named(&two.watch, "service-3", "health").unwrap().check.paused
    })
    .await;
    one.watch.pause_check(id, IfMatch(None), false).await.unwrap();

    target.set(false);
    until("everything is down everywhere", || {
        both.iter().all(|replica| all_are(replica, State::Down))
    })
    .await;

    one.tasks.abort();
    target.set(true);
    until("everything is up again", || all_are(&two, State::Up)).await;
    two.forget();
    until("everything is probed by the one that is left", || {
        two.heard(true).len() == names.len()
    })
    .await;
    stop(two.tasks).await;
}

#[tokio::test]
async fn what_a_replica_that_stood_still_tells_late_counts_and_changes_no_state() {
    for db in databases(MIGRATIONS).await {
        let watch = open(&db, &TestCatalog::of(vec![service("api", 1, &[])])).await;
        watch.reconcile().await.unwrap();
        let ear = Arc::new(Ear::default());
        watch.add_listener(ear.clone());
        let check = check_named(&watch, "api", "health").unwrap().check;
        let probed = |number: i64, well: bool, late: bool| {
            let refused = || Failure::new(FailureKind::ConnectRefused, "refused the connection");
            StoredProbe {
                key: check.key,
                flush: number,
                in_maintenance: false,
                late,
                probe: Probe {
                    at: from_micros(number * 1_000_000),
                    duration_us: 1_000,
                    phases: Phases::default(),
                    status: None,
                    failure: (!well).then(refused),
                    address: None,
                    body_bytes: None,
                    health: None,
                    tls_days_left: None,
                    attempt: Attempt::Scheduled,
                },
            }
        };
        let hear = |numbers: std::ops::Range<i64>, well: bool, late: bool| {
            for number in numbers {
                watch.engine().hear(check.id, &probed(number, well, late));
            }
        };
        hear(10..20, true, false);
        assert_eq!(state(&watch, "api"), State::Up);
        hear(0..10, false, true);
        assert_eq!(state(&watch, "api"), State::Up);
        let heard: Vec<bool> = ear.probes.lock().unwrap().iter().map(|event| event.ok).collect();
        assert_eq!(heard, [[true; 10], [false; 10]].concat());
        hear(20..30, false, false);
        assert_eq!(state(&watch, "api"), State::Down);
    }
}
