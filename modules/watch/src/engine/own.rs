//! What the checks of a service say together, in numbers and in words.

use std::sync::Arc;

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::Environment;

use super::known::{Known, Live};
use crate::model::{
    check_state::Standing,
    service_state::{CheckCounts, Own},
};

impl Known {
    /// Of the checks that fail, the first by name speaks.
    pub(super) fn own(&self, environment: &Environment, service: &ServiceName, now: Timestamp) -> Own {
        let mut own = Own {
            in_maintenance: self.in_maintenance(environment, service, now),
            ..Own::default()
        };
        let checks: Vec<&Arc<Live>> = self.of_service(environment, service).collect();
        let mut first_down: Option<(&str, String)> = None;
        for live in &checks {
            let memory = live.memory();
            let standing = if live.check.paused {
                Standing::Unknown
            } else {
                memory.state.standing
            };
            match standing {
                Standing::Up => own.counts.up += 1,
                Standing::Unknown => own.counts.unknown += 1,
                Standing::Down => {
                    own.counts.down += 1;
                    let since = memory.state.failing_since.or(Some(memory.state.since));
                    own.failing_since = own
                        .failing_since
                        .map_or(since, |earlier| since.map(|since| since.min(earlier)));
                    let words = memory.state.failure.as_ref().map(|failure| failure.message.clone());
                    if first_down
                        .as_ref()
                        .is_none_or(|(name, _)| live.check.name.as_str() < *name)
                    {
                        first_down = Some((&live.check.name, words.unwrap_or_default()));
                    }
                }
            }
        }
        own.reason = match first_down {
            Some((name, words)) => Some(down_words(name, &words, own.counts)),
            None if own.counts.up > 0 => None,
            None if checks.is_empty() => Some("it has no checks".to_owned()),
            None if checks.iter().all(|live| live.check.paused) => Some("its checks are paused".to_owned()),
            None => Some("not enough probes have answered yet".to_owned()),
        };
        own
    }
}

/// Without parentheses: the words are quoted in some.
fn down_words(name: &str, words: &str, counts: CheckCounts) -> String {
    match counts.down - 1 {
        0 => format!("{name}: {words}"),
        1 => format!("{name}: {words}; 1 more check fails"),
        more => format!("{name}: {words}; {more} more checks fail"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_service_that_is_down_can_stand_in_parentheses() {
        let words = |down| {
            let counts = CheckCounts {
                down,
                ..CheckCounts::default()
            };
            down_words("health", "refused the connection", counts)
        };
        assert_eq!(words(1), "health: refused the connection");
        assert_eq!(words(2), "health: refused the connection; 1 more check fails");
        assert_eq!(words(4), "health: refused the connection; 3 more checks fail");
    }
}
