//! What one file says, in terms that no longer depend on its format: the meeting point of parsers and rules.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_kernel::Environment;

use crate::model::{DependencyKind, Link, Tier};

use super::{address::Address, tree::DuplicateKey};

/// A value and the line it starts on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) line: usize,
}

impl<T> At<T> {
    pub(crate) fn new(value: T, line: usize) -> Self {
        Self { value, line }
    }
}

/// What an endpoint is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Base,
    Health,
    Ready,
    Live,
    Metrics,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Health => "health",
            Self::Ready => "ready",
            Self::Live => "live",
            Self::Metrics => "metrics",
        }
    }

    /// The name in a sentence.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ready => "readiness",
            Self::Live => "liveness",
            other => other.name(),
        }
    }

    /// Liveness and health answer the same question; readiness another.
    pub(crate) fn same_question(self, other: Self) -> bool {
        let group = |role| if role == Self::Live { Self::Health } else { role };
        group(self) == group(other)
    }

    pub(crate) fn is_probe(self) -> bool {
        matches!(self, Self::Health | Self::Ready | Self::Live)
    }
}

/// A URL that a file gives for a service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UrlAt {
    pub(crate) role: Role,
    pub(crate) text: String,
    pub(crate) address: Address,
    pub(crate) line: usize,
}

/// The ports one file states for one service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ports {
    /// Everything it states.
    pub(crate) all: BTreeSet<u16>,
    /// The one that a registry gives for containers (`port_docker`).
    pub(crate) docker: Option<u16>,
    /// The one it is known by.
    pub(crate) main: u16,
    pub(crate) line: usize,
}

/// One entry of a dependency list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DependencyAt {
    pub(crate) name: String,
    pub(crate) kind: DependencyKind,
    pub(crate) line: usize,
    /// URLs given for the dependency, which say something about that other service.
    pub(crate) urls: Vec<UrlAt>,
}

/// A dependency list; that it exists is a statement even when it is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Dependencies {
    pub(crate) line: usize,
    pub(crate) items: Vec<DependencyAt>,
    /// The line on which the file says that the service observes all others.
    pub(crate) all: Option<usize>,
}

/// What one file says about one service.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Statement {
    /// As written.
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) line: usize,
    /// Where it runs; the import's environment when absent.
    pub(crate) environment: Option<Environment>,
    pub(crate) description: Option<At<String>>,
    pub(crate) owner: Option<At<String>>,
    pub(crate) tier: Option<At<Tier>>,
    pub(crate) links: Vec<At<Link>>,
    pub(crate) ports: Option<Ports>,
    pub(crate) urls: Vec<UrlAt>,
    pub(crate) dependencies: Option<Dependencies>,
    /// What compose needs beyond this.
    pub(crate) container: Option<Container>,
}

/// A compose service as a container.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Container {
    pub(crate) name: Option<String>,
    pub(crate) image: Option<String>,
    /// Ports that a mapping or `expose` opens inside the container.
    pub(crate) opened: BTreeSet<u16>,
    pub(crate) published: Vec<Published>,
}

/// A port that compose publishes on the host.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Published {
    /// The address it is bound to; empty for all.
    pub(crate) address: String,
    pub(crate) host: u16,
    pub(crate) container: u16,
    pub(crate) protocol: String,
    pub(crate) line: usize,
}

/// An object of another module.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    /// In lower case: `check`, `slo`, `webhook`.
    pub(crate) kind: String,
    pub(crate) name: String,
    /// The import's environment when absent.
    pub(crate) environment: Option<Environment>,
    pub(crate) body: serde_json::Value,
    /// The service it is for, where it names one.
    pub(crate) service: Option<At<String>>,
    pub(crate) line: usize,
}

/// A service's objectives, in the units of `slos.json`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Objective {
    pub(crate) service: String,
    pub(crate) line: usize,
    pub(crate) environment: Option<Environment>,
    /// The keys as written, with their numbers.
    pub(crate) numbers: BTreeMap<String, At<f64>>,
}

/// What a name is used as, which decides what it may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// The host of a URL: any RFC 1123 name, in any case.
    Host,
    /// A Kubernetes Service or container: one label in lower case.
    KubernetesLabel,
    /// Another Kubernetes object: labels with dots, in lower case.
    KubernetesName,
    /// A service, whose normalised name must be one label.
    Service,
}

/// A name that is used on a network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NameUse {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) rule: NameRule,
}

/// A static target of a scrape job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) scheme: String,
    pub(crate) path: String,
    pub(crate) line: usize,
}

