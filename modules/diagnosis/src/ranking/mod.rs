//! The answer: causes with their probabilities and what speaks for and against each, or "none"; when it began; and what to look
//! at next. It must not know how scores are computed.

mod causes;
mod next;
mod prepared;
mod second;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use prepared::Prepared;

use crate::{
    features::{Feature, Features, Witness},
    graph::Graph,
    model::{Channel, Evidence, Posterior, Weights},
    question::{Hypothesis, Question},
    system::System,
};

/// "None" is the answer above this.
const NONE: f64 = 0.5;
/// Components that are judged at most, and components times onsets: a row of scores and one of evidence take some 300 bytes.
pub(crate) const MOST_COMPONENTS: usize = 50_000;
const MOST_ROWS: usize = 200_000;
/// Causes that are told at most.
const MOST_CAUSES: usize = 10;
/// The onset is told so that it lies within with this probability.
const ONSET: f64 = 0.9;

/// The answer to a question about a system.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// The ten most likely, in that order.
    pub causes: Vec<Cause>,
    /// Probability that no component is the cause.
    pub none: f64,
    /// When it began, if there is a cause.
    pub onset: Option<OnsetEstimate>,
    /// A second cause beside the first, where one is more likely than none.
    pub also: Option<Cause>,
    /// Components that were not judged, because there were too many; the last of the list are left out.
    pub left_out: u32,
    /// What was not there to be looked at.
    pub not_looked_at: Vec<Modality>,
    /// What would best tell the first from its rival.
    pub next: Option<NextQuestion>,
}

impl Ranking {
    /// Whether the answer is "no cause found".
    pub fn finds_none(&self) -> bool {
        self.none > NONE || self.causes.is_empty()
    }
}

/// A component as the cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cause {
    /// Its place.
    pub component: u32,
    /// Of all components and "none" together 1.
    pub probability: f64,
    /// What its score is made of, the greatest first; channels without evidence are left out.
    pub shares: Vec<Share>,
    /// What speaks for it, in the same order.
    pub supporting: Vec<Support>,
    /// What speaks against it.
    pub contradicting: Vec<Contradiction>,
}

/// What one channel adds to a score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Which.
    pub channel: Channel,
    /// Its evidence from 0 to 1, over the onsets as likely as they are.
    pub evidence: f64,
    /// Evidence times weight, in units of the logit.
    pub contribution: f64,
}

/// What was seen in one channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Support {
    /// Which.
    pub channel: Channel,
    /// At the likeliest onset.
    pub witnesses: Vec<Witness>,
}

/// What speaks against a component.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Contradiction {
    /// What it shows is shown by what it calls as well, or comes with more requests.
    Explained {
        /// In this channel.
        channel: Channel,
        /// So much of it, from 0 to 1.
        share: f64,
        /// By this one; none: by more requests.
        by: Option<u32>,
        /// Whether that one is no callee but a neighbour whose clock is wrong.
        by_clock: bool,
        /// What that one shows.
        witnesses: Vec<Witness>,
    },
    /// It was looked at and is normal, though a cause would show there.
    Normal {
        /// In this channel.
        channel: Channel,
    },
    /// A channel that lowers its score: out of reach, a road, or slow where failing was noticed.
    Lowered {
        /// Which.
        channel: Channel,
    },
}

/// When it began, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OnsetEstimate {
    /// The likeliest of the moments that were tried.
    pub likely: i64,
    /// Not before.
    pub earliest: i64,
    /// Not after.
    pub latest: i64,
    /// How likely it lies between the two, if the first cause is right.
    pub probability: f64,
}

/// A way of looking at a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    /// Series of components or edges.
    Metrics,
    /// Visits.
    Traces,
    /// Lines of logs, within visits or without.
    Logs,
    /// Deploys and changes of configuration.
    Changes,
    /// Who calls whom.
    Topology,
}

/// What stands against the first cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rival {
    /// Another component.
    Component(u32),
    /// That there is no cause.
    None,
}

/// An observation that has not been made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NextQuestion {
    /// About this component.
    pub component: u32,
    /// In this channel.
    pub channel: Channel,
    /// The first cause is to be told from this.
    pub rival: Rival,
    /// Bits by which the uncertainty between the two shrinks on average.
    pub gain: f64,
}

/// Ranks the components of a system.
pub fn rank(system: &System, question: &Question, weights: &Weights) -> Ranking {
    Prepared::of(system).rank(question, weights)
}

