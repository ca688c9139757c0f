//! Where the machine finds an alert again: by key, by service, by what it waits for, by its root and by its deadline.

use mainstay_catalog::ServiceName;

use super::{Fold, OpenAlert, Phase};
use crate::{alert::model::AlertId, signal::AlertKind};

impl Fold {
    pub(super) fn stop_waiting_for(&mut self, service: &ServiceName) {
        for id in self.awaited.get(service).cloned().unwrap_or_default() {
            self.no_longer_waits(id, service);
        }
    }

    pub(super) fn no_longer_waits(&mut self, id: AlertId, service: &ServiceName) {
        if let Some(ids) = self.awaited.get_mut(service) {
            ids.remove(&id);
            if ids.is_empty() {
                self.awaited.remove(service);
            }
        }
        if let Some(services) = self.waiting.get_mut(&id) {
            services.remove(service);
            if services.is_empty() {
                self.waiting.remove(&id);
            }
        }
    }

    pub(super) fn index(&mut self, alert: OpenAlert) {
        let id = alert.id;
        self.by_key.insert(alert.key.clone(), id);
        self.by_service.entry(alert.key.service.clone()).or_default().insert(id);
        if alert.key.kind == AlertKind::ServiceDown {
            self.down.insert(alert.key.service.clone(), id);
        }
        self.alerts.insert(id, alert);
    }

    pub(super) fn unindex(&mut self, id: AlertId) -> Option<OpenAlert> {
        self.leave_phase(id);
        let alert = self.alerts.remove(&id)?;
        self.by_key.remove(&alert.key);
        if let Some(ids) = self.by_service.get_mut(&alert.key.service) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_service.remove(&alert.key.service);
            }
        }
        if alert.key.kind == AlertKind::ServiceDown {
            self.down.remove(&alert.key.service);
        }
        Some(alert)
    }

    /// Forgets whatever the present phase wanted to be reminded of.
    pub(super) fn leave_phase(&mut self, id: AlertId) {
        for service in self.waiting.remove(&id).unwrap_or_default() {
            if let Some(ids) = self.awaited.get_mut(&service) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.awaited.remove(&service);
                }
            }
        }
        let Some(alert) = self.alerts.get(&id) else { return };
        match &alert.phase {
            Phase::Held { until } | Phase::Silenced { until } => {
                self.deadlines.remove(&(*until, id));
            }
            Phase::Folded { root, root_gone_at, .. } => {
                if let Some(gone_at) = root_gone_at {
                    self.deadlines.remove(&(alert.alone_from(*gone_at), id));
                }
                if let Some(ids) = self.children.get_mut(root) {
                    ids.remove(&id);
                    if ids.is_empty() {
                        self.children.remove(root);
                    }
                }
            }
            Phase::Standing { .. } => {}
        }
    }
}
