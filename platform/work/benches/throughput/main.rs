//! How much durable work one process gets through: small writes by group commit, jobs, and events with their lag. Prints one line
//! of JSON. `bench/work/run.py` runs it on both databases, beside a peer.
//!
//! `throughput DATABASE_URL writes|jobs|events SECONDS [RATE]`

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program of its own that ends loudly, and whose producers stand for the outside"
)]

mod store;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use mainstay_kernel::{OrganizationId, World};
use mainstay_runtime::Tasks;
use mainstay_store::{Database, DatabaseConfig, GroupCommit, Transaction, Wakes, migrate};
use mainstay_work::{
    Announcement, EnqueueOptions, Event, EventHandler, HandlerError, Introduction, Job, JobContext, JobError, Jobs,
    Leases, MIGRATIONS, NewEvent, Outbox, Role, Timing,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

/// Callers that each wait for their write before the next.
const CALLERS: u64 = 512;

#[derive(Debug, Serialize, Deserialize)]
struct Step {
    number: u64,
}

impl Job for Step {
    const KIND: &'static str = "bench.step";
}

#[derive(Debug, Serialize, Deserialize)]
struct Happened {
    number: u64,
}

impl Announcement for Happened {
    const TOPIC: &'static str = "bench.happened";
    const VERSION: u32 = 1;

    fn key(&self) -> String {
        (self.number % 64).to_string()
    }
}

/// Measures from the moment an event was written to the moment it is handled.
struct Lag {
    world: World,
    micros: Mutex<Vec<i64>>,
}

#[async_trait]
impl EventHandler for Lag {
    fn name(&self) -> &'static str {
        "bench.lag"
    }

    fn topics(&self) -> &'static [&'static str] {
        &["bench.happened"]
    }

    async fn handle(&self, _tx: &mut Transaction, event: &Event) -> Result<(), HandlerError> {
        let lag = self.world.now_micros() - mainstay_kernel::to_micros(event.created_at);
        self.micros.lock().unwrap().push(lag);
        Ok(())
    }
}

struct Bench {
    database: Database,
    world: World,
    tasks: Tasks,
    group: GroupCommit,
    outbox: Outbox,
    jobs: Jobs,
    leases: Leases,
    length: Duration,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().filter(|argument| argument != "--bench").collect();
    let [_, url, what, seconds, rest @ ..] = arguments.as_slice() else {
        eprintln!("throughput DATABASE_URL writes|jobs|events SECONDS [RATE]; bench/work/run.py does all");
        return;
    };
    let mut config = DatabaseConfig::new(url.parse().unwrap());
    config.connections = 8;
    let database = Database::open(&config).await.unwrap();
    let world = World::system();
    migrate(&database, &world, &[MIGRATIONS, &[store::ROWS]].concat())
        .await
        .unwrap();
    let (tasks, wakes) = (Tasks::new(world.clone()), Wakes::new());
    wakes.listen(&database, &tasks);
    let group = GroupCommit::start(database.clone(), &tasks);
    let introduction = Introduction {
        name: "bench".to_owned(),
        roles: Role::ALL.into(),
        version: String::new(),
        presence: None,
    };
    let leases = Leases::new(
        database.clone(),
        world.clone(),
        wakes.clone(),
        introduction,
        Timing::default(),
    );
    let bench = Bench {
        outbox: Outbox::new(database.clone(), world.clone(), wakes.clone()),
        jobs: Jobs::new(database.clone(), world.clone(), wakes, group.clone(), leases.clone()),
        leases,
        database,
        world,
        tasks,
        group,
        length: Duration::from_secs_f64(seconds.parse().unwrap()),
    };
    let result = match what.as_str() {
        "writes" => bench.writes().await,
        "jobs" => bench.jobs().await,
        "events" => {
            bench
                .events(rest.first().map_or(5_000, |rate| rate.parse().unwrap()))
                .await
        }
        other => panic!("there is no `{other}`"),
    };
    println!("{result}");
    bench.tasks.stop_and_wait(Duration::from_secs(20)).await;
    bench.database.close().await;
}

