//! The engine: takes the result of a probe, decides, tells those who listen, and hands it on to be written.
//!
//! **Invariant:** decisions follow each other in one order, and listeners hear them in that order. Nothing in here waits for
//! the database.

mod known;
mod own;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_http::EventHub;
use mainstay_kernel::{Environment, Micros, World};
use metrics::{Counter, Histogram as Metric};
use serde_json::json;
use tokio::time::Instant;

pub use self::known::{CheckView, Known, Live, Stored};
use crate::{
    events::ProbeListener,
    history::Buffer,
    model::{
        check::CheckId,
        check_state::CheckState,
        probe::{Attempt, Probe, ProbeEvent},
        service_state::{ServiceState, ServiceStateChange},
    },
    probe::{Prober, ProberConfig, UntrustedFile},
    schedule::{Outcome, Runner},
    store::{ProbeRow, StoredProbe, StoredState, TransitionRow},
    view::{ServiceStateBody, live_probe},
};

/// Live `probe` events of one check are at least this far apart.
const LIVE_PROBE_EVERY: Duration = Duration::from_secs(1);

/// The engine.
pub struct Engine {
    world: World,
    hub: EventHub,
    prober: Prober,
    buffer: Arc<Buffer>,
    listeners: RwLock<Vec<Arc<dyn ProbeListener>>>,
    /// Held from the decision until everyone has heard of it. Listeners may read states, so `known` is free meanwhile.
    order: Mutex<()>,
    known: RwLock<Known>,
    meters: Meters,
}

struct Meters {
    good: Counter,
    failed: Counter,
    duration: Metric,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that knows what was stored.
    pub fn new(world: World, hub: EventHub, prober: Prober, buffer: Arc<Buffer>, known: Known) -> Self {
        Self {
            world,
            hub,
            prober,
            buffer,
            listeners: RwLock::default(),
            order: Mutex::default(),
            known: RwLock::new(known),
            meters: Meters {
                good: metrics::counter!("mainstay_probes_total", "outcome" => "ok"),
                failed: metrics::counter!("mainstay_probes_total", "outcome" => "failed"),
                duration: metrics::histogram!("mainstay_probe_duration_seconds"),
            },
        }
    }

    /// Adds someone who hears of every decision.
    pub fn add_listener(&self, listener: Arc<dyn ProbeListener>) {
        self.listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(listener);
    }

    /// Makes further probes with other secrets and certificates.
    ///
    /// # Errors
    /// As [`Prober::equip`].
    pub fn equip(&self, config: &ProberConfig) -> Result<(), UntrustedFile> {
        self.prober.equip(config)
    }

    /// What is known now.
    pub fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known, and tells everyone what follows from it.
    pub fn change(&self, change: impl FnOnce(&mut Known, Timestamp) -> Vec<ServiceStateChange>) {
        let _turn = self.turn();
        let now = self.world.now();
        let changes = change(&mut self.known_mut(), now);
        self.announce(&changes);
    }

    /// Makes a probe that counts nowhere: of a paused check, to see whether it would pass.
    pub async fn try_out(&self, live: &Live) -> Option<Probe> {
        Some(self.prober.probe(live.plan.as_ref()?, Attempt::Manual).await)
    }

    /// Counts the result of a probe. Answers whether the next should follow soon; `None` when the check is gone or paused.
    pub fn apply(&self, check: CheckId, probe: &Probe) -> Option<bool> {
        let _turn = self.turn();
        let live = self.known().check(check).filter(|live| !live.check.paused)?;
        let in_maintenance = self
            .known()
            .in_maintenance(&live.check.environment, &live.check.service, probe.at);
        let (event, state, undecided) = self.decide(&live, probe, in_maintenance, None);
        self.count(&event);
        if let Some(state) = state {
            self.buffer.put_state(check, state);
        }
        self.buffer
            .push(event, ProbeRow::of(live.check.key, probe, in_maintenance));
        Some(undecided)
    }

    /// Takes over what another replica probed and has stored. Whether it counts was decided there.
    ///
    /// One that is late counts and changes no state: who was stopped for a while may tell of a failure that others saw end.
    pub fn hear(&self, check: CheckId, stored: &StoredProbe) {
        let _turn = self.turn();
        // Not in the condition: what is known would stay locked while it is decided upon.
        let Some(live) = self.known().check(check) else {
            return;
        };
        let (probe, flush) = (&stored.probe, Some(stored.flush));
        if stored.late {
            let event = ProbeEvent {
                foreign: flush,
                ..event(&live, probe, probe.finished_at(), stored.in_maintenance)
            };
            for listener in self.listeners() {
                listener.on_probe(&event);
            }
        } else {
            self.decide(&live, probe, stored.in_maintenance, flush);
        }
    }

