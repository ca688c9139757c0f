//! A fleet in simulated time, replayed from one seed: clocks, chance, tasks, networks and the database server.
//!
//! Everything runs on one thread, on a paused clock that jumps to the next thing that is due, so an hour takes as long as its
//! work. Only what [`Server`] lays its transactions over is real and outside that time: each statement runs to its end at one
//! instant. The [`Log`] of a run is the same, byte for byte, whenever the seed is the same.

mod chance;
mod clock;
mod cluster;
mod command;
mod faults;
mod log;
mod machine;
pub mod promises;
mod server;

use std::{
    cell::RefCell,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_store::{Dialect, Migration};
use tokio::time::Instant;

use self::server::Engine;
pub use self::{
    chance::Chance,
    clock::SimulatedClock,
    cluster::{Cluster, Node, Passed},
    command::obey_arguments,
    faults::{Dose, Fault, Planned, plan},
    log::Log,
    machine::{Machine, Process},
    server::{Image, Link, Route, Sabotage, Server, Way, Wire, Written},
};

/// The real database beneath simulations, to be used by one after the other. None leaves anything behind in it.
#[derive(Debug)]
pub struct Ground {
    engine: RefCell<Option<Engine>>,
}

impl Ground {
    /// A migrated database.
    ///
    /// # Panics
    /// When it cannot be made.
    #[expect(clippy::expect_used, reason = "a test that cannot run must not look as if it passed")]
    pub fn new(migrations: &[Migration]) -> Self {
        let engine = Engine::new(migrations).expect("the migrations apply on SQLite");
        Self {
            engine: RefCell::new(Some(engine)),
        }
    }
}

/// What to simulate upon.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The database behaves as this kind.
    pub dialect: Dialect,
    /// The connections of each process.
    pub connections: usize,
    /// The most milliseconds that one way between a machine and the database usually takes.
    pub wire: u64,
    /// Whether every line of the log is kept, and not only the last.
    pub keeps_log: bool,
}

impl Setting {
    /// A server that replicas share.
    pub fn server() -> Self {
        Self {
            dialect: Dialect::Postgres,
            connections: 4,
            wire: 3,
            keeps_log: false,
        }
    }

    /// The file of a single process.
    pub fn file() -> Self {
        Self {
            dialect: Dialect::Sqlite,
            wire: 0,
            ..Self::server()
        }
    }
}

/// A simulation while it runs.
#[derive(Debug)]
pub struct Simulation {
    /// When it began.
    pub began: Instant,
    /// The seed's chance.
    pub chance: Chance,
    /// What happened.
    pub log: Log,
    /// The database.
    pub server: Server,
    /// Background work of the simulation itself.
    pub tasks: Tasks,
    /// The true time.
    pub clock: Arc<SimulatedClock>,
    setting: Setting,
}

impl Simulation {
    /// A machine that joins the fleet, with a clock that is right and nothing running on it.
    pub fn machine(&self, name: &str) -> Machine {
        Machine {
            name: name.to_owned(),
            clock: SimulatedClock::right(self.began),
            wire: Wire::new(self.chance.fork(), self.setting.wire),
            server: self.server.clone(),
            chance: self.chance.fork(),
            connections: self.setting.connections,
            booted: 0.into(),
        }
    }
}

/// Runs a scenario from a seed on a ground; answers what it came to, and the log.
///
/// # Panics
/// When the scenario does, or when the real database cannot be used.
#[expect(clippy::expect_used, reason = "a test that cannot run must not look as if it passed")]
pub fn simulate<T, F: Future<Output = T>>(
    ground: &Ground,
    seed: u64,
    setting: Setting,
    scenario: impl FnOnce(Simulation) -> F,
) -> (T, Log) {
    let engine = ground.engine.take().expect("one simulation at a time is upon a ground");
    let simulated = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime for the simulation");
    let mut server = None;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        simulated.block_on(async {
            let began = Instant::now();
            let (chance, log, clock) = (
                Chance::new(seed),
                Log::new(began, setting.keeps_log),
                SimulatedClock::right(began),
            );
            let tasks = Tasks::new(World::simulated(clock.clone(), chance.bits()));
            let simulation = Simulation {
                began,
                server: Server::new(engine, setting.dialect, chance.fork(), log.clone(), tasks.clone()),
                chance,
                log: log.clone(),
                tasks,
                clock,
                setting,
            };
            server = Some(simulation.server.clone());
            (scenario(simulation).await, log)
        })
    }));
    // Everything that may still want the database goes first.
    drop(simulated);
    if let Some(mut engine) = server.and_then(|server| server.close()) {
        engine.clear().expect("the ground can be cleared");
        ground.engine.replace(Some(engine));
    }
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}
