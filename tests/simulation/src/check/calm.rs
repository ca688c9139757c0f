//! Calm time: when nothing goes wrong and what went wrong is over for a while.

use std::time::Duration;

use mainstay_testkit::simulation::Passed;
use tokio::time::Instant;

/// How long the traces of a fault last: until a silent replica's work is taken over, probed and told of.
const TRACES: Duration = Duration::from_mins(4);

/// The times that are not calm, in order and apart.
#[derive(Debug)]
pub struct Calm(Vec<(Instant, Instant)>);

impl Calm {
    /// The calm between faults.
    pub fn of(faults: &[Passed]) -> Self {
        let mut spans: Vec<_> = faults.iter().map(|fault| (fault.from, fault.to + TRACES)).collect();
        spans.sort_unstable();
        let mut apart: Vec<(Instant, Instant)> = Vec::new();
        for (from, to) in spans {
            match apart.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => apart.push((from, to)),
            }
        }
        Self(apart)
    }

    /// The calm stretches between two times.
    fn stretches(&self, from: Instant, to: Instant) -> Vec<Duration> {
        let mut stretches = Vec::new();
        let mut at = from;
        let first = self.0.partition_point(|span| span.1 <= from);
        for (begins, ends) in &self.0[first..] {
            if at >= to || *begins >= to {
                break;
            }
            stretches.push(begins.saturating_duration_since(at));
            at = at.max(*ends);
        }
        stretches.push(to.saturating_duration_since(at));
        stretches
    }

    /// How much calm time there is between two times.
    pub fn between(&self, from: Instant, to: Instant) -> Duration {
        self.stretches(from, to).into_iter().sum()
    }

    /// The longest calm between two times.
    pub fn longest(&self, from: Instant, to: Instant) -> Duration {
        self.stretches(from, to).into_iter().max().unwrap_or_default()
    }
}
