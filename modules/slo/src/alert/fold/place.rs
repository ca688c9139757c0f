//! The moves of the machine: raising, holding, folding, standing and resolving an alert.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mainstay_catalog::ServiceName;

use super::{AFTER_ROOT, Effect, Fold, LATE, OpenAlert, Phase, Telling, View};
use crate::{
    alert::model::AlertId,
    signal::{AlertKey, AlertKind, Severity},
};

impl Fold {
    pub(super) fn raise(&mut self, alert: OpenAlert, at: Timestamp, view: &dyn View, out: &mut Vec<Effect>) {
        if self.by_key.contains_key(&alert.key) {
            return;
        }
        let id = alert.id;
        let went_down = alert.key.kind == AlertKind::ServiceDown;
        let service = alert.key.service.clone();
        self.index(alert);
        out.push(Effect::Opened(id));
        self.wait_for_unknown(id, view, out);
        self.place(id, at, view, out);
        if went_down {
            self.stop_waiting_for(&service);
            self.place_those_who_need(&service, id, at, view, out);
        }
    }

    /// A service went down: alerts of itself and of everything that needs it may have a new root.
    fn place_those_who_need(
        &mut self,
        service: &ServiceName,
        except: AlertId,
        at: Timestamp,
        view: &dyn View,
        out: &mut Vec<Effect>,
    ) {
        let mut affected = view.transitive_dependants(service);
        affected.push(service.clone());
        let ids: BTreeSet<AlertId> = affected
            .iter()
            .filter_map(|service| self.by_service.get(service))
            .flatten()
            .copied()
            .filter(|id| *id != except)
            .collect();
        for id in ids {
            self.place(id, at, view, out);
        }
    }

    pub(super) fn resolve(&mut self, key: &AlertKey, at: Timestamp, view: &dyn View, out: &mut Vec<Effect>) {
        let Some(id) = self.by_key.get(key).copied() else {
            return;
        };
        let Some(alert) = self.unindex(id) else { return };
        let told = alert.told_at.is_some();
        out.push(Effect::Resolved(Box::new(alert)));
        if told {
            out.push(Effect::Deliver {
                alert: id,
                what: Telling::Resolved,
            });
        }
        for child in self.children.remove(&id).unwrap_or_default() {
            self.place(child, at, view, out);
        }
    }

    pub(super) fn probed(
        &mut self,
        service: &ServiceName,
        started_at: Timestamp,
        at: Timestamp,
        view: &dyn View,
        out: &mut Vec<Effect>,
    ) {
        let answered: Vec<AlertId> = self
            .awaited
            .get(service)
            .into_iter()
            .flatten()
            .copied()
            .filter(|id| {
                let alert = self.alerts.get(id);
                alert.is_some_and(|alert| alert.failing_since.is_none_or(|since| started_at > since))
            })
            .collect();
        for id in answered {
            self.no_longer_waits(id, service);
            self.place(id, at, view, out);
        }
    }

    pub(super) fn tick(&mut self, at: Timestamp, view: &dyn View, out: &mut Vec<Effect>) {
        while let Some((due, id)) = self.deadlines.first().copied() {
            if due > at {
                break;
            }
            self.deadlines.pop_first();
            self.place(id, at, view, out);
        }
    }

