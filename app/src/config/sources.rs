//! Where values come from: a flag, a variable, a line of the file, or the default; and how each is named to a person.
//!
//! **Invariant:** the only place that reads the environment.

use std::path::{Path, PathBuf};

use figment::{
    Figment, Profile, Provider,
    providers::{Env, Serialized},
    value::{Dict, Map},
};
use serde::Serialize;

use super::{
    finding::{Finding, Severity},
    load::FILE_NAME,
    places::{Places, join},
    words::what_is_wrong,
};

/// What variables begin with.
const PREFIX: &str = "MAINSTAY_";
/// Variables with that prefix that are no keys: they belong to other verbs.
const NO_KEYS: [&str; 2] = ["server", "token"];

/// `MAINSTAY_WATCH__RETRY_MS` is `watch.retry_ms`. What tests are told by variables is not for the product.
pub(super) fn variables() -> Env {
    Env::prefixed(PREFIX)
        .ignore(&NO_KEYS)
        .filter(|key| !key.starts_with("test_"))
        .split("__")
}

/// One value from the command line, so that its origin can be named.
pub(super) struct Flag<V>(pub &'static str, pub &'static str, pub V);

impl<V: Serialize + Clone> Provider for Flag<V> {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named(format!("flag {}", self.0))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Serialized::default(self.1, self.2.clone()).data()
    }
}

/// Knows where each value came from.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) figment: Figment,
    pub(super) places: Places,
    pub(super) file: Option<PathBuf>,
}

/// What a value came from, as far as anybody needs to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin<'a> {
    Default,
    File,
    Variable,
    Flag(&'a str),
}

impl Sources {
    /// Where a value came from; the default's when nobody gave it.
    pub(super) fn of(&self, key: &str) -> String {
        // A list comes from one place as a whole, but a key that its tables leave out is the default's.
        let left_out = key.contains('[') && !self.places.gives(key);
        match self.origin(key) {
            Origin::File if left_out => "the default".to_owned(),
            _ => self.place(key),
        }
    }

    /// Where to look for a value that is wrong or missing.
    pub(super) fn place(&self, key: &str) -> String {
        match (self.origin(key), &self.file) {
            (Origin::File, Some(file)) => match self.places.line(key) {
                Some(line) => format!("{}:{line}", file.display()),
                None => file.display().to_string(),
            },
            (Origin::Variable, _) => variable(key),
            (Origin::Flag(flag), _) => flag.to_owned(),
            (Origin::Default | Origin::File, _) => "the default".to_owned(),
        }
    }

    /// Whether somebody gave the value.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.origin(key) != Origin::Default
    }

    /// The file of the webhooks, when they come from it.
    pub(super) fn root_file(&self) -> Option<String> {
        let file = self.file.as_ref().filter(|_| self.origin("webhook") == Origin::File)?;
        Some(file.display().to_string())
    }

    fn origin(&self, key: &str) -> Origin<'_> {
        let root = key.split('[').next().unwrap_or(key);
        self.figment.find_metadata(root).map_or(Origin::Default, kind)
    }

    /// What the extraction could not use.
    pub(super) fn misfit(&self, error: &figment::Error) -> Finding {
        let key = dotted(&error.path);
        let from = match error.metadata.as_ref().map(kind) {
            None | Some(Origin::Default) => self.place(&key),
            Some(Origin::Variable) => variable(&key),
            Some(Origin::Flag(flag)) => flag.to_owned(),
            Some(Origin::File) => {
                let file = self.file.as_deref().unwrap_or(Path::new(FILE_NAME)).display();
                match self.places.line(&key) {
                    Some(line) => format!("{file}:{line}"),
                    None => file.to_string(),
                }
            }
        };
        Finding {
            severity: Severity::Refused,
            message: what_is_wrong(&key, &error.kind),
            key,
            from,
        }
    }
}

fn kind(metadata: &figment::Metadata) -> Origin<'_> {
    match &metadata.source {
        Some(figment::Source::File(_)) => Origin::File,
        _ if metadata.name.contains("environment variable") => Origin::Variable,
        _ => match metadata.name.strip_prefix("flag ") {
            Some(flag) => Origin::Flag(flag),
            None => Origin::Default,
        },
    }
}

/// The variable that gave a key: its own, or that of the section or list around it.
fn variable(key: &str) -> String {
    let given: Vec<String> = variables().iter().map(|(key, _)| key.as_str().to_owned()).collect();
    let around = |name: &&String| {
        key.strip_prefix(name.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let name = given.iter().filter(around).max_by_key(|name| name.len());
    let name = name.map_or(key, String::as_str);
    format!("{PREFIX}{}", name.to_ascii_uppercase().replace('.', "__"))
}

/// `webhook.0.format` as `webhook[0].format`.
fn dotted(path: &[String]) -> String {
    let mut key = String::new();
    for part in path {
        if part.parse::<usize>().is_ok() {
            key = format!("{key}[{part}]");
        } else {
            key = join(&key, part);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_named_as_it_is_written() {
        assert_eq!(variable("watch.retry_ms"), "MAINSTAY_WATCH__RETRY_MS");
    }
}
