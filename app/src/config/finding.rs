//! What is wrong with a configuration, in sentences for the person who wrote it. Decides nothing: the rules are elsewhere.

use std::fmt;

use serde::Serialize;

/// What follows from a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The configuration itself is wrong: Mainstay refuses to start.
    Refused,
    /// Something that the configuration names is missing: Mainstay starts, and says that it works without.
    LeftOut,
    /// Probably a mistake; nothing follows from it.
    Warning,
}

/// Something that is wrong, or probably so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What follows from it.
    pub severity: Severity,
    /// The dotted key; empty when it is about the whole file.
    pub key: String,
    /// File and line, variable or flag.
    pub from: String,
    /// What is wrong and what to do, to be read after the key.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.from, self.message),
            key => write!(f, "{}: `{key}` {}", self.from, self.message),
        }
    }
}

/// A key whose value is wrong, before anybody has looked up where the value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The dotted key.
    pub key: String,
    /// What is wrong and what to do, to be read after the key.
    pub message: String,
}

impl Wrong {
    /// This key, and what is wrong with its value.
    pub fn new(key: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            key: key.into(),
            message: message.to_string(),
        }
    }
}

/// Everything that is wrong with one part of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(|wrong| format!("`{}` {}", wrong.key, wrong.message)).collect::<Vec<_>>().join("; "))]
pub struct Invalid(pub Vec<Wrong>);

/// Collects what is wrong, so that a person hears of all of it at once.
#[derive(Debug, Default)]
pub struct Judge(Vec<Wrong>);

impl Judge {
    /// Adds what is wrong with a key.
    pub fn refuse(&mut self, key: impl Into<String>, message: impl fmt::Display) {
        self.0.push(Wrong::new(key, message));
    }

    /// The value, or the fallback with a word about the key.
    pub fn take<T, E: fmt::Display>(&mut self, key: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.refuse(key, error)).ok()
    }

    /// The number, which must be within a range.
    pub fn within<N: PartialOrd + fmt::Display + Copy>(
        &mut self,
        key: &str,
        value: N,
        range: std::ops::RangeInclusive<N>,
    ) {
        if !range.contains(&value) {
            let (least, most) = range.into_inner();
            self.refuse(key, format_args!("is {value}; use {least} to {most}"));
        }
    }

    /// The value, when nothing was wrong.
    ///
    /// # Errors
    /// Everything that was.
    pub fn end<T>(self, value: T) -> Result<T, Invalid> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(Invalid(self.0))
        }
    }
}
