//! Services that depend on each other in a circle, in the merged graph and in each superseded registry by itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::soften;
use crate::{
    import::{
        codes::{Code, Severity},
        landscape::{File, Key, Landscape},
        report::Finding,
    },
    model::DependencyKind,
};

/// Who needs whom, by index, so that the search compares numbers.
#[derive(Default)]
struct Graph<'a> {
    names: Vec<Key>,
    index: BTreeMap<Key, usize>,
    /// For each node its hard targets, with the place that says so.
    hard: Vec<BTreeMap<usize, (&'a File, usize)>>,
    soft: Vec<BTreeSet<usize>>,
    /// Nodes that observe all others.
    observers: BTreeSet<usize>,
}

pub(super) fn check(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let mut merged = Graph::default();
    for (key, _) in landscape.services() {
        merged.node(key);
    }
    for (key, _) in landscape.services() {
        if let Some(said) = landscape.dependencies_of(key) {
            merged.add(key, said.file, said.statement.dependencies.iter(), landscape);
        }
    }
    merged.report(findings);
    for file in landscape.files.iter().filter(|file| file.superseded_by.is_some()) {
        let mut own = Graph::default();
        let key = |name: &str| landscape.key(name, None);
        for statement in &file.content.statements {
            own.node(&key(&statement.name));
        }
        for statement in &file.content.statements {
            own.add(&key(&statement.name), file, statement.dependencies.iter(), landscape);
        }
        own.report(findings);
    }
}

impl<'a> Graph<'a> {
    fn node(&mut self, key: &Key) {
        if !self.index.contains_key(key) {
            self.index.insert(key.clone(), self.names.len());
            self.names.push(key.clone());
            self.hard.push(BTreeMap::new());
            self.soft.push(BTreeSet::new());
        }
    }

    fn add<'b>(
        &mut self,
        key: &Key,
        file: &'a File,
        lists: impl Iterator<Item = &'b crate::import::content::Dependencies>,
        landscape: &Landscape<'_>,
    ) {
        let Some(from) = self.index.get(key).copied() else {
            return;
        };
        for list in lists {
            if list.all.is_some() {
                self.observers.insert(from);
            }
            for item in &list.items {
                let target = landscape.key(&item.name, Some(&key.environment));
                let Some(to) = self.index.get(&target).copied() else {
                    continue;
                };
                match item.kind {
                    DependencyKind::Hard => {
                        if let Some(edges) = self.hard.get_mut(from) {
                            edges.entry(to).or_insert((file, item.line));
                        }
                    }
                    DependencyKind::Soft => {
                        if let Some(edges) = self.soft.get_mut(from) {
                            edges.insert(to);
                        }
                    }
                }
            }
        }
    }

    fn hard_targets(&self, from: usize) -> Vec<usize> {
        self.hard
            .get(from)
            .map(|edges| edges.keys().copied().collect())
            .unwrap_or_default()
    }

    fn all_targets(&self, from: usize) -> Vec<usize> {
        let mut targets = self.hard_targets(from);
        if self.observers.contains(&from) {
            let environment = self.names.get(from).map(|key| &key.environment);
            let others = self
                .names
                .iter()
                .enumerate()
                .filter(|(to, key)| *to != from && Some(&key.environment) == environment);
            targets.extend(others.map(|(to, _)| to));
        } else if let Some(soft) = self.soft.get(from) {
            targets.extend(soft);
        }
        targets
    }

    fn report(&self, findings: &mut Vec<Finding>) {
        let hard_only = components(self.names.len(), |node| self.hard_targets(node));
        let mut circular: BTreeSet<usize> = BTreeSet::new();
        for component in &hard_only {
            let members: BTreeSet<usize> = component.iter().copied().collect();
            if let Some(finding) = self.finding(&members, true) {
                circular.extend(&members);
                findings.push(finding);
            }
        }
        for component in components(self.names.len(), |node| self.all_targets(node)) {
            let members: BTreeSet<usize> = component.into_iter().collect();
            // A circle of hard edges inside was reported already, and is the one to break first.
            if members.is_disjoint(&circular) {
                findings.extend(self.finding(&members, false));
            }
        }
    }

    /// The shortest circle through the first member that has a hard edge in the component.
    fn finding(&self, members: &BTreeSet<usize>, hard_only: bool) -> Option<Finding> {
        let mut by_name: Vec<usize> = members.iter().copied().collect();
        by_name.sort_by_key(|node| self.names.get(*node));
        let targets = |node: usize| -> Vec<usize> {
            let all = if hard_only {
                self.hard_targets(node)
            } else {
                self.all_targets(node)
            };
            all.into_iter().filter(|target| members.contains(target)).collect()
        };
        let (first, next, mut back) = by_name.into_iter().find_map(|first| {
            let edges = self
                .hard_targets(first)
                .into_iter()
                .filter(|target| members.contains(target));
            edges
                .filter_map(|next| Some((first, next, shortest(next, first, &targets)?)))
                .min_by_key(|(_, _, path)| path.len())
        })?;
        let mut circle = vec![first];
        circle.append(&mut back);
        let (file, line) = *self.hard.get(first)?.get(&next)?;
        let name = |node: &usize| self.names.get(*node).map(|key| key.name.clone()).unwrap_or_default();
        let cycle = circle.iter().map(name).collect::<Vec<_>>().join(">");
        let soft: Vec<String> = circle
            .windows(2)
            .filter_map(|pair| match pair {
                [from, to] if !self.hard.get(*from)?.contains_key(to) => Some(format!("{}>{}", name(from), name(to))),
                _ => None,
            })
            .collect();
        let round = circle
            .iter()
            .map(name)
            .collect::<Vec<_>>()
            .join(", which needs ")
            .replacen(", which needs", " needs", 1);
        let advice = if soft.is_empty() {
            "None of them can start first; break the circle at its weakest dependency."
        } else {
            "It is closed by an observer, so nothing blocks; make the hard dependency soft if the service works without it."
        };
        let mut finding = Finding::new(Code::DependencyCycle, file.place(line), format!("{round}. {advice}"))
            .with("cycle", cycle)
            .with_list("soft", soft.clone());
        if !soft.is_empty() {
            finding = finding.severity(Severity::Warning);
        }
        Some(soften(finding, file))
    }
}

