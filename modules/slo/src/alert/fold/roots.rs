//! Finds the root of an alert: the deepest service that is down among those it cannot work without.

use mainstay_catalog::ServiceName;
use mainstay_watch::root_cause;

use super::{Fold, OpenAlert, View};
use crate::{
    alert::model::AlertId,
    signal::{AlertKey, AlertKind, Severity},
};

impl Fold {
    /// The alert under which `alert` belongs; `None` when it stands on its own.
    pub(super) fn root_of(&self, alert: &OpenAlert, view: &dyn View) -> Option<AlertId> {
        match self.root_service(&alert.key.service, view) {
            Some(root) => self.down.get(&root).copied().filter(|root| *root != alert.id),
            None => self.page_of_same_slo(alert),
        }
    }

    /// The service behind the trouble of this one; the same rule as for the states of services.
    fn root_service(&self, service: &ServiceName, view: &dyn View) -> Option<ServiceName> {
        if self.down.is_empty() {
            return None;
        }
        root_cause(
            service,
            |service| view.transitive_hard(service),
            |service| self.down.contains_key(service).then(|| self.failing_since(service)),
        )
    }

    fn failing_since(&self, service: &ServiceName) -> Option<jiff::Timestamp> {
        let alert = self.alerts.get(self.down.get(service)?)?;
        Some(alert.failing_since.unwrap_or(alert.opened_at))
    }

    /// A slow burn of an SLO says nothing new while the same SLO burns fast enough to page.
    fn page_of_same_slo(&self, alert: &OpenAlert) -> Option<AlertId> {
        let ticket = AlertKind::BurnRate {
            severity: Severity::Ticket,
        };
        if alert.key.kind != ticket {
            return None;
        }
        let page = AlertKey {
            kind: AlertKind::BurnRate {
                severity: Severity::Page,
            },
            ..alert.key.clone()
        };
        self.by_key.get(&page).copied()
    }
}
