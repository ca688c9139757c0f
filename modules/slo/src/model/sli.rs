//! Indicators: which probes an objective is about, and which of them are bad. One event is one probe.

use mainstay_kernel::Micros;

/// Roles of the checks that are generated for a service; these count unless an SLO names its checks.
const SERVICE_ROLES: [&str; 3] = ["health", "readiness", "liveness"];

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SliKind {
    /// Bad is every failed probe, whatever the reason.
    Availability,
    /// Bad is a good answer that took longer than the threshold. Failed probes are left out: they are the availability's.
    Latency {
        /// The longest good answer, in microseconds.
        threshold_us: i64,
    },
    /// Bad is a wrong answer: the service was reached, and the answer broke the protocol or an assertion. Probes that got
    /// no answer are left out: they are the availability's.
    ErrorRate,
    /// One event is one time slice, as long as the window's bucket but at least ten seconds; it is bad when fewer
    /// successful probes per second were completed in it than asked for, and it counts only when anything was probed.
    /// It measures answered probes, not the traffic of users, which Mainstay does not see.
    Throughput {
        /// The fewest successful probes per second, in thousandths.
        minimum_milli_per_s: i64,
    },
}

impl SliKind {
    /// The word in the API, in files and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::Latency { .. } => "latency",
            Self::ErrorRate => "error-rate",
            Self::Throughput { .. } => "throughput",
        }
    }
}

/// Which checks of the service are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CheckSelection {
    /// Health, readiness and liveness checks. A check of the role `custom`, for instance on the days a certificate has
    /// left, counts only when it is named, because failing it need not mean that users are hurt.
    #[default]
    OfTheService,
    /// Checks with one of these roles or names.
    Named(Vec<String>),
}

/// What is known of the check a probe belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its role: `health`, `readiness`, `liveness` or `custom`.
    pub role: &'a str,
}

/// How a probe ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The answer was right.
    Good,
    /// The service answered, but wrongly.
    WrongAnswer,
    /// There was no answer: no name, no connection, or too late.
    NoAnswer,
}

/// One finished probe, as far as objectives care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation<'a> {
    /// The check it belongs to.
    pub check: CheckFacts<'a>,
    /// When its outcome was known.
    pub at: Micros,
    /// How long it took.
    pub duration_us: i64,
    /// How it ended.
    pub outcome: Outcome,
}

/// An indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sli {
    /// What is measured.
    pub kind: SliKind,
    /// On which checks.
    pub checks: CheckSelection,
}

impl CheckSelection {
    /// Whether the check is meant.
    pub fn includes(&self, check: CheckFacts<'_>) -> bool {
        match self {
            Self::OfTheService => SERVICE_ROLES.contains(&check.role),
            Self::Named(words) => words.iter().any(|word| word == check.role || word == check.name),
        }
    }
}

impl Sli {
    /// Whether the probe is an event of this indicator, and if so whether a bad one.
    pub fn judge(&self, probe: &Observation<'_>) -> Option<bool> {
        if !self.checks.includes(probe.check) {
            return None;
        }
        match (self.kind, probe.outcome) {
            (SliKind::Availability | SliKind::Throughput { .. }, outcome) => Some(outcome != Outcome::Good),
            (SliKind::Latency { threshold_us }, Outcome::Good) => Some(probe.duration_us > threshold_us),
            (SliKind::ErrorRate, Outcome::Good) => Some(false),
            (SliKind::ErrorRate, Outcome::WrongAnswer) => Some(true),
            (SliKind::Latency { .. }, _) | (SliKind::ErrorRate, Outcome::NoAnswer) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(role: &'static str, outcome: Outcome, duration_us: i64) -> Observation<'static> {
        Observation {
            check: CheckFacts {
                name: "api-ready",
                role,
            },
            at: 0,
            duration_us,
            outcome,
        }
    }

    fn sli(kind: SliKind) -> Sli {
        Sli {
            kind,
            checks: CheckSelection::default(),
        }
    }

    #[test]
    fn each_indicator_judges_the_probes_that_are_its_own() {
        let fast = probe("health", Outcome::Good, 10);
        let slow = probe("health", Outcome::Good, 300);
        let wrong = probe("health", Outcome::WrongAnswer, 10);
        let silent = probe("health", Outcome::NoAnswer, 2_000);
        let judge = |kind| [fast, slow, wrong, silent].map(|probe| sli(kind).judge(&probe));
        assert_eq!(
            judge(SliKind::Availability),
            [Some(false), Some(false), Some(true), Some(true)]
        );
        assert_eq!(
            judge(SliKind::Latency { threshold_us: 200 }),
            [Some(false), Some(true), None, None]
        );
        assert_eq!(judge(SliKind::ErrorRate), [Some(false), Some(false), Some(true), None]);
    }

    #[test]
    fn an_answer_at_the_threshold_is_in_time() {
        let kind = SliKind::Latency { threshold_us: 200 };
        assert_eq!(sli(kind).judge(&probe("health", Outcome::Good, 200)), Some(false));
    }

    #[test]
    fn custom_checks_count_only_when_named_by_role_or_name() {
        let custom = probe("custom", Outcome::Good, 1);
        assert_eq!(sli(SliKind::Availability).judge(&custom), None);
        for word in ["custom", "api-ready"] {
            let named = Sli {
                kind: SliKind::Availability,
                checks: CheckSelection::Named(vec![word.to_owned()]),
            };
            assert_eq!(named.judge(&custom), Some(false));
        }
    }
}
