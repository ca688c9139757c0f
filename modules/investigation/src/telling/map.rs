//! The map: components, who calls whom, and how each looks.

use std::collections::{BTreeSet, HashMap};

use mainstay_diagnosis::{
    Prepared, Question, Ranking, Subject, System,
    model::{self, CHANNELS, Channel},
};

use super::words::complaint;
use crate::{
    joining::Joined,
    report::{Component, ComponentState, Map},
};

/// Components that are drawn.
const MOST: usize = 40;
/// A probability from which a component is a suspect.
const SUSPECT: f64 = 0.15;
/// Evidence from which a component looks different.
const SHOWS: f64 = 0.15;

/// How every component looks at the likeliest onset.
pub struct Looks {
    rows: Vec<[f64; CHANNELS]>,
    observed: Vec<bool>,
}

impl Looks {
    /// Looks at all components at a moment.
    pub fn at(prepared: &Prepared<'_>, question: &Question, onset: i64) -> Self {
        let features = prepared.features(question, onset);
        let observed = (0..features.len()).map(|at| {
            Channel::ALL
                .iter()
                .flat_map(|channel| channel.features())
                .any(|feature| features.is_observed(at, *feature))
        });
        Self {
            observed: observed.collect(),
            rows: model::evidence(&features, prepared.graph()).rows,
        }
    }

    /// The strongest of its own mechanisms, and how strong.
    pub fn own(&self, component: usize) -> Option<(Channel, f64)> {
        self.strongest(component, Channel::is_observation)
    }

    fn explained(&self, component: usize) -> Option<(Channel, f64)> {
        self.strongest(component, |channel| {
            Channel::ALL.iter().any(|own| own.explained() == Some(channel))
        })
    }

    fn strongest(&self, component: usize, wanted: impl Fn(Channel) -> bool) -> Option<(Channel, f64)> {
        let row = self.rows.get(component)?;
        let shown = Channel::ALL
            .into_iter()
            .filter(|channel| wanted(*channel))
            .map(|channel| (channel, row[channel as usize]));
        shown
            .max_by(|left, right| left.1.total_cmp(&right.1))
            .filter(|(_, strength)| *strength >= SHOWS)
    }
}

/// Draws the map. `first` tells when each component first looked different.
pub fn map(joined: &Joined, ranking: &Ranking, looks: &Looks, first: &HashMap<u32, i64>) -> Map {
    let system = &joined.system;
    let likelihood: HashMap<u32, f64> = ranking
        .causes
        .iter()
        .map(|cause| (cause.component, cause.probability))
        .collect();
    let leader = ranking
        .causes
        .first()
        .filter(|_| !ranking.finds_none())
        .map(|cause| cause.component);
    let also = ranking
        .also
        .as_ref()
        .filter(|_| !ranking.finds_none())
        .map(|cause| cause.component);
    let calls = calls(system);
    let all: Vec<(u32, Component)> = (0_u32..)
        .zip(&system.components)
        .map(|(place, component)| {
            let at = place as usize;
            let likely = likelihood.get(&place).copied().unwrap_or(0.0);
            let suspect = leader == Some(place) || also == Some(place) || leader.is_some() && likely >= SUSPECT;
            let (own, explained) = (looks.own(at), looks.explained(at));
            let state = if suspect {
                ComponentState::Suspect
            } else if explained.is_some_and(|(_, strength)| strength >= own.map_or(0.0, |(_, own)| own)) {
                ComponentState::Victim
            } else if own.is_some() {
                ComponentState::Changed
            } else if looks.observed.get(at).copied().unwrap_or(false) {
                ComponentState::Normal
            } else {
                ComponentState::Unknown
            };
            let strongest = if state == ComponentState::Victim {
                explained
            } else {
                own.or(explained)
            };
            let drawn = Component {
                name: component.name.clone(),
                state,
                likelihood: likely,
                first: first.get(&place).copied(),
                note: strongest.map_or_else(String::new, |(channel, _)| complaint(channel).to_owned()),
            };
            (place, drawn)
        })
        .collect();
    choose(all, &calls)
}

fn calls(system: &System) -> BTreeSet<(u32, u32)> {
    let of_series = system.series.iter().filter_map(|series| match series.subject {
        Subject::Edge { caller, callee, .. } => Some((caller, callee)),
        Subject::Component(_) => None,
    });
    let owner = |visit: u32| {
        let operation = system.visits.get(visit as usize)?.operation;
        Some(system.operations.get(operation as usize)?.component)
    };
    let of_visits = (0_u32..)
        .zip(&system.visits)
        .filter_map(|(place, visit)| Some((owner(visit.caller?)?, owner(place)?)));
    let all = system.calls.iter().copied().chain(of_series).chain(of_visits);
    all.filter(|(caller, callee)| caller != callee).collect()
}

/// Keeps what is not well, then what is next to it, then the rest as far as there is room.
fn choose(all: Vec<(u32, Component)>, calls: &BTreeSet<(u32, u32)>) -> Map {
    let worth = |state: ComponentState| match state {
        ComponentState::Suspect => 4,
        ComponentState::Victim | ComponentState::Changed => 3,
        ComponentState::Normal | ComponentState::Unknown => 0,
    };
    let unwell: BTreeSet<u32> = all
        .iter()
        .filter(|(_, component)| worth(component.state) > 0)
        .map(|(place, _)| *place)
        .collect();
    let near = |place: u32| {
        calls.iter().any(|(caller, callee)| {
            *caller == place && unwell.contains(callee) || *callee == place && unwell.contains(caller)
        })
    };
    let mut order: Vec<(i32, usize)> = all
        .iter()
        .enumerate()
        .map(|(at, (place, component))| (-(worth(component.state) + i32::from(near(*place))), at))
        .collect();
    order.sort_unstable();
    let kept: BTreeSet<usize> = order.into_iter().take(MOST).map(|(_, at)| at).collect();
    let left_out = all.len() - kept.len();
    let (mut places, mut components) = (HashMap::new(), Vec::new());
    for (at, (place, component)) in all.into_iter().enumerate() {
        if kept.contains(&at) {
            places.insert(place, components.len());
            components.push(component);
        }
    }
    let calls = calls
        .iter()
        .filter_map(|(caller, callee)| Some((*places.get(caller)?, *places.get(callee)?)));
    Map {
        calls: calls.collect(),
        components,
        left_out,
    }
}
