//! A second cause beside the first: the first is taken as given, what it does to others is no evidence any more, and the rest is
//! judged anew.

use super::{Cause, View, weighed};
use crate::model::{CHANNELS, Channel, EXPLAINS, Evidence, Posterior, posterior_beside};

/// What a cause does to those that call it, and what these do to theirs: who is slow makes slow, and who fails makes fail.
const FELT: [&[Channel]; 2] = [
    &[Channel::Latency, Channel::LatencyExplained],
    &[
        Channel::Error,
        Channel::ErrorExplained,
        Channel::Events,
        Channel::EventsExplained,
        Channel::LogErrors,
        Channel::LogErrorsExplained,
    ],
];

/// How much is felt of each of these.
type Felt = [f64; FELT.len()];

/// Calls above calls through which it is followed.
const HIGHEST: usize = 8;

impl View<'_> {
    /// The likeliest other component, if it is likelier than that there is no other.
    ///
    /// Of two that each explain the other, one is enough: then they are rivals and not two causes.
    pub(super) fn second(&self, first: usize) -> Option<Cause> {
        let (rest, given) = self.beside(first)?;
        let second = *self.order(&given).first()?;
        if given.components[second] <= given.none {
            return None;
        }
        let (_, reversed) = self.beside(second)?;
        if reversed.components[first] <= reversed.none {
            return None;
        }
        let view = View {
            evidence: &rest,
            posterior: given,
            ..*self
        };
        Some(view.cause(second, &view.posterior))
    }

    /// What is left to explain beside one that is known, and by whom.
    fn beside(&self, known: usize) -> Option<(Vec<Evidence>, Posterior)> {
        // What it does shows at other onsets as well, whose windows overlap with its own.
        let cause = *self.evidence.get(self.likeliest(known))?.rows.get(known)?;
        let rest: Vec<Evidence> = self
            .evidence
            .iter()
            .map(|evidence| self.without((known, &cause), evidence))
            .collect();
        let given = posterior_beside(known, self.weights, &weighed(&rest, self.hypotheses));
        Some((rest, given))
    }

    /// The evidence less what the first cause explains: at its callers all that is felt, at its neighbours what is between them.
    fn without(&self, (first, cause): (usize, &[f64; CHANNELS]), evidence: &Evidence) -> Evidence {
        let mut rest = evidence.clone();
        let felt = self.felt((first, cause), evidence);
        for (at, row) in rest.rows.iter_mut().enumerate() {
            if at == first {
                continue;
            }
            weaken(row, felt.get(at).copied().unwrap_or_default());
            if self.graph.are_neighbours(at, first) {
                let between = |channel: Channel| EXPLAINS * cause[channel as usize];
                for channel in [Channel::Wire, Channel::Clock] {
                    row[channel as usize] = (row[channel as usize] - between(channel)).max(0.0);
                }
                // Who is called by one with a wrong clock refuses it.
                weaken(row, [between(Channel::Clock); FELT.len()]);
            }
        }
        rest
    }

    /// How strongly each component feels the first: as far as those it calls do. Who calls it through others that show nothing feels
    /// nothing of it.
    fn felt(&self, (first, cause): (usize, &[f64; CHANNELS]), evidence: &Evidence) -> Vec<Felt> {
        let strongest =
            |row: &[f64; CHANNELS], of: &[Channel]| of.iter().map(|at| row[*at as usize]).fold(0.0, f64::max);
        let shown: Vec<Felt> = (evidence.rows.iter())
            .map(|row| FELT.map(|channels| strongest(row, channels)))
            .collect();
        let mut passed = vec![Felt::default(); evidence.rows.len()];
        let observed = Channel::ALL.into_iter().filter(|channel| channel.is_observation());
        let all: Vec<Channel> = observed.chain(FELT.into_iter().flatten().copied()).collect();
        passed[first] = [strongest(cause, &all); FELT.len()];
        let mut felt = vec![Felt::default(); evidence.rows.len()];
        for _ in 0..HIGHEST {
            let before = passed.clone();
            for at in (0..passed.len()).filter(|at| *at != first) {
                for way in 0..FELT.len() {
                    let callees = self.graph.explaining(at).iter();
                    let below = callees.filter_map(|callee| before.get(*callee as usize));
                    felt[at][way] = EXPLAINS * below.map(|passed| passed[way]).fold(0.0, f64::max);
                    passed[at][way] = shown[at][way].min(felt[at][way]);
                }
            }
            if passed == before {
                break;
            }
        }
        felt
    }
}

fn weaken(row: &mut [f64; CHANNELS], felt: Felt) {
    let slow = |row: &[f64; CHANNELS]| row[Channel::Latency as usize] + row[Channel::LatencyExplained as usize];
    let before = slow(row);
    for (channels, felt) in FELT.into_iter().zip(felt) {
        for channel in channels {
            row[*channel as usize] = (row[*channel as usize] - felt).max(0.0);
        }
    }
    if before > 0.0 {
        row[Channel::LatencyOfAvailability as usize] *= slow(row) / before;
    }
}
