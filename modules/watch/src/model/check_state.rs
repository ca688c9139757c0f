//! How the results of one check's probes become its state: three failures down, two successes up (by default).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::failure::Failure;

/// What is known about a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Not enough probes have answered yet.
    Unknown,
    /// The check passes.
    Up,
    /// The check fails.
    Down,
}

impl Standing {
    /// The stored and shown name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// Reads the stored name; what a newer version may have written counts as unknown.
    pub fn from_name(name: &str) -> Self {
        match name {
            "up" => Self::Up,
            "down" => Self::Down,
            _ => Self::Unknown,
        }
    }
}

/// How many results in a row decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Failures in a row before the check is down; at least 1.
    pub failures: u32,
    /// Successes in a row before the check is up; at least 1.
    pub successes: u32,
}

/// The state of one check.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckState {
    /// What is decided.
    pub standing: Standing,
    /// When it was decided.
    pub since: Timestamp,
    /// Failures in a row; 0 after a success.
    pub failing_streak: u32,
    /// Successes in a row, counted only up to the threshold.
    pub passing_streak: u32,
    /// When the first failure of the current streak began.
    pub failing_since: Option<Timestamp>,
    /// The last failure, while the check fails.
    pub failure: Option<Failure>,
}

/// What one result did to the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The standing before, when this result changed it.
    pub changed_from: Option<Standing>,
    /// The results contradict the standing but do not decide yet: the next attempt should follow soon.
    pub undecided: bool,
}

impl CheckState {
    /// A check that was never probed.
    pub fn unknown(since: Timestamp) -> Self {
        Self {
            standing: Standing::Unknown,
            since,
            failing_streak: 0,
            passing_streak: 0,
            failing_since: None,
            failure: None,
        }
    }

    /// Counts one result: a probe that began at `began` and ended at `ended`, and its failure if it failed.
    pub fn apply(
        &mut self,
        thresholds: Thresholds,
        began: Timestamp,
        ended: Timestamp,
        failure: Option<&Failure>,
    ) -> Step {
        let decided = if let Some(failure) = failure {
            self.passing_streak = 0;
            self.failing_streak = self.failing_streak.saturating_add(1);
            self.failing_since.get_or_insert(began);
            self.failure = Some(failure.clone());
            (self.failing_streak >= thresholds.failures).then_some(Standing::Down)
        } else {
            self.failing_streak = 0;
            self.passing_streak = self.passing_streak.saturating_add(1).min(thresholds.successes.max(1));
            if self.standing != Standing::Down || self.passing_streak >= thresholds.successes {
                self.failing_since = None;
                self.failure = None;
            }
            (self.passing_streak >= thresholds.successes).then_some(Standing::Up)
        };
        let agrees = match failure {
            Some(_) => self.standing == Standing::Down,
            None => self.standing == Standing::Up,
        };
        match decided {
            Some(standing) if standing != self.standing => {
                let before = std::mem::replace(&mut self.standing, standing);
                self.since = ended;
                Step {
                    changed_from: Some(before),
                    undecided: false,
                }
            }
            _ => Step {
                changed_from: None,
                undecided: decided.is_none() && !agrees,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::model::failure::FailureKind;

    const USUAL: Thresholds = Thresholds {
        failures: 3,
        successes: 2,
    };

    fn second(number: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(number)
    }

    fn run(state: &mut CheckState, thresholds: Thresholds, results: &[bool]) -> Vec<Step> {
        let failure = Failure::new(FailureKind::ConnectRefused, "refused the connection");
        (0_i64..)
            .zip(results)
            .map(|(number, ok)| state.apply(thresholds, second(number), second(number), (!ok).then_some(&failure)))
            .collect()
    }

    #[test]
    fn three_failures_are_down_and_two_successes_are_up_again() {
        let mut state = CheckState::unknown(second(0));
        run(&mut state, USUAL, &[true, true, false, false]);
        assert_eq!(state.standing, Standing::Up);
        run(&mut state, USUAL, &[false]);
        assert_eq!(state.standing, Standing::Down);
        assert_eq!(state.failure.as_ref().unwrap().message, "refused the connection");
        run(&mut state, USUAL, &[true]);
        assert_eq!(state.standing, Standing::Down);
        assert!(state.failure.is_some(), "still down, so the reason stays");
        run(&mut state, USUAL, &[true]);
        assert_eq!((state.standing, state.failure), (Standing::Up, None));
    }

    #[test]
    fn the_next_attempt_follows_soon_exactly_while_undecided() {
        let mut state = CheckState::unknown(second(0));
        let undecided: Vec<bool> = run(
            &mut state,
            USUAL,
            &[
                true, true, true, false, true, false, false, false, false, true, true, true,
            ],
        )
        .iter()
        .map(|step| step.undecided)
        .collect();
        assert_eq!(
            undecided,
            [
                true, false, false, true, false, true, true, false, false, true, false, false
            ]
        );
    }

    #[test]
    fn a_streak_remembers_when_it_began() {
        let mut state = CheckState::unknown(second(0));
        run(&mut state, USUAL, &[true, true, true, true, false, false, false]);
        assert_eq!(state.failing_since, Some(second(4)));
        assert_eq!(state.since, second(6));
    }

    proptest! {
        #[test]
        fn the_standing_is_what_the_last_long_enough_streak_says(
            results in prop::collection::vec(any::<bool>(), 0..60), failures in 1_u32..5, successes in 1_u32..5,
        ) {
            let thresholds = Thresholds { failures, successes };
            let mut state = CheckState::unknown(second(0));
            run(&mut state, thresholds, &results);
            // The plain definition: look back for the latest point where a streak reached its threshold.
            let mut expected = Standing::Unknown;
            let (mut bad, mut good) = (0, 0);
            for ok in results {
                if ok { good += 1; bad = 0; } else { bad += 1; good = 0; }
                if bad >= failures { expected = Standing::Down; }
                if good >= successes { expected = Standing::Up; }
            }
            prop_assert_eq!(state.standing, expected);
            prop_assert_eq!(state.failing_streak, bad);
            prop_assert_eq!(state.failing_streak > 0 || state.standing == Standing::Down, state.failing_since.is_some());
        }

        #[test]
        fn a_state_changes_only_when_it_says_so(results in prop::collection::vec(any::<bool>(), 0..60)) {
            let mut state = CheckState::unknown(second(0));
            for ok in results {
                let before = state.standing;
                let step = run(&mut state, USUAL, &[ok])[0];
                prop_assert_eq!(step.changed_from, (before != state.standing).then_some(before));
            }
        }
    }
}