    /// Puts an alert where it belongs now. Does nothing when it is there already.
    pub(super) fn place(&mut self, id: AlertId, at: Timestamp, view: &dyn View, out: &mut Vec<Effect>) {
        let Some(alert) = self.alerts.get(&id) else { return };
        let root = self.root_of(alert, view);
        match (alert.phase.clone(), root) {
            (Phase::Standing { since }, Some(root)) => {
                // What stood alone for longer had a cause of its own.
                let root_opened_at = self.alerts.get(&root).map(|root| root.opened_at);
                let latest = since.saturating_add(LATE).unwrap_or(since);
                if root_opened_at.is_some_and(|opened_at| opened_at <= latest) {
                    self.fold_under(id, root, view, out);
                }
            }
            (Phase::Folded { root: current, .. }, Some(root)) if current == root => {}
            (_, Some(root)) => self.fold_under(id, root, view, out),
            (Phase::Standing { .. }, None) => {}
            (Phase::Held { until }, None) => {
                if at >= until || !self.waiting.contains_key(&id) {
                    self.stand(id, at, out);
                }
            }
            (Phase::Silenced { .. }, None) => self.stand(id, at, out),
            (
                Phase::Folded {
                    root_gone_at: Some(gone_at),
                    ..
                },
                None,
            ) => {
                let alone_from = alert.alone_from(gone_at);
                if at >= alone_from {
                    self.stand(id, at, out);
                } else {
                    self.deadlines.insert((alone_from, id));
                }
            }
            (Phase::Folded { root_gone_at: None, .. }, None) => self.root_is_gone(id, at, out),
        }
    }

    /// On its own from now on: delivered, unless people were told before or a silence matches.
    fn stand(&mut self, id: AlertId, at: Timestamp, out: &mut Vec<Effect>) {
        self.leave_phase(id);
        let silenced_until = self.silenced_until(id, at);
        let Some(alert) = self.alerts.get_mut(&id) else { return };
        if let Some(until) = silenced_until {
            self.deadlines.insert((until, id));
            if alert.phase != (Phase::Silenced { until }) {
                alert.phase = Phase::Silenced { until };
                out.push(Effect::Silenced { alert: id, until });
            }
            return;
        }
        alert.phase = Phase::Standing { since: at };
        if alert.told_at.is_some() {
            out.push(Effect::Stands(id));
        } else {
            alert.told_at = Some(at);
            out.push(Effect::Deliver {
                alert: id,
                what: Telling::Opened,
            });
        }
    }

    fn silenced_until(&self, id: AlertId, at: Timestamp) -> Option<Timestamp> {
        let alert = self.alerts.get(&id)?;
        self.silences
            .iter()
            .filter(|silence| silence.is_active(at) && silence.matches(&alert.key))
            .map(|silence| silence.ends_at)
            .max()
    }

    fn fold_under(&mut self, id: AlertId, root_id: AlertId, view: &dyn View, out: &mut Vec<Effect>) {
        let Some(root) = self.alerts.get(&root_id) else { return };
        let (root_service, root_severity) = (root.key.service.clone(), root.severity);
        self.leave_phase(id);
        let Some(alert) = self.alerts.get_mut(&id) else { return };
        let service = &alert.key.service;
        let path = if *service == root_service {
            vec![service.clone()]
        } else {
            view.hard_path(service, &root_service)
                .unwrap_or_else(|| vec![service.clone(), root_service.clone()])
        };
        alert.phase = Phase::Folded {
            root: root_id,
            root_service,
            path,
            root_gone_at: None,
        };
        let late = alert.told_at.is_some();
        // Severities are ordered by urgency, the most urgent first.
        let more_urgent = alert.severity < root_severity;
        let severity = alert.severity;
        self.children.entry(root_id).or_default().insert(id);
        out.push(Effect::Folded { alert: id, late });
        // Nobody was paged for what was folded before it was delivered, so the root has to page in its place.
        if more_urgent && !late {
            self.escalate(root_id, severity, id, out);
        }
    }

    fn escalate(&mut self, id: AlertId, severity: Severity, because_of: AlertId, out: &mut Vec<Effect>) {
        let Some(alert) = self.alerts.get_mut(&id) else { return };
        alert.severity = severity;
        out.push(Effect::Escalated { alert: id, because_of });
        if matches!(alert.phase, Phase::Standing { .. }) {
            out.push(Effect::Deliver {
                alert: id,
                what: Telling::Escalated,
            });
        }
    }

