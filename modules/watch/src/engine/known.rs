//! What the engine knows: checks with their states, services with theirs, and the maintenance windows.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use mainstay_catalog::{Fleets, ServiceName};
use mainstay_kernel::{Environment, from_micros};
use tokio::time::Instant;

use crate::{
    model::{
        check::{Check, CheckId, CheckSpec},
        check_state::{CheckState, Standing},
        graph::Graph,
        maintenance::Maintenance,
        probe::Probe,
        service_state::{Board, ServiceState, ServiceStateChange},
    },
    probe::ProbePlan,
    store::StoredState,
    view::CheckStateWord,
};

/// A check, ready to be probed, and what is known of it.
#[derive(Debug)]
pub struct Live {
    /// The check.
    pub check: Check,
    /// Its plan; absent when the stored specification is damaged.
    pub plan: Option<ProbePlan>,
    /// Its name, cheap to share.
    pub name: Arc<str>,
    memory: Mutex<Memory>,
}

/// What is known of a check.
#[derive(Debug, Clone)]
pub struct Memory {
    /// Its state.
    pub state: CheckState,
    /// Its last probe.
    pub last: Option<Probe>,
    /// When its last live event was sent.
    pub published: Option<Instant>,
}

/// A check with its state, for showing.
#[derive(Debug, Clone)]
pub struct CheckView {
    /// The check.
    pub check: Check,
    /// How it probes.
    pub spec: CheckSpec,
    /// Its state.
    pub state: CheckState,
    /// Its state in one word.
    pub word: CheckStateWord,
    /// Its last probe.
    pub last: Option<Probe>,
}

impl Live {
    fn new(check: Check, memory: Memory) -> Self {
        let plan = ProbePlan::compile(&check.spec)
            .inspect_err(|error| tracing::error!(check.id = %check.id, %error, "a stored check cannot be probed"))
            .ok();
        Self {
            plan,
            name: check.name.as_str().into(),
            memory: Mutex::new(memory),
            check,
        }
    }

    /// What is known of it.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything the engine knows.
#[derive(Debug, Default)]
pub struct Known {
    checks: BTreeMap<CheckId, Arc<Live>>,
    by_service: BTreeMap<Environment, BTreeMap<ServiceName, Vec<CheckId>>>,
    boards: BTreeMap<Environment, Board>,
    windows: Vec<Maintenance>,
    fleets: Fleets,
}

/// What was stored when the process stopped.
#[derive(Debug, Default)]
pub struct Stored {
    /// Checks.
    pub checks: Vec<Check>,
    /// Their states.
    pub check_states: HashMap<CheckId, CheckState>,
    /// States of services.
    pub service_states: Vec<StoredState>,
    /// Windows that are not over.
    pub windows: Vec<Maintenance>,
}

impl Known {
    /// Goes on where the stored states stopped. Answers what changed while Mainstay was not looking, such as a dependency
    /// that was edited.
    pub fn resume(fleets: Fleets, mut stored: Stored, now: Timestamp) -> (Self, Vec<ServiceStateChange>) {
        let mut known = Self {
            windows: stored.windows,
            fleets,
            ..Self::default()
        };
        for check in stored.checks {
            let state = stored
                .check_states
                .remove(&check.id)
                .unwrap_or_else(|| CheckState::unknown(check.created_at));
            known.insert(check, state);
        }
        for environment in known.environments() {
            let mut board = Board::new(environment.clone(), known.graph(&environment), now);
            for state in stored
                .service_states
                .iter()
                .filter(|state| state.environment == environment)
            {
                board.restore(&state.service, state.state, from_micros(state.since));
            }
            known.boards.insert(environment, board);
        }
        let changes = known.refresh_all(now);
        (known, changes)
    }

    /// One check.
    pub fn check(&self, check: CheckId) -> Option<Arc<Live>> {
        self.checks.get(&check).cloned()
    }

    /// Every check.
    pub fn checks(&self) -> impl Iterator<Item = &Arc<Live>> {
        self.checks.values()
    }

    /// The checks of a service, by name.
    pub fn checks_of(&self, environment: &Environment, service: &ServiceName) -> Vec<Arc<Live>> {
        let ids = self
            .by_service
            .get(environment)
            .and_then(|services| services.get(service));
        ids.into_iter().flatten().filter_map(|id| self.check(*id)).collect()
    }

    /// A check with its state.
    pub fn view(&self, live: &Live, now: Timestamp) -> CheckView {
        let memory = live.memory().clone();
        let check = &live.check;
        let word = match memory.state.standing {
            _ if check.paused => CheckStateWord::Paused,
            _ if self.in_maintenance(&check.environment, &check.service, now) => CheckStateWord::Maintenance,
            Standing::Up => CheckStateWord::Up,
            Standing::Down => CheckStateWord::Down,
            Standing::Unknown => CheckStateWord::Unknown,
        };
        CheckView {
            spec: check.spec.clone(),
            check: check.clone(),
            state: memory.state,
            word,
            last: memory.last,
        }
    }

    /// Whether a window covers a service.
    pub fn in_maintenance(&self, environment: &Environment, service: &ServiceName, at: Timestamp) -> bool {
        self.windows
            .iter()
            .any(|window| window.covers(environment, service, at))
    }

    /// The state of a service.
    pub fn service_state(&self, environment: &Environment, service: &ServiceName) -> Option<ServiceState> {
        self.boards.get(environment)?.state(service)
    }

    /// The state of every service of an environment, by name.
    pub fn service_states(&self, environment: &Environment) -> Vec<ServiceState> {
        let mut states: Vec<ServiceState> = self
            .boards
            .get(environment)
            .map(|board| board.states().collect())
            .unwrap_or_default();
        states.sort_unstable_by(|a, b| a.service.cmp(&b.service));
        states
    }

