//! All services of one environment with their states. A change is worked out only for the service it happened to and those
//! that need it.

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::Environment;

use super::{Own, ServiceState, ServiceStateChange, State, cause::degraded_words, labels::Label};
use crate::model::graph::Graph;

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) own: Own,
    pub(super) label: Option<Label>,
    state: State,
    since: Timestamp,
}

/// All services of one environment with their states.
#[derive(Debug, Clone)]
pub struct Board {
    environment: Environment,
    pub(super) graph: Graph,
    pub(super) nodes: Vec<Node>,
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

    pub(super) fn is_down(&self, service: usize) -> bool {
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
}

#[cfg(test)]
mod tests;
