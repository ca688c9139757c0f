//! A system that is put in order once, so that many onsets and questions are judged fast.

use super::{MOST_ROWS, Ranking, View, weighed};
use crate::{
    bounds::Bounds,
    features::{self, Behaviour, Features},
    graph::Graph,
    model::{Evidence, Weights, evidence, posterior},
    question::{Hypothesis, Question},
    system::{Samples, Series, Subject, System},
    windows::Extents,
};

/// A system that was put in order once and can be asked often.
#[derive(Debug)]
pub struct Prepared<'s> {
    system: &'s System,
    graph: Graph,
    behaviour: Behaviour,
    /// The least distance between samples; 0 without any.
    sample_step: i64,
    extents: Extents,
}

impl<'s> Prepared<'s> {
    /// Puts a system in order.
    pub fn of(system: &'s System) -> Self {
        let step_of = |series: &Series| series.samples.step().or_else(|| series.baseline.step());
        let series = || system.series.iter().filter(|series| is_somebodys(series, system));
        Self {
            graph: Graph::of(system),
            behaviour: Behaviour::of(system),
            extents: (
                extent(series().map(|series| &series.samples)),
                extent(series().map(|series| &series.baseline)),
            ),
            sample_step: series().filter_map(step_of).min().unwrap_or(0),
            system,
        }
    }

    /// Who calls whom.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The onsets that are tried.
    pub fn hypotheses(&self, question: &Question) -> Vec<Hypothesis> {
        // Visits can tell minutes apart even where samples cannot.
        let step = if self.behaviour.visits().is_empty() {
            self.sample_step
        } else {
            0
        };
        question.hypotheses(step, MOST_ROWS / self.system.components.len().max(1))
    }

    /// The scores of one onset.
    pub fn features(&self, question: &Question, onset: i64) -> Features {
        features::of(
            (self.system, self.extents),
            &self.behaviour,
            &self.graph,
            question,
            onset,
            &mut Bounds::default(),
        )
    }

    /// Ranks with these weights.
    pub fn rank(&self, question: &Question, weights: &Weights) -> Ranking {
        let mut bounds = Bounds::default();
        let hypotheses = self.hypotheses(question);
        let features = hypotheses.iter().map(|hypothesis| {
            let onset = hypothesis.onset;
            let system = (self.system, self.extents);
            features::of(system, &self.behaviour, &self.graph, question, onset, &mut bounds)
        });
        let features: Vec<Features> = features.collect();
        let evidence: Vec<Evidence> = features
            .iter()
            .map(|features| evidence(features, &self.graph))
            .collect();
        let view = View {
            system: self.system,
            graph: &self.graph,
            weights,
            posterior: posterior(weights, &weighed(&evidence, &hypotheses)),
            hypotheses: &hypotheses,
            features: &features,
            evidence: &evidence,
        };
        view.ranking(self.sample_step)
    }
}

/// Whether all whom a series is about are in the list: of others nothing is looked at, not even when there were samples.
fn is_somebodys(series: &Series, system: &System) -> bool {
    let is_listed = |component: u32| (component as usize) < system.components.len();
    match series.subject {
        Subject::Component(component) => is_listed(component),
        Subject::Edge { caller, callee, .. } => is_listed(caller) && is_listed(callee),
    }
}

fn extent<'s>(all: impl Iterator<Item = &'s Samples>) -> (i64, i64) {
    let times = |samples: &Samples| Some((*samples.times().first()?, *samples.times().last()?));
    all.filter_map(times)
        .reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
        .unwrap_or((0, 0))
}
