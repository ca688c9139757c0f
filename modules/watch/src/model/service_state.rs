//! How the states of checks become states of services: own checks decide between up and down, and a service that passes
//! while something it cannot work without is down is degraded, with the cause named.
//!
//! A change is worked out only for the service it happened to and those that need it.

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::Environment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::graph::Graph;

/// The state of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its checks pass, and so does all it needs.
    Up,
    /// Its checks pass, but something it cannot work without is down.
    Degraded,
    /// One of its own checks fails, whatever the cause.
    Down,
    /// It has no check that has decided.
    Unknown,
    /// It is in a maintenance window.
    Maintenance,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Up, Self::Degraded, Self::Down, Self::Unknown, Self::Maintenance];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Maintenance => "maintenance",
        }
    }

    /// Reads the stored name; what a newer version may have written counts as unknown.
    pub fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
            .unwrap_or(Self::Unknown)
    }
}

/// Why a service is degraded, or what stands behind its being down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cause {
    /// The service that is down and has nothing down below it.
    #[schema(value_type = String, example = "data")]
    pub service: ServiceName,
    /// The shortest way there over hard dependencies, both ends included.
    #[schema(value_type = Vec<String>, example = json!(["web", "api", "data"]))]
    pub path: Vec<ServiceName>,
}

/// How many of a service's checks stand how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct CheckCounts {
    /// Passing checks.
    pub up: u32,
    /// Failing checks.
    pub down: u32,
    /// Checks that have not decided, paused ones included.
    pub unknown: u32,
}

/// The state of one service, as the rest of Mainstay sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceState {
    /// The service.
    pub service: ServiceName,
    /// Where it runs.
    pub environment: Environment,
    /// Its state.
    pub state: State,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// Why, in words; absent when it is up.
    pub reason: Option<String>,
    /// The service behind it, when it is another one.
    pub cause: Option<Cause>,
    /// Its checks.
    pub checks: CheckCounts,
}

/// A service's state or its cause changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceStateChange {
    /// The state before.
    pub before: ServiceState,
    /// The state now.
    pub after: ServiceState,
    /// When it changed.
    pub at: Timestamp,
    /// Whether the service's own checks fail now, even if a maintenance window hides it.
    pub own_down: bool,
}

/// What a service's own checks say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Own {
    /// How they stand.
    pub counts: CheckCounts,
    /// When the first failure of those that are down began.
    pub failing_since: Option<Timestamp>,
    /// The words of the failing check, or why there is nothing to say.
    pub reason: Option<String>,
    /// Whether a maintenance window covers the service now.
    pub in_maintenance: bool,
}

/// The nearest root below a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Label {
    root: usize,
    /// The next service on the way there.
    via: usize,
    distance: usize,
}

#[derive(Debug, Clone)]
struct Node {
    own: Own,
    label: Option<Label>,
    state: State,
    since: Timestamp,
}

/// All services of one environment with their states.
#[derive(Debug, Clone)]
pub struct Board {
    environment: Environment,
    graph: Graph,
    nodes: Vec<Node>,
}

impl Board {
    /// Services nobody has heard of yet.
    pub fn new(environment: Environment, graph: Graph, at: Timestamp) -> Self {
        let unknown = Node {
            own: Own::default(),
            label: None,
            state: State::Unknown,
            since: at,
        };
        Self {
            environment,
            nodes: vec![unknown; graph.len()],
            graph,
        }
    }

    /// Puts back a state remembered from before a restart; what the checks say is set afterwards.
    pub fn restore(&mut self, service: &ServiceName, state: State, since: Timestamp) {
        if let Some(index) = self.graph.find(service) {
            self.nodes[index].state = state;
            self.nodes[index].since = since;
        }
    }

    /// The state of a service.
    pub fn state(&self, service: &ServiceName) -> Option<ServiceState> {
        self.graph.find(service).map(|index| self.view(index))
    }

    /// The state of every service, in the graph's order.
    pub fn states(&self) -> impl Iterator<Item = ServiceState> {
        (0..self.nodes.len()).map(|index| self.view(index))
    }

    /// What the service's own checks said last.
    pub fn own(&self, service: &ServiceName) -> Option<&Own> {
        self.graph.find(service).map(|index| &self.nodes[index].own)
    }

