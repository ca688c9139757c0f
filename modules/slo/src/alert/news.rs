//! What the latest probes said of each service: since when it fails, and when a probe that succeeded was started. Kept in
//! memory only; after a restart the first probes tell it anew.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, uuid::Uuid};

/// What is known of every service.
#[derive(Debug, Default)]
pub(crate) struct News {
    services: Mutex<HashMap<Environment, HashMap<ServiceName, ServiceNews>>>,
}

#[derive(Debug, Default)]
struct ServiceNews {
    /// The checks that are failing, each with the start of the first failed probe of its streak.
    failing: HashMap<Uuid, Timestamp>,
    /// The start of the latest failure, kept after it ended.
    last_failure: Option<Timestamp>,
    /// The start of the latest probe that succeeded.
    well_at: Option<Timestamp>,
    /// The start of the latest probe that failed.
    failed_at: Option<Timestamp>,
}

/// What a probe changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted {
    /// The service had no failing check before, and has one now.
    pub began_to_fail: bool,
    /// The probe succeeded and no check of the service is failing.
    pub well: bool,
}

impl News {
    /// Takes note of a finished probe. A failure during maintenance is none.
    pub fn note(
        &self,
        environment: &Environment,
        service: &ServiceName,
        check: Uuid,
        started_at: Timestamp,
        ok: bool,
    ) -> Noted {
        let mut services = self.lock();
        let news = services
            .entry(environment.clone())
            .or_default()
            .entry(service.clone())
            .or_default();
        let was_failing = !news.failing.is_empty();
        if ok {
            news.failing.remove(&check);
            news.well_at = news.well_at.max(Some(started_at));
        } else {
            news.failing.entry(check).or_insert(started_at);
            news.failed_at = news.failed_at.max(Some(started_at));
            if !was_failing {
                news.last_failure = Some(started_at);
            }
        }
        Noted {
            began_to_fail: !ok && !was_failing,
            well: ok && news.failing.is_empty(),
        }
    }

    /// When the present failure of a service began, or else its latest one.
    pub fn failing_since(&self, environment: &Environment, service: &ServiceName) -> Option<Timestamp> {
        self.read(environment, service, |news| {
            news.failing.values().min().copied().or(news.last_failure)
        })
        .flatten()
    }

    /// Whether a check of the service is failing.
    pub fn is_failing(&self, environment: &Environment, service: &ServiceName) -> bool {
        self.read(environment, service, |news| !news.failing.is_empty())
            .unwrap_or(false)
    }

    /// Whether a probe started after `since` succeeded and no check is failing.
    pub fn well_since(&self, environment: &Environment, service: &ServiceName, since: Timestamp) -> bool {
        self.read(environment, service, |news| {
            news.failing.is_empty() && news.well_at.is_some_and(|at| at > since)
        })
        .unwrap_or(false)
    }

    /// Whether a probe started after `since` succeeded, whatever the other checks say.
    pub fn succeeded_since(&self, environment: &Environment, service: &ServiceName, since: Timestamp) -> bool {
        self.read(environment, service, |news| news.well_at.is_some_and(|at| at > since))
            .unwrap_or(false)
    }

    /// Whether a probe started after `since` failed.
    pub fn failed_since(&self, environment: &Environment, service: &ServiceName, since: Timestamp) -> bool {
        self.read(environment, service, |news| news.failed_at.is_some_and(|at| at > since))
            .unwrap_or(false)
    }

    fn read<T>(&self, environment: &Environment, service: &ServiceName, read: impl Fn(&ServiceNews) -> T) -> Option<T> {
        self.lock().get(environment)?.get(service).map(read)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Environment, HashMap<ServiceName, ServiceNews>>> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_service_is_well_only_when_none_of_its_checks_fails() {
        let news = News::default();
        let (environment, api) = (Environment::production(), ServiceName::parse("api").unwrap());
        let (live, ready) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let note = |check, second, ok| news.note(&environment, &api, check, at(second), ok);
        assert!(note(live, 1, false).began_to_fail);
        assert!(!note(ready, 2, false).began_to_fail);
        assert_eq!(news.failing_since(&environment, &api), Some(at(1)));
        assert!(!note(live, 3, true).well);
        assert!(!news.well_since(&environment, &api, at(2)));
        assert_eq!(news.failing_since(&environment, &api), Some(at(2)));
        assert!(note(ready, 4, true).well);
        assert!(news.well_since(&environment, &api, at(3)) && !news.well_since(&environment, &api, at(4)));
        assert_eq!(
            news.failing_since(&environment, &api),
            Some(at(1)),
            "the latest failure is remembered"
        );
        assert!(note(live, 5, false).began_to_fail);
    }
}
