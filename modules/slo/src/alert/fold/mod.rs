//! Decides which alerts a person hears of: one root alert for one cause, everything else folded under it.
//!
//! A pure state machine for one environment. It is told what happened ([`Event`]) and what the fleet looks like ([`View`]),
//! and answers with what must be recorded and sent ([`Effect`]). It must not know databases, webhooks, clocks or tasks, so
//! that every order of events can be tried in a test. The rules and their reasons: `docs/adr/0005-one-root-alert.md`.

mod index;
mod place;
mod roots;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use mainstay_catalog::ServiceName;

use super::model::{AlertId, Silence};
use crate::signal::{AlertKey, Severity};

/// How long an alert about to open waits for news of the service's dependencies.
pub const HOLD: SignedDuration = SignedDuration::from_secs(30);
/// A dependency that goes down within this time after an alert is its cause all the same.
pub const LATE: SignedDuration = SignedDuration::from_secs(30);
/// How long a folded alert may outlive its root before it is delivered on its own.
pub const AFTER_ROOT: SignedDuration = SignedDuration::from_secs(60);

/// What the machine may ask about the fleet while it decides.
pub trait View {
    /// Every service that `service` cannot work without, directly or through others; without `service` itself.
    fn transitive_hard(&self, service: &ServiceName) -> Vec<ServiceName>;
    /// Every service that cannot work without `service`, directly or through others; without `service` itself.
    fn transitive_dependants(&self, service: &ServiceName) -> Vec<ServiceName>;
    /// The hard dependencies leading from one service to another, both named.
    fn hard_path(&self, from: &ServiceName, to: &ServiceName) -> Option<Vec<ServiceName>>;
    /// Whether a probe of `service` that started after `since` succeeded and no check of it is failing now, or nothing
    /// probes it at all, so that waiting for news would be in vain.
    fn well_since(&self, service: &ServiceName, since: Timestamp) -> bool;
    /// Whether a check of `service` is failing and not yet decided.
    fn is_faltering(&self, service: &ServiceName) -> bool;
}

/// An alert that is not resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAlert {
    /// Its identifier, the same until it is resolved.
    pub id: AlertId,
    /// What it is about; there is one open alert for each key.
    pub key: AlertKey,
    /// How urgent it is; at least the key's, higher when something more urgent was folded under it.
    pub severity: Severity,
    /// When the first probe of the present failure started; `None` when no probe of the service failed.
    pub failing_since: Option<Timestamp>,
    /// When it was raised.
    pub opened_at: Timestamp,
    /// How long after its cause has gone the alert may still look back on failures: the short window of a burn-rate rule.
    pub memory: SignedDuration,
    /// When people were to be told of its opening. Whether anybody heard of it is delivery's to say.
    pub told_at: Option<Timestamp>,
    /// Where it stands.
    pub phase: Phase,
}

/// Where an open alert stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Raised, waiting for news of the service's dependencies, at most until then.
    Held {
        /// The end of the patience.
        until: Timestamp,
    },
    /// On its own: it was delivered.
    Standing {
        /// When it came to stand on its own.
        since: Timestamp,
    },
    /// On its own, but silenced until then.
    Silenced {
        /// When the last matching silence ends.
        until: Timestamp,
    },
    /// Under another alert, not delivered.
    Folded {
        /// The other alert.
        root: AlertId,
        /// The service that the root is about.
        root_service: ServiceName,
        /// From this alert's service to the root's; one name when they are the same.
        path: Vec<ServiceName>,
        /// When the root was resolved; the time from which [`AFTER_ROOT`] counts.
        root_gone_at: Option<Timestamp>,
    },
}

/// Something happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A condition holds: a service is down, a burn rate or a spent budget crossed its threshold. Ignored when an alert with
    /// the key is open.
    Raised {
        /// The identifier of the alert to open.
        id: AlertId,
        /// What it is about.
        key: AlertKey,
        /// How urgent it is.
        severity: Severity,
        /// When the first probe of the present failure started; `None` when no probe of the service failed.
        failing_since: Option<Timestamp>,
        /// See [`OpenAlert::memory`].
        memory: SignedDuration,
    },
    /// The condition of an alert is gone.
    Cleared {
        /// What the alert is about.
        key: AlertKey,
    },
    /// A probe of a service finished.
    Probed {
        /// The service.
        service: ServiceName,
        /// When the probe started.
        started_at: Timestamp,
        /// Whether it succeeded and no other check of the service is failing.
        well: bool,
    },
    /// The silences changed; these are all that are not over.
    Silences(Vec<Silence>),
    /// The catalog changed.
    FleetChanged,
    /// Time passed.
    Tick,
}

/// Something to record, send or do; in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A new alert, to be recorded before anything is done about it.
    Opened(AlertId),
    /// The alert waits for news of these services.
    Held {
        /// The alert.
        alert: AlertId,
        /// The services nothing is known of since the failure began.
        waiting_for: Vec<ServiceName>,
    },
    /// Probe this service now.
    Kick(ServiceName),
    /// Tell people about the alert.
    Deliver {
        /// The alert.
        alert: AlertId,
        /// What to tell.
        what: Telling,
    },
    /// The alert stands on its own, and people know of it already.
    Stands(AlertId),
    /// The alert would have been delivered but is silenced.
    Silenced {
        /// The alert.
        alert: AlertId,
        /// When the silence ends.
        until: Timestamp,
    },
    /// The alert was put under another one.
    Folded {
        /// The alert.
        alert: AlertId,
        /// Whether people had been told of it before.
        late: bool,
    },
    /// The root of a folded alert is resolved; the alert is delivered at `until` unless it is resolved too.
    RootGone {
        /// The folded alert.
        alert: AlertId,
        /// When it will be delivered.
        until: Timestamp,
    },
    /// The alert became more urgent because of one that was folded under it.
    Escalated {
        /// The alert.
        alert: AlertId,
        /// The more urgent alert.
        because_of: AlertId,
    },
    /// The alert is over.
    Resolved(Box<OpenAlert>),
}