/// A scrape job's own path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MetricsPath {
    pub(crate) job: String,
    pub(crate) path: String,
    pub(crate) line: usize,
}

/// A Prometheus configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PrometheusConfig {
    pub(crate) targets: Vec<Target>,
    pub(crate) metrics_paths: Vec<MetricsPath>,
    pub(crate) rule_files: Vec<At<String>>,
    /// It stands inside another file, so that its own folder is unknown.
    pub(crate) embedded: bool,
}

/// A group of rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RuleFile {
    pub(crate) line: usize,
    /// The names of its groups, comma-separated.
    pub(crate) group_names: String,
    pub(crate) rules: Vec<Rule>,
    /// It belongs to an operator's `PrometheusRule`, which needs no `rule_files`.
    pub(crate) operator: bool,
    /// The name under which a configuration could load it.
    pub(crate) load_name: Option<String>,
}

/// A recording or alerting rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) expression: String,
    pub(crate) line: usize,
    /// The expression's first line stands below `line` because it is a block.
    pub(crate) block: bool,
}

/// A variable where nothing expands it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct VariableUse {
    pub(crate) variable: String,
    pub(crate) key: String,
    pub(crate) line: usize,
}

/// What a Kubernetes file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Kubernetes {
    pub(crate) objects: Vec<KubeObject>,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) services: Vec<KubeService>,
    pub(crate) backends: Vec<Backend>,
    /// Kinds of objects that say nothing about services, each as often as it occurs.
    pub(crate) unused: Vec<String>,
}

/// Any object with a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KubeObject {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) line: usize,
}

/// Something that runs pods.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) line: usize,
    /// Runs all the time: not a `Job` or `CronJob`.
    pub(crate) serves: bool,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) containers: Vec<KubeContainer>,
}

/// One container of a workload.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct KubeContainer {
    pub(crate) image: Option<String>,
    pub(crate) ports: Vec<KubePort>,
    pub(crate) probes: Vec<Probe>,
}

/// A `containerPort`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KubePort {
    pub(crate) number: u16,
    pub(crate) name: Option<String>,
    pub(crate) line: usize,
}

/// A probe that Kubernetes makes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Probe {
    pub(crate) role: Role,
    /// The line of `livenessProbe:` and so on.
    pub(crate) line: usize,
    /// Absent unless it is `httpGet`.
    pub(crate) path: Option<At<String>>,
    /// A number or a name.
    pub(crate) port: Option<At<String>>,
    pub(crate) timeout_s: Option<At<f64>>,
    pub(crate) http: bool,
}

/// A Kubernetes `Service`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct KubeService {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) line: usize,
    pub(crate) selector: BTreeMap<String, String>,
    pub(crate) ports: Vec<KubeServicePort>,
}

/// A port of a Kubernetes `Service`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KubeServicePort {
    pub(crate) number: u16,
    pub(crate) name: Option<String>,
    /// A number or a name.
    pub(crate) target: Option<String>,
    pub(crate) line: usize,
}

/// Where an Ingress leads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Backend {
    pub(crate) namespace: String,
    pub(crate) service: String,
    /// A number or a name.
    pub(crate) port: Option<String>,
    pub(crate) line: usize,
}

/// Everything one file says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) version: Option<At<String>>,
    pub(crate) updated: Option<At<String>>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) objectives: Vec<Objective>,
    pub(crate) names: Vec<NameUse>,
    pub(crate) prometheus: Vec<PrometheusConfig>,
    pub(crate) rule_files: Vec<RuleFile>,
    pub(crate) variables: Vec<VariableUse>,
    pub(crate) kubernetes: Kubernetes,
    pub(crate) declarations: Vec<Declared>,
    pub(crate) duplicates: Vec<DuplicateKey>,
    /// What is wrong with a document of Mainstay's own format, and where.
    pub(crate) invalid: Vec<At<String>>,
    /// What a person should know about how the file was used.
    pub(crate) note: String,
}

impl Content {
    /// Reads a URL for a service and notes its host; nothing when the text is no URL or its host is a variable.
    pub(crate) fn url(&mut self, role: Role, text: &str, line: usize) -> Option<UrlAt> {
        let text = super::address::expand(text)?;
        let address = Address::parse(&text)?;
        self.names.push(NameUse {
            name: address.host.clone(),
            line,
            rule: NameRule::Host,
        });
        Some(UrlAt {
            role,
            text,
            address,
            line,
        })
    }
}
