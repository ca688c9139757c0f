//! The words of the catalog: services, what they depend on, where each value came from, and what was declared beside
//! them. Pure data that cannot hold nonsense; knows nothing of files, databases or HTTP.
//!
//! The vocabulary of an import (findings, file reports, proposals) belongs to `import`.

use jiff::Timestamp;
use mainstay_kernel::Environment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod name;
mod source;
mod words;

pub use name::{InvalidServiceName, ServiceName};
pub(crate) use source::Rank;
pub use source::{Source, compare_versions};
pub use words::{DependencyKind, EndpointKind, ManagedBy, SourceKind, Tier, UnknownWord};

/// A page about the service: its repository, a dashboard, a runbook.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What the page is.
    pub title: String,
    /// An absolute `http` or `https` URL.
    pub url: String,
}

/// Where a service can be reached for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// What it is for; a service has at most one endpoint of each kind.
    pub kind: EndpointKind,
    /// An absolute `http` or `https` URL, or `tcp://host:port`.
    pub url: String,
}

/// One service needs another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// The service that is needed.
    pub service: ServiceName,
    /// How badly.
    pub kind: DependencyKind,
}

/// What the sources together say about a service: a [`Service`] without its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceSpec {
    /// Unique in its environment.
    pub name: ServiceName,
    /// Where it runs.
    pub environment: Environment,
    /// What it does, in a sentence or two.
    pub description: Option<String>,
    /// The team or person that answers for it.
    pub owner: Option<String>,
    /// How much it matters.
    pub tier: Tier,
    /// Pages about it.
    pub links: Vec<Link>,
    /// Where it can be reached; at most one of each kind, in the order of [`EndpointKind`].
    pub endpoints: Vec<Endpoint>,
    /// What it needs, by name, each once.
    pub dependencies: Vec<Dependency>,
}

impl ServiceSpec {
    /// A service of which only the name is known.
    pub fn named(name: ServiceName, environment: Environment) -> Self {
        Self {
            name,
            environment,
            description: None,
            owner: None,
            tier: Tier::default(),
            links: Vec::new(),
            endpoints: Vec::new(),
            dependencies: Vec::new(),
        }
    }
}

/// A service of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Service {
    /// Unique in its environment.
    pub name: ServiceName,
    /// What it does, in a sentence or two.
    pub description: Option<String>,
    /// The team or person that answers for it.
    pub owner: Option<String>,
    /// How much it matters.
    pub tier: Tier,
    /// Where it runs.
    #[schema(value_type = String, example = "production")]
    pub environment: Environment,
    /// Pages about it.
    pub links: Vec<Link>,
    /// Where it can be reached; at most one of each kind.
    pub endpoints: Vec<Endpoint>,
    /// What it needs.
    pub dependencies: Vec<Dependency>,
    /// Where it is edited.
    pub managed_by: ManagedBy,
    /// The source of the highest precedence that names it; absent when only a person does.
    pub source: Option<Source>,
    /// When Mainstay first saw it.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Grows by one with every change; the `ETag`.
    pub version: i64,
}

impl Service {
    /// The endpoint of the given kind.
    pub fn endpoint(&self, kind: EndpointKind) -> Option<&str> {
        self.endpoints
            .iter()
            .find(|endpoint| endpoint.kind == kind)
            .map(|endpoint| endpoint.url.as_str())
    }

    /// What it is, without its history.
    pub fn spec(&self) -> ServiceSpec {
        ServiceSpec {
            name: self.name.clone(),
            environment: self.environment.clone(),
            description: self.description.clone(),
            owner: self.owner.clone(),
            tier: self.tier,
            links: self.links.clone(),
            endpoints: self.endpoints.clone(),
            dependencies: self.dependencies.clone(),
        }
    }
}

/// The names of the fields a [`Fact`] can be about. Any other name is kept and shown, but makes no part of a service.
pub mod field {
    /// The service exists; the value is the name as the source spells it.
    pub const NAME: &str = "name";
    /// Text.
    pub const DESCRIPTION: &str = "description";
    /// Text.
    pub const OWNER: &str = "owner";
    /// A [`super::Tier`].
    pub const TIER: &str = "tier";
    /// The port it listens on, a number.
    pub const PORT: &str = "port";
    /// A URL.
    pub const BASE_URL: &str = "base_url";
    /// A URL.
    pub const HEALTH_URL: &str = "health_url";
    /// A URL.
    pub const READINESS_URL: &str = "readiness_url";
    /// A URL.
    pub const LIVENESS_URL: &str = "liveness_url";
    /// A URL.
    pub const METRICS_URL: &str = "metrics_url";
    /// One fact for each dependency, `{"service": "...", "kind": "hard|soft"}`; `null` says that there are none. The
    /// winning source's dependencies replace those of all others.
    pub const DEPENDENCY: &str = "dependency";
    /// One fact for each link, `{"title": "...", "url": "..."}`; `null` says that there are none.
    pub const LINK: &str = "link";
}

impl EndpointKind {
    /// The fact field that holds this endpoint.
    pub fn field(self) -> &'static str {
        match self {
            Self::Health => field::HEALTH_URL,
            Self::Readiness => field::READINESS_URL,
            Self::Liveness => field::LIVENESS_URL,
            Self::Metrics => field::METRICS_URL,
            Self::Base => field::BASE_URL,
        }
    }
}

/// One value that one source gives for one field of one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Fact {
    /// The service it is about.
    pub service: ServiceName,
    /// Where that service runs.
    #[schema(value_type = String, example = "production")]
    pub environment: Environment,
    /// The field, one of [`field`] or another name that is only shown.
    #[schema(example = "health_url")]
    pub field: String,
    /// What the source says: text, a number, an object for dependencies and links, or `null` for "none".
    pub value: serde_json::Value,
    /// Who says so.
    pub source: Source,
    /// Whether this value is the one in force.
    pub wins: bool,
    /// Whether a newer version of the same source replaced it; such a fact never wins.
    pub superseded: bool,
}

/// Something that was declared beside the services in an imported file and belongs to another module: a check, an SLO, a
/// webhook. The catalog keeps it and does not interpret its body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Declaration {
    /// What it is, in lower case: `check`, `slo`, `webhook`.
    #[schema(example = "slo")]
    pub kind: String,
    /// Unique among the declarations of its kind and environment.
    pub name: String,
    /// Where it applies.
    #[schema(value_type = String, example = "production")]
    pub environment: Environment,
    /// The body as the file gives it.
    pub body: serde_json::Value,
    /// The file it stands in.
    pub source: Source,
}
