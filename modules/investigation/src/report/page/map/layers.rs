//! Places for a graph in layers: callers above callees, few crossings, short ways (Sugiyama, Tagawa and Toda 1981).
//!
//! It knows numbers alone: how many nodes there are and which calls which.

use std::collections::VecDeque;

use super::grid::Grid;

/// Where everything lies. Columns and rows count in widths and heights of a node with its room.
#[derive(Debug, PartialEq)]
pub struct Layout {
    /// Column (of its middle) and row of each node.
    pub nodes: Vec<(f64, usize)>,
    /// For each call the places its line goes through, from the caller to the callee.
    pub lines: Vec<Vec<(f64, usize)>>,
    /// Rows in all.
    pub rows: usize,
    /// Columns in all.
    pub columns: f64,
}

/// Lays out so many nodes, at most `widest` of them side by side: a layer that would be wider is spread over the layers below. Calls to themselves and of unknown nodes have lines without places.
pub fn layout(nodes: usize, widest: usize, calls: &[(usize, usize)]) -> Layout {
    let valid: Vec<usize> = (0..calls.len())
        .filter(|call| calls[*call].0 != calls[*call].1 && calls[*call].0.max(calls[*call].1) < nodes)
        .collect();
    let known: Vec<(usize, usize)> = valid.iter().map(|call| calls[*call]).collect();
    let downward = without_cycles(nodes, &known);
    let layer = layers(nodes, widest, &downward);
    let mut grid = Grid::new(nodes, &layer, &downward);
    grid.reduce_crossings();
    let columns = grid.columns();
    let mut lines = vec![Vec::new(); calls.len()];
    for (edge, call) in valid.into_iter().enumerate() {
        let mut places: Vec<(f64, usize)> = grid.chains[edge]
            .iter()
            .map(|item| (columns[*item], grid.layer[*item]))
            .collect();
        // A call that was turned round to break a cycle is drawn from below.
        if downward[edge] != known[edge] {
            places.reverse();
        }
        lines[call] = places;
    }
    let widest = columns.iter().fold(0.0f64, |widest, column| widest.max(*column));
    Layout {
        nodes: (0..nodes).map(|node| (columns[node], layer[node])).collect(),
        lines,
        rows: layer.iter().max().map_or(0, |last| last + 1),
        columns: if nodes == 0 { 0.0 } else { widest + 0.5 },
    }
}

/// Calls with those turned round that would close a cycle, found by a walk in depth without recursion.
fn without_cycles(nodes: usize, calls: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut out = vec![Vec::new(); nodes];
    let mut called = vec![0usize; nodes];
    for (call, (from, to)) in calls.iter().enumerate() {
        out[*from].push(call);
        called[*to] += 1;
    }
    // What nobody calls comes first, so that an entry to the system stays on top.
    let mut starts: Vec<usize> = (0..nodes).collect();
    starts.sort_by_key(|node| called[*node]);
    let mut downward = calls.to_vec();
    let (mut open, mut done) = (vec![false; nodes], vec![false; nodes]);
    for start in starts {
        if done[start] {
            continue;
        }
        open[start] = true;
        let mut walk = vec![(start, 0)];
        while let Some((node, next)) = walk.last_mut() {
            let node = *node;
            let Some(call) = out[node].get(*next).copied() else {
                (open[node], done[node]) = (false, true);
                walk.pop();
                continue;
            };
            *next += 1;
            let to = calls[call].1;
            if open[to] {
                downward[call] = (to, node);
            } else if !done[to] {
                open[to] = true;
                walk.push((to, 0));
            }
        }
    }
    downward
}

