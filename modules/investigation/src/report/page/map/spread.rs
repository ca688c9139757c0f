//! The way of the trouble: which calls lead from a suspect up to those that suffer from it.

use std::collections::VecDeque;

use crate::report::ComponentState;

/// For each call, whether the trouble spreads through it: from the callee to its caller. A victim that is reached through others
/// that suffer is reached that way; one that is not is reached by the shortest way there is.
pub fn spread(states: &[ComponentState], calls: &[(usize, usize)]) -> Vec<bool> {
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); states.len()];
    for (call, (_, to)) in calls.iter().enumerate() {
        callers[*to].push(call);
    }
    let suffers = |node: usize| matches!(states[node], ComponentState::Suspect | ComponentState::Victim);
    let mut lit = vec![false; calls.len()];

    let near = walk(states, &callers, calls, suffers);
    for (call, (from, to)) in calls.iter().enumerate() {
        lit[call] = states[*from] == ComponentState::Victim && near.reached[*from] && near.reached[*to];
    }
    let any = walk(states, &callers, calls, |_| true);
    for victim in (0..states.len()).filter(|node| states[*node] == ComponentState::Victim && !near.reached[*node]) {
        let mut node = victim;
        while let Some(call) = any.by[node] {
            lit[call] = true;
            node = calls[call].1;
        }
    }
    lit
}

/// What a walk came to: whether each node was reached, and by which call; a suspect by none.
struct Walk {
    reached: Vec<bool>,
    by: Vec<Option<usize>>,
}

/// From all suspects upwards in breadth.
fn walk(
    states: &[ComponentState],
    callers: &[Vec<usize>],
    calls: &[(usize, usize)],
    through: impl Fn(usize) -> bool,
) -> Walk {
    let mut reached: Vec<bool> = states.iter().map(|state| *state == ComponentState::Suspect).collect();
    let mut by = vec![None; states.len()];
    let mut open: VecDeque<usize> = (0..states.len()).filter(|node| reached[*node]).collect();
    while let Some(node) = open.pop_front() {
        for call in &callers[node] {
            let caller = calls[*call].0;
            if !reached[caller] && through(caller) {
                (reached[caller], by[caller]) = (true, Some(*call));
                open.push_back(caller);
            }
        }
    }
    Walk { reached, by }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_spreads_to_callers_and_not_to_those_that_are_well() {
        use ComponentState::{Normal, Suspect, Victim};
        // 0 calls 1 and 3, 1 calls 2; 4 calls 3, which calls 2.
        let calls = [(0, 1), (1, 2), (0, 3), (4, 3), (3, 2)];
        assert_eq!(
            spread(&[Victim, Victim, Suspect, Normal, Normal], &calls),
            [true, true, false, false, false]
        );
        // A victim behind one that looks well is reached through it.
        assert_eq!(
            spread(&[Normal, Normal, Suspect, Normal, Victim], &calls),
            [false, false, false, true, true]
        );
    }
}
