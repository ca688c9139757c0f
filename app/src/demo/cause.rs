//! The real conditions under which a demo service fails, by the names used on the command line and the control port.

use std::{fmt, str::FromStr};

use serde::Serialize;

/// Something that goes wrong in one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Statements leave their transaction open until no database connection is free.
    ConnectionLeak,
    /// The reference data file is cut off; the process dies reading it, at every start again.
    Crash,
    /// A computation of quadratic cost occupies the only request thread.
    CpuSpin,
    /// Documents stay referenced until the memory limit refuses more.
    MemoryLeak,
    /// The volume under the journal takes a few bytes a second.
    SlowDisk,
    /// A dependency's address in the configuration is another service's.
    BadConfiguration,
    /// The first service it calls is stopped.
    DependencyDown,
    /// The index of its table is rebuilt under a lock that statements wait for.
    Delay,
    /// The reference data has instruments without a lot, which amounts are divided by.
    Errors,
    /// A new version is started that has a defect.
    BadDeploy,
    /// Its clock is minutes behind, so that neighbours refuse its requests and it refuses theirs.
    ClockSkew,
}

/// The text names no cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no cause: use connection-leak, crash, cpu-spin, memory-leak, slow-disk, bad-configuration, dependency-down, delay, errors, bad-deploy or clock-skew"
)]
pub struct UnknownCause(String);

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 11] = [
        Self::ConnectionLeak,
        Self::Crash,
        Self::CpuSpin,
        Self::MemoryLeak,
        Self::SlowDisk,
        Self::BadConfiguration,
        Self::DependencyDown,
        Self::Delay,
        Self::Errors,
        Self::BadDeploy,
        Self::ClockSkew,
    ];

    /// Whether a health check fails by it; the others show in what requests take and come to.
    pub fn fails_health(self) -> bool {
        !matches!(self, Self::Delay | Self::Errors | Self::ClockSkew)
    }

    /// The name in kebab case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionLeak => "connection-leak",
            Self::Crash => "crash",
            Self::CpuSpin => "cpu-spin",
            Self::MemoryLeak => "memory-leak",
            Self::SlowDisk => "slow-disk",
            Self::BadConfiguration => "bad-configuration",
            Self::DependencyDown => "dependency-down",
            Self::Delay => "delay",
            Self::Errors => "errors",
            Self::BadDeploy => "bad-deploy",
            Self::ClockSkew => "clock-skew",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Cause {
    type Err = UnknownCause;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|cause| cause.as_str() == text);
        known.ok_or_else(|| UnknownCause(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_found_by_its_name_and_listed_in_the_error() {
        let error = "flood".parse::<Cause>().unwrap_err().to_string();
        for cause in Cause::ALL {
            assert_eq!(cause.as_str().parse(), Ok(cause));
            assert!(error.contains(cause.as_str()), "{error}");
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.as_str());
        }
    }
}
