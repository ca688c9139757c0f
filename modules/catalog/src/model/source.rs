//! Where a value came from, and whose word counts more.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SourceKind;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// What kind of source it is.
    pub kind: SourceKind,
    /// The path of the file as it was given to the import; absent for a person's edit.
    pub file: Option<String>,
    /// The line in the file, from 1.
    pub line: Option<u32>,
    /// The version the file gives itself, such as `1.2`.
    pub version: Option<String>,
}

impl Source {
    /// A person's edit.
    pub fn person() -> Self {
        Self {
            kind: SourceKind::Person,
            file: None,
            line: None,
            version: None,
        }
    }

    /// A line of a file without a version of its own.
    pub fn file(kind: SourceKind, file: impl Into<String>, line: Option<u32>) -> Self {
        Self {
            kind,
            file: Some(file.into()),
            line,
            version: None,
        }
    }

    /// Orders by precedence, the winner first: by kind, then the higher version, then by file name. Two places of one file
    /// are equal: which of them counts depends on the format, and whoever reads it says so by the order it keeps.
    pub fn precedence(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }

    fn rank(&self) -> Rank<'_> {
        Rank {
            kind: self.kind,
            version: self.version.as_deref(),
            file: self.file.as_deref(),
        }
    }

    /// Whether both are the same file (or both a person), whatever the line.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.kind == other.kind && self.file == other.file && self.version == other.version
    }
}

/// What decides whose word counts more; the lesser one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rank<'a> {
    pub(crate) kind: SourceKind,
    pub(crate) version: Option<&'a str>,
    pub(crate) file: Option<&'a str>,
}

impl Rank<'_> {
    /// By kind, then the higher version, then the first file.
    pub(crate) fn cmp(&self, other: &Self) -> Ordering {
        self.kind
            .cmp(&other.kind)
            .then_with(|| compare_versions(other.version, self.version))
            .then_with(|| self.file.cmp(&other.file))
    }
}

/// Compares versions such as `1.10` and `1.9` number by number; no version is lower than any version.
pub fn compare_versions(a: Option<&str>, b: Option<&str>) -> Ordering {
    let (a, b) = match (a, b) {
        (None, None) => return Ordering::Equal,
        (None, Some(_)) => return Ordering::Less,
        (Some(_), None) => return Ordering::Greater,
        (Some(a), Some(b)) => (a, b),
    };
    let split = |text: &str| -> Vec<String> {
        text.trim_start_matches(['v', 'V'])
            .split(['.', '-', '+'])
            .map(str::to_owned)
            .collect()
    };
    let (a_parts, b_parts) = (split(a), split(b));
    for index in 0..a_parts.len().max(b_parts.len()) {
        let part = |parts: &[String]| parts.get(index).cloned().unwrap_or_default();
        let (left, right) = (part(&a_parts), part(&b_parts));
        let order = match (number(&left), number(&right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left.cmp(&right),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// A missing part counts as 0, so that `1` equals `1.0`.
fn number(part: &str) -> Option<u64> {
    if part.is_empty() { Some(0) } else { part.parse().ok() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_person_wins_over_every_file_and_a_higher_version_over_a_lower() {
        let registry = |version: &str| Source {
            version: Some(version.to_owned()),
            ..Source::file(SourceKind::Registry, "registry.json", Some(1))
        };
        assert_eq!(Source::person().precedence(&registry("9")), Ordering::Less);
        assert_eq!(registry("1.10").precedence(&registry("1.9")), Ordering::Less);
        assert_eq!(registry("1.0").precedence(&registry("1")), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn versions_have_one_order(a in "[0-9]{1,2}(\\.[0-9]{1,2}){0,2}", b in "[0-9]{1,2}(\\.[0-9]{1,2}){0,2}") {
            prop_assert_eq!(compare_versions(Some(&a), Some(&b)), compare_versions(Some(&b), Some(&a)).reverse());
        }
    }
}
