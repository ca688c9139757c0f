//! The states of services: what other modules ask for, and what is shown.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Cursor, Environment, Micros, Page, PageRequest, Scope};
use tokio::time::Instant;

use super::Watch;
use crate::{
    engine::Known,
    error::WatchError,
    model::{
        histogram::Histogram,
        rollup::Resolution,
        service_state::{ServiceState, State},
        strip::{Transition, strip},
    },
    view::{ServiceStateBody, millis},
};

const HOUR: Micros = 3_600_000_000;
/// How long the sums behind the uptime are good for.
const UPTIME_AGE_MAX: Duration = Duration::from_secs(30);

/// By check: all probes outside maintenance, and the failed ones among them.
pub(super) type Totals = Arc<HashMap<i64, (i64, i64)>>;

/// How much of the past a strip shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StripQuery {
    /// Hours back from now, 1 to 2160.
    pub hours: u32,
    /// Parts it is cut into, 1 to 500.
    pub slots: u32,
}

/// A service's past in slots.
#[derive(Debug, Clone, PartialEq)]
pub struct Strip {
    /// The service.
    pub service: ServiceName,
    /// Where the first slot begins.
    pub from: Micros,
    /// The length of a slot in seconds.
    pub slot_s: f64,
    /// The worst state of each slot.
    pub slots: Vec<State>,
}

/// The sums behind what is shown beside the states.
struct Figures {
    uptime: Totals,
    durations: HashMap<i64, Histogram>,
}

impl Watch {
    /// The state of a service; `None` when there is no such service.
    pub fn service_state(&self, environment: &Environment, service: &ServiceName) -> Option<ServiceState> {
        self.inner.engine.service_state(environment, service)
    }

    /// The state of every service of an environment, by name.
    pub fn service_states(&self, environment: &Environment) -> Vec<ServiceState> {
        self.inner.engine.known().service_states(environment)
    }

    /// Probes all checks of a service at once, without waiting.
    pub fn kick(&self, environment: &Environment, service: &ServiceName) {
        let checks = self.inner.engine.known().checks_of(environment, service);
        for live in checks {
            let check = live.check.id;
            if self.inner.share.owns(check) {
                self.inner.scheduler.kick(check);
            } else if let Some(tasks) = self.inner.tasks.get() {
                let share = self.inner.share.clone();
                tasks.detached(async move { share.kick(check).await });
            }
        }
    }

    /// What the service's checks found in probes that began after `after`: `Some(true)` when every check that is not paused
    /// was probed since and passed, `Some(false)` as soon as one failed, `None` while it cannot be said.
    pub fn last_probe_started_after(
        &self,
        environment: &Environment,
        service: &ServiceName,
        after: Timestamp,
    ) -> Option<bool> {
        let checks = self.inner.engine.known().checks_of(environment, service);
        let results: Vec<Option<bool>> = checks
            .iter()
            .filter(|live| !live.check.paused)
            .map(|live| {
                live.memory()
                    .last
                    .as_ref()
                    .filter(|probe| probe.at > after)
                    .map(crate::model::probe::Probe::ok)
            })
            .collect();
        if results.contains(&Some(false)) {
            Some(false)
        } else if results.is_empty() || results.contains(&None) {
            None
        } else {
            Some(true)
        }
    }

    /// A page of states with their figures, by name.
    ///
    /// # Errors
    /// When the cursor is of another list or the database fails.
    pub async fn state_page(&self, scope: &Scope, page: &PageRequest) -> Result<Page<ServiceStateBody>, WatchError> {
        let after: Option<ServiceName> = page.cursor.as_ref().map(|cursor| cursor.part(0)).transpose()?;
        let mut states = self.service_states(&scope.environment);
        states.retain(|state| after.as_ref().is_none_or(|after| state.service > *after));
        let states = Page::from_overfetch(states, page.limit, |state: &ServiceState| Cursor::of(&state.service));
        let figures = self.figures().await?;
        let known = self.inner.engine.known();
        Ok(states.map(|state| with_figures(state, &figures, &known)))
    }

    /// One state with its figures.
    ///
    /// # Errors
    /// When there is no such service or the database fails.
    pub async fn state_shown(&self, scope: &Scope, service: &ServiceName) -> Result<ServiceStateBody, WatchError> {
        let state = self
            .service_state(&scope.environment, service)
            .ok_or_else(|| no_service(scope, service))?;
        let figures = self.figures().await?;
        Ok(with_figures(state, &figures, &self.inner.engine.known()))
    }

