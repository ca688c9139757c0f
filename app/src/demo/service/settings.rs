//! The configuration file of one service: where the services it calls are, and how long it waits for them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::demo::registry::Registry;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Base URL of each service that is called, by name.
    pub dependencies: BTreeMap<String, String>,
    /// How long one attempt may take.
    pub timeout_ms: u64,
    /// How often a read is attempted before the caller is told that it failed.
    pub attempts: u32,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It cannot be read or written.
    #[error("cannot use the configuration {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },
    /// It does not say what it must.
    #[error("the configuration {path} is wrong: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Line and column.
        reason: serde_json::Error,
    },
}

impl Settings {
    /// What the registry implies for `service`.
    pub fn from_registry(registry: &Registry, service: &str) -> Self {
        let address = |name: &str| registry.services().get(name).map(|entry| entry.base_url.clone());
        let called = registry.calls(service).into_iter().chain(registry.observes(service));
        Self {
            dependencies: called
                .filter_map(|name| Some((name.to_owned(), address(name)?)))
                .collect(),
            timeout_ms: 900,
            attempts: 2,
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`SettingsError`] with path, line and column.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = fs::read_to_string(path).map_err(|reason| SettingsError::File {
            path: path.to_owned(),
            reason,
        })?;
        serde_json::from_str(&text).map_err(|reason| SettingsError::Content {
            path: path.to_owned(),
            reason,
        })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`SettingsError::File`].
    pub fn write(&self, path: &Path) -> Result<(), SettingsError> {
        let text = serde_json::to_string_pretty(self).map_err(|reason| SettingsError::Content {
            path: path.to_owned(),
            reason,
        })?;
        fs::write(path, text).map_err(|reason| SettingsError::File {
            path: path.to_owned(),
            reason,
        })
    }
}
