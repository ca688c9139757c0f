//! A service's past as a row of coloured slots.

use mainstay_kernel::Micros;

use super::service_state::State;

/// A change of state, as it was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// When it happened.
    pub at: Micros,
    /// The state before.
    pub before: State,
    /// The state from then on.
    pub after: State,
}

/// How much a state says about a slot it shares with others: the worst wins, and knowing beats not knowing.
fn weight(state: State) -> u8 {
    match state {
        State::Unknown => 0,
        State::Up => 1,
        State::Maintenance => 2,
        State::Degraded => 3,
        State::Down => 4,
    }
}

/// The worst state of each of `slots` equal parts of `from..to`. `transitions` are those in that time, in order; `now` is
/// the state at its end.
pub fn strip(transitions: &[Transition], now: State, from: Micros, to: Micros, slots: usize) -> Vec<State> {
    let mut worst = vec![State::Unknown; slots];
    if slots == 0 || to <= from {
        return worst;
    }
    let mut state = transitions.first().map_or(now, |first| first.before);
    let mut start = from;
    for transition in transitions {
        paint(&mut worst, state, (start, transition.at), (from, to));
        start = transition.at.clamp(start, to);
        state = transition.after;
    }
    paint(&mut worst, state, (start, to), (from, to));
    worst
}

fn paint(worst: &mut [State], state: State, (start, end): (Micros, Micros), (from, to): (Micros, Micros)) {
    if end <= start {
        return;
    }
    let count = i128::try_from(worst.len()).unwrap_or(1);
    let slot_of = |at: Micros| {
        let slot = i128::from(at - from) * count / i128::from(to - from);
        usize::try_from(slot.clamp(0, count - 1)).unwrap_or_default()
    };
    for slot in &mut worst[slot_of(start)..=slot_of(end - 1)] {
        if weight(state) > weight(*slot) {
            *slot = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn change(at: Micros, before: State, after: State) -> Transition {
        Transition { at, before, after }
    }

    #[test]
    fn a_short_outage_colours_its_slot() {
        let changes = [change(25, State::Up, State::Down), change(27, State::Down, State::Up)];
        assert_eq!(
            strip(&changes, State::Up, 0, 40, 4),
            [State::Up, State::Up, State::Down, State::Up]
        );
    }

    #[test]
    fn before_the_first_change_the_state_was_the_one_it_changed_from() {
        let changes = [change(20, State::Unknown, State::Up)];
        assert_eq!(
            strip(&changes, State::Up, 0, 40, 4),
            [State::Unknown, State::Unknown, State::Up, State::Up]
        );
        assert_eq!(strip(&[], State::Degraded, 0, 40, 2), [State::Degraded; 2]);
    }

    proptest! {
        #[test]
        fn every_state_that_lasted_is_no_worse_than_its_slot(
            mut times in prop::collection::vec(0_i64..1000, 0..12), slots in 1_usize..30,
        ) {
            times.sort_unstable();
            let mut state = State::Up;
            let changes: Vec<Transition> = times.iter().enumerate().map(|(index, at)| {
                let after = State::ALL[(index * 7 + 2) % 5];
                let change = change(*at, state, after);
                state = after;
                change
            }).collect();
            let result = strip(&changes, state, 0, 1000, slots);
            prop_assert_eq!(result.len(), slots);
            for moment in 0..1000 {
                let then = changes.iter().rev().find(|change| change.at <= moment).map_or(State::Up, |change| change.after);
                let slot = usize::try_from(moment).unwrap() * slots / 1000;
                prop_assert!(weight(result[slot]) >= weight(then));
            }
        }
    }
}
