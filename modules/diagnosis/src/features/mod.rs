//! Facts become scores: for each component and each feature how far it left what is normal, and the witness of that. A feature
//! knows no component, instance or fault by name, and nothing of what the others say.

mod behaviour;
mod below;
mod changes;
mod clock;
mod events;
mod feature;
mod left;
mod logs;
mod metrics;
mod pace;
mod timing;
mod unanswered;
mod witness;

use std::collections::BTreeSet;

pub use crate::bounds::Rate;
use crate::{
    bounds::Bounds,
    graph::Graph,
    incidents::Excluded,
    question::{Question, SymptomKind},
    ranking::MOST_COMPONENTS,
    system::System,
    windows::{self, Extents, Sampling},
};
pub(crate) use behaviour::Behaviour;
pub use feature::{FEATURES, Feature};
pub use witness::Witness;

/// What one onset shows: a row of scores for each component.
#[derive(Debug, Clone)]
pub struct Features {
    rows: Vec<[f64; FEATURES]>,
    observed: Vec<u32>,
    witnesses: Vec<Vec<(Feature, f64, Witness)>>,
    /// Pairs of a caller and a callee whose calls were looked at and take as long as before.
    as_before: BTreeSet<(u32, u32)>,
}

impl Features {
    /// No evidence about so many components.
    pub(crate) fn none(components: usize) -> Self {
        Self {
            rows: vec![[0.0; FEATURES]; components],
            observed: vec![0; components],
            witnesses: vec![Vec::new(); components],
            as_before: BTreeSet::new(),
        }
    }

    /// Scores that were computed elsewhere. They have no witnesses, and count as observed where they are not 0.
    pub fn from_rows(rows: Vec<[f64; FEATURES]>) -> Self {
        let mut features = Self::none(rows.len());
        for (observed, row) in features.observed.iter_mut().zip(&rows) {
            for feature in Feature::ALL {
                if row[feature as usize] != 0.0 {
                    *observed |= feature.bit();
                }
            }
        }
        features.rows = rows;
        features
    }

    /// How many components.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no component.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A component's score of a feature; 0 where there is none.
    pub fn score(&self, component: usize, feature: Feature) -> f64 {
        self.rows.get(component).map_or(0.0, |row| row[feature as usize])
    }

    /// Whether there was enough to judge a component's feature by.
    pub fn is_observed(&self, component: usize, feature: Feature) -> bool {
        self.observed
            .get(component)
            .is_some_and(|seen| seen & feature.bit() != 0)
    }

    /// Whether calls of one component by another were looked at, and take as long as before.
    pub(crate) fn answers_as_fast_as_before(&self, callee: u32, to: u32) -> bool {
        self.as_before.contains(&(to, callee))
    }

    /// What a component's score of a feature was computed from.
    pub fn witness(&self, component: usize, feature: Feature) -> Option<&Witness> {
        self.witnesses
            .get(component)?
            .iter()
            .find(|(of, ..)| *of == feature)
            .map(|(.., witness)| witness)
    }

    /// Says that a component's feature can be judged.
    fn observe(&mut self, component: u32, feature: Feature) {
        if let Some(observed) = self.observed.get_mut(component as usize) {
            *observed |= feature.bit();
        }
    }

    /// Raises a component's score to this one, if it is lower, and keeps the witness of the highest.
    fn raise(&mut self, component: u32, feature: Feature, score: f64, witness: impl FnOnce() -> Witness) {
        self.observe(component, feature);
        if let Some(row) = self.rows.get_mut(component as usize)
            && score > row[feature as usize]
        {
            row[feature as usize] = score;
            self.keep(component, feature, score, witness);
        }
    }

    /// Raises a score beside its witness, which stays that of what was seen of the component itself.
    fn raise_unseen(&mut self, component: u32, feature: Feature, score: f64) {
        if let Some(row) = self.rows.get_mut(component as usize) {
            row[feature as usize] = row[feature as usize].max(score);
        }
    }

    /// Keeps the witness of the highest part of a score that is put together of several.
    fn keep(&mut self, component: u32, feature: Feature, score: f64, witness: impl FnOnce() -> Witness) {
        let Some(kept) = self.witnesses.get_mut(component as usize) else {
            return;
        };
        match kept.iter_mut().find(|(of, ..)| *of == feature) {
            Some(held) if held.1 >= score => {}
            Some(held) => *held = (feature, score, witness()),
            None => kept.push((feature, score, witness())),
        }
    }

    /// Sets a component's score.
    fn set(&mut self, component: usize, feature: Feature, score: f64) {
        if let Some(row) = self.rows.get_mut(component) {
            row[feature as usize] = score;
        }
    }

    /// Takes a score and its witness away.
    fn clear(&mut self, component: usize, feature: Feature) {
        self.set(component, feature, 0.0);
        if let Some(kept) = self.witnesses.get_mut(component) {
            kept.retain(|(of, ..)| *of != feature);
        }
    }
}

/// A mean over what touches each component: one part that is slow is the other end's fault.
#[derive(Debug)]
struct Mean {
    parts: Vec<(f64, u32)>,
}

impl Mean {
    fn over(components: usize) -> Self {
        Self {
            parts: vec![(0.0, 0); components],
        }
    }

    fn add(&mut self, component: u32, value: f64) {
        if let Some((sum, count)) = self.parts.get_mut(component as usize) {
            *sum += value;
            *count += 1;
        }
    }

    fn write(&self, features: &mut Features, feature: Feature) {
        for (component, (sum, count)) in (0_u32..).zip(&self.parts) {
            if *count > 0 {
                features.observe(component, feature);
                features.set(component as usize, feature, sum / f64::from(*count));
            }
        }
    }
}

/// Computes all features for one onset.
pub(crate) fn of(
    (system, extents): (&System, Extents),
    behaviour: &Behaviour,
    graph: &Graph,
    question: &Question,
    onset: i64,
    bounds: &mut Bounds,
) -> Features {
    let mut features = Features::none(system.components.len().min(MOST_COMPONENTS));
    metrics::score(&mut features, system, onset, &Sampling::of(extents, question));
    let excluded = Excluded::from_visits(&question.incidents);
    let visits = windows::of_visits(behaviour.visits(), onset, question, &excluded);
    if let Some(windows) = &visits {
        events::score(&mut features, behaviour, windows, bounds);
        timing::score(&mut features, behaviour, windows, bounds);
        clock::score(&mut features, behaviour, windows, bounds);
    }
    let windows = visits.as_ref();
    unanswered::score(&mut features, behaviour, windows, onset, question, &excluded, bounds);
    features.as_before = pace::as_before(behaviour, onset, question, &excluded, bounds);
    logs::score(&mut features, system, (onset, question.until), &excluded, bounds);
    changes::score(&mut features, system, onset);
    place(&mut features, system, graph, question);
    features
}

/// Where a component stands: a road, out of the symptom's reach, and of what kind the symptom is.
fn place(features: &mut Features, system: &System, graph: &Graph, question: &Question) {
    for (at, component) in system.components.iter().enumerate() {
        features.set(at, Feature::Address, f64::from(u8::from(component.is_address)));
    }
    let Some(symptom) = question.symptom else { return };
    if (symptom.component as usize) < system.components.len() {
        for (at, reached) in graph.reach(symptom.component).into_iter().enumerate() {
            features.set(at, Feature::Unreachable, f64::from(u8::from(!reached)));
        }
    }
    if symptom.kind == SymptomKind::Availability {
        for at in 0..system.components.len() {
            features.set(at, Feature::AvailabilityTold, 1.0);
        }
    }
}
