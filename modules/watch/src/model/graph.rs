//! The hard dependencies of one environment in a form that is quick to walk: services as small numbers, edges in both
//! directions, and an order in which what is needed comes before what needs it.

use std::collections::HashMap;

use mainstay_catalog::ServiceName;

/// The hard dependencies between services.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    names: Vec<ServiceName>,
    index: HashMap<ServiceName, usize>,
    needs: Vec<Vec<usize>>,
    needed_by: Vec<Vec<usize>>,
    /// The position of a service's cycle group: equal for members of one cycle, lower for what they need.
    rank: Vec<usize>,
}

impl Graph {
    /// Builds the graph. Dependencies on services that are not in the list are left out.
    pub fn new<'a>(services: impl IntoIterator<Item = (ServiceName, &'a [ServiceName])>) -> Self {
        let services: Vec<(ServiceName, &[ServiceName])> = services.into_iter().collect();
        let names: Vec<ServiceName> = services.iter().map(|(name, _)| name.clone()).collect();
        let index: HashMap<ServiceName, usize> = names.iter().cloned().zip(0..).collect();
        let needs: Vec<Vec<usize>> = services
            .iter()
            .map(|(_, needs)| needs.iter().filter_map(|name| index.get(name).copied()).collect())
            .collect();
        let mut needed_by = vec![Vec::new(); names.len()];
        for (service, needs) in needs.iter().enumerate() {
            for need in needs {
                needed_by[*need].push(service);
            }
        }
        let rank = cycle_ranks(&needs);
        Self {
            names,
            index,
            needs,
            needed_by,
            rank,
        }
    }

    /// How many services there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// The number of a service.
    pub fn find(&self, name: &ServiceName) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// The name of a service.
    pub fn name(&self, service: usize) -> &ServiceName {
        &self.names[service]
    }

    /// What a service needs directly.
    pub fn needs(&self, service: usize) -> &[usize] {
        &self.needs[service]
    }

    /// The position of a service's cycle group; see the field.
    pub fn rank(&self, service: usize) -> usize {
        self.rank[service]
    }

    /// The service itself and everything that needs it, directly or not, grouped by cycle and ordered so that what is needed
    /// comes first.
    pub fn affected_by(&self, service: usize) -> Vec<Vec<usize>> {
        let mut seen = std::collections::HashSet::from([service]);
        let mut queue = vec![service];
        let mut next = 0;
        while let Some(at) = queue.get(next).copied() {
            next += 1;
            queue.extend(self.needed_by[at].iter().copied().filter(|user| seen.insert(*user)));
        }
        self.in_groups(queue)
    }

    /// Every service, grouped and ordered like [`Graph::affected_by`].
    pub fn all(&self) -> Vec<Vec<usize>> {
        self.in_groups((0..self.len()).collect())
    }

    fn in_groups(&self, mut services: Vec<usize>) -> Vec<Vec<usize>> {
        services.sort_unstable_by_key(|service| self.rank[*service]);
        services
            .chunk_by(|a, b| self.rank[*a] == self.rank[*b])
            .map(<[usize]>::to_vec)
            .collect()
    }
}

/// Strongly connected components in reverse topological order (Tarjan 1972), without recursion because a chain of ten
/// thousand services must not overflow the stack.
fn cycle_ranks(needs: &[Vec<usize>]) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let count = needs.len();
    let (mut order, mut low, mut rank) = (vec![NEW; count], vec![0; count], vec![NEW; count]);
    let (mut open, mut visited, mut ranks) = (Vec::new(), 0, 0);
    for start in 0..count {
        if order[start] != NEW {
            continue;
        }
        // Each frame is a service and how many of its needs were looked at.
        let mut frames = vec![(start, 0)];
        while let Some((service, looked_at)) = frames.last_mut() {
            let service = *service;
            if *looked_at == 0 {
                order[service] = visited;
                low[service] = visited;
                visited += 1;
                open.push(service);
            }
            if let Some(need) = needs[service].get(*looked_at).copied() {
                *looked_at += 1;
                if order[need] == NEW {
                    frames.push((need, 0));
                } else if rank[need] == NEW {
                    low[service] = low[service].min(order[need]);
                }
                // A service whose first need was just pushed must not be opened again.
                continue;
            }
            if low[service] == order[service] {
                while let Some(member) = open.pop() {
                    rank[member] = ranks;
                    if member == service {
                        break;
                    }
                }
                ranks += 1;
            }
            frames.pop();
            if let Some((parent, _)) = frames.last() {
                low[*parent] = low[*parent].min(low[service]);
            }
        }
    }
    rank
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn name(number: usize) -> ServiceName {
        ServiceName::parse(&format!("s{number}")).unwrap()
    }

    /// A graph of `count` services named `s0`, `s1`, ... from (user, need) pairs.
    pub(crate) fn graph(count: usize, edges: &[(usize, usize)]) -> Graph {
        let needs: Vec<Vec<ServiceName>> = (0..count)
            .map(|service| {
                let mut needs: Vec<usize> = edges
                    .iter()
                    .filter(|edge| edge.0 == service)
                    .map(|edge| edge.1)
                    .collect();
                needs.dedup();
                needs.into_iter().map(name).collect()
            })
            .collect();
        Graph::new((0..count).map(|service| (name(service), needs[service].as_slice())))
    }

    fn reaches(graph: &Graph, from: usize, to: usize) -> bool {
        let (mut queue, mut seen) = (vec![from], vec![false; graph.len()]);
        while let Some(at) = queue.pop() {
            for need in graph.needs(at) {
                if *need == to {
                    return true;
                }
                if !std::mem::replace(&mut seen[*need], true) {
                    queue.push(*need);
                }
            }
        }
        false
    }

    #[test]
    fn a_chain_of_ten_thousand_does_not_overflow_the_stack() {
        let edges: Vec<(usize, usize)> = (1..10_000).map(|service| (service, service - 1)).collect();
        let names: Vec<ServiceName> = (0..10_000).map(name).collect();
        let needs: Vec<&[ServiceName]> = (0..10_000_usize)
            .map(|service| {
                if service == 0 {
                    &[][..]
                } else {
                    &names[service - 1..service]
                }
            })
            .collect();
        let graph = Graph::new(names.iter().cloned().zip(needs));
        assert_eq!(graph.affected_by(0).len(), 10_000);
        assert!(edges.iter().all(|(user, need)| graph.rank(*user) > graph.rank(*need)));
    }

    #[test]
    fn a_dependency_on_a_service_that_does_not_exist_is_left_out() {
        let unknown = [name(7)];
        let graph = Graph::new([(name(0), &unknown[..])]);
        assert_eq!(graph.needs(0), [] as [usize; 0]);
    }

    proptest! {
        #[test]
        fn members_of_a_cycle_share_a_rank_and_needs_come_first(
            edges in prop::collection::vec((0_usize..9, 0_usize..9), 0..25),
        ) {
            let graph = graph(9, &edges);
            for a in 0..9 {
                for b in 0..9 {
                    if a == b { continue; }
                    let (there, back) = (reaches(&graph, a, b), reaches(&graph, b, a));
                    prop_assert_eq!(graph.rank(a) == graph.rank(b), there && back);
                    if there && !back { prop_assert!(graph.rank(a) > graph.rank(b)); }
                }
                let affected: Vec<usize> = graph.affected_by(a).concat();
                for b in 0..9 {
                    prop_assert_eq!(affected.contains(&b), a == b || reaches(&graph, b, a));
                }
            }
        }
    }
}