    /// Sets what a service's own checks say; answers every service whose state or cause changed by it, the service itself
    /// first and what is needed before what needs it.
    pub fn set_own(&mut self, service: &ServiceName, own: Own, at: Timestamp) -> Vec<ServiceStateChange> {
        let Some(index) = self.graph.find(service) else {
            return Vec::new();
        };
        let node = &self.nodes[index];
        if node.own == own {
            return Vec::new();
        }
        let decides_for_others =
            node.own.failing_since != own.failing_since || (node.own.counts.down > 0) != (own.counts.down > 0);
        let before_own = self.view(index);
        self.nodes[index].own = own;
        if decides_for_others {
            let groups = self.graph.affected_by(index);
            self.settle(&groups, at, Some((index, before_own)))
        } else {
            self.settle(&[vec![index]], at, Some((index, before_own)))
        }
    }

    /// The services, in the graph's order.
    pub fn services(&self) -> impl Iterator<Item = &ServiceName> {
        (0..self.nodes.len()).map(|index| self.graph.name(index))
    }

    /// Sets what the checks of many services say in one step, without the states in between; answers what changed.
    pub fn set_many(&mut self, owns: Vec<(ServiceName, Own)>, at: Timestamp) -> Vec<ServiceStateChange> {
        let before: Vec<ServiceState> = self.states().collect();
        let mut changed = false;
        for (service, own) in owns {
            if let Some(index) = self.graph.find(&service) {
                changed |= self.nodes[index].own != own;
                self.nodes[index].own = own;
            }
        }
        if !changed {
            return Vec::new();
        }
        for node in &mut self.nodes {
            node.label = None;
        }
        for group in self.graph.all() {
            self.label_group(&group);
        }
        before
            .into_iter()
            .enumerate()
            .filter_map(|(index, before)| self.transition(index, before, at))
            .collect()
    }

    /// Takes over a changed catalog. Services that stay keep what is known of them; answers whose state changed.
    pub fn rewire(&mut self, graph: Graph, at: Timestamp) -> Vec<ServiceStateChange> {
        let mut next = Self::new(self.environment.clone(), graph, at);
        for (index, node) in self.nodes.iter().enumerate() {
            if let Some(there) = next.graph.find(self.graph.name(index)) {
                next.nodes[there] = Node {
                    label: None,
                    ..node.clone()
                };
            }
        }
        // States before, as the old graph explained them, are what a listener compares with.
        let before: Vec<Option<ServiceState>> = (0..next.nodes.len())
            .map(|index| self.state(next.graph.name(index)))
            .collect();
        for group in next.graph.all() {
            next.label_group(&group);
        }
        let mut changes = Vec::new();
        for (index, before) in before.into_iter().enumerate() {
            let before = before.unwrap_or_else(|| next.view(index));
            changes.extend(next.transition(index, before, at));
        }
        *self = next;
        changes
    }

    /// Works out labels and states of the given groups, which are closed under "is needed by".
    fn settle(
        &mut self,
        groups: &[Vec<usize>],
        at: Timestamp,
        changed: Option<(usize, ServiceState)>,
    ) -> Vec<ServiceStateChange> {
        let mut before: Vec<(usize, ServiceState)> = groups
            .concat()
            .into_iter()
            .map(|index| (index, self.view(index)))
            .collect();
        if let Some((changed, view)) = changed
            && let Some(entry) = before.iter_mut().find(|(index, _)| *index == changed)
        {
            entry.1 = view;
        }
        for group in groups {
            for index in group {
                self.nodes[*index].label = None;
            }
        }
        for group in groups {
            self.label_group(group);
        }
        before
            .into_iter()
            .filter_map(|(index, before)| self.transition(index, before, at))
            .collect()
    }

    /// Finds the nearest root for the members of one cycle (usually one service); everything they need outside is settled.
    fn label_group(&mut self, group: &[usize]) {
        let rank = group.first().map(|first| self.graph.rank(*first));
        let outside: Vec<(usize, Label)> = group
            .iter()
            .filter_map(|member| {
                let label = self
                    .graph
                    .needs(*member)
                    .iter()
                    .filter(|need| Some(self.graph.rank(**need)) != rank)
                    .filter_map(|need| self.label_through(*need))
                    .min_by_key(|label| self.order(label))?;
                Some((*member, label))
            })
            .collect();
        if group.len() == 1 {
            if let Some((member, label)) = outside.first() {
                self.nodes[*member].label = Some(*label);
            }
            return;
        }
        let inner_root = outside
            .is_empty()
            .then(|| {
                group
                    .iter()
                    .copied()
                    .filter(|member| self.is_down(*member))
                    .min_by_key(|member| self.age(*member))
            })
            .flatten();
        for (member, label) in outside {
            self.nodes[member].label = Some(label);
        }
        self.spread_inside(group, inner_root);
    }

