//! Finds dependency cycles over positions: strongly connected components (Tarjan 1972, "Depth-first search and linear
//! graph algorithms"), then one short cycle for each. Knows nothing of names.

use std::collections::{HashMap, VecDeque};

/// One cycle for each strongly connected component of two or more members that has a hard edge inside, sorted by its
/// first member. Each cycle begins with its smallest member and does not repeat it at the end.
pub(super) fn find(
    hard: &[Vec<usize>],
    hard_back: &[Vec<usize>],
    soft: &[Vec<usize>],
    soft_back: &[Vec<usize>],
) -> Vec<Vec<usize>> {
    let component = components(hard, soft);
    let mut first_hard_edge: HashMap<usize, usize> = HashMap::new();
    for (from, targets) in hard.iter().enumerate() {
        if targets.iter().any(|to| component[*to] == component[from]) {
            // Positions ascend, so the first one kept is the smallest member with a hard edge inside the component.
            first_hard_edge.entry(component[from]).or_insert(from);
        }
    }
    let mut cycles: Vec<Vec<usize>> = first_hard_edge
        .into_values()
        .filter_map(|start| shortest_through(start, &component, hard, [hard, soft], [hard_back, soft_back]))
        .map(|mut cycle| {
            let smallest = cycle
                .iter()
                .enumerate()
                .min_by_key(|(_, member)| **member)
                .map_or(0, |(at, _)| at);
            cycle.rotate_left(smallest);
            cycle
        })
        .collect();
    cycles.sort();
    cycles
}

/// The shortest cycle that leaves `start` by a hard edge and stays in its component.
fn shortest_through(
    start: usize,
    component: &[usize],
    hard: &[Vec<usize>],
    forward: [&[Vec<usize>]; 2],
    back: [&[Vec<usize>]; 2],
) -> Option<Vec<usize>> {
    let mut distance = HashMap::from([(start, 0_usize)]);
    let mut queue = VecDeque::from([(start, 0_usize)]);
    while let Some((here, steps)) = queue.pop_front() {
        for previous in back.iter().flat_map(|edges| &edges[here]) {
            if component[*previous] == component[start] {
                distance.entry(*previous).or_insert_with(|| {
                    queue.push_back((*previous, steps + 1));
                    steps + 1
                });
            }
        }
    }
    let (mut remaining, mut here) = hard[start]
        .iter()
        .filter(|next| **next != start)
        .filter_map(|next| Some((*distance.get(next)?, *next)))
        .min()?;
    let mut cycle = vec![start];
    while remaining > 0 {
        cycle.push(here);
        remaining -= 1;
        here = forward
            .iter()
            .flat_map(|edges| &edges[here])
            .filter(|next| distance.get(next) == Some(&remaining))
            .min()
            .copied()?;
    }
    Some(cycle)
}

/// The component of every position. Written with an explicit stack: a chain of ten thousand services must not overflow
/// the thread's own.
fn components(hard: &[Vec<usize>], soft: &[Vec<usize>]) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let count = hard.len();
    let edge = |from: usize, nth: usize| {
        let hard_here = &hard[from];
        hard_here
            .get(nth)
            .or_else(|| soft[from].get(nth - hard_here.len()))
            .copied()
    };
    let mut order = vec![UNSEEN; count];
    let mut low = vec![0; count];
    let mut component = vec![UNSEEN; count];
    let mut on_path = Vec::new();
    let mut next_order = 0;
    let mut next_component = 0;

    for root in 0..count {
        if order[root] != UNSEEN {
            continue;
        }
        let mut frames = vec![(root, 0_usize)];
        while let Some((here, nth)) = frames.pop() {
            if nth == 0 {
                order[here] = next_order;
                low[here] = next_order;
                next_order += 1;
                on_path.push(here);
            }
            if let Some(to) = edge(here, nth) {
                frames.push((here, nth + 1));
                if order[to] == UNSEEN {
                    frames.push((to, 0));
                } else if component[to] == UNSEEN {
                    low[here] = low[here].min(order[to]);
                }
                continue;
            }
            if low[here] == order[here] {
                while let Some(member) = on_path.pop() {
                    component[member] = next_component;
                    if member == here {
                        break;
                    }
                }
                next_component += 1;
            }
            if let Some((parent, _)) = frames.last() {
                low[*parent] = low[*parent].min(low[here]);
            }
        }
    }
    component
}