    fn root_is_gone(&mut self, id: AlertId, at: Timestamp, out: &mut Vec<Effect>) {
        let Some(alert) = self.alerts.get_mut(&id) else { return };
        let until = alert.alone_from(at);
        if let Phase::Folded { root_gone_at, .. } = &mut alert.phase {
            *root_gone_at = Some(at);
        }
        self.deadlines.insert((until, id));
        out.push(Effect::RootGone { alert: id, until });
    }

    /// Begins to wait for every service that may turn out to be the cause and of which nothing is known since the failure
    /// began.
    fn wait_for_unknown(&mut self, id: AlertId, view: &dyn View, out: &mut Vec<Effect>) {
        let Some(alert) = self.alerts.get(&id) else { return };
        if self.root_of(alert, view).is_some() {
            return;
        }
        let Some(since) = alert.failing_since else { return };
        let service = alert.key.service.clone();
        let went_down = alert.key.kind == AlertKind::ServiceDown;
        let mut unknown: Vec<ServiceName> = view
            .transitive_hard(&service)
            .into_iter()
            .filter(|dependency| *dependency != service && !self.down.contains_key(dependency))
            .filter(|dependency| !view.well_since(dependency, since))
            .collect();
        out.extend(unknown.iter().cloned().map(Effect::Kick));
        // A service whose checks are failing right now is about to be down, and that says more than a burning budget. Its
        // next attempt is due within a second anyway.
        if !went_down && !self.down.contains_key(&service) && view.is_faltering(&service) {
            unknown.push(service);
        }
        if unknown.is_empty() {
            return;
        }
        for service in &unknown {
            self.awaited.entry(service.clone()).or_default().insert(id);
        }
        self.waiting.insert(id, unknown.iter().cloned().collect());
        if let Phase::Held { until } = alert.phase {
            self.deadlines.insert((until, id));
        }
        out.push(Effect::Held {
            alert: id,
            waiting_for: unknown,
        });
    }

    /// Takes up an alert after a restart.
    pub(super) fn resume(&mut self, id: AlertId, view: &dyn View, out: &mut Vec<Effect>) {
        let Some(alert) = self.alerts.get(&id) else { return };
        match alert.phase.clone() {
            Phase::Held { until } => {
                self.deadlines.insert((until, id));
                self.wait_for_unknown(id, view, out);
                if !self.waiting.contains_key(&id) {
                    // Nothing to wait for: due at once.
                    self.deadlines.insert((Timestamp::MIN, id));
                }
            }
            Phase::Standing { .. } => {}
            Phase::Silenced { until } => {
                self.deadlines.insert((until, id));
            }
            Phase::Folded { root, root_gone_at, .. } => match root_gone_at {
                Some(gone_at) => {
                    self.deadlines.insert((alert.alone_from(gone_at), id));
                }
                None if self.alerts.contains_key(&root) => {
                    self.children.entry(root).or_default().insert(id);
                }
                // Its root was resolved without it: the machine decides at its first tick.
                None => {
                    self.deadlines.insert((Timestamp::MIN, id));
                }
            },
        }
    }

    /// A held alert no longer waits for a service that the catalog says it does not need.
    pub(super) fn forget_strangers(&mut self, id: AlertId, view: &dyn View) {
        let Some(alert) = self.alerts.get(&id) else { return };
        let Some(waiting) = self.waiting.get(&id) else { return };
        let mut needed: BTreeSet<ServiceName> = view.transitive_hard(&alert.key.service).into_iter().collect();
        needed.insert(alert.key.service.clone());
        let strangers: Vec<ServiceName> = waiting.difference(&needed).cloned().collect();
        for stranger in strangers {
            self.no_longer_waits(id, &stranger);
        }
    }
}

impl OpenAlert {
    /// When a folded alert whose root is gone since `gone_at` is taken for a failure of its own. What a burn rate still
    /// remembers of the root's failure does not count, so its short window is waited out.
    pub(super) fn alone_from(&self, gone_at: Timestamp) -> Timestamp {
        gone_at
            .saturating_add(AFTER_ROOT)
            .and_then(|at| at.saturating_add(self.memory))
            .unwrap_or(Timestamp::MAX)
    }
}
