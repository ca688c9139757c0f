//! Machines and what runs on them, while things go wrong.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::SignedDuration;
use mainstay_runtime::Tasks;
use tokio::{sync::oneshot, time::Instant};

use super::{Fault, Log, Machine, Planned, Process, Server, Simulation};

/// How long a process may take to stop before it is ended.
const STOP: Duration = Duration::from_secs(30);
/// From the end of a process that could not start to the next on the same machine.
const RESTART: Duration = Duration::from_secs(1);

/// What runs on a machine: a process and what a scenario has put into it.
#[async_trait]
pub trait Node: Send + Sync + 'static {
    /// The process.
    fn process(&self) -> &Process;

    /// Begins to work.
    ///
    /// # Errors
    /// Why it cannot, in a sentence; it is then ended, and another process is started a moment later.
    async fn start(&self) -> Result<(), String>;

    /// It was ended, however that came.
    fn ended(&self);
}

/// A fault and when it lasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// What went wrong.
    pub fault: Fault,
    /// From when on.
    pub from: Instant,
    /// Until when; of a process, until the next one works.
    pub to: Instant,
}

/// A machine and what runs on it.
#[derive(Debug)]
struct Place<N> {
    machine: Machine,
    running: Mutex<Option<Arc<N>>>,
}

impl<N> Place<N> {
    fn running(&self) -> MutexGuard<'_, Option<Arc<N>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Boot<N> = dyn Fn(usize, Process) -> N + Send + Sync;

struct Inner<N> {
    places: Vec<Place<N>>,
    boot: Box<Boot<N>>,
    server: Server,
    log: Log,
    tasks: Tasks,
    began: Instant,
    passed: Mutex<Vec<Passed>>,
}

/// Machines that share a database. Cheap to clone.
pub struct Cluster<N>(Arc<Inner<N>>);

impl<N> Clone for Cluster<N> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<N> fmt::Debug for Cluster<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("machines", &self.0.places.len())
            .finish_non_exhaustive()
    }
}

impl<N: Node> Cluster<N> {
    /// Machines on which nothing runs yet. `boot` says what is put into a process of a machine, by its number.
    pub fn new(
        simulation: &Simulation,
        machines: usize,
        boot: impl Fn(usize, Process) -> N + Send + Sync + 'static,
    ) -> Self {
        let places = (0..machines)
            .map(|number| Place {
                machine: simulation.machine(&format!("m{number}")),
                running: Mutex::default(),
            })
            .collect();
        Self(Arc::new(Inner {
            places,
            boot: Box::new(boot),
            server: simulation.server.clone(),
            log: simulation.log.clone(),
            tasks: simulation.tasks.clone(),
            began: simulation.began,
            passed: Mutex::default(),
        }))
    }

    /// How many machines there are.
    pub fn machines(&self) -> usize {
        self.0.places.len()
    }

    /// What runs on a machine.
    pub fn node(&self, number: usize) -> Option<Arc<N>> {
        self.0.places[number].running().clone()
    }

    /// What runs anywhere.
    pub fn nodes(&self) -> Vec<Arc<N>> {
        self.0
            .places
            .iter()
            .filter_map(|place| place.running().clone())
            .collect()
    }

    /// What has gone wrong and passed so far.
    pub fn passed(&self) -> Vec<Passed> {
        self.passed_now().clone()
    }