/// The shortest way between two nodes, both ends included; a node reaches itself in one step of nothing.
fn shortest(from: usize, to: usize, targets: &impl Fn(usize) -> Vec<usize>) -> Option<Vec<usize>> {
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut pending = VecDeque::from([from]);
    while let Some(node) = pending.pop_front() {
        if node == to {
            let mut path = vec![node];
            let mut at = node;
            while at != from {
                at = *came_from.get(&at)?;
                path.push(at);
            }
            path.reverse();
            return Some(path);
        }
        for target in targets(node) {
            if target != from && !came_from.contains_key(&target) {
                came_from.insert(target, node);
                pending.push_back(target);
            }
        }
    }
    None
}

/// Tarjan's strongly connected components, with a list instead of recursion so that no graph is too deep.
fn components(count: usize, targets: impl Fn(usize) -> Vec<usize>) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut order = vec![UNSEEN; count];
    let mut low = vec![UNSEEN; count];
    let mut on_stack = vec![false; count];
    let mut stack = Vec::new();
    let mut found = Vec::new();
    let mut clock = 0;
    for root in 0..count {
        if order[root] != UNSEEN {
            continue;
        }
        let mut work: Vec<(usize, Vec<usize>, usize)> = vec![(root, targets(root), 0)];
        order[root] = clock;
        low[root] = clock;
        clock += 1;
        stack.push(root);
        on_stack[root] = true;
        while let Some((node, edges, at)) = work.last_mut() {
            let node = *node;
            if let Some(target) = edges.get(*at).copied() {
                *at += 1;
                if order[target] == UNSEEN {
                    order[target] = clock;
                    low[target] = clock;
                    clock += 1;
                    stack.push(target);
                    on_stack[target] = true;
                    work.push((target, targets(target), 0));
                } else if on_stack[target] {
                    low[node] = low[node].min(order[target]);
                }
                continue;
            }
            work.pop();
            if let Some((parent, _, _)) = work.last() {
                low[*parent] = low[*parent].min(low[node]);
            }
            if low[node] == order[node] {
                let mut component = Vec::new();
                while let Some(member) = stack.pop() {
                    on_stack[member] = false;
                    component.push(member);
                    if member == node {
                        break;
                    }
                }
                found.push(component);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn two_nodes_share_a_component_exactly_when_each_reaches_the_other(
            edges in proptest::collection::btree_set((0_usize..8, 0_usize..8), 0..30)
        ) {
            let targets = |node: usize| edges.iter().filter(|(from, _)| *from == node).map(|(_, to)| *to).collect::<Vec<_>>();
            let found = components(8, targets);
            let mut place = [0; 8];
            for (index, component) in found.iter().enumerate() {
                for node in component {
                    place[*node] = index;
                }
            }
            for a in 0..8 {
                for b in 0..8 {
                    let both = a == b || (shortest(a, b, &targets).is_some() && shortest(b, a, &targets).is_some());
                    prop_assert_eq!(both, place[a] == place[b]);
                }
            }
        }
    }
}
