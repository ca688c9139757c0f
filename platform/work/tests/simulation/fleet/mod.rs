//! A fleet of replicas that do real work on a simulated database, while things go wrong: the scenario of every seed.

pub mod client;
pub mod handlers;
pub mod jobs;
pub mod record;
pub mod replica;
pub mod tables;

use std::{sync::Arc, time::Duration};

use mainstay_testkit::simulation::{Cluster, Server, Simulation};
use mainstay_work::Timing;

pub use self::{record::Record, replica::Replica};

/// All machines. Cheap to clone.
#[derive(Clone)]
pub struct Fleet {
    pub cluster: Cluster<Replica>,
    pub record: Record,
    pub server: Server,
}

impl Fleet {
    /// Machines on which nothing runs yet. A replica writes every so often what a lease lets it do; that of the machine
    /// `stubborn` does not stop by itself when it is cut off.
    pub fn new(simulation: &Simulation, machines: usize, probe_every: Duration, stubborn: Option<usize>) -> Self {
        let record = Record::default();
        let cluster = {
            let record = record.clone();
            Cluster::new(simulation, machines, move |number, process| {
                Replica::boot(process, timing(stubborn == Some(number)), &record, probe_every)
            })
        };
        Self {
            cluster,
            record,
            server: simulation.server.clone(),
        }
    }

    /// Those that run.
    pub fn replicas(&self) -> Vec<Arc<Replica>> {
        self.cluster.nodes()
    }
}

fn timing(stubborn: bool) -> Timing {
    let usual = Timing::default();
    if stubborn {
        return Timing {
            silence: Duration::from_mins(1),
            ..usual
        };
    }
    usual
}