/// The layer of each node: below all its callers, no more than `widest` in one.
fn layers(nodes: usize, widest: usize, calls: &[(usize, usize)]) -> Vec<usize> {
    let mut out = vec![Vec::new(); nodes];
    let mut waits = vec![0usize; nodes];
    let mut linked = vec![false; nodes];
    for (from, to) in calls {
        out[*from].push(*to);
        waits[*to] += 1;
        (linked[*from], linked[*to]) = (true, true);
    }
    let uncalled: Vec<bool> = waits.iter().map(|waits| *waits == 0).collect();
    let mut order: Vec<usize> = Vec::with_capacity(nodes);
    let mut ready: VecDeque<usize> = (0..nodes).filter(|node| uncalled[*node]).collect();
    while let Some(node) = ready.pop_front() {
        order.push(node);
        for to in &out[node] {
            waits[*to] -= 1;
            if waits[*to] == 0 {
                ready.push_back(*to);
            }
        }
    }
    let mut least = vec![0usize; nodes];
    let mut layer = longest_paths(&order, &out, &least);
    // What nobody calls stands right above what it calls, not on top of everything.
    for node in order.iter().copied().filter(|node| uncalled[*node] && linked[*node]) {
        least[node] = out[node]
            .iter()
            .map(|to| layer[*to])
            .min()
            .unwrap_or(1)
            .saturating_sub(1);
    }
    // What neither calls nor is called stands below all others.
    let deepest = (0..nodes).filter(|node| linked[*node]).map(|node| layer[node]).max();
    for node in (0..nodes).filter(|node| !linked[*node]) {
        least[node] = deepest.map_or(0, |deepest| deepest + 1);
    }
    layer = longest_paths(&order, &out, &least);
    let mut row = 0;
    while row <= layer.iter().max().copied().unwrap_or(0) {
        let mut here: Vec<usize> = order.iter().copied().filter(|node| layer[*node] == row).collect();
        // Those that call the most stay, as they push the most down.
        here.sort_by_key(|node| (!linked[*node], std::cmp::Reverse(out[*node].len())));
        for node in here.into_iter().skip(widest) {
            least[node] = row + 1;
        }
        layer = longest_paths(&order, &out, &least);
        row += 1;
    }
    layer
}

fn longest_paths(order: &[usize], out: &[Vec<usize>], least: &[usize]) -> Vec<usize> {
    let mut layer = least.to_vec();
    for node in order {
        for to in &out[*node] {
            layer[*to] = layer[*to].max(layer[*node] + 1);
        }
    }
    layer
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_caller_stands_above_its_callee_and_a_cycle_is_broken() {
        let found = layout(4, 7, &[(0, 1), (1, 2), (2, 1), (0, 3), (3, 2)]);
        let rows: Vec<usize> = found.nodes.iter().map(|node| node.1).collect();
        assert_eq!(rows, [0, 1, 2, 1]);
        // The call that closes the cycle still leads from its caller to its callee.
        assert_eq!(found.lines[2].first().unwrap().1, 2);
        assert_eq!(found.lines[2].last().unwrap().1, 1);
    }

    #[test]
    fn two_lines_that_cross_are_put_in_order() {
        let found = layout(4, 7, &[(0, 3), (1, 2)]);
        let left = |node: usize| found.nodes[node].0;
        assert_eq!(left(0) < left(1), left(3) < left(2));
    }

    #[test]
    fn a_wide_layer_is_spread_over_several_rows() {
        let calls: Vec<_> = (1..30).map(|callee| (0, callee)).collect();
        let found = layout(30, 7, &calls);
        assert_eq!(found.rows, 6);
        assert!(found.columns < 13.0, "{}", found.columns);
    }

    proptest! {
        #[test]
        fn any_graph_has_a_place_for_each_node_and_none_over_another(
            nodes in 0usize..24,
            calls in prop::collection::vec((0usize..26, 0usize..26), 0..60),
        ) {
            let found = layout(nodes, 7, &calls);
            prop_assert_eq!(found.nodes.len(), nodes);
            for (one, (column, row)) in found.nodes.iter().enumerate() {
                prop_assert!(*column >= 0.49 && *row < found.rows);
                for (other, below) in &found.nodes[one + 1..] {
                    prop_assert!(below != row || (column - other).abs() > 0.99);
                }
            }
        }
    }
}
