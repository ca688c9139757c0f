//! Finds the root behind each service, group by group in the order of need: the rule of [`root_cause`](super::root_cause),
//! kept up to date without looking at everything a service needs.

use super::{
    board::Board,
    cause::{Cause, Precedence},
};

/// The root behind a service, and the way there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) root: usize,
    /// The next service on the way there.
    via: usize,
    distance: usize,
}

impl Board {
    /// Finds the root for the members of one cycle (usually one service); everything they need outside is settled.
    pub(super) fn label_group(&mut self, group: &[usize]) {
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
                    .min_by_key(|member| self.precedence(*member))
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

    /// The first root, and of the ways there the shortest.
    fn order(&self, label: &Label) -> (Precedence, usize) {
        (self.precedence(label.root), label.distance)
    }

    fn precedence(&self, service: usize) -> Precedence {
        (self.nodes[service].own.failing_since, self.graph.name(service).clone())
    }

    /// The service behind this one, with the way there.
    pub(super) fn cause(&self, index: usize) -> Option<Cause> {
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
