//! One seed: a fleet that is watched while things go wrong, then in peace, and what the checker has to say of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use mainstay_kernel::Clock;
use mainstay_store::Migration;
use mainstay_testkit::simulation::{Cluster, Dose, Ground, Planned, Sabotage, Setting, Simulation, plan, simulate};
use mainstay_watch::Retention;

use crate::{
    check::{Checker, OBSERVED, Violation},
    record::Record,
    replica::{Common, Replica, set_up},
    truth::{Truth, Weather},
};

const HOUR: Duration = Duration::from_hours(1);
/// How often the checker hears of what was committed.
const LISTEN_EVERY: Duration = Duration::from_mins(10);
/// How long everything may take to come to rest once everything works again.
const REST: Duration = Duration::from_mins(25);

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Machines with a replica each.
    pub machines: usize,
    /// For how long services fail and things go wrong.
    pub lasts: Duration,
    /// How often services are down.
    pub weather: Weather,
    /// How much goes wrong.
    pub dose: Dose,
    /// What goes wrong instead of what the dose brings.
    pub only: Option<&'static [Planned]>,
    /// A machine whose replica does not put its work down when it is cut off: the code broken on purpose.
    pub stubborn: Option<usize>,
    /// How long history is kept.
    pub retention: Retention,
    /// What it runs upon.
    pub setting: Setting,
    /// What is done to the observer's record before it is judged, to see whether that is noticed.
    pub meddle: Option<fn(&Record)>,
}

impl Scenario {
    /// Three replicas that share a server, for thirty days.
    pub fn month() -> Self {
        let lasts = 30 * 24 * HOUR;
        Self {
            machines: 3,
            lasts,
            weather: Weather {
                calm: HOUR,
                between: (2 * HOUR, 60 * HOUR),
                longest: 5 * HOUR,
                maintenance: (100 * HOUR, 4 * HOUR),
            },
            dose: Dose {
                from: Duration::from_mins(20),
                until: lasts.saturating_sub(HOUR),
                faults: (90, 150),
                longest: Duration::from_mins(20),
                jump: Duration::from_secs(30),
                shared: true,
            },
            only: None,
            stubborn: None,
            retention: Retention::default(),
            setting: Setting::server(),
            meddle: None,
        }
    }

    /// The same for a day and a half in which as much happens as otherwise in a week.
    pub fn days() -> Self {
        let (month, lasts) = (Self::month(), 36 * HOUR);
        Self {
            lasts,
            weather: Weather {
                between: (HOUR, 8 * HOUR),
                longest: 2 * HOUR,
                maintenance: (10 * HOUR, 2 * HOUR),
                ..month.weather
            },
            dose: Dose {
                until: lasts.saturating_sub(HOUR),
                faults: (15, 30),
                ..month.dose
            },
            retention: Retention {
                raw: 6 * HOUR,
                ..month.retention
            },
            ..month
        }
    }

    /// The same for an hour and a half, for what shows at once.
    pub fn hours() -> Self {
        let (days, lasts) = (Self::days(), 3 * HOUR / 2);
        Self {
            lasts,
            weather: Weather {
                calm: Duration::from_mins(5),
                between: (Duration::from_mins(10), HOUR),
                longest: HOUR / 2,
                maintenance: (HOUR / 2, HOUR / 2),
            },
            dose: Dose {
                from: Duration::from_mins(5),
                until: lasts.saturating_sub(Duration::from_mins(5)),
                faults: (3, 6),
                longest: Duration::from_mins(3),
                ..days.dose
            },
            retention: Retention {
                raw: HOUR / 2,
                ..days.retention
            },
            ..days
        }
    }

    /// One process and its file, for thirty days.
    pub fn month_of_a_file() -> Self {
        Self::on_a_file(Self::month())
    }

    /// One process and its file, for an hour and a half.
    pub fn hours_of_a_file() -> Self {
        Self::on_a_file(Self::hours())
    }

    fn on_a_file(server: Self) -> Self {
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
        Ground::new(&migrations())
    }

    /// Runs it from a seed.
    pub fn run(&self, ground: &Ground, seed: u64, sabotage: &[Sabotage], keeps_log: bool) -> Outcome {
        let setting = Setting {
            keeps_log,
            ..self.setting
        };
        let (scenario, sabotage) = (*self, sabotage.to_vec());
        let (mut outcome, log) = simulate(ground, seed, setting, |simulation| async move {
            for how in sabotage {
                simulation.server.sabotage(how);
            }
            scenario.live(simulation).await
        });
        outcome.digest = log.digest();
        outcome.lines = log.lines();
        outcome.log = log.text();
        outcome
    }