    /// The past of one service.
    ///
    /// # Errors
    /// When there is no such service, a number is out of range, or the database fails.
    pub async fn strip(&self, scope: &Scope, service: &ServiceName, query: StripQuery) -> Result<Strip, WatchError> {
        let state = self
            .service_state(&scope.environment, service)
            .ok_or_else(|| no_service(scope, service))?;
        let mut strips = self.strips_of(scope, vec![state], query).await?;
        strips.pop().ok_or_else(|| no_service(scope, service))
    }

    /// The past of every service, by name.
    ///
    /// # Errors
    /// When a number is out of range or the database fails.
    pub async fn strips(&self, scope: &Scope, query: StripQuery) -> Result<Vec<Strip>, WatchError> {
        let states = self.service_states(&scope.environment);
        self.strips_of(scope, states, query).await
    }

    async fn strips_of(
        &self,
        scope: &Scope,
        states: Vec<ServiceState>,
        query: StripQuery,
    ) -> Result<Vec<Strip>, WatchError> {
        if !(1..=2160).contains(&query.hours) {
            return Err(WatchError::field(
                "hours",
                "it must be between 1 and 2160, which is 90 days",
            ));
        }
        if !(1..=500).contains(&query.slots) {
            return Err(WatchError::field("slots", "it must be between 1 and 500"));
        }
        let to = self.inner.world.now_micros();
        let from = to - i64::from(query.hours) * HOUR;
        let mut transitions = self.inner.store.transitions(&scope.environment, from).await?;
        let count = usize::try_from(query.slots).unwrap_or(1);
        Ok(states
            .into_iter()
            .map(|state| {
                let mut past = transitions.remove(&state.service).unwrap_or_default();
                // What was decided within the last second may not be written yet.
                let since = mainstay_kernel::to_micros(state.since);
                let before = past.last().map_or(State::Unknown, |last| last.after);
                if before != state.state && since >= from {
                    past.push(Transition {
                        at: since,
                        before,
                        after: state.state,
                    });
                }
                Strip {
                    slots: strip(&past, state.state, from, to, count),
                    service: state.service,
                    from,
                    slot_s: f64::from(query.hours) * 3600.0 / f64::from(query.slots),
                }
            })
            .collect())
    }

    async fn figures(&self) -> Result<Figures, WatchError> {
        let inner = &self.inner;
        let now = inner.world.now_micros();
        let durations = inner.writer.accumulator().recent_durations(now);
        let cached = {
            let cache = inner.uptime.lock().unwrap_or_else(PoisonError::into_inner);
            cache
                .as_ref()
                .filter(|(at, _)| at.elapsed() < UPTIME_AGE_MAX)
                .map(|(_, totals)| totals.clone())
        };
        let uptime = if let Some(totals) = cached {
            totals
        } else {
            self.sum_uptime(now).await?
        };
        Ok(Figures { uptime, durations })
    }

    async fn sum_uptime(&self, now: Micros) -> Result<Totals, WatchError> {
        let inner = &self.inner;
        let from = Resolution::Hour.bucket(now - 24 * HOUR);
        let stored = inner.store.totals_since(Resolution::Hour, from).await?;
        let mut totals = inner.writer.accumulator().unwritten_hours(from);
        for (key, counted, failed) in stored {
            let total = totals.entry(key).or_default();
            total.0 += counted;
            total.1 += failed;
        }
        let totals = Arc::new(totals);
        *inner.uptime.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::clone(&totals)));
        Ok(totals)
    }
}

fn no_service(scope: &Scope, service: &ServiceName) -> WatchError {
    WatchError::NoService {
        name: service.clone(),
        environment: scope.environment.clone(),
    }
}

fn with_figures(state: ServiceState, figures: &Figures, known: &Known) -> ServiceStateBody {
    let mut durations = Histogram::default();
    let (mut counted, mut failed) = (0, 0);
    for live in known.checks_of(&state.environment, &state.service) {
        if let Some(more) = figures.durations.get(&live.check.key) {
            durations.merge(more);
        }
        if let Some((more_counted, more_failed)) = figures.uptime.get(&live.check.key) {
            counted += more_counted;
            failed += more_failed;
        }
    }
    let mut shown = ServiceStateBody::from(state);
    shown.latency_p95_ms = durations.percentile(950).map(millis);
    #[expect(clippy::cast_precision_loss, reason = "counts of one day stay far below 2^53")]
    let ratio = |good: i64, all: i64| good as f64 / all as f64;
    shown.uptime_24h_ratio = (counted > 0).then(|| ratio(counted - failed, counted));
    shown
}
