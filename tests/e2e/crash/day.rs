//! A day with kills: the fleet and its load are set up, replicas are killed at moments nobody chose, it all calms down, and
//! everything is read back.

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use mainstay_kernel::World;
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    client::{Client, Written},
    fleet::{Fleet, Kind},
    load::Load,
    outside::{Receiver, Targets, WHO},
    read_back::{self, Known},
    record::{Happened, Kept, Record},
};

const CHECKS: usize = 12;
const WRITERS: usize = 2;
/// From one probe of a check to the next.
pub const INTERVAL_MS: u32 = 1_000;
/// A new promise counts from two seconds after it was made, where there may be other replicas.
const COUNTED_FROM: Duration = Duration::from_millis(2_500);
/// How long it may take until all is quiet. A delivery that was refused three times waits for half a minute.
const PATIENCE: Duration = Duration::from_mins(3);

/// How long deliveries that were refused are left to their own waits.
const BACKED_OFF: Duration = Duration::from_secs(35);

pub struct Day {
    pub fleet: Fleet,
    pub load: Load,
    pub known: Known,
    receiver: Receiver,
    at_work: JoinSet<()>,
}

impl Day {
    /// Starts everything; `None` when there is no PostgreSQL.
    pub async fn begin(kind: Kind, replicas: usize, program: Option<&str>) -> Option<Self> {
        let fleet = Fleet::new(kind, replicas, program).await?;
        for replica in 0..replicas {
            fleet.start(replica).await;
        }
        let (targets, receiver) = (Targets::start(), Receiver::start());
        let client = Client::new(fleet.bases());
        let began = World::system().now_micros();
        let known = furnish(&client, &targets, &receiver).await;
        let load = Load {
            client,
            targets,
            database: fleet.database().await,
            checks: Arc::new(known.checks.clone()),
            happened: Arc::new(Mutex::new(Happened {
                replicas,
                began,
                ..Happened::default()
            })),
            over: Arc::default(),
        };
        let mut at_work = JoinSet::new();
        for writer in 0..WRITERS {
            at_work.spawn(load.clone().write(writer));
        }
        at_work.spawn(load.clone().read());
        at_work.spawn(load.clone().acknowledge());
        at_work.spawn(load.clone().weather());
        at_work.spawn(load.clone().weather());
        at_work.spawn(load.clone().add_jobs());
        at_work.spawn(load.clone().back_up());
        if kind == Kind::Postgres {
            at_work.spawn(load.clone().look_at_leases());
        }
        Some(Self {
            fleet,
            load,
            known,
            receiver,
            at_work,
        })
    }

    fn chance(&self, bound: usize) -> usize {
        self.load.client.chance(bound)
    }

    async fn pause(&self, least_ms: usize, more_ms: usize) {
        let wait = least_ms + self.chance(more_ms);
        tokio::time::sleep(Duration::from_millis(wait as u64)).await;
    }

    /// Kills so many times, and now and then freezes one; says after each how many there were.
    pub async fn kill_often(&self, kills: usize, progress: impl Fn(usize)) {
        loop {
            let killed = self.fleet.kills().len();
            progress(killed);
            if killed >= kills {
                break;
            }
            self.pause(200, 2_500).await;
            let victim = self.chance(self.fleet.replicas());
            if self.fleet.replicas() > 1 && self.chance(10) == 0 {
                // Long enough, or not, that the others take it for dead.
                let lasting = Duration::from_millis(2_000 + self.chance(6_000) as u64);
                self.fleet.freeze(victim, lasting).await;
                continue;
            }
            self.fleet.kill(victim);
            match self.chance(8) {
                // A second one, while the others still wonder about the first.
                0 if self.fleet.replicas() > 2 => {
                    self.pause(1, 3_000).await;
                    let other = (victim + 1) % self.fleet.replicas();
                    self.fleet.kill(other);
                    self.fleet.start(other).await;
                }
                1 | 2 => {
                    let after = Duration::from_millis(self.chance(900) as u64);
                    self.fleet.start_and_kill(victim, after).await;
                }
                // It stays away until others have taken its work over.
                3 | 4 if self.fleet.replicas() > 1 => self.until_all_probed().await,
                5 => self.pause(1, 2_000).await,
                _ => {}
            }
            self.fleet.start(victim).await;
        }
    }

    /// One is killed every so often, for so long, and comes back after a while.
    pub async fn kill_every(&self, period: Duration, lasting: Duration, progress: impl Fn(usize)) {
        let started = Instant::now();
        let mut next = period;
        while next <= lasting {
            tokio::time::sleep(next.saturating_sub(started.elapsed())).await;
            let victim = self.chance(self.fleet.replicas());
            self.fleet.kill(victim);
            progress(self.fleet.kills().len());
            self.until_all_probed().await;
            self.fleet.start(victim).await;
            next += period;
        }
        tokio::time::sleep(lasting.saturating_sub(started.elapsed())).await;
    }