    /// Inside a cycle the labels spread backwards along the edges until none can be bettered.
    fn spread_inside(&mut self, group: &[usize], inner_root: Option<usize>) {
        let rank = group.first().map(|first| self.graph.rank(*first));
        for _ in 0..group.len() {
            let mut bettered = false;
            for member in group.iter().copied().filter(|member| Some(*member) != inner_root) {
                let best = self
                    .graph
                    .needs(member)
                    .iter()
                    .filter(|need| Some(self.graph.rank(**need)) == rank && **need != member)
                    .filter_map(|need| {
                        if Some(*need) == inner_root {
                            Some(Label {
                                root: *need,
                                via: *need,
                                distance: 1,
                            })
                        } else {
                            let beyond = self.nodes[*need].label?;
                            Some(Label {
                                via: *need,
                                distance: beyond.distance + 1,
                                ..beyond
                            })
                        }
                    })
                    .filter(|label| label.root != member)
                    .min_by_key(|label| self.order(label));
                if let Some(best) = best
                    && self.nodes[member]
                        .label
                        .is_none_or(|now| self.order(&best) < self.order(&now))
                {
                    self.nodes[member].label = Some(best);
                    bettered = true;
                }
            }
            if !bettered {
                return;
            }
        }
    }

    /// The label a service gets by needing `need`.
    fn label_through(&self, need: usize) -> Option<Label> {
        match self.nodes[need].label {
            Some(beyond) => Some(Label {
                via: need,
                distance: beyond.distance + 1,
                ..beyond
            }),
            None => self.is_down(need).then_some(Label {
                root: need,
                via: need,
                distance: 1,
            }),
        }
    }

    /// Nearer roots first, then those that failed earlier, then by name so that the choice never flips.
    fn order(&self, label: &Label) -> (usize, (Option<Timestamp>, ServiceName)) {
        (label.distance, self.age(label.root))
    }

    fn age(&self, service: usize) -> (Option<Timestamp>, ServiceName) {
        (self.nodes[service].own.failing_since, self.graph.name(service).clone())
    }

    fn is_down(&self, service: usize) -> bool {
        self.nodes[service].own.counts.down > 0
    }

    fn transition(&mut self, index: usize, before: ServiceState, at: Timestamp) -> Option<ServiceStateChange> {
        let state = self.derive(index);
        let node = &mut self.nodes[index];
        if node.state != state {
            node.state = state;
            node.since = at;
        }
        let after = self.view(index);
        (after.state != before.state || after.cause != before.cause).then(|| ServiceStateChange {
            own_down: self.is_down(index),
            before,
            after,
            at,
        })
    }

    fn derive(&self, index: usize) -> State {
        let node = &self.nodes[index];
        match node.own.counts {
            _ if node.own.in_maintenance => State::Maintenance,
            counts if counts.down > 0 => State::Down,
            counts if counts.up > 0 && node.label.is_some() => State::Degraded,
            counts if counts.up > 0 => State::Up,
            _ => State::Unknown,
        }
    }

    fn view(&self, index: usize) -> ServiceState {
        let node = &self.nodes[index];
        let cause = matches!(node.state, State::Degraded | State::Down)
            .then(|| self.cause(index))
            .flatten();
        let reason = match (node.state, &cause) {
            (State::Degraded, Some(cause)) => Some(degraded_words(cause)),
            (State::Maintenance, _) => Some("it is in a maintenance window".to_owned()),
            (State::Down | State::Unknown, _) => node.own.reason.clone(),
            (State::Up | State::Degraded, _) => None,
        };
        ServiceState {
            service: self.graph.name(index).clone(),
            environment: self.environment.clone(),
            state: node.state,
            since: node.since,
            reason,
            cause,
            checks: node.own.counts,
        }
    }

    fn cause(&self, index: usize) -> Option<Cause> {
        let label = self.nodes[index].label?;
        let mut path = Vec::with_capacity(label.distance + 1);
        let mut at = index;
        path.push(self.graph.name(at).clone());
        // Bounded by the number of services, should labels ever contradict each other.
        while at != label.root && path.len() <= self.nodes.len() {
            let Some(next) = self.nodes[at].label else { break };
            at = next.via;
            path.push(self.graph.name(at).clone());
        }
        Some(Cause {
            service: self.graph.name(label.root).clone(),
            path,
        })
    }
}

fn degraded_words(cause: &Cause) -> String {
    let way: Vec<&str> = cause.path.iter().map(ServiceName::as_str).collect();
    if way.len() > 2 {
        format!("needs {}, which is down ({})", cause.service, way.join(" → "))
    } else {
        format!("needs {}, which is down", cause.service)
    }
}

#[cfg(test)]
mod tests;
