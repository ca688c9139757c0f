//! When a delivery is attempted again, and when it is given up.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mainstay_providers::{OutgoingFailure, OutgoingResponse};

/// How patient delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    /// The waits after the first, second, ... failed attempt; the last one repeats.
    pub steps: Vec<Duration>,
    /// How long after it was made a delivery is given up.
    pub give_up_after: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        let seconds = [1, 5, 30, 2 * 60, 10 * 60, 30 * 60, 3600, 2 * 3600, 4 * 3600];
        Self {
            steps: seconds.map(Duration::from_secs).to_vec(),
            give_up_after: Duration::from_hours(24),
        }
    }
}

impl Backoff {
    /// The wait after `failed` failed attempts, spread by a fifth to either side by `chance` in `[0, 1)` so that many
    /// deliveries do not come back together. A receiver's own `Retry-After` makes it longer, never shorter.
    pub fn wait(&self, failed: i64, chance: f64, asked_for: Option<Duration>) -> Duration {
        let index = usize::try_from(failed - 1).unwrap_or_default();
        let step = self.steps.get(index).or(self.steps.last()).copied().unwrap_or_default();
        let spread = step.mul_f64(0.8 + 0.4 * chance);
        spread.max(asked_for.unwrap_or_default()).min(self.give_up_after)
    }

    /// Whether a delivery begun at `begun` has had its time at `at`.
    pub fn is_over(&self, begun: Timestamp, at: Timestamp) -> bool {
        at.duration_since(begun) >= SignedDuration::try_from(self.give_up_after).unwrap_or(SignedDuration::MAX)
    }
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver accepted.
    Accepted,
    /// Worth another attempt, not before what the receiver asked for.
    Retry {
        /// Why it failed.
        error: String,
        /// From `Retry-After`.
        asked_for: Option<Duration>,
    },
    /// No attempt will ever succeed.
    Hopeless {
        /// Why.
        error: String,
    },
}

/// Judges an attempt. Everything but 410 is tried again, also other client errors: a receiver that is being mended within
/// the day still gets its page.
pub fn judge(result: &Result<OutgoingResponse, OutgoingFailure>, now: Timestamp) -> Verdict {
    let response = match result {
        Ok(response) => response,
        Err(failure) => {
            return Verdict::Retry {
                error: failure.message.clone(),
                asked_for: None,
            };
        }
    };
    match response.status {
        200..=299 => Verdict::Accepted,
        410 => Verdict::Hopeless {
            error:
                "the receiver answered 410 Gone: it wants no more deliveries. Delete the webhook, or correct its URL"
                    .to_owned(),
        },
        status @ 300..=399 => Verdict::Retry {
            error: format!("the receiver answered {status}, and redirects are not followed: use the final URL"),
            asked_for: None,
        },
        status => Verdict::Retry {
            error: format!("the receiver answered {status}"),
            asked_for: response.retry_after.as_deref().and_then(|text| retry_after(text, now)),
        },
    }
}

/// Reads `Retry-After`: seconds or a date (RFC 9110, section 10.2.3).
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use mainstay_providers::OutgoingFailureKind;
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, retry_after: Option<&str>) -> Verdict {
        let response = OutgoingResponse {
            status,
            retry_after: retry_after.map(str::to_owned),
            excerpt: String::new(),
        };
        judge(&Ok(response), "2026-03-01T12:00:00Z".parse().unwrap())
    }

    fn asked_for(verdict: &Verdict) -> Option<Duration> {
        match verdict {
            Verdict::Retry { asked_for, .. } => *asked_for,
            _ => None,
        }
    }

    #[test]
    fn only_success_is_accepted_and_only_gone_is_hopeless() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(answer(status, None), Verdict::Accepted);
        }
        for status in [301, 400, 401, 404, 429, 500, 503] {
            assert!(matches!(answer(status, None), Verdict::Retry { .. }), "{status}");
        }
        assert!(matches!(answer(410, None), Verdict::Hopeless { .. }));
        let failure = OutgoingFailure {
            kind: OutgoingFailureKind::Timeout,
            message: "no answer within 10 s".to_owned(),
        };
        assert!(
            matches!(judge(&Err(failure), Timestamp::UNIX_EPOCH), Verdict::Retry { error, .. } if error.contains("10 s"))
        );
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        assert_eq!(asked_for(&answer(503, Some("120"))), Some(Duration::from_mins(2)));
        assert_eq!(
            asked_for(&answer(429, Some("Sun, 01 Mar 2026 12:01:00 GMT"))),
            Some(Duration::from_mins(1))
        );
        assert_eq!(
            asked_for(&answer(429, Some("Sun, 01 Mar 2026 11:00:00 GMT"))),
            Some(Duration::ZERO)
        );
        assert_eq!(asked_for(&answer(503, Some("soon"))), None);
    }

    #[test]
    fn a_delivery_is_given_up_after_a_day() {
        let backoff = Backoff::default();
        let begun: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        assert!(!backoff.is_over(begun, "2026-03-02T11:59:59Z".parse().unwrap()));
        assert!(backoff.is_over(begun, "2026-03-02T12:00:00Z".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn waits_grow_stay_near_their_step_and_never_undercut_the_receiver(
            failed in 1_i64..40,
            chance in 0.0_f64..1.0,
            asked in prop::option::of(0_u64..100_000),
        ) {
            let backoff = Backoff::default();
            let wait = backoff.wait(failed, chance, asked.map(Duration::from_secs));
            let index = usize::try_from(failed - 1).unwrap().min(backoff.steps.len() - 1);
            prop_assert!(wait >= backoff.steps[index].mul_f64(0.8));
            prop_assert!(wait <= backoff.give_up_after);
            if let Some(asked) = asked {
                prop_assert!(wait >= Duration::from_secs(asked).min(backoff.give_up_after));
            } else {
                prop_assert!(wait <= backoff.steps[index].mul_f64(1.2));
            }
        }
    }
}
