//! Which version of a service a process is: its number, its commit and what it does differently, from a file that a
//! deployment puts beside the program.
//!
//! A build that differs does so in code of its own, below; what comes of that is nobody's to say here.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// The name of the file in the service's folder.
pub const FILE: &str = "release.json";

/// A version that can be deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Its number.
    pub version: String,
    /// The short name of the commit it was built from.
    pub commit: String,
    /// What it does differently from the version that everybody started with.
    pub changes: BTreeSet<Change>,
}

/// Something a version does differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Amounts are also answered as quarters of a cent in 16 bits.
    CompactAmounts,
    /// Positions are read one by one instead of in one statement.
    SingleReads,
    /// Every answer is kept with its intermediate tables.
    AnswerHistory,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// It cannot be read or written.
    #[error("cannot use the release {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },
    /// It does not say what it must.
    #[error("the release {path} is wrong: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Line and column.
        reason: serde_json::Error,
    },
}

/// An amount does not fit its compact form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot pack {cents} cents as quarters into 16 bits: {reason}")]
pub struct TooLarge {
    cents: i64,
    reason: std::num::TryFromIntError,
}

impl Release {
    /// The version every service starts with.
    pub fn first() -> Self {
        Self {
            version: "1.4.2".to_owned(),
            commit: "9c41d7e".to_owned(),
            changes: BTreeSet::new(),
        }
    }

    /// The release in `folder`, the first one where none was deployed.
    ///
    /// # Errors
    /// [`ReleaseError`] when there is a file that cannot be used.
    pub fn in_folder(folder: &Path) -> Result<Self, ReleaseError> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|reason| ReleaseError::Content { path, reason }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::first()),
            Err(reason) => Err(ReleaseError::File { path, reason }),
        }
    }

    /// Puts the release into `folder`, for the next start of the process.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub fn deploy_to(&self, folder: &Path) -> Result<(), ReleaseError> {
        let path = folder.join(FILE);
        let text = match serde_json::to_string_pretty(self) {
            Ok(text) => text,
            Err(reason) => return Err(ReleaseError::Content { path, reason }),
        };
        fs::write(&path, text).map_err(|reason| ReleaseError::File { path, reason })
    }

    /// Whether this version does `change`.
    pub fn does(&self, change: Change) -> bool {
        self.changes.contains(&change)
    }
}

/// An amount in its compact form.
///
/// # Errors
/// [`TooLarge`] when 16 bits do not hold it.
pub fn compact(cents: i64) -> Result<i16, TooLarge> {
    let packed = i16::try_from(cents.saturating_mul(4));
    packed.map_err(|reason| TooLarge { cents, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployed_release_is_found_by_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Release::in_folder(folder.path()).unwrap(), Release::first());
        let next = Release {
            version: "1.5.0".to_owned(),
            changes: BTreeSet::from([Change::SingleReads]),
            ..Release::first()
        };
        next.deploy_to(folder.path()).unwrap();
        let found = Release::in_folder(folder.path()).unwrap();
        assert!(found.does(Change::SingleReads) && !found.does(Change::AnswerHistory));
        fs::write(folder.path().join(FILE), "{}").unwrap();
        let error = Release::in_folder(folder.path()).unwrap_err().to_string();
        assert!(error.contains("release.json is wrong"), "{error}");
    }

    #[test]
    fn a_dear_instrument_does_not_fit_its_compact_form() {
        assert_eq!(compact(8_000), Ok(32_000));
        let error = compact(12_000).unwrap_err().to_string();
        assert!(error.starts_with("cannot pack 12000 cents"), "{error}");
    }
}
