//! Finds the root of an alert: the deepest service that is down among those it cannot work without.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_catalog::ServiceName;

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

    /// The deepest down service among `service` and everything it needs. Where several are equally deep, because they
    /// need each other (a cycle) or have nothing to do with each other, it is the one that began to fail first.
    fn root_service(&self, service: &ServiceName, view: &dyn View) -> Option<ServiceName> {
        if self.down.is_empty() {
            return None;
        }
        let mut candidates: BTreeSet<ServiceName> = view
            .transitive_hard(service)
            .into_iter()
            .filter(|dependency| self.down.contains_key(dependency))
            .collect();
        if self.down.contains_key(service) {
            candidates.insert(service.clone());
        }
        if candidates.len() < 2 {
            return candidates.pop_first();
        }
        let needs: BTreeMap<&ServiceName, BTreeSet<ServiceName>> = candidates
            .iter()
            .map(|candidate| {
                let mut needed: BTreeSet<ServiceName> = view.transitive_hard(candidate).into_iter().collect();
                needed.retain(|service| candidates.contains(service));
                (candidate, needed)
            })
            .collect();
        let deepest = needs.iter().filter(|(candidate, needed)| {
            needed
                .iter()
                .all(|below| needs.get(below).is_some_and(|back| back.contains(**candidate)) || below == **candidate)
        });
        deepest
            .min_by_key(|(candidate, _)| (self.failing_since(candidate), (**candidate).clone()))
            .map(|(candidate, _)| (**candidate).clone())
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
