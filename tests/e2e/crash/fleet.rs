//! The replicas of one database: started, killed and ended, with a note of each kill.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use mainstay_kernel::World;
use mainstay_store::{Database, DatabaseConfig, DatabaseUrl};

use super::record::{Freeze, Kill, Run};
use crate::harness::{Instance, Running, instances, signal};

/// What every replica is configured with. Backups come when somebody asks for one.
const CONFIGURATION: &str = "[egress]\nallow_loopback = true\n[watch]\nsecrets_folder = \"secrets\"\n\
    [backup]\nfolder = \"backups\"\nschedule = \"0 0 1 1 *\"\nkeep = 2\n";
/// The file with which a run names itself.
const WHO_FILE: &str = "who";

/// Which database the replicas work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

pub struct Fleet {
    pub kind: Kind,
    instances: Vec<Instance>,
    /// One place for each instance.
    state: Mutex<Vec<Place>>,
    kills: Arc<Mutex<Vec<Kill>>>,
    freezes: Arc<Mutex<Vec<Freeze>>>,
}

#[derive(Default)]
struct Place {
    starts: usize,
    running: Option<Running>,
}

impl Fleet {
    /// So many replicas, none of which runs yet; `None` when there is no PostgreSQL.
    pub async fn new(kind: Kind, replicas: usize, program: Option<&str>) -> Option<Self> {
        let first = match kind {
            Kind::Sqlite => Instance::sqlite(CONFIGURATION),
            Kind::Postgres => {
                let both = instances(CONFIGURATION).await;
                both.into_iter().find(|one| one.schema.is_some())?
            }
        };
        let others: Vec<Instance> = (1..replicas).map(|_| Instance::sqlite(&first.toml)).collect();
        let mut instances: Vec<Instance> = std::iter::once(first).chain(others).collect();
        for instance in &mut instances {
            if let Some(program) = program {
                instance.program = program.into();
            }
            std::fs::create_dir(instance.directory.path().join("secrets")).unwrap();
        }
        Some(Self {
            kind,
            state: Mutex::new(instances.iter().map(|_| Place::default()).collect()),
            instances,
            kills: Arc::default(),
            freezes: Arc::default(),
        })
    }

    pub fn replicas(&self) -> usize {
        self.instances.len()
    }

    /// Where each replica answers while it runs.
    pub fn bases(&self) -> Vec<String> {
        let base = |instance: &Instance| format!("http://127.0.0.1:{}", instance.port);
        self.instances.iter().map(base).collect()
    }

    pub fn instance(&self, replica: usize) -> &Instance {
        &self.instances[replica]
    }

    fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        self.state.lock().unwrap()
    }

    pub fn is_running(&self, replica: usize) -> bool {
        self.places()[replica].running.is_some()
    }

    pub fn kills(&self) -> Vec<Kill> {
        self.kills.lock().unwrap().clone()
    }

    pub fn freezes(&self) -> Vec<Freeze> {
        self.freezes.lock().unwrap().clone()
    }

    /// Gives the next run of a replica its name.
    fn name_next(&self, replica: usize) {
        let start = {
            let place = &mut self.places()[replica];
            place.starts += 1;
            place.starts
        };
        let run = Run { replica, start };
        let folder = self.instances[replica].directory.path().join("secrets");
        std::fs::write(folder.join(WHO_FILE), run.to_string()).unwrap();
    }

    /// Starts a replica and waits until it is ready.
    pub async fn start(&self, replica: usize) {
        self.name_next(replica);
        let running = self.instances[replica].start().await;
        self.places()[replica].running = Some(running);
    }

    /// Starts a replica and kills it before long.
    pub async fn start_and_kill(&self, replica: usize, after: Duration) {
        self.name_next(replica);
        let running = self.instances[replica].spawn(&[]);
        self.places()[replica].running = Some(running);
        tokio::time::sleep(after).await;
        self.kill(replica);
    }

    /// `kill -9`.
    pub fn kill(&self, replica: usize) {
        let (start, running) = {
            let place = &mut self.places()[replica];
            (place.starts, place.running.take())
        };
        let Some(running) = running else { return };
        running.kill();
        self.kills.lock().unwrap().push(Kill {
            at: World::system().now_micros(),
            run: Run { replica, start },
        });
    }

    /// Stops a replica in its tracks for a while, as a machine does that moves or swaps; it wakes up and knows nothing of it.
    pub async fn freeze(&self, replica: usize, lasting: Duration) {
        let (start, pid) = {
            let place = &self.places()[replica];
            (place.starts, place.running.as_ref().map(Running::pid))
        };
        let Some(pid) = pid else { return };
        let from = World::system().now_micros();
        signal(pid, "STOP");
        tokio::time::sleep(lasting).await;
        signal(pid, "CONT");
        self.freezes.lock().unwrap().push(Freeze {
            run: Run { replica, start },
            from,
            to: World::system().now_micros(),
        });
    }

    /// SIGTERM to everybody, one after the other; answers what was not as it should be.
    pub fn terminate(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for replica in 0..self.replicas() {
            let running = self.places()[replica].running.take();
            let Some(running) = running else { continue };
            signal(running.pid(), "TERM");
            let (took, code, log) = running.wait_with_log();
            if code != Some(0) {
                wrong.push(format!("replica {replica} ended with {code:?} after {took:?}:\n{log}"));
            }
        }
        wrong
    }

    /// The database behind the replicas, for a look past them.
    pub async fn database(&self) -> Database {
        let config = match self.kind {
            Kind::Sqlite => DatabaseConfig::new(DatabaseUrl::Sqlite(self.instances[0].data().join("mainstay.db"))),
            Kind::Postgres => self.instances[0].schema.as_ref().unwrap().config().clone(),
        };
        Database::open(&DatabaseConfig {
            connections: 3,
            ..config
        })
        .await
        .unwrap()
    }
}