impl Effect {
    /// The alerts that the effect leaves changed.
    pub fn alerts(&self) -> impl Iterator<Item = AlertId> {
        let (one, other) = match self {
            Self::Opened(id) | Self::Stands(id) => (Some(*id), None),
            Self::Held { alert, .. }
            | Self::Deliver { alert, .. }
            | Self::Silenced { alert, .. }
            | Self::Folded { alert, .. }
            | Self::RootGone { alert, .. } => (Some(*alert), None),
            Self::Escalated { alert, because_of } => (Some(*alert), Some(*because_of)),
            Self::Resolved(open) => (Some(open.id), None),
            Self::Kick(_) => (None, None),
        };
        one.into_iter().chain(other)
    }
}

/// What people are told about an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// It opened.
    Opened,
    /// It became more urgent.
    Escalated,
    /// It is over. Told only of alerts whose opening was told.
    Resolved,
}

/// The alerts of one environment.
#[derive(Debug, Default)]
pub struct Fold {
    alerts: BTreeMap<AlertId, OpenAlert>,
    by_key: HashMap<AlertKey, AlertId>,
    by_service: BTreeMap<ServiceName, BTreeSet<AlertId>>,
    /// The services that are down, each with its service-down alert ([`AlertKind::ServiceDown`](crate::signal::AlertKind)).
    down: BTreeMap<ServiceName, AlertId>,
    children: BTreeMap<AlertId, BTreeSet<AlertId>>,
    /// The services that held alerts wait for, and back.
    waiting: BTreeMap<AlertId, BTreeSet<ServiceName>>,
    awaited: BTreeMap<ServiceName, BTreeSet<AlertId>>,
    deadlines: BTreeSet<(Timestamp, AlertId)>,
    silences: Vec<Silence>,
}

impl Fold {
    /// Takes up the alerts that were open when Mainstay stopped. Held ones begin to wait anew for what is not known, until
    /// their old deadline; the effects are the probes they ask for.
    pub fn restore(
        alerts: impl IntoIterator<Item = OpenAlert>,
        silences: Vec<Silence>,
        view: &dyn View,
    ) -> (Self, Vec<Effect>) {
        let mut fold = Self {
            silences,
            ..Self::default()
        };
        let mut effects = Vec::new();
        for alert in alerts {
            fold.index(alert);
        }
        for id in fold.ids() {
            fold.resume(id, view, &mut effects);
        }
        (fold, effects)
    }

    /// Takes note of an event at the time `at` and answers what follows from it.
    pub fn apply(&mut self, event: Event, at: Timestamp, view: &dyn View) -> Vec<Effect> {
        let mut effects = Vec::new();
        let out = &mut effects;
        match event {
            Event::Raised {
                id,
                key,
                severity,
                failing_since,
                memory,
            } => {
                let alert = OpenAlert {
                    id,
                    key,
                    severity,
                    failing_since,
                    opened_at: at,
                    memory,
                    told_at: None,
                    phase: Phase::Held {
                        until: at.saturating_add(HOLD).unwrap_or(at),
                    },
                };
                self.raise(alert, at, view, out);
            }
            Event::Cleared { key } => self.resolve(&key, at, view, out),
            Event::Probed {
                service,
                started_at,
                well,
            } => {
                if well {
                    self.probed(&service, started_at, at, view, out);
                }
            }
            Event::Silences(silences) => {
                self.silences = silences;
                for id in self.ids_where(|phase| matches!(phase, Phase::Silenced { .. })) {
                    self.place(id, at, view, out);
                }
            }
            Event::FleetChanged => {
                for id in self.ids() {
                    self.forget_strangers(id, view);
                    self.place(id, at, view, out);
                }
            }
            Event::Tick => self.tick(at, view, out),
        }
        effects
    }

    /// The open alert with this identifier.
    pub fn alert(&self, id: AlertId) -> Option<&OpenAlert> {
        self.alerts.get(&id)
    }

    /// The open alert about this.
    pub fn find(&self, key: &AlertKey) -> Option<&OpenAlert> {
        self.by_key.get(key).and_then(|id| self.alerts.get(id))
    }

    /// Every open alert.
    pub fn open(&self) -> impl Iterator<Item = &OpenAlert> {
        self.alerts.values()
    }

    /// The services with a service-down alert.
    pub fn down(&self) -> impl Iterator<Item = &ServiceName> {
        self.down.keys()
    }

    /// Whether a held alert waits for news of this service.
    pub fn awaits(&self, service: &ServiceName) -> bool {
        self.awaited.contains_key(service)
    }

    /// Whether any held alert waits for news of a service.
    pub fn is_waiting(&self) -> bool {
        !self.awaited.is_empty()
    }

    /// When [`Event::Tick`] has something to do next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    fn ids(&self) -> Vec<AlertId> {
        self.alerts.keys().copied().collect()
    }

    fn ids_where(&self, wanted: impl Fn(&Phase) -> bool) -> Vec<AlertId> {
        self.alerts
            .values()
            .filter(|alert| wanted(&alert.phase))
            .map(|alert| alert.id)
            .collect()
    }
}
