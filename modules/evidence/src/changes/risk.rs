//! Risks of settings: what they are, and the names of settings by which the rules go.
//!
//! Certainties are judgement, in four steps: [`PLAIN`] where the value alone is the harm, [`STRONG`] where it harms unless
//! somebody thought of it, [`POSSIBLE`] where it depends on what else there is, [`WEAK`] where it is only worth knowing.

use serde::Serialize;

use super::{
    quantity::duration,
    rules::{changed, removed, standing},
    secret::Value,
    settings::Place,
};
use crate::quote::Quote;

/// The value alone is the harm.
pub const PLAIN: f64 = 0.9;
/// It harms unless somebody thought of it.
pub const STRONG: f64 = 0.7;
/// It depends on what else there is.
pub const POSSIBLE: f64 = 0.5;
/// It is worth knowing.
pub const WEAK: f64 = 0.3;

/// What is risky.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskKind {
    /// A timeout of 0: none, or at once, depending on the reader.
    TimeoutZero,
    /// A timeout was shortened a lot.
    TimeoutCut,
    /// A timeout was lengthened a lot, so that what waits holds what it has for longer.
    TimeoutGrown,
    /// A timeout is shorter than that of what it calls, which then works for nobody.
    TimeoutShorterThanCallee,
    /// A pool, a queue, a cache or a limit of connections was cut a lot.
    PoolCut,
    /// Less memory or processor.
    ResourcesCut,
    /// Nothing runs.
    ReplicasZero,
    /// Fewer replicas.
    ReplicasCut,
    /// Debugging is on.
    DebugOn,
    /// Retries without an end, or very many.
    RetriesUnlimited,
    /// Certificates are not verified.
    VerificationOff,
    /// Another version runs.
    ImageChanged,
    /// A version that may change by itself.
    ImageUnpinned,
    /// A feature was switched.
    FlagFlipped,
    /// Another address, host or port.
    AddressChanged,
    /// Nothing watches any more whether it works.
    ProbeRemoved,
    /// A secret is another one, or gone.
    SecretChanged,
}

/// One such thing, with why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Risk {
    /// What.
    pub kind: RiskKind,
    /// Why, in words.
    pub reason: String,
    /// How sure it is that it can do harm.
    pub certainty: f64,
}

/// A risky value that stands in the settings that are in force, changed or not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskFact {
    /// Whose.
    pub component: String,
    /// File and path of the setting.
    pub file: String,
    /// Path in the file.
    pub path: String,
    /// What is set.
    pub value: Value,
    /// What is risky about it.
    pub risk: Risk,
    /// Where it stands.
    pub place: Place,
    /// The line. None if it may hold a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
}

/// The name of a setting, to be looked at.
pub(super) struct Name {
    /// All of the path, in lower case.
    pub path: String,
    /// The last part that says something, letters and digits only.
    pub last: String,
}

impl Name {
    fn of(path: &str) -> Self {
        let path = path.to_ascii_lowercase();
        let plain = |part: &str| part.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        // `env[POOL_SIZE].value` is about POOL_SIZE, `timeout.seconds` about the timeout.
        let mut parts = path.rsplit(['.', ':', '/', '[']).map(plain);
        let generic = [
            "value", "default", "seconds", "ms", "millis", "enabled", "size", "max", "min",
        ];
        let first = parts.next().unwrap_or_default();
        let last = if generic.contains(&first.as_str()) {
            parts.next().unwrap_or_default() + &first
        } else {
            first
        };
        Self { path, last }
    }

    pub fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.last.contains(word))
    }

    pub fn within(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.path.contains(word))
    }

    /// Whether it is an address or a part of one.
    pub fn is_address(&self) -> bool {
        self.has(&[
            "host", "hostname", "url", "uri", "address", "addr", "endpoint", "port", "server",
        ]) && !self.has(&["export", "report", "support", "import", "transport", "ghost"])
    }

    pub fn is_timeout(&self) -> bool {
        self.has(&["timeout", "deadline"]) && !self.has(&["session", "enabled"])
    }
}

/// Seconds of a timeout, if the setting is one.
pub(super) fn timeout(path: &str, text: &str) -> Option<f64> {
    let name = Name::of(path);
    if !name.is_timeout() {
        return None;
    }
    duration(&name.last, text).map(|found| found.number)
}

/// The host that an address or a setting of a host names.
pub(super) fn host(path: &str, text: &str) -> Option<String> {
    let text = text.trim();
    let authority = match text.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', ' ']).next()?,
        None if Name::of(path).is_address() => text,
        None => return None,
    };
    let host = authority.rsplit('@').next()?.split(':').next()?;
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// What is risky about a value that became another. Without `before` the value is judged as it stands; without `after` it is gone.
pub(super) fn judge(path: &str, before: Option<&Value>, after: Option<&Value>) -> Vec<Risk> {
    let name = Name::of(path);
    let mut risks = Vec::new();
    if let Some(after) = after {
        standing(&name, after.text().trim(), &mut risks);
    }
    match (before, after) {
        (Some(old), Some(new)) => changed(&name, old, new, &mut risks),
        (Some(old), None) => removed(&name, old, &mut risks),
        _ => {}
    }
    risks
}
