//! A machine, which has a clock and a wire, and the processes that run on it one after the other.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_store::{Database, Dialect, Presence, Wakes};

use super::{
    chance::Chance,
    clock::SimulatedClock,
    server::{Link, Route, Server, Wire},
};

/// A machine of the fleet. It outlives its processes.
#[derive(Debug)]
pub struct Machine {
    /// What it is called.
    pub name: String,
    /// Its wall clock.
    pub clock: Arc<SimulatedClock>,
    /// Its connection to the database.
    pub wire: Arc<Wire>,
    pub(super) server: Server,
    pub(super) chance: Chance,
    pub(super) connections: usize,
    pub(super) booted: AtomicU64,
}

impl Machine {
    /// Starts a process: its own tasks, its own chance, its own connections.
    pub fn boot(&self) -> Process {
        let run = self.booted.fetch_add(1, Ordering::SeqCst) + 1;
        let name = format!("{}.{run}", self.name);
        let world = World::simulated(self.clock.clone(), self.chance.bits());
        let route = Route::new(&self.wire);
        let link = Arc::new(Link::new(
            self.server.clone(),
            route.clone(),
            name.clone(),
            self.connections,
        ));
        let (presence, tasks) = (Presence::new(&world), Tasks::new(world.clone()));
        if self.server.dialect() == Dialect::Postgres {
            let (server, route) = (self.server.clone(), route.clone());
            tasks.detached(async move { server.keep_claim(&route, presence).await });
        }
        Process {
            name,
            presence,
            server: self.server.clone(),
            tasks,
            world,
            wakes: Wakes::new(),
            database: Database::simulated(link.clone()),
            link,
            route,
        }
    }
}

/// One process.
#[derive(Debug)]
pub struct Process {
    /// Its machine's name, and which of that machine's processes it is.
    pub name: String,
    /// Everything it does in the background.
    pub tasks: Tasks,
    /// Its time and chance.
    pub world: World,
    /// Its bells.
    pub wakes: Wakes,
    /// Its handle on the database.
    pub database: Database,
    /// By which the server shows that it is there.
    pub presence: Presence,
    server: Server,
    link: Arc<Link>,
    route: Route,
}

impl Process {
    /// Ends it where it stands. What it has sent to a server still arrives, and the server sees its connections close.
    pub fn crash(&self) {
        self.tasks.abort();
        self.link.let_go();
        if !self.route.is_lost() {
            self.server.end_claim(self.presence);
        }
        if self.database.dialect() == Dialect::Sqlite {
            self.link.end();
        }
    }

    /// Ends it as a loss of power does: what it sent may not arrive, and its connections stay open until the database loses
    /// patience.
    pub fn lose_power(&self) {
        self.route.lose();
        self.crash();
    }
}
