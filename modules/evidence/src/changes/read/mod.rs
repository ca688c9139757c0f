//! Readers of settings: one form of file each, all to flat paths with places.

mod docker;
mod flow;
mod manifest;
mod pairs;
mod toml;
mod yaml;

use std::ops::Range;

pub(super) use pairs::pair;

use super::settings::{Found, MOST, Settings};
use crate::{input::Recognised, source::Origin};

/// Which form a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// YAML of one document or several, JSON, and manifests of Kubernetes in either.
    Yaml,
    /// TOML.
    Toml,
    /// `.env`, properties and INI.
    Pairs,
    /// A Dockerfile.
    Dockerfile,
    /// A unified difference, plain or by git.
    Diff,
    /// Events of deployments: JSON, JSON lines, CSV or events of Kubernetes.
    Events,
}

impl Form {
    /// The form of what was recognised as configuration or changes.
    pub fn of(recognised: &Recognised) -> Option<Self> {
        Some(match recognised.format {
            "YAML" | "Kubernetes manifest" | "JSON" | "Kubernetes JSON" => Self::Yaml,
            "TOML" | "INI or TOML" => Self::Toml,
            "properties" => Self::Pairs,
            "Dockerfile" => Self::Dockerfile,
            "unified diff" => Self::Diff,
            "deploy events" | "Kubernetes events" => Self::Events,
            _ => return None,
        })
    }
}

/// Why a file of settings was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadFailure {
    /// It is too large to be settings.
    #[error("more than {0} bytes: this is more than settings have")]
    TooLarge(usize),
    /// It is not UTF-8.
    #[error("byte {0} is no UTF-8: save it as UTF-8")]
    NoText(usize),
    /// It breaks the rules of its form.
    #[error("line {line}: {said}")]
    Invalid {
        /// From 1.
        line: usize,
        /// What is wrong.
        said: String,
    },
}

/// Values that a reader found so far, within bounds.
#[derive(Debug, Default)]
struct Sink {
    found: Vec<Found>,
    dropped: u64,
}

impl Sink {
    fn push(&mut self, path: String, text: String, bytes: Range<usize>) {
        if self.found.len() >= MOST {
            self.dropped += 1;
            return;
        }
        self.found.push(Found {
            path,
            text,
            bytes,
            component: None,
        });
    }
}

/// Reads the settings of a file. `relative` is its path, which tells the component where the file does not.
pub(super) fn settings(origin: &Origin, relative: &str, form: Form, content: &str) -> Result<Settings, ReadFailure> {
    let sink = match form {
        Form::Yaml => yaml::read(content)?,
        // What is INI to one is TOML to another: quotes decide.
        Form::Toml => toml::read(content).or_else(|failure| {
            if relative.to_ascii_lowercase().rsplit('.').next() == Some("toml") {
                Err(failure)
            } else {
                Ok(pairs::read(content))
            }
        })?,
        Form::Dockerfile => docker::read(content),
        Form::Pairs | Form::Diff | Form::Events => pairs::read(content),
    };
    Ok(Settings::new(origin, relative, content, sink.found, sink.dropped))
}

/// Values in text that stands inside a value, as files in a `ConfigMap` do.
fn nested(content: &str) -> Vec<Found> {
    let counted = content.lines().filter(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    let (mut lines, mut said) = (0, 0);
    for line in counted {
        lines += 1;
        said += usize::from(
            line.contains('=')
                || line.contains(": ")
                || line.trim_end().ends_with(':')
                || line.trim().starts_with("- "),
        );
    }
    if lines == 0 || said < lines {
        return Vec::new();
    }
    let is_pairs = content
        .lines()
        .any(|line| line.split_once('=').is_some_and(|(key, _)| !key.contains(": ")));
    if is_pairs {
        return pairs::read(content).found;
    }
    yaml::read_plain(content).map(|sink| sink.found).unwrap_or_default()
}