    /// Waits, with patience, until every check was probed again.
    pub async fn until_all_probed(&self) {
        let (since, started) = (World::system().now_micros(), Instant::now());
        while started.elapsed() < Duration::from_secs(30) && !self.load.targets.all_probed_since(since, CHECKS) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends the load: whoever is in the middle of something waits for its answer first.
    pub async fn rest(&mut self) {
        self.load.over.store(true, Ordering::SeqCst);
        while let Some(ended) = self.at_work.join_next().await {
            ended.unwrap();
        }
    }

    /// Lets it all calm down and reads everything back. What never came to rest is found by the check of the record.
    pub async fn end(mut self) -> Record {
        self.rest().await;
        self.load.targets.heal();
        self.receiver.be_nice();
        for replica in 0..self.fleet.replicas() {
            if !self.fleet.is_running(replica) {
                self.fleet.start(replica).await;
            }
        }
        self.until_quiet().await;
        let ended = World::system().now_micros();
        let (client, bases) = (self.load.client.clone(), self.fleet.bases());
        for (number, check) in self.known.checks.iter().enumerate() {
            let path = format!("/api/v1/checks/{check}/pause");
            self.load.note().paused.insert(number, World::system().now_micros());
            let (status, answer) = client.settled("POST", &path, Some(&json!({})), None).await;
            assert_eq!(status, 200, "{answer}");
        }
        self.until_budgets_agree(&bases).await;
        let mut kept = Kept::default();
        let happened = self.load.note().clone();
        read_back::through_the_api(&client, &bases, &self.known, &happened, &mut kept).await;
        kept.disorderly = self.fleet.terminate();
        read_back::from_the_tables(&self.load.database, &self.known, &mut kept).await;
        self.load.database.close().await;
        Record {
            happened: Happened {
                ended,
                hits: self.load.targets.hits(),
                arrivals: self.receiver.arrivals(),
                kills: self.fleet.kills(),
                freezes: self.fleet.freezes(),
                ..happened
            },
            kept,
        }
    }

    /// Until every service is up, no alert is open, everything is told and every job has ended.
    async fn until_quiet(&self) {
        let (client, started) = (&self.load.client, Instant::now());
        while started.elapsed() < PATIENCE {
            let states = client.list("/api/v1/service-states").await;
            let watched = |state: &&serde_json::Value| state["service"].as_str().unwrap().starts_with("watched-");
            let mut restless = states
                .iter()
                .filter(watched)
                .filter(|state| state["state"] != "up")
                .count();
            restless += client.list("/api/v1/alerts?state=open").await.len();
            for status in ["pending", "failed"] {
                for delivery in client.list(&format!("/api/v1/deliveries?status={status}")).await {
                    restless += 1;
                    // After many refusals the next attempt is minutes away. Whoever looks after it sends it again by hand.
                    if status == "failed" && started.elapsed() > BACKED_OFF {
                        let path = format!("/api/v1/deliveries/{}/redeliver", delivery["id"].as_str().unwrap());
                        client.ask_somebody("POST", &path, None).await;
                    }
                }
            }
            for queue in client.list("/api/v1/admin/queues").await {
                let jobs = &queue["jobs"];
                restless += usize::from(jobs["waiting"] != 0) + usize::from(jobs["running"] != 0);
            }
            if restless == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Until every replica has heard of the last probes: three looks in a row that find the same everywhere.
    async fn until_budgets_agree(&self, bases: &[String]) {
        let (started, mut same, mut before) = (Instant::now(), 0, Vec::new());
        while started.elapsed() < Duration::from_secs(30) && same < 3 {
            let mut now = Vec::new();
            for base in bases {
                for slo in &self.known.slos {
                    now.push(read_back::budget(&self.load.client, base, slo).await);
                }
            }
            let agree = now
                .chunks(self.known.slos.len())
                .all(|replica| *replica == now[..replica.len()]);
            same = if agree && now == before { same + 1 } else { 0 };
            before = now;
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    }
}

/// Services with a promise and a check each, and a webhook.
async fn furnish(client: &Client, targets: &Targets, receiver: &Receiver) -> Known {
    let mut known = Known {
        checks: Vec::new(),
        slos: Vec::new(),
        services: (0..CHECKS).map(|number| format!("watched-{number}")).collect(),
    };
    let webhook = json!({ "name": "pager", "url": receiver.url() });
    made(client, "/api/v1/webhooks", &webhook).await;
    for service in &known.services {
        made(client, "/api/v1/services", &json!({ "name": service })).await;
        let slo = json!({ "service": service, "objective": 50, "rules": [] });
        known.slos.push(made(client, "/api/v1/slos", &slo).await);
    }
    tokio::time::sleep(COUNTED_FROM).await;
    for (number, service) in known.services.iter().enumerate() {
        let check = json!({
            "name": "health", "service": service, "role": "health", "target": targets.url(number),
            "interval_ms": INTERVAL_MS, "timeout_ms": INTERVAL_MS - 100, "retry_ms": 500,
            "failures_before_down": 2, "successes_before_up": 1,
            "headers": [{ "name": WHO, "value_file": "who" }],
        });
        known.checks.push(made(client, "/api/v1/checks", &check).await);
    }
    known
}

/// Creates something before the kills begin; answers its id.
async fn made(client: &Client, path: &str, body: &serde_json::Value) -> String {
    match client.create(path, body).await {
        Written::Answered(answer) => answer["id"].as_str().unwrap_or_default().to_owned(),
        Written::Unknown => panic!("{path} has no known outcome, and nobody was killed"),
    }
}