impl Bench {
    /// Many callers, each of which waits until its row is durable.
    async fn writes(&self) -> serde_json::Value {
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let callers = (0..CALLERS).map(|caller| {
            let (group, world, stop, written) = (
                self.group.clone(),
                self.world.clone(),
                Arc::clone(&stop),
                Arc::clone(&written),
            );
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let row = store::row(&world, i64::try_from(caller).unwrap());
                    group.execute(row).await.unwrap();
                    written.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        let callers: Vec<_> = callers.collect();
        let started = Instant::now();
        tokio::time::sleep(self.length).await;
        let (written, took) = (written.load(Ordering::Relaxed), started.elapsed());
        stop.store(true, Ordering::Relaxed);
        futures::future::join_all(callers).await;
        let there = store::count(&self.database).await.unwrap();
        assert!(
            there >= i64::try_from(written).unwrap(),
            "what was acknowledged is there"
        );
        json!({ "writes_per_s": written as f64 / took.as_secs_f64(), "callers": CALLERS })
    }

    /// Jobs that do nothing but end, from being written to being done.
    async fn jobs(&self) -> serde_json::Value {
        self.jobs
            .register(|_: Step, context: JobContext| async move { Ok::<_, JobError>(context.done(None)) });
        self.jobs.set_concurrency("default", 512);
        self.leases.start(&self.tasks).await.unwrap();
        self.jobs.start(&self.tasks).await.unwrap();
        let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let producers = (0..128).map(|_| {
            let (jobs, stop, written) = (self.jobs.clone(), Arc::clone(&stop), Arc::clone(&written));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let number = written.fetch_add(1, Ordering::Relaxed);
                    jobs.enqueue(&Step { number }, EnqueueOptions::default()).await.unwrap();
                }
            })
        });
        let producers: Vec<_> = producers.collect();
        let started = Instant::now();
        tokio::time::sleep(self.length).await;
        // What is durably done, and not what has begun.
        let ended = store::jobs_done(&self.database).await.unwrap();
        let took = started.elapsed();
        stop.store(true, Ordering::Relaxed);
        futures::future::join_all(producers).await;
        json!({ "jobs_per_s": ended as f64 / took.as_secs_f64(), "written": written.load(Ordering::Relaxed) })
    }

    /// Events at a steady rate, each in a durable write of its own, and how long they are under way.
    async fn events(&self, rate: u64) -> serde_json::Value {
        let lag = Arc::new(Lag {
            world: self.world.clone(),
            micros: Mutex::default(),
        });
        self.outbox.add_handler(lag.clone());
        self.leases.start(&self.tasks).await.unwrap();
        self.outbox.start(&self.tasks, &self.leases).await.unwrap();
        let started = Instant::now();
        let mut sent = 0_u64;
        let mut under_way = tokio::task::JoinSet::new();
        while started.elapsed() < self.length {
            let due = (started.elapsed().as_secs_f64() * rate as f64) as u64;
            while sent < due {
                let event = NewEvent::of(OrganizationId::DEFAULT, &Happened { number: sent }).unwrap();
                let (outbox, group) = (self.outbox.clone(), self.group.clone());
                under_way.spawn(async move { outbox.write(&group, Vec::new(), &event).await.unwrap() });
                sent += 1;
            }
            while under_way.try_join_next().is_some() {}
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        while under_way.join_next().await.is_some() {}
        let took = started.elapsed();
        let patience = Instant::now() + Duration::from_secs(30);
        while (lag.micros.lock().unwrap().len() as u64) < sent && Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut micros = lag.micros.lock().unwrap().clone();
        assert_eq!(micros.len() as u64, sent, "every event is handled once");
        micros.sort_unstable();
        let at = |percent: usize| micros[(micros.len() * percent / 100).min(micros.len() - 1)] as f64 / 1000.0;
        json!({
            "events_per_s": sent as f64 / took.as_secs_f64(), "asked_per_s": rate,
            "lag_p50_ms": at(50), "lag_p99_ms": at(99),
        })
    }
}