    /// What follows from a probe: the check's state, its service's and that of those who need it; then everyone hears of it.
    /// Answers the state to be kept, if there is something to remember, and whether the next probe should follow soon.
    fn decide(
        &self,
        live: &Live,
        probe: &Probe,
        in_maintenance: bool,
        foreign: Option<Micros>,
    ) -> (ProbeEvent, Option<CheckState>, bool) {
        let ended = probe.finished_at();
        let (step, state) = {
            let mut memory = live.memory();
            let streak_before = memory.state.failing_streak;
            let step = memory
                .state
                .apply(live.check.spec.thresholds(), probe.at, ended, probe.failure.as_ref());
            memory.last = Some(probe.clone());
            // A check that keeps passing has nothing to remember; one that keeps failing has only its streak.
            let remember =
                step.changed_from.is_some() || streak_before != memory.state.failing_streak || step.undecided;
            (step, remember.then(|| memory.state.clone()))
        };
        let event = ProbeEvent {
            foreign,
            ..event(live, probe, ended, in_maintenance)
        };
        let changes = if state.is_some() {
            self.known_mut()
                .refresh_service(&live.check.environment, &live.check.service, ended)
        } else {
            Vec::new()
        };
        for listener in self.listeners() {
            listener.on_probe(&event);
        }
        self.announce(&changes);
        self.publish(live, probe, step.changed_from.is_some());
        (event, state, step.undecided)
    }

    /// Writes down how the states of services differ from those that were stored: who wrote them before may have ended in
    /// between.
    pub fn note_differences(&self, stored: &[StoredState]) {
        let _turn = self.turn();
        let known = self.known();
        let rows: Vec<TransitionRow> = stored
            .iter()
            .filter_map(|before| {
                let now = known.service_state(&before.environment, &before.service)?;
                TransitionRow::since(before, &now)
            })
            .collect();
        self.buffer.push_transitions(rows);
    }

    /// The state of one service.
    pub fn service_state(&self, environment: &Environment, service: &ServiceName) -> Option<ServiceState> {
        self.known().service_state(environment, service)
    }

    fn count(&self, event: &ProbeEvent) {
        if event.ok {
            &self.meters.good
        } else {
            &self.meters.failed
        }
        .increment(1);
        let micros = u64::try_from(event.duration_us).unwrap_or_default();
        self.meters.duration.record(Duration::from_micros(micros).as_secs_f64());
    }

    /// Tells listeners, browsers and the log of changed states.
    fn announce(&self, changes: &[ServiceStateChange]) {
        if changes.is_empty() {
            return;
        }
        self.buffer
            .push_transitions(changes.iter().filter_map(TransitionRow::of));
        let listeners = self.listeners();
        for change in changes {
            tracing::debug!(
                service.name = %change.after.service,
                service.environment = %change.after.environment,
                state.before = change.before.state.as_str(),
                state.after = change.after.state.as_str(),
                reason = change.after.reason,
                "a service changed its state"
            );
            for listener in &listeners {
                listener.on_service_state(change);
            }
            if self.hub.has_listeners() {
                self.hub
                    .publish("service-state", &ServiceStateBody::from(change.after.clone()));
            }
        }
    }

    fn publish(&self, live: &Live, probe: &Probe, changed: bool) {
        if !self.hub.has_listeners() {
            return;
        }
        let (id, service) = (live.check.id, &live.check.service);
        if changed {
            let state = live.memory().state.clone();
            self.hub.publish(
                "check-state",
                &json!({
                    "check_id": id, "service": service, "state": state.standing, "since": state.since,
                    "reason": state.failure.map(|failure| failure.message),
                }),
            );
        }
        let due = {
            let mut memory = live.memory();
            let due = memory.published.is_none_or(|at| at.elapsed() >= LIVE_PROBE_EVERY);
            if due {
                memory.published = Some(Instant::now());
            }
            due
        };
        if due || changed {
            self.hub.publish("probe", &live_probe(id, service, probe));
        }
    }

    fn listeners(&self) -> Vec<Arc<dyn ProbeListener>> {
        self.listeners.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runner for Arc<Engine> {
    fn run(&self, check: CheckId, attempt: Attempt) -> BoxFuture<'static, Option<Outcome>> {
        let engine = Arc::clone(self);
        async move {
            let live = engine.known().check(check)?;
            let probe = engine.prober.probe(live.plan.as_ref()?, attempt).await;
            let undecided = engine.apply(check, &probe)?;
            Some(Outcome { probe, undecided })
        }
        .boxed()
    }
}

fn event(live: &Live, probe: &Probe, ended: Timestamp, in_maintenance: bool) -> ProbeEvent {
    ProbeEvent {
        check: live.check.id,
        check_name: Arc::clone(&live.name),
        role: live.check.spec.role,
        service: live.check.service.clone(),
        environment: live.check.environment.clone(),
        at: probe.at,
        finished_at: ended,
        duration_us: i64::try_from(probe.duration_us).unwrap_or(i64::MAX),
        ok: probe.ok(),
        in_maintenance,
        failure: probe.failure.clone(),
        phases: probe.phases,
        foreign: None,
    }
}