    /// Adds checks or replaces them, keeping what is known of them.
    pub fn put_checks(&mut self, checks: Vec<Check>, now: Timestamp) -> Vec<ServiceStateChange> {
        let mut unknown_service = false;
        let mut touched = Vec::new();
        for check in checks {
            let state = self
                .checks
                .get(&check.id)
                .map_or_else(|| CheckState::unknown(now), |live| live.memory().state.clone());
            let board = self.boards.get(&check.environment);
            unknown_service |= board.is_none_or(|board| board.own(&check.service).is_none());
            if let Some(before) = self.checks.get(&check.id) {
                // A check that moves to another service leaves one behind that must be worked out again.
                touched.push((before.check.environment.clone(), before.check.service.clone()));
            }
            touched.push((check.environment.clone(), check.service.clone()));
            self.insert(check, state);
        }
        let mut changes = if unknown_service { self.rewire(now) } else { Vec::new() };
        for (environment, service) in touched {
            changes.extend(self.refresh_service(&environment, &service, now));
        }
        changes
    }

    /// Forgets checks.
    pub fn remove_checks(&mut self, checks: &[CheckId], now: Timestamp) -> Vec<ServiceStateChange> {
        let mut changes = Vec::new();
        for check in checks {
            let Some(live) = self.checks.remove(check) else {
                continue;
            };
            let (environment, service) = (&live.check.environment, &live.check.service);
            if let Some(services) = self.by_service.get_mut(environment)
                && let Some(ids) = services.get_mut(service)
            {
                ids.retain(|id| id != check);
            }
            changes.extend(self.refresh_service(environment, service, now));
        }
        changes
    }

    /// Takes over a changed catalog.
    pub fn put_fleets(&mut self, fleets: Fleets, now: Timestamp) -> Vec<ServiceStateChange> {
        self.fleets = fleets;
        let mut changes = self.rewire(now);
        changes.extend(self.refresh_all(now));
        changes
    }

    /// Takes over the windows as they are now stored.
    pub fn put_windows(&mut self, windows: Vec<Maintenance>, now: Timestamp) -> Vec<ServiceStateChange> {
        self.windows = windows;
        self.refresh_all(now)
    }

    /// The windows that are known.
    pub fn windows(&self) -> &[Maintenance] {
        &self.windows
    }

    /// Works out every service again, as when a window begins or ends.
    pub fn refresh_all(&mut self, now: Timestamp) -> Vec<ServiceStateChange> {
        let mut changes = Vec::new();
        for environment in self.environments() {
            let services: Vec<ServiceName> = self
                .boards
                .get(&environment)
                .map(|board| board.services().cloned().collect())
                .unwrap_or_default();
            let owns = services
                .into_iter()
                .map(|service| {
                    let own = self.own(&environment, &service, now);
                    (service, own)
                })
                .collect();
            if let Some(board) = self.boards.get_mut(&environment) {
                changes.extend(board.set_many(owns, now));
            }
        }
        changes
    }

    /// Works out one service again, and those that need it.
    pub fn refresh_service(
        &mut self,
        environment: &Environment,
        service: &ServiceName,
        now: Timestamp,
    ) -> Vec<ServiceStateChange> {
        let own = self.own(environment, service, now);
        self.boards
            .get_mut(environment)
            .map(|board| board.set_own(service, own, now))
            .unwrap_or_default()
    }

    fn insert(&mut self, check: Check, state: CheckState) {
        let memory = match self.checks.get(&check.id) {
            Some(live) => live.memory().clone(),
            None => Memory {
                state,
                last: None,
                published: None,
            },
        };
        let services = self.by_service.entry(check.environment.clone()).or_default();
        if let Some(before) = self.checks.get(&check.id)
            && let Some(ids) = services.get_mut(&before.check.service)
        {
            ids.retain(|id| *id != check.id);
        }
        let ids = services.entry(check.service.clone()).or_default();
        ids.push(check.id);
        let id = check.id;
        self.checks.insert(id, Arc::new(Live::new(check, memory)));
    }

    /// Every environment that has services or checks.
    fn environments(&self) -> Vec<Environment> {
        let mut all: Vec<Environment> = self.fleets.keys().chain(self.by_service.keys()).cloned().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The services of the catalog, and those that only have checks.
    fn graph(&self, environment: &Environment) -> Graph {
        let fleet = self.fleets.get(environment);
        let listed = fleet.into_iter().flat_map(|fleet| {
            fleet
                .services()
                .map(|service| (service.name.clone(), fleet.hard_dependencies(&service.name)))
        });
        let others = self
            .by_service
            .get(environment)
            .into_iter()
            .flatten()
            .filter(|(service, checks)| {
                !checks.is_empty() && fleet.is_none_or(|fleet| fleet.service(service).is_none())
            })
            .map(|(service, _)| (service.clone(), &[][..]));
        Graph::new(listed.chain(others))
    }

    /// The checks of a service, in no order.
    pub(super) fn of_service(
        &self,
        environment: &Environment,
        service: &ServiceName,
    ) -> impl Iterator<Item = &Arc<Live>> {
        self.by_service
            .get(environment)
            .and_then(|services| services.get(service))
            .into_iter()
            .flatten()
            .filter_map(|id| self.checks.get(id))
    }

    fn rewire(&mut self, now: Timestamp) -> Vec<ServiceStateChange> {
        let mut changes = Vec::new();
        for environment in self.environments() {
            let graph = self.graph(&environment);
            let board = self
                .boards
                .entry(environment.clone())
                .or_insert_with(|| Board::new(environment, Graph::default(), now));
            changes.extend(board.rewire(graph, now));
        }
        changes
    }
}
