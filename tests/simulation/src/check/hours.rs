//! What comes every hour comes once.

use std::{collections::BTreeMap, time::Duration};

use mainstay_testkit::simulation::Simulation;
use tokio::time::Instant;

use super::{Calm, Findings, Invariant};

const HOUR: Duration = Duration::from_hours(1);
/// How far from its time something may come: clocks are wrong, and the database is away.
const NEAR: Duration = Duration::from_mins(30);
/// Whatever has so much calm near its time comes.
const CALM: Duration = Duration::from_mins(5);

/// When it came.
#[derive(Debug, Default)]
pub struct Hours(Vec<Instant>);

impl Hours {
    pub fn hear(&mut self, at: Instant) {
        self.0.push(at);
    }

    pub fn check(&self, simulation: &Simulation, calm: &Calm, findings: &mut Findings) {
        let (began, lasted) = (simulation.began, simulation.began.elapsed());
        let mut came: BTreeMap<u64, u64> = BTreeMap::new();
        for at in &self.0 {
            // A simulation begins at a full hour.
            let nearest = (at.duration_since(began) + NEAR).as_secs() / HOUR.as_secs();
            *came.entry(nearest).or_default() += 1;
        }
        let hours = lasted.saturating_sub(NEAR).as_secs() / HOUR.as_secs();
        for hour in 1..=hours {
            let at = began + Duration::from_secs(hour * HOUR.as_secs());
            let times = came.get(&hour).copied().unwrap_or_default();
            let expected = calm.longest(at, at + NEAR) >= CALM;
            if times > 1 || (times == 0 && expected) {
                findings.add(
                    Invariant::Schedules,
                    format!("what comes every hour came {times} times in hour {hour}"),
                );
            }
        }
    }
}
