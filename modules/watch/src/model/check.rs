//! What a check is: a target, how to ask it, and what counts as a good answer.

use std::fmt;

use jiff::Timestamp;
use mainstay_catalog::{ServiceName, Source};
use mainstay_kernel::Environment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{assertion::Assertion, check_state::Thresholds};

mainstay_kernel::typed_id!(
    /// Identifies a check.
    CheckId
);

/// The protocol a check speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckKind {
    /// One HTTP/1.1 request over a fresh connection.
    Http,
    /// A TCP connection that is opened and closed.
    Tcp,
}

/// What a passing check says about its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckRole {
    /// It is well.
    Health,
    /// It can take traffic.
    Readiness,
    /// Its process is alive.
    Liveness,
    /// Whatever the person who wrote the check meant.
    Custom,
}

impl CheckRole {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Readiness => "readiness",
            Self::Liveness => "liveness",
            Self::Custom => "custom",
        }
    }
}

impl fmt::Display for CheckRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a check is edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckManager {
    /// Generated from an endpoint in the catalog; a person's edits of it are kept.
    Catalog,
    /// A Mainstay YAML file; read-only here.
    File,
    /// The API and the dashboard.
    Api,
}

impl CheckManager {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::File => "file",
            Self::Api => "api",
        }
    }

    /// Reads the stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Catalog, Self::File, Self::Api]
            .into_iter()
            .find(|manager| manager.as_str() == name)
    }
}

/// A header sent with every probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The header's name.
    pub name: String,
    /// Where its value is.
    pub value: HeaderValue,
}

/// Where a header's value is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeaderValue {
    /// Here, for everyone to see.
    Plain(String),
    /// Here, but never shown.
    Secret(String),
    /// In a file of the configured secrets folder, read again when it changes; never shown.
    File(String),
}

impl HeaderValue {
    /// Whether the value must never be shown.
    pub fn is_secret(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

impl fmt::Debug for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(value) => f.debug_tuple("Plain").field(value).finish(),
            Self::Secret(_) => f.write_str("Secret(…)"),
            Self::File(name) => f.debug_tuple("File").field(name).finish(),
        }
    }
}

/// How a check probes and judges: everything but its name and place. Made by [`CheckDraft`](super::draft::CheckDraft),
/// which refuses nonsense.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckSpec {
    /// The protocol.
    pub kind: CheckKind,
    /// What passing says about the service.
    pub role: CheckRole,
    /// An `http`/`https` URL, or `host:port` for TCP.
    pub target: String,
    /// The HTTP method.
    pub method: String,
    /// Headers sent.
    pub headers: Vec<Header>,
    /// The request's body.
    pub body: Option<String>,
    /// What must hold of the answer; without one about the status, 200 to 299 is expected.
    pub assertions: Vec<Assertion>,
    /// Milliseconds from one probe to the next.
    pub interval_ms: u32,
    /// Milliseconds for everything from name resolution to the last byte.
    pub timeout_ms: u32,
    /// Failures in a row before the check is down.
    pub failures_before_down: u32,
    /// Successes in a row before it is up again.
    pub successes_before_up: u32,
    /// Milliseconds to the next attempt while the results contradict the state.
    pub retry_ms: u32,
    /// Whether redirects are followed (at most ten) or are themselves the answer.
    pub follow_redirects: bool,
    /// Whether any certificate is accepted.
    pub insecure: bool,
}

impl CheckSpec {
    /// How many results in a row decide.
    pub fn thresholds(&self) -> Thresholds {
        Thresholds {
            failures: self.failures_before_down,
            successes: self.successes_before_up,
        }
    }
}

/// A check of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Identifies it everywhere outside.
    pub id: CheckId,
    /// A small number that stands for the id in high-rate rows.
    pub key: i64,
    /// Where the service runs.
    pub environment: Environment,
    /// The service it speaks for.
    pub service: ServiceName,
    /// Unique among the service's checks.
    pub name: String,
    /// How it probes and judges.
    pub spec: CheckSpec,
    /// Whether it is paused.
    pub paused: bool,
    /// Where it is edited.
    pub managed_by: CheckManager,
    /// The file it comes from.
    pub source: Option<Source>,
    /// Fields of a generated check that a person changed; the catalog leaves them alone.
    pub edited: Vec<String>,
    /// Grows by one with every change; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
