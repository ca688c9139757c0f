//! Time and the fleet, as the folding machine sees them.

use jiff::{SignedDuration, Timestamp};
use mainstay_catalog::{Fleet, ServiceName};
use mainstay_kernel::Environment;
use tokio::time::Instant;

use super::{Alerts, Watching};
use crate::alert::fold::View;

/// The wall clock as far as it goes forward; while it is set back, time goes on from where it was. Deadlines would
/// otherwise be late by as much as the clock was set back.
pub(super) struct SteadyClock {
    at: Timestamp,
    since: Instant,
}

impl SteadyClock {
    pub fn starting_at(at: Timestamp) -> Self {
        Self {
            at,
            since: Instant::now(),
        }
    }

    pub fn now(&mut self, wall: Timestamp) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.since.elapsed()).unwrap_or(SignedDuration::ZERO);
        let steady = self.at.saturating_add(elapsed).unwrap_or(self.at);
        if wall >= steady {
            self.at = wall;
            self.since = Instant::now();
            wall
        } else {
            steady
        }
    }
}

/// The fleet of one environment and the news of it, as the folding machine sees them.
pub(super) struct FleetView<'v> {
    pub environment: &'v Environment,
    pub fleet: Option<&'v Fleet>,
    pub alerts: &'v Alerts,
    pub watching: &'v dyn Watching,
}

impl View for FleetView<'_> {
    fn transitive_hard(&self, service: &ServiceName) -> Vec<ServiceName> {
        self.fleet
            .map(|fleet| fleet.transitive_hard(service).cloned().collect())
            .unwrap_or_default()
    }

    fn transitive_dependants(&self, service: &ServiceName) -> Vec<ServiceName> {
        self.fleet
            .map(|fleet| fleet.transitive_dependants(service).cloned().collect())
            .unwrap_or_default()
    }

    fn hard_path(&self, from: &ServiceName, to: &ServiceName) -> Option<Vec<ServiceName>> {
        self.fleet?.hard_path(from, to)
    }

    fn well_since(&self, service: &ServiceName, since: Timestamp) -> bool {
        self.alerts.inner.news.well_since(self.environment, service, since)
            || !self.watching.is_watched(self.environment, service)
    }

    fn is_faltering(&self, service: &ServiceName) -> bool {
        self.alerts.inner.news.is_failing(self.environment, service)
    }
}
