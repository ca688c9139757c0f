//! From everything that is said to facts, services and dependencies. Turns statements into facts; which of them win is
//! decided in [`crate::facts`], as it is for the catalog.
//!
//! Losing facts stay, so that a person can see who else says what.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{
    address::is_loopback,
    content::{Role, Statement},
    detect::FileKind,
    landscape::{File, Key, Landscape},
    report::Edge,
};
use crate::{
    facts::decide,
    model::{Dependency, DependencyKind, EndpointKind, Fact, ServiceName, ServiceSpec, field},
};

/// The numbers of `slos.json` that are kept as facts, under `objective_` and their name.
const OBJECTIVES: &[&str] = &[
    "availability",
    "error_budget",
    "error_rate",
    "latency_p50",
    "latency_p95",
    "latency_p99",
    "throughput",
    "monthly_downtime_minutes",
    "weekly_downtime_minutes",
];

/// What the files say together.
#[derive(Default)]
pub(crate) struct Merged {
    pub(crate) services: Vec<ServiceSpec>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) edges: Vec<Edge>,
}

/// Decides what is in force, by the rules of [`crate::facts`].
pub(crate) fn merge(landscape: &Landscape<'_>) -> Merged {
    let mut merged = Merged::default();
    for (key, mut facts) in collect(landscape) {
        if let Some(decided) = decide(&mut facts, false) {
            let dependencies = decided.spec.dependencies.iter().zip(decided.dependency_sources);
            merged.edges.extend(dependencies.map(|(dependency, source)| Edge {
                environment: key.environment.clone(),
                from: decided.spec.name.clone(),
                to: dependency.service.clone(),
                kind: dependency.kind,
                source,
            }));
            merged.services.push(decided.spec);
        }
        merged.facts.append(&mut facts);
    }
    merged
}

/// Every fact about every service; what one file says about one field in the order in which it counts.
fn collect(landscape: &Landscape<'_>) -> BTreeMap<Key, Vec<Fact>> {
    let mut facts = Facts(BTreeMap::new());
    for (key, said) in landscape.services() {
        let mut before: Option<&File> = None;
        for one in said {
            // Defined a second time in one file, the definition that counts comes first, and its lists are whole.
            let again = before
                .replace(one.file)
                .is_some_and(|file| std::ptr::eq(file, one.file));
            facts.of(key, one.file, |collector| {
                collector.statement(one.statement, again, landscape);
            });
        }
    }
    for file in landscape.current() {
        targets(file, landscape, &mut facts);
        objectives(file, landscape, &mut facts);
    }
    for file in landscape.files.iter().filter(|file| file.superseded_by.is_some()) {
        for statement in &file.content.statements {
            let key = landscape.key(&statement.name, statement.environment.as_ref());
            // A service that only an older version names is none, and what was said about it is of no use.
            if landscape.knows(&key) {
                facts.of(&key, file, |collector| collector.statement(statement, false, landscape));
            }
        }
    }
    facts.0
}

/// Metrics endpoints that Prometheus scrapes, of the service whose name is the target's host.
fn targets(file: &File, landscape: &Landscape<'_>, facts: &mut Facts) {
    for target in file.content.prometheus.iter().flat_map(|config| &config.targets) {
        let key = landscape.key(&target.host, None);
        if !is_loopback(&target.host) && landscape.knows(&key) {
            let url = format!("{}://{}:{}{}", target.scheme, target.host, target.port, target.path);
            facts.of(&key, file, |collector| {
                collector.add(field::METRICS_URL, json!(url), target.line);
            });
        }
    }
}

/// The numbers of `slos.json`, which are shown beside the service whether or not they became an SLO.
fn objectives(file: &File, landscape: &Landscape<'_>, facts: &mut Facts) {
    if file.kind != FileKind::Slos {
        return;
    }
    for objective in &file.content.objectives {
        let key = landscape.key(&objective.service, objective.environment.as_ref());
        facts.of(&key, file, |collector| {
            for (name, number) in &objective.numbers {
                if OBJECTIVES.contains(&name.as_str()) {
                    collector.add(&format!("objective_{name}"), json!(number.value), number.line);
                }
            }
        });
    }
}

/// Facts by the service they are about.
struct Facts(BTreeMap<Key, Vec<Fact>>);

