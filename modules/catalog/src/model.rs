//! The words of the catalog: services, what they depend on, where each value came from, and what was declared beside
//! them. Pure data that cannot hold nonsense; knows nothing of files, databases or HTTP.
//!
//! The vocabulary of an import (findings, file reports, proposals) belongs to `import`.

use std::{cmp::Ordering, fmt, str::FromStr, sync::Arc};

use jiff::Timestamp;
use mainstay_kernel::Environment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The canonical name of a service: lower case, `-` instead of `_`, a valid host and Kubernetes name (RFC 1123 label).
/// Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "payments-api", pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
pub struct ServiceName(Arc<str>);

/// The text cannot name a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot name a service: use 1 to 63 letters, digits and hyphens, beginning and ending with a letter or digit, such as `payments-api`"
)]
pub struct InvalidServiceName(pub String);

impl ServiceName {
    /// Lower-cases the text, turns `_` into `-`, and checks that the result is an RFC 1123 label.
    ///
    /// # Errors
    /// When the canonical form is still no valid name.
    pub fn parse(text: &str) -> Result<Self, InvalidServiceName> {
        let canonical: String = text
            .chars()
            .map(|char| if char == '_' { '-' } else { char.to_ascii_lowercase() })
            .collect();
        let inner_ok = canonical
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let ends_ok = !canonical.starts_with('-') && !canonical.ends_with('-');
        if inner_ok && ends_ok && (1..=63).contains(&canonical.len()) {
            Ok(Self(canonical.into()))
        } else {
            Err(InvalidServiceName(text.chars().take(100).collect()))
        }
    }

    /// The canonical name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServiceName {
    type Err = InvalidServiceName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ServiceName {
    type Error = InvalidServiceName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> Self {
        name.as_str().to_owned()
    }
}

impl AsRef<str> for ServiceName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Declares an enum whose variants have one kebab-case text, the same on the wire, in files and in the database.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident, $error:literal { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The text on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { text: text.chars().take(100).collect(), what: $error, known: &[$($text),+] }),
                }
            }
        }
    };
}

/// The text is none of the words that are known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: use one of {}", known.join(", "))]
pub struct UnknownWord {
    text: String,
    what: &'static str,
    known: &'static [&'static str],
}

text_enum!(
    /// How much a service matters.
    #[derive(Default)]
    Tier, "a tier" {
        /// People are woken when it fails.
        Critical = "critical",
        /// Customers notice when it fails.
        High = "high",
        /// What nobody has graded.
        #[default]
        Standard = "standard",
        /// Can wait until Monday.
        Low = "low",
    }
);

text_enum!(
    /// What happens to a service when the other one is away.
    DependencyKind, "a kind of dependency" {
        /// It cannot work without the other one.
        Hard = "hard",
        /// It works on, perhaps with less to offer.
        Soft = "soft",
    }
);

text_enum!(
    /// What an endpoint is for.
    EndpointKind, "a kind of endpoint" {
        /// General health.
        Health = "health",
        /// May receive traffic.
        Readiness = "readiness",
        /// Need not be restarted.
        Liveness = "liveness",
        /// Metrics in Prometheus' text format.
        Metrics = "metrics",
        /// Where the service itself answers.
        Base = "base",
    }
);

text_enum!(
    /// What kind of source a value came from; ordered by precedence, the first wins.
    SourceKind, "a kind of source" {
        /// A person, in the dashboard or by the API.
        Person = "person",
        /// Mainstay's own YAML.
        Mainstay = "mainstay",
        /// Backstage `catalog-info.yaml`.
        Backstage = "backstage",
        /// A service registry (JSON).
        Registry = "registry",
        /// `monitor.toml` of an older monitor, a registry without a version.
        MonitorToml = "monitor-toml",
        /// One YAML file for one service.
        ServiceYaml = "service-yaml",
        /// Docker compose.
        Compose = "compose",
        /// Kubernetes manifests.
        Kubernetes = "kubernetes",
        /// Prometheus scrape configuration and rules.
        Prometheus = "prometheus",
        /// `slos.json`.
        Slos = "slos",
    }
);

text_enum!(
    /// Where a service is edited.
    ManagedBy, "a manager of services" {
        /// A file under version control: read-only everywhere else.
        File = "file",
        /// The API and the dashboard.
        Api = "api",
        /// An import; a person may edit it, and the edit wins over every later import.
        Import = "import",
    }
);

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

    /// Orders by precedence, the winner first: by kind, then the higher version, then by file name and line so that the
    /// order is total and the same every time.
    pub fn precedence(&self, other: &Self) -> Ordering {
        self.kind
            .cmp(&other.kind)
            .then_with(|| compare_versions(other.version.as_deref(), self.version.as_deref()))
            .then_with(|| self.file.cmp(&other.file))
            .then_with(|| self.line.cmp(&other.line))
    }

    /// Whether both are the same file (or both a person), whatever the line.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.kind == other.kind && self.file == other.file && self.version == other.version
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn underscores_and_capitals_are_the_same_name() {
        assert_eq!(ServiceName::parse("FKS_Api").unwrap().as_str(), "fks-api");
        assert_eq!(ServiceName::parse("fks-api"), ServiceName::parse("fks_api"));
    }

    #[test]
    fn a_name_that_no_host_could_have_is_refused_with_an_example() {
        for bad in ["", "-a", "a_", "a b", "a.b", "ünder", &"x".repeat(64)] {
            let error = ServiceName::parse(bad).unwrap_err().to_string();
            assert!(error.contains("payments-api"), "{error}");
        }
    }

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

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let error = "urgent".parse::<Tier>().unwrap_err().to_string();
        assert_eq!(error, "`urgent` is not a tier: use one of critical, high, standard, low");
    }

    proptest! {
        #[test]
        fn a_parsed_name_parses_to_itself(text in ".{0,70}") {
            if let Ok(name) = ServiceName::parse(&text) {
                prop_assert_eq!(ServiceName::parse(name.as_str()), Ok(name));
            }
        }

        #[test]
        fn versions_have_one_order(a in "[0-9]{1,2}(\\.[0-9]{1,2}){0,2}", b in "[0-9]{1,2}(\\.[0-9]{1,2}){0,2}") {
            prop_assert_eq!(compare_versions(Some(&a), Some(&b)), compare_versions(Some(&b), Some(&a)).reverse());
        }
    }
}