    /// How often each kind of fault has passed so far.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        let mut faults = BTreeMap::new();
        for passed in self.passed_now().iter() {
            *faults.entry(passed.fault.kind()).or_default() += 1;
        }
        faults
    }

    fn passed_now(&self) -> MutexGuard<'_, Vec<Passed>> {
        self.0.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a process on a machine where none runs, as often as it takes.
    pub async fn start(&self, number: usize) {
        let place = &self.0.places[number];
        loop {
            let node = Arc::new((self.0.boot)(number, place.machine.boot()));
            {
                let mut running = place.running();
                if running.is_some() {
                    node.process().crash();
                    return;
                }
                *running = Some(Arc::clone(&node));
            }
            self.0.log.line(&format!("{} starts", node.process().name));
            let tasks = node.process().tasks.clone();
            let (done, started) = oneshot::channel();
            let starting = Arc::clone(&node);
            // Within the process, so that it ends with it.
            tasks.detached(async move {
                // Whoever waits may be gone.
                drop(done.send(starting.start().await));
            });
            match started.await {
                Ok(Err(why)) => {
                    self.0
                        .log
                        .line(&format!("{} could not start: {why}", node.process().name));
                    if self.end(number, &node) {
                        tokio::time::sleep(RESTART).await;
                        continue;
                    }
                    return;
                }
                // It runs, or was ended meanwhile by somebody who starts another.
                Ok(Ok(())) | Err(_) => return,
            }
        }
    }

    fn crash(&self, number: usize) -> bool {
        self.node(number).is_some_and(|node| self.end(number, &node))
    }

    fn lose_power(&self, number: usize) -> bool {
        self.node(number).is_some_and(|node| {
            node.process().lose_power();
            self.end(number, &node)
        })
    }

    async fn stop(&self, number: usize) -> bool {
        let Some(node) = self.node(number) else {
            return false;
        };
        node.process().tasks.stop_and_wait(STOP).await;
        self.end(number, &node)
    }

    /// Answers whether it was this call that ended it.
    fn end(&self, number: usize, node: &Arc<N>) -> bool {
        let mut running = self.0.places[number].running();
        if !running.as_ref().is_some_and(|current| Arc::ptr_eq(current, node)) {
            return false;
        }
        *running = None;
        node.process().crash();
        node.ended();
        self.0.log.line(&format!("{} is gone", node.process().name));
        true
    }

    /// Lets everything that is planned go wrong, each at its time; returns when all of it has passed.
    pub async fn suffer(&self, plan: &[Planned]) {
        let mut ends = Vec::new();
        for planned in plan {
            tokio::time::sleep_until(self.0.began + planned.at).await;
            let (cluster, fault) = (self.clone(), planned.fault);
            let (done, ended) = oneshot::channel::<()>();
            self.0.tasks.detached(async move {
                cluster.happen(fault).await;
                drop(done);
            });
            ends.push(ended);
        }
        for ended in ends {
            // It resolves when the other end is dropped.
            drop(ended.await);
        }
    }

    /// Lets a fault happen, and returns when it has passed.
    async fn happen(&self, fault: Fault) {
        let Inner {
            places, server, log, ..
        } = &*self.0;
        log.line(&format!("FAULT {fault}"));
        let from = Instant::now();
        let away = async |down: Duration, number: usize, ended: bool| {
            if ended {
                tokio::time::sleep(down).await;
                self.start(number).await;
            }
        };
        match fault {
            Fault::Crash { machine, down } => away(down, machine, self.crash(machine)).await,
            Fault::PowerLoss { machine, down } => away(down, machine, self.lose_power(machine)).await,
            Fault::Stop { machine, down } => {
                let ended = self.stop(machine).await;
                away(down, machine, ended).await;
            }
            Fault::Cut { machine, lasts } => {
                let wire = &places[machine].machine.wire;
                wire.cut();
                tokio::time::sleep(lasts).await;
                wire.mend();
            }
            Fault::HalfCut { machine, way, lasts } => {
                let wire = &places[machine].machine.wire;
                wire.cut_one(way);
                tokio::time::sleep(lasts).await;
                wire.mend();
            }
            Fault::SlowWire { machine, lasts, most } => {
                let wire = &places[machine].machine.wire;
                wire.slow_down(most);
                tokio::time::sleep(lasts).await;
                wire.mend();
            }
            Fault::SlowDisk { lasts, most } => {
                server.slow_down(most / 10, most);
                tokio::time::sleep(lasts).await;
                server.speed_up();
            }
            Fault::LostAcknowledgements { lasts, percent } => {
                server.lose_acknowledgements(percent);
                tokio::time::sleep(lasts).await;
                server.lose_acknowledgements(0);
            }
            Fault::Restart { down } => {
                server.go_down(false);
                tokio::time::sleep(down).await;
                server.come_up();
            }
            Fault::DatabasePowerLoss { down } => {
                server.go_down(true);
                tokio::time::sleep(down).await;
                server.come_up();
            }
            Fault::ClockJump { machine, by } => places[machine].machine.clock.jump(by),
        }
        let to = Instant::now();
        self.passed_now().push(Passed { fault, from, to });
    }

    /// Sets a machine's clock right again, as a time server does.
    pub fn set_clock_right(&self, number: usize) {
        self.0.places[number].machine.clock.set_wrong_by(SignedDuration::ZERO);
    }

    /// Everything works again, and everybody runs.
    pub async fn recover(&self) {
        let Inner {
            places, server, log, ..
        } = &*self.0;
        log.line("everything works again");
        server.come_up();
        server.speed_up();
        server.lose_acknowledgements(0);
        for (number, place) in places.iter().enumerate() {
            place.machine.wire.mend();
            self.set_clock_right(number);
            let runs = place.running().is_some();
            if !runs {
                self.start(number).await;
            }
        }
    }
}