impl Facts {
    /// Lets `tell` add what the file says about the service; nothing when that name can be no service's.
    fn of(&mut self, key: &Key, file: &File, tell: impl FnOnce(&mut Collector<'_>)) {
        let Ok(name) = ServiceName::parse(&key.name) else {
            return;
        };
        tell(&mut Collector {
            name: &name,
            key,
            file,
            facts: self.0.entry(key.clone()).or_default(),
        });
    }
}

/// Turns statements about one service by one file into facts.
struct Collector<'a> {
    name: &'a ServiceName,
    key: &'a Key,
    file: &'a File,
    facts: &'a mut Vec<Fact>,
}

impl Collector<'_> {
    fn add(&mut self, field: &str, value: Json, line: usize) {
        self.facts.push(Fact {
            service: self.name.clone(),
            environment: self.key.environment.clone(),
            field: field.to_owned(),
            value,
            source: self.file.source(line),
            wins: false,
            superseded: self.file.superseded_by.is_some(),
        });
    }

    /// `again` when the file says something else about the service that counts more.
    fn statement(&mut self, statement: &Statement, again: bool, landscape: &Landscape<'_>) {
        self.add(field::NAME, json!(statement.name), statement.line);
        if let Some(text) = &statement.description {
            self.add(field::DESCRIPTION, json!(text.value), text.line);
        }
        if let Some(text) = &statement.owner {
            self.add(field::OWNER, json!(text.value), text.line);
        }
        if let Some(tier) = &statement.tier {
            self.add(field::TIER, json!(tier.value), tier.line);
        }
        if let Some(ports) = &statement.ports {
            self.add(field::PORT, json!(ports.main), ports.line);
        }
        let mut given = BTreeSet::new();
        for url in &statement.urls {
            // A service has one endpoint of each kind; the first that a file names is meant.
            if given.insert(url.role) {
                let text = self.reachable(statement, &url.text, url.address.port, &url.address.path);
                self.add(endpoint(url.role).field(), json!(text), url.line);
            }
        }
        if !again {
            for link in &statement.links {
                self.add(field::LINK, json!(link.value), link.line);
            }
            self.dependencies(statement, landscape);
        }
    }

    /// The health check of a compose file speaks of `localhost` inside the container; from outside that is the published
    /// port, or else the service's name on the compose network.
    fn reachable(&self, statement: &Statement, text: &str, port: Option<u16>, path: &str) -> String {
        let Some(container) = statement
            .container
            .as_ref()
            .filter(|_| self.file.kind == FileKind::Compose)
        else {
            return text.to_owned();
        };
        let Some(port) = port else {
            return text.to_owned();
        };
        match container
            .published
            .iter()
            .find(|known| known.container == port && known.host > 0)
        {
            Some(known) => format!("http://localhost:{}{path}", known.host),
            None => format!("http://{}:{port}{path}", statement.name),
        }
    }

    fn dependencies(&mut self, statement: &Statement, landscape: &Landscape<'_>) {
        let Some(list) = &statement.dependencies else {
            return;
        };
        let mut needed: BTreeMap<ServiceName, (DependencyKind, usize)> = BTreeMap::new();
        if let (Some(line), false) = (list.all, self.file.superseded_by.is_some()) {
            let others = landscape
                .services()
                .filter(|(key, _)| key.environment == self.key.environment && *key != self.key);
            for (other, _) in others {
                if let Ok(name) = ServiceName::parse(&other.name) {
                    needed.insert(name, (DependencyKind::Soft, line));
                }
            }
        }
        for item in &list.items {
            let key = landscape.key(&item.name, Some(&self.key.environment));
            let Ok(name) = ServiceName::parse(&key.name) else {
                continue;
            };
            // Named twice, the harder one counts.
            let known = needed.get(&name).is_some_and(|known| known.0 <= item.kind);
            if name != *self.name && !known {
                needed.insert(name, (item.kind, item.line));
            }
        }
        if needed.is_empty() {
            self.add(field::DEPENDENCY, Json::Null, list.line);
        }
        for (service, (kind, line)) in needed {
            self.add(field::DEPENDENCY, json!(Dependency { service, kind }), line);
        }
    }
}

fn endpoint(role: Role) -> EndpointKind {
    match role {
        Role::Base => EndpointKind::Base,
        Role::Health => EndpointKind::Health,
        Role::Ready => EndpointKind::Readiness,
        Role::Live => EndpointKind::Liveness,
        Role::Metrics => EndpointKind::Metrics,
    }
}