    async fn live(self, simulation: Simulation) -> Outcome {
        simulation.server.observe(OBSERVED);
        let truth = Arc::new(Truth::draw(&simulation.chance.fork(), &self.weather, self.lasts));
        for (service, outages) in &truth.outages {
            for outage in outages {
                simulation.log.line(&format!("TRUTH {service} is {outage}"));
            }
        }
        let drawn = plan(&simulation.chance.fork(), self.machines, self.dose);
        let planned = self.only.map_or(drawn, <[Planned]>::to_vec);
        let common = Common {
            truth: Arc::clone(&truth),
            began: simulation.began,
            record: Record::default(),
            log: simulation.log.clone(),
            retention: self.retention,
            stubborn: self.stubborn,
        };
        let cluster = {
            let common = common.clone();
            Cluster::new(&simulation, self.machines, move |machine, process| {
                Replica::new(machine, process, &common)
            })
        };
        for number in 0..self.machines {
            let (cluster, wait) = (cluster.clone(), simulation.chance.millis(0, 3_000));
            simulation.tasks.detached(async move {
                tokio::time::sleep(wait).await;
                cluster.start(number).await;
            });
        }
        let window = {
            let (start, at) = (simulation.clock.now(), |after: Duration, start: Timestamp| {
                start.checked_add(after).unwrap_or(start)
            });
            (at(truth.maintenance.0, start), at(truth.maintenance.1, start))
        };
        operate(&cluster, window).await;

        let suffering = cluster.clone();
        simulation
            .tasks
            .detached(async move { suffering.suffer(&planned).await });
        let mut checker = Checker::default();
        let end = simulation.began + self.lasts;
        let mut days = 0;
        while tokio::time::Instant::now() < end {
            tokio::time::sleep(LISTEN_EVERY).await;
            checker.hear(&simulation.server.take_written());
            let day = simulation.began.elapsed().as_secs() / (24 * 3600);
            if day > days {
                days = day;
                checker.measure(&simulation.server, self.machines, self.retention.raw);
            }
        }
        cluster.recover().await;
        tokio::time::sleep(REST).await;
        checker.hear(&simulation.server.take_written());
        checker.measure(&simulation.server, self.machines, self.retention.raw);
        if let Some(meddle) = self.meddle {
            meddle(&common.record);
        }
        let (probes, pages) = {
            let record = common.record.inner();
            (record.probes.len(), record.pages.len())
        };
        Outcome {
            violations: checker.finish(&simulation, &cluster, &common),
            simulated: simulation.began.elapsed(),
            faults: cluster.faults(),
            probes,
            pages,
            outages: truth.outages.values().map(Vec::len).sum(),
            digest: 0,
            lines: 0,
            log: String::new(),
        }
    }
}

/// Sets everything up through the first replica that can.
async fn operate(cluster: &Cluster<Replica>, maintenance: (Timestamp, Timestamp)) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let Some(node) = cluster.node(0) else { continue };
        let Some(parts) = node.parts() else { continue };
        match set_up(parts, maintenance).await {
            Ok(()) => return,
            Err(why) => node.say(&format!("cannot be set up yet: {why}")),
        }
    }
}

fn migrations() -> Vec<Migration> {
    [
        mainstay_store::MIGRATIONS,
        mainstay_work::MIGRATIONS,
        mainstay_catalog::MIGRATIONS,
        mainstay_watch::MIGRATIONS,
        mainstay_slo::MIGRATIONS,
        &[TABLES],
    ]
    .concat()
}

const TABLES: Migration = Migration {
    module: "sim",
    version: 1,
    name: "what comes every hour",
    sql: "CREATE TABLE sim_hour (\n    id UUID NOT NULL PRIMARY KEY,\n    at BIGINT NOT NULL\n);\n",
};

/// What came of a seed.
#[derive(Debug)]
pub struct Outcome {
    /// The promises that were not kept.
    pub violations: Vec<Violation>,
    /// How much time passed in it.
    pub simulated: Duration,
    /// What went wrong, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Probes that reached a target.
    pub probes: usize,
    /// Pages that arrived, repetitions included.
    pub pages: usize,
    /// How often services were down.
    pub outages: usize,
    /// Differs when any line of the log does.
    pub digest: u64,
    /// How many lines the log had: about one for each statement.
    pub lines: u64,
    /// The log, or its end.
    pub log: String,
}
