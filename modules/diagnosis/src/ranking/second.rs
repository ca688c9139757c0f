//! A second cause beside the first: the first is taken as given, what it does to others is no evidence any more, and the rest is
//! judged anew.

use super::{Cause, View, weighed};
use crate::model::{CHANNELS, Channel, EXPLAINS, Evidence, posterior};

/// What a cause does to those that call it.
const FELT: [Channel; 8] = [
    Channel::Latency,
    Channel::LatencyExplained,
    Channel::Error,
    Channel::ErrorExplained,
    Channel::Events,
    Channel::EventsExplained,
    Channel::LogErrors,
    Channel::LogErrorsExplained,
];

impl View<'_> {
    /// The likeliest other component, if it is likelier than that there is no other.
    pub(super) fn second(&self, first: usize) -> Option<Cause> {
        let upstream = self.graph.reached_by(crate::bounds::count(first));
        let rest: Vec<Evidence> = self
            .evidence
            .iter()
            .map(|evidence| self.without(first, &upstream, evidence))
            .collect();
        let mut given = posterior(self.weights, &weighed(&rest, self.hypotheses));
        // The first is known by now: its part goes to all others alike.
        let taken = given.components.get(first).copied()?;
        if taken >= 1.0 {
            return None;
        }
        for component in &mut given.components {
            *component /= 1.0 - taken;
        }
        given.none /= 1.0 - taken;
        given.components[first] = 0.0;
        let second = *self.order(&given).first()?;
        let view = View {
            evidence: &rest,
            posterior: given,
            ..*self
        };
        (view.posterior.components[second] > view.posterior.none).then(|| view.cause(second, &view.posterior))
    }

    /// The evidence less what the first cause explains: at its callers all that is felt, at its neighbours what is on the wire.
    fn without(&self, first: usize, upstream: &[bool], evidence: &Evidence) -> Evidence {
        let mut rest = evidence.clone();
        let Some(cause) = evidence.rows.get(first).copied() else {
            return rest;
        };
        let strength = EXPLAINS
            * Channel::ALL
                .into_iter()
                .filter(|channel| channel.is_observation())
                .map(|channel| cause[channel as usize])
                .fold(0.0, f64::max);
        for (at, row) in rest.rows.iter_mut().enumerate() {
            if at == first {
                continue;
            }
            if upstream.get(at).copied().unwrap_or(false) {
                weaken(row, strength);
            }
            if self.graph.are_neighbours(at, first) {
                let wire = &mut row[Channel::Wire as usize];
                *wire = (*wire - EXPLAINS * cause[Channel::Wire as usize]).max(0.0);
            }
        }
        rest
    }
}

fn weaken(row: &mut [f64; CHANNELS], strength: f64) {
    let slow = |row: &[f64; CHANNELS]| row[Channel::Latency as usize] + row[Channel::LatencyExplained as usize];
    let before = slow(row);
    for channel in FELT {
        row[channel as usize] = (row[channel as usize] - strength).max(0.0);
    }
    if before > 0.0 {
        row[Channel::LatencyOfAvailability as usize] *= slow(row) / before;
    }
}
