//! One seed: a fleet that works while things go wrong, then in peace, and what the checker has to say of it.

use std::{collections::BTreeMap, time::Duration};

use mainstay_testkit::simulation::{Dose, Ground, Planned, Sabotage, Setting, Simulation, plan, simulate};
use tokio::time::Instant;

use crate::{
    check::{Checker, Violation, settled},
    fleet::{Fleet, client, tables},
};

/// How long everything may take to come to rest once everything works again.
const REST: Duration = Duration::from_mins(5);

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    pub machines: usize,
    pub clients: usize,
    /// From one wish of a client to the next, on average.
    pub wish_every: Duration,
    pub probe_every: Duration,
    pub dose: Dose,
    /// What goes wrong instead of what the dose brings.
    pub only: Option<&'static [Planned]>,
    /// A machine whose replica does not stop by itself when it is cut off: the code broken on purpose.
    pub stubborn: Option<usize>,
    /// When clients stop.
    pub lasts: Duration,
    pub setting: Setting,
}

impl Scenario {
    /// Three replicas that share a server, for a minute of trouble.
    pub fn server() -> Self {
        Self {
            machines: 3,
            clients: 4,
            wish_every: Duration::from_millis(700),
            probe_every: Duration::from_secs(3),
            dose: Dose {
                from: Duration::from_secs(5),
                until: Duration::from_mins(1),
                faults: (1, 9),
                longest: Duration::from_secs(30),
                jump: Duration::from_secs(30),
                shared: true,
            },
            only: None,
            stubborn: None,
            lasts: Duration::from_secs(65),
            setting: Setting::server(),
        }
    }

    /// One process and its file.
    pub fn file() -> Self {
        let server = Self::server();
        Self {
            machines: 1,
            dose: Dose {
                shared: false,
                ..server.dose
            },
            setting: Setting::file(),
            ..server
        }
    }

    /// A ground to simulate it on.
    pub fn ground() -> Ground {
        Ground::new(&tables::migrations())
    }

    /// Runs it from a seed.
    pub fn run(&self, ground: &Ground, seed: u64, sabotage: &[Sabotage], keeps_log: bool) -> Outcome {
        let setting = Setting {
            keeps_log,
            ..self.setting
        };
        let scenario = *self;
        let sabotage = sabotage.to_vec();
        let (mut outcome, log) = simulate(ground, seed, setting, |simulation| async move {
            for how in sabotage {
                simulation.server.sabotage(how);
            }
            scenario.live(simulation).await
        });
        outcome.digest = log.digest();
        outcome.log = log.text();
        outcome
    }

    async fn live(self, simulation: Simulation) -> Outcome {
        simulation.server.observe(tables::OBSERVED);
        let drawn = plan(&simulation.chance.fork(), self.machines, self.dose);
        let planned = self.only.map_or(drawn, <[Planned]>::to_vec);
        let fleet = Fleet::new(&simulation, self.machines, self.probe_every, self.stubborn);
        for number in 0..self.machines {
            let (fleet, chance) = (fleet.clone(), simulation.chance.fork());
            simulation.tasks.detached(async move {
                tokio::time::sleep(chance.millis(0, 3_000)).await;
                fleet.cluster.start(number).await;
            });
        }
        for _ in 0..self.clients {
            let wishing = client::wish(
                fleet.clone(),
                simulation.chance.fork(),
                self.wish_every,
                simulation.began + self.lasts,
            );
            simulation.tasks.detached(wishing);
        }
        let mut checker = Checker::default();
        fleet.cluster.suffer(&planned).await;
        tokio::time::sleep_until(simulation.began + self.lasts).await;
        fleet.cluster.recover().await;
        let deadline = Instant::now() + REST;
        let mut rest = settled(&fleet);
        while rest.is_some() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_secs(1)).await;
            rest = settled(&fleet);
        }
        if let Some(what) = rest {
            checker.unsettled(what);
        }
        checker.hear(&simulation.server.take_written());
        let acknowledged = fleet.record.inner().acknowledged.len();
        Outcome {
            violations: checker.finish(&fleet),
            simulated: simulation.began.elapsed(),
            faults: fleet.cluster.faults(),
            acknowledged,
            digest: 0,
            log: String::new(),
        }
    }
}

/// What came of a seed.
#[derive(Debug)]
pub struct Outcome {
    pub violations: Vec<Violation>,
    /// How much time passed in it.
    pub simulated: Duration,
    pub faults: BTreeMap<&'static str, u64>,
    /// How much clients were promised.
    pub acknowledged: usize,
    /// Differs when any line of the log does.
    pub digest: u64,
    pub log: String,
}
