//! The kinds of cases that can be recorded, by the names used on the command line and in labels.

use std::{fmt, str::FromStr};

use serde::Serialize;

use crate::demo::cause::Cause;

/// What a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One service fails by one cause.
    One(Cause),
    /// Two services fail by two causes at about the same time.
    Double,
    /// Nothing fails.
    Nothing,
}

/// Something that looks like a reason and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distraction {
    /// Many more customers than usual at one service.
    TrafficBurst,
    /// A new version of a service that does nothing differently.
    UnrelatedDeploy,
    /// Another program on the same machine takes processor time.
    NoisyNeighbour,
}

/// The text names no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no kind of case: use {}", known.join(", "))]
pub struct UnknownKind {
    given: String,
    known: Vec<&'static str>,
}

impl Kind {
    /// Every kind.
    pub fn all() -> Vec<Self> {
        let single = Cause::ALL.into_iter().map(Self::One);
        single.chain([Self::Double, Self::Nothing]).collect()
    }

    /// The name in kebab case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::One(cause) => cause.as_str(),
            Self::Double => "double",
            Self::Nothing => "none",
        }
    }
}

impl Distraction {
    /// Every distraction.
    pub const ALL: [Self; 3] = [Self::TrafficBurst, Self::UnrelatedDeploy, Self::NoisyNeighbour];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::all();
        let found = known.iter().find(|kind| kind.as_str() == text);
        found.copied().ok_or_else(|| UnknownKind {
            given: text.to_owned(),
            known: known.iter().map(|kind| kind.as_str()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name_and_listed_in_the_error() {
        let error = "flood".parse::<Kind>().unwrap_err().to_string();
        for kind in Kind::all() {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert!(error.contains(kind.as_str()), "{error}");
        }
    }
}
