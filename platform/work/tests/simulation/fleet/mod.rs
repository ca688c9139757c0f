//! A fleet of replicas that do real work on a simulated database, while things go wrong: the scenario of every seed.

pub mod client;
pub mod fault;
pub mod handlers;
pub mod jobs;
pub mod record;
pub mod replica;
pub mod tables;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mainstay_testkit::simulation::{Log, Machine, Planned, Server, Simulation};
use mainstay_work::Timing;

pub use self::{record::Record, replica::Replica};

/// How long a process may take to stop before it is ended.
const STOP: Duration = Duration::from_secs(30);
/// From the end of a process to the start of the next on the same machine, when nothing else is said.
const RESTART: Duration = Duration::from_secs(1);

/// A machine and the process that runs on it.
pub struct Place {
    pub machine: Machine,
    running: Mutex<Option<Arc<Replica>>>,
}

impl Place {
    /// The process that runs there.
    pub fn replica(&self) -> Option<Arc<Replica>> {
        self.running().clone()
    }

    fn running(&self) -> MutexGuard<'_, Option<Arc<Replica>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All machines. Cheap to clone.
#[derive(Clone)]
pub struct Fleet {
    pub places: Arc<Vec<Place>>,
    pub record: Record,
    pub server: Server,
    pub log: Log,
    /// How often a replica writes what a lease lets it do.
    pub probe_every: Duration,
    /// A machine whose replica does not stop by itself when it is cut off.
    pub stubborn: Option<usize>,
}

impl Fleet {
    /// Machines on which nothing runs yet.
    pub fn new(simulation: &Simulation, machines: usize, probe_every: Duration, stubborn: Option<usize>) -> Self {
        let places = (0..machines)
            .map(|number| Place {
                machine: simulation.machine(&format!("m{number}")),
                running: Mutex::default(),
            })
            .collect();
        Self {
            places: Arc::new(places),
            record: Record::default(),
            server: simulation.server.clone(),
            log: simulation.log.clone(),
            probe_every,
            stubborn,
        }
    }

    /// Those that run.
    pub fn replicas(&self) -> Vec<Arc<Replica>> {
        self.places.iter().filter_map(Place::replica).collect()
    }

    fn timing(&self, number: usize) -> Timing {
        let usual = Timing::default();
        if self.stubborn == Some(number) {
            return Timing {
                silence: Duration::from_mins(1),
                ..usual
            };
        }
        usual
    }

    /// Starts a process on a machine where none runs, as often as it takes.
    pub async fn start(&self, number: usize) {
        let place = &self.places[number];
        loop {
            let replica = Arc::new(Replica::boot(place.machine.boot(), self.timing(number), self));
            {
                let mut running = place.running();
                if running.is_some() {
                    replica.process.crash();
                    return;
                }
                *running = Some(Arc::clone(&replica));
            }
            self.log.line(&format!("{} starts", replica.process.name));
            let tasks = replica.process.tasks.clone();
            let (done, started) = tokio::sync::oneshot::channel();
            let starting = Arc::clone(&replica);
            // Within the process, so that it ends with it.
            tasks.detached(async move {
                // Whoever waits may be gone.
                drop(done.send(starting.start().await));
            });
            match started.await {
                Ok(Err(error)) => {
                    self.log
                        .line(&format!("{} could not start: {error}", replica.process.name));
                    if self.end(number, &replica) {
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

    /// Ends the process of a machine where it stands; answers whether it ran.
    pub fn crash(&self, number: usize) -> bool {
        let Some(replica) = self.places[number].replica() else {
            return false;
        };
        self.end(number, &replica)
    }

    /// The same as a loss of power does it.
    pub fn lose_power(&self, number: usize) -> bool {
        let Some(replica) = self.places[number].replica() else {
            return false;
        };
        replica.process.lose_power();
        self.end(number, &replica)
    }

    /// Asks the process of a machine to stop; answers whether it ran.
    pub async fn stop(&self, number: usize) -> bool {
        let Some(replica) = self.places[number].replica() else {
            return false;
        };
        replica.process.tasks.stop_and_wait(STOP).await;
        self.end(number, &replica)
    }

    fn end(&self, number: usize, replica: &Arc<Replica>) -> bool {
        let mut running = self.places[number].running();
        if !running.as_ref().is_some_and(|current| Arc::ptr_eq(current, replica)) {
            return false;
        }
        *running = None;
        replica.process.crash();
        self.record.process_ended(&replica.process.name);
        self.log.line(&format!("{} is gone", replica.process.name));
        true
    }

    /// Carries out what goes wrong, each at its time.
    pub async fn suffer(&self, simulation: &Simulation, plan: &[Planned]) {
        let mut ends = Vec::new();
        for planned in plan {
            tokio::time::sleep_until(simulation.began + planned.at).await;
            let (fleet, fault) = (self.clone(), planned.fault);
            let (done, ended) = tokio::sync::oneshot::channel::<()>();
            simulation.tasks.detached(async move {
                fault::happen(&fleet, fault).await;
                drop(done);
            });
            ends.push(ended);
        }
        for ended in ends {
            // It resolves when the other end is dropped.
            drop(ended.await);
        }
    }

    /// Everything works again, and everybody runs.
    pub async fn recover(&self) {
        self.log.line("everything works again");
        self.server.come_up();
        self.server.speed_up();
        self.server.lose_acknowledgements(0);
        for (number, place) in self.places.iter().enumerate() {
            place.machine.wire.mend();
            place.machine.clock.set_wrong_by(jiff::SignedDuration::ZERO);
            if place.replica().is_none() {
                self.start(number).await;
            }
        }
    }
}
