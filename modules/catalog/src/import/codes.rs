//! Every finding code with its severity: the one list that reports, documentation and tests agree on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something is broken or will break; `--strict` fails on it.
    Error,
    /// Sources disagree or something will surprise.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

macro_rules! codes {
    ($($variant:ident, $text:literal, $severity:ident, $meaning:literal;)+) => {
        /// What a finding is about; the text is stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $meaning] $variant),+
        }

        /// Every code, in the order of the documentation.
        pub const CODES: &[Code] = &[$(Code::$variant),+];

        impl Code {
            /// The stable text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The severity a finding of this code has unless its rule says otherwise.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What the code means, in one sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),+ }
            }
        }
    };
}

codes! {
    UndefinedDependency, "undefined-dependency", Error, "A hard dependency names a service that no source defines.";
    InvalidName, "invalid-name", Warning, "A network name is no valid host or Kubernetes name.";
    DuplicatePort, "duplicate-port", Error, "Two services of one file claim the same port.";
    PortDrift, "port-drift", Warning, "Two sources give a service different ports.";
    DependencyCycle, "dependency-cycle", Error, "Services depend on each other in a circle.";
    UnservedProbe, "unserved-probe", Warning, "A probe asks a port or path that nothing serves.";
    EndpointDrift, "endpoint-drift", Warning, "Two sources give a service's health URL different paths.";
    ContradictoryObjective, "contradictory-objective", Error, "An objective contradicts its own numbers.";
    MissingSlo, "missing-slo", Info, "A service has no objective although others have.";
    UndefinedService, "undefined-service", Error, "An SLO, a check, a maintenance window or an alias is for a service that no source defines.";
    StaleReference, "stale-reference", Warning, "A file names a service that the registry no longer lists.";
    DependencyDrift, "dependency-drift", Warning, "Two sources list different dependencies.";
    ReversedDependency, "reversed-dependency", Warning, "Two sources disagree on which service needs the other.";
    UnitMismatch, "unit-mismatch", Error, "Two sources give one quantity in different units.";
    DuplicateService, "duplicate-service", Error, "One thing is defined twice; the last definition silently wins.";
    DuplicateKey, "duplicate-key", Warning, "A key is written twice; only the last value is used.";
    UnservedRoute, "unserved-route", Error, "An Ingress leads to a Service or port that does not exist.";
    UnloadedRuleFile, "unloaded-rule-file", Warning, "No Prometheus configuration loads this rule file.";
    MissingRuleFile, "missing-rule-file", Error, "A Prometheus configuration loads a rule file that is not there.";
    InvalidExpression, "invalid-expression", Error, "A rule's expression is not valid in Prometheus.";
    ScrapeHealthPath, "scrape-health-path", Warning, "Prometheus scrapes a health endpoint, which has no metrics.";
    UnexpandedVariable, "unexpanded-variable", Error, "A variable stands where nothing expands it.";
    ReusedVersion, "reused-version", Warning, "Two different files carry the same version.";
    VersionDate, "version-date", Info, "A higher version is dated earlier than a lower one.";
    ProbeTimeout, "probe-timeout", Info, "A probe gives up before the service's own latency objective.";
    ProposedAlias, "proposed-alias", Info, "A name is probably another spelling of a known service.";
    InvalidDocument, "invalid-document", Error, "A Mainstay document is not what its kind asks for.";
    InvalidDeclaration, "invalid-declaration", Error, "What a file declares for another module, that module refuses.";
    ReplacedFile, "replaced-file", Warning, "A path was about other things before this import: two files of one name, perhaps.";
    Unreadable, "unreadable", Error, "The file cannot be read or parsed.";
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_documented_with_its_severity_and_nothing_else_is() {
        let documented = include_str!("../../tests/golden/CODES.md");
        let documented: Vec<(&str, &str)> = documented
            .lines()
            .filter_map(|line| line.strip_prefix("### `")?.split_once("` — "))
            .map(|(code, severity)| {
                // `error in Kubernetes, otherwise warning`: the last word is what a finding has without a reason for more.
                let usual = severity.split_once("otherwise ").map_or(severity, |(_, usual)| usual);
                (code, usual.split([' ', ',']).next().unwrap_or_default())
            })
            .collect();
        let mut expected: Vec<(&str, &str)> = CODES
            .iter()
            .map(|code| (code.as_str(), code.severity().as_str()))
            .collect();
        let mut found = documented;
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}