fn weighed<'e>(evidence: &'e [Evidence], hypotheses: &[Hypothesis]) -> Vec<(&'e Evidence, f64)> {
    evidence
        .iter()
        .zip(hypotheses)
        .map(|(evidence, hypothesis)| (evidence, hypothesis.prior))
        .collect()
}

/// All that an answer is made of.
struct View<'v> {
    system: &'v System,
    graph: &'v Graph,
    weights: &'v Weights,
    hypotheses: &'v [Hypothesis],
    features: &'v [Features],
    evidence: &'v [Evidence],
    posterior: Posterior,
}

impl View<'_> {
    fn ranking(&self, sample_step: i64) -> Ranking {
        let order = self.order(&self.posterior);
        let causes: Vec<Cause> = order
            .iter()
            .take(MOST_CAUSES)
            .map(|at| self.cause(*at, &self.posterior))
            .collect();
        let first = order.first().copied();
        Ranking {
            onset: first.and_then(|first| self.onset(first, sample_step)),
            also: first.and_then(|first| self.second(first)),
            left_out: crate::bounds::count(self.system.components.len() - self.posterior.components.len()),
            not_looked_at: self.not_looked_at(),
            next: self.next(&order),
            none: self.posterior.none,
            causes,
        }
    }

    /// Components by probability; equal ones by name, so that the order they came in does not matter.
    fn order(&self, posterior: &Posterior) -> Vec<usize> {
        let mut order: Vec<usize> = (0..posterior.components.len()).collect();
        let name = |at: usize| self.system.components.get(at).map(|component| component.name.as_str());
        order.sort_by(|a, b| {
            posterior.components[*b]
                .total_cmp(&posterior.components[*a])
                .then_with(|| name(*a).cmp(&name(*b)))
        });
        order
    }

    /// The place of the likeliest onset if a component is the cause.
    fn likeliest(&self, component: usize) -> usize {
        let onsets = self.posterior.onsets.get(component).map_or(&[][..], Vec::as_slice);
        let mut best = 0;
        for (at, likely) in onsets.iter().enumerate() {
            if *likely > onsets[best] {
                best = at;
            }
        }
        best
    }

    /// The onsets that together are likely enough, each as wide as half the way to the next, or as one sample if that is wider.
    fn onset(&self, first: usize, sample_step: i64) -> Option<OnsetEstimate> {
        if self.posterior.none > NONE {
            return None;
        }
        let likely = self.posterior.onsets.get(first)?;
        let mut order: Vec<usize> = (0..likely.len()).collect();
        order.sort_by(|a, b| likely[*b].total_cmp(&likely[*a]));
        let (mut probability, mut taken) = (0.0, Vec::new());
        for at in order {
            if probability >= ONSET {
                break;
            }
            probability += likely[at];
            taken.push(self.hypotheses.get(at)?.onset);
        }
        let mut tried: Vec<i64> = self.hypotheses.iter().map(|hypothesis| hypothesis.onset).collect();
        tried.sort_unstable();
        let apart = tried
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]))
            .min()
            .unwrap_or(0);
        let width = sample_step.max(apart / 2);
        Some(OnsetEstimate {
            likely: *taken.first()?,
            earliest: taken.iter().min()?.saturating_sub(width),
            latest: taken.iter().max()?.saturating_add(width),
            probability: probability.min(1.0),
        })
    }

    fn not_looked_at(&self) -> Vec<Modality> {
        const METRICS: [Feature; 7] = [
            Feature::Cpu,
            Feature::Memory,
            Feature::Latency,
            Feature::Edge,
            Feature::Error,
            Feature::TrafficDown,
            Feature::Saturation,
        ];
        let seen = |wanted: &[Feature]| {
            self.features.iter().any(|features| {
                (0..features.len()).any(|at| wanted.iter().any(|feature| features.is_observed(at, *feature)))
            })
        };
        let has_logs = self.system.visits.iter().any(|visit| visit.has_logs);
        let looked_at = [
            (Modality::Metrics, seen(&METRICS)),
            (
                Modality::Traces,
                seen(&[
                    Feature::Events,
                    Feature::Slow,
                    Feature::Wire,
                    Feature::Unanswered,
                    Feature::CutOff,
                    Feature::Clock,
                ]),
            ),
            (
                Modality::Logs,
                seen(&[Feature::LogErrors]) || has_logs && seen(&[Feature::Events]),
            ),
            (Modality::Changes, self.system.changes.is_some()),
            (Modality::Topology, self.graph.has_calls()),
        ];
        looked_at
            .into_iter()
            .filter(|(_, looked_at)| !looked_at)
            .map(|(modality, _)| modality)
            .collect()
    }
}
