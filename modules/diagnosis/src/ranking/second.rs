//! A second cause beside the first: the first is taken as given, what it does to others is no evidence any more, and the rest is
//! judged anew.

use super::{Cause, View, weighed};
use crate::model::{CHANNELS, Channel, EXPLAINS, Evidence, posterior_beside};

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

/// Calls above calls through which it is followed.
const HIGHEST: usize = 8;

impl View<'_> {
    /// The likeliest other component, if it is likelier than that there is no other.
    pub(super) fn second(&self, first: usize) -> Option<Cause> {
        // What it does shows at other onsets as well, whose windows overlap with its own.
        let cause = *self.evidence.get(self.likeliest(first))?.rows.get(first)?;
        let rest: Vec<Evidence> = self
            .evidence
            .iter()
            .map(|evidence| self.without((first, &cause), evidence))
            .collect();
        let given = posterior_beside(first, self.weights, &weighed(&rest, self.hypotheses));
        let second = *self.order(&given).first()?;
        let view = View {
            evidence: &rest,
            posterior: given,
            ..*self
        };
        (view.posterior.components[second] > view.posterior.none).then(|| view.cause(second, &view.posterior))
    }

    /// The evidence less what the first cause explains: at its callers all that is felt, at its neighbours what is between them.
    fn without(&self, (first, cause): (usize, &[f64; CHANNELS]), evidence: &Evidence) -> Evidence {
        let mut rest = evidence.clone();
        let felt = self.felt((first, cause), evidence);
        for (at, row) in rest.rows.iter_mut().enumerate() {
            if at == first {
                continue;
            }
            weaken(row, felt.get(at).copied().unwrap_or(0.0));
            if self.graph.are_neighbours(at, first) {
                let between = |channel: Channel| EXPLAINS * cause[channel as usize];
                for channel in [Channel::Wire, Channel::Clock] {
                    row[channel as usize] = (row[channel as usize] - between(channel)).max(0.0);
                }
                // Who is called by one with a wrong clock refuses it.
                weaken(row, between(Channel::Clock));
            }
        }
        rest
    }

    /// How strongly each component feels the first: as far as those it calls do. Who calls it through others that show nothing feels
    /// nothing of it.
    fn felt(&self, (first, cause): (usize, &[f64; CHANNELS]), evidence: &Evidence) -> Vec<f64> {
        let strongest = |row: &[f64; CHANNELS], of: &dyn Fn(Channel) -> bool| {
            let of = Channel::ALL.into_iter().filter(|channel| of(*channel));
            of.map(|channel| row[channel as usize]).fold(0.0, f64::max)
        };
        let shown: Vec<f64> = (evidence.rows.iter())
            .map(|row| strongest(row, &|channel| FELT.contains(&channel)))
            .collect();
        let mut passed = vec![0.0; evidence.rows.len()];
        let is_shown = |channel: Channel| channel.is_observation() || FELT.contains(&channel);
        passed[first] = strongest(cause, &is_shown);
        let mut felt = vec![0.0; evidence.rows.len()];
        for _ in 0..HIGHEST {
            let before = passed.clone();
            for at in (0..passed.len()).filter(|at| *at != first) {
                let callees = self.graph.explaining(at).iter();
                let below = callees.filter_map(|callee| before.get(*callee as usize));
                felt[at] = EXPLAINS * below.copied().fold(0.0, f64::max);
                passed[at] = shown[at].min(felt[at]);
            }
            if passed == before {
                break;
            }
        }
        felt
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
