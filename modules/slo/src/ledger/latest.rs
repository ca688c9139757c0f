//! The probes of the last minute, for an SLO that another replica made and this one hears of a moment late.

use std::{collections::VecDeque, time::Duration};

use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, Micros};
use tokio::time::Instant;

use crate::model::{CheckFacts, Observation, Outcome};

/// How late a definition may be heard of without a probe missing from its counts.
const KEEP: Duration = Duration::from_mins(1);
/// At most this many, whatever the rate.
const MOST: usize = 100_000;

/// Probes in the order in which they were heard of.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    probes: VecDeque<Heard>,
}

/// A probe as it was heard of.
#[derive(Debug)]
pub(crate) struct Heard {
    arrived: Instant,
    environment: Environment,
    service: ServiceName,
    check: Box<str>,
    role: Box<str>,
    at: Micros,
    duration_us: i64,
    outcome: Outcome,
}

impl Latest {
    /// Remembers a probe and forgets old ones.
    pub(crate) fn note(&mut self, environment: &Environment, service: &ServiceName, probe: &Observation<'_>) {
        let now = Instant::now();
        while self.probes.len() >= MOST
            || self
                .probes
                .front()
                .is_some_and(|heard| now.duration_since(heard.arrived) > KEEP)
        {
            self.probes.pop_front();
        }
        self.probes.push_back(Heard {
            arrived: now,
            environment: environment.clone(),
            service: service.clone(),
            check: probe.check.name.into(),
            role: probe.check.role.into(),
            at: probe.at,
            duration_us: probe.duration_us,
            outcome: probe.outcome,
        });
    }

    /// The probes of a service, oldest first.
    pub(crate) fn of<'l>(
        &'l self,
        environment: &'l Environment,
        service: &'l ServiceName,
    ) -> impl Iterator<Item = Observation<'l>> {
        self.probes
            .iter()
            .filter(move |heard| heard.service == *service && heard.environment == *environment)
            .map(|heard| Observation {
                check: CheckFacts {
                    name: &heard.check,
                    role: &heard.role,
                },
                at: heard.at,
                duration_us: heard.duration_us,
                outcome: heard.outcome,
            })
    }
}
