//! The real conditions under which a demo service fails, by the names used on the command line and the control port.

use std::{fmt, str::FromStr};

/// Something that goes wrong in one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
}

/// The text names no cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no cause: use connection-leak, crash, cpu-spin, memory-leak, slow-disk, bad-configuration or dependency-down"
)]
pub struct UnknownCause(String);

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 7] = [
        Self::ConnectionLeak,
        Self::Crash,
        Self::CpuSpin,
        Self::MemoryLeak,
        Self::SlowDisk,
        Self::BadConfiguration,
        Self::DependencyDown,
    ];

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
        }
    }
}
