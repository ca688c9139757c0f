//! Whether a rule fires, with hysteresis, so that an alert neither flaps nor outlives its trouble.
//!
//! A rule **fires** when both windows exceed the factor and the long one holds at least
//! [`BurnRule::FLOOR`](super::BurnRule::FLOOR) bad events. It **clears** when the short window has not exceeded the factor
//! for the hold time, which is as long as the short window but at least the configured minimum (two probe intervals by
//! default). A window without events exceeds nothing.
//!
//! The long window decides about the beginning alone. When a rule fires its rate has only just passed the factor, so the
//! next good probe may take it back below; and once the short window is quiet, it is soon over anyway.

use mainstay_kernel::Micros;

/// What the two windows of a rule say at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeding {
    /// Whether the long window exceeds the factor; nothing when it holds no event.
    pub long: Option<bool>,
    /// The short window exceeds the factor.
    pub short: bool,
    /// The long window holds enough bad events to be taken for more than chance.
    pub floor: bool,
}

impl Exceeding {
    fn fires(self) -> bool {
        self.long == Some(true) && self.short && self.floor
    }
}

/// One rule's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleState {
    /// Counting has only just begun, perhaps after a restart in the middle of an alert: not firing yet is no proof that it
    /// has ended.
    Undecided {
        /// Since when.
        since: Micros,
    },
    /// The rule does not fire.
    Clear,
    /// The rule fires.
    Firing {
        /// When the short window last exceeded the factor.
        last: Micros,
    },
}

impl RuleState {
    /// The state at the next moment.
    #[must_use]
    pub fn next(self, now: Micros, exceeding: Exceeding, long: Micros, hold: Micros) -> Self {
        if exceeding.fires() {
            return Self::Firing { last: now };
        }
        // A clock that was put back must not stretch the hold time.
        let waiting_since = match self {
            Self::Clear => return Self::Clear,
            Self::Firing { .. } if exceeding.short => now,
            Self::Firing { last } => last.min(now),
            Self::Undecided { since } => since.min(now),
        };
        if now - waiting_since >= hold {
            return Self::Clear;
        }
        if let Self::Firing { .. } = self {
            return Self::Firing { last: waiting_since };
        }
        // An alert that was left open is over at once if neither window has anything to say for it.
        let is_over = exceeding.long == Some(false) && !exceeding.short && long >= hold;
        if is_over {
            Self::Clear
        } else {
            Self::Undecided { since: waiting_since }
        }
    }

    /// Whether the rule fires; nothing while that is undecided.
    pub fn firing(self) -> Option<bool> {
        match self {
            Self::Undecided { .. } => None,
            Self::Clear => Some(false),
            Self::Firing { .. } => Some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONG: Micros = 3_600;
    const HOLD: Micros = 300;

    const QUIET: Exceeding = Exceeding {
        long: Some(false),
        short: false,
        floor: false,
    };
    const BAD: Exceeding = Exceeding {
        long: Some(true),
        short: true,
        floor: true,
    };
    const RECOVERING: Exceeding = Exceeding { short: false, ..BAD };

    #[test]
    fn both_windows_and_the_floor_are_needed_to_fire() {
        for partly in [
            Exceeding {
                long: Some(false),
                ..BAD
            },
            Exceeding { short: false, ..BAD },
            Exceeding { floor: false, ..BAD },
        ] {
            assert_eq!(RuleState::Clear.next(0, partly, LONG, HOLD), RuleState::Clear);
        }
        assert_eq!(RuleState::Clear.next(0, BAD, LONG, HOLD).firing(), Some(true));
    }

    #[test]
    fn it_clears_only_after_the_short_window_was_quiet_for_the_hold_time() {
        let mut state = RuleState::Firing { last: 1_000 };
        state = state.next(1_299, RECOVERING, LONG, HOLD);
        assert_eq!(state.firing(), Some(true));
        state = state.next(1_299, Exceeding { floor: false, ..BAD }, LONG, HOLD);
        state = state.next(1_598, RECOVERING, LONG, HOLD);
        assert_eq!(
            state.firing(),
            Some(true),
            "the short window exceeded once more at 1,299"
        );
        assert_eq!(state.next(1_599, RECOVERING, LONG, HOLD), RuleState::Clear);
    }

    #[test]
    fn a_long_window_that_falls_back_below_the_factor_does_not_clear_it() {
        let fallen = Exceeding {
            long: Some(false),
            ..BAD
        };
        let state = RuleState::Firing { last: 0 }.next(HOLD * 2, fallen, LONG, HOLD);
        assert_eq!(state, RuleState::Firing { last: HOLD * 2 });
        let state = state.next(HOLD * 3 - 1, QUIET, LONG, HOLD);
        assert_eq!(state.firing(), Some(true));
        assert_eq!(state.next(HOLD * 3, QUIET, LONG, HOLD), RuleState::Clear);
    }

    #[test]
    fn what_an_earlier_run_left_open_is_over_at_once_when_both_windows_are_quiet() {
        let fresh = RuleState::Undecided { since: 0 };
        assert_eq!(fresh.next(1, QUIET, LONG, HOLD), RuleState::Clear);
        let still = Exceeding { short: true, ..QUIET };
        assert_eq!(fresh.next(1, still, LONG, HOLD).firing(), None);
        assert_eq!(
            fresh.next(1, QUIET, HOLD - 1, HOLD).firing(),
            None,
            "a window shorter than the hold time proves nothing"
        );
    }

    #[test]
    fn a_window_without_events_clears_only_after_the_hold_time() {
        let empty = Exceeding { long: None, ..QUIET };
        let state = RuleState::Firing { last: 0 }.next(HOLD - 1, empty, LONG, HOLD);
        assert_eq!(state.firing(), Some(true));
        assert_eq!(state.next(HOLD, empty, LONG, HOLD), RuleState::Clear);
    }

    #[test]
    fn a_restart_in_the_middle_of_an_alert_does_not_resolve_it_before_the_hold_time() {
        let fresh = RuleState::Undecided { since: 0 };
        assert_eq!(fresh.next(HOLD - 1, RECOVERING, LONG, HOLD).firing(), None);
        assert_eq!(fresh.next(HOLD, RECOVERING, LONG, HOLD).firing(), Some(false));
        assert_eq!(fresh.next(1, BAD, LONG, HOLD).firing(), Some(true));
    }

    #[test]
    fn a_clock_put_back_an_hour_does_not_stretch_the_hold_time() {
        let state = RuleState::Firing { last: 10_000 }.next(6_400, RECOVERING, LONG, HOLD);
        assert_eq!(state.next(6_400 + HOLD, RECOVERING, LONG, HOLD), RuleState::Clear);
    }

    proptest! {
        #[test]
        fn a_firing_rule_always_clears_once_it_is_quiet_for_long_enough(steps in prop::collection::vec((0_i64..100, any::<bool>()), 0..50)) {
            let mut now = 0;
            let mut state = RuleState::Clear;
            for (wait, bad) in steps {
                now += wait;
                state = state.next(now, if bad { BAD } else { RECOVERING }, LONG, HOLD);
            }
            prop_assert_eq!(state.next(now + HOLD, RECOVERING, LONG, HOLD), RuleState::Clear);
        }
    }
}
