//! From everything that is said to what is in force: facts with a winner each, services, and dependencies.
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
use crate::model::{
    Dependency, DependencyKind, Endpoint, EndpointKind, Fact, Link, ServiceName, ServiceSpec, Source, Tier, field,
};

/// What the files say together.
#[derive(Default)]
pub(crate) struct Merged {
    pub(crate) services: Vec<ServiceSpec>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) edges: Vec<Edge>,
}

/// Decides what is in force.
pub(crate) fn merge(landscape: &Landscape<'_>) -> Merged {
    let mut merged = Merged::default();
    let targets = metrics_targets(landscape);
    let superseded = superseded_statements(landscape);
    for (key, said) in landscape.services() {
        let Ok(name) = ServiceName::parse(&key.name) else {
            continue;
        };
        let mut facts = Vec::new();
        for one in said {
            let mut collector = Collector {
                name: &name,
                key,
                file: one.file,
                superseded: false,
                facts: &mut facts,
            };
            collector.statement(one.statement, landscape);
        }
        for (file, url, line) in targets.get(key).into_iter().flatten() {
            let mut collector = Collector {
                name: &name,
                key,
                file,
                superseded: false,
                facts: &mut facts,
            };
            collector.add(field::METRICS_URL, json!(url), *line);
        }
        for (file, statement) in superseded.get(key).into_iter().flatten() {
            let mut collector = Collector {
                name: &name,
                key,
                file,
                superseded: true,
                facts: &mut facts,
            };
            collector.statement(statement, landscape);
        }
        mark_winners(&mut facts);
        let (service, edges) = service(&name, key, &facts);
        merged.services.push(service);
        merged.edges.extend(edges);
        // By field, the winner first; within a field the order of precedence stays.
        facts.sort_by(|a, b| a.field.cmp(&b.field).then(a.superseded.cmp(&b.superseded)));
        merged.facts.append(&mut facts);
    }
    merged
}

/// Metrics endpoints that Prometheus scrapes, by the service whose name is the target's host.
fn metrics_targets<'a>(landscape: &Landscape<'a>) -> BTreeMap<Key, Vec<(&'a File, String, usize)>> {
    let mut found: BTreeMap<Key, Vec<(&File, String, usize)>> = BTreeMap::new();
    for file in landscape.current() {
        for target in file.content.prometheus.iter().flat_map(|config| &config.targets) {
            let key = landscape.key(&target.host, None);
            if !is_loopback(&target.host) && landscape.knows(&key) {
                let url = format!("{}://{}:{}{}", target.scheme, target.host, target.port, target.path);
                found.entry(key).or_default().push((file, url, target.line));
            }
        }
    }
    found
}

fn superseded_statements<'a>(landscape: &Landscape<'a>) -> BTreeMap<Key, Vec<(&'a File, &'a Statement)>> {
    let mut found: BTreeMap<Key, Vec<(&File, &Statement)>> = BTreeMap::new();
    let mut older: Vec<&File> = landscape
        .files
        .iter()
        .filter(|file| file.superseded_by.is_some())
        .collect();
    older.sort_by(|a, b| a.precedence(b));
    for file in older {
        for statement in &file.content.statements {
            let key = landscape.key(&statement.name, statement.environment.as_ref());
            found.entry(key).or_default().push((file, statement));
        }
    }
    found
}

/// Turns statements about one service by one file into facts.
struct Collector<'a> {
    name: &'a ServiceName,
    key: &'a Key,
    file: &'a File,
    superseded: bool,
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
            superseded: self.superseded,
        });
    }

    fn statement(&mut self, statement: &Statement, landscape: &Landscape<'_>) {
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
        for link in &statement.links {
            self.add(field::LINK, json!(link.value), link.line);
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
        self.dependencies(statement, landscape);
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
        if let (Some(line), false) = (list.all, self.superseded) {
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

/// Expects facts in order of precedence: the first of a field wins, and of a list everything its source says.
fn mark_winners(facts: &mut [Fact]) {
    let mut winners: BTreeMap<String, Source> = BTreeMap::new();
    for fact in facts.iter_mut().filter(|fact| !fact.superseded) {
        let is_list = fact.field == field::DEPENDENCY || fact.field == field::LINK;
        fact.wins = match winners.get(&fact.field) {
            Some(winner) => is_list && winner.same_origin(&fact.source),
            None => true,
        };
        if fact.wins {
            winners.entry(fact.field.clone()).or_insert_with(|| fact.source.clone());
        }
    }
}

fn service(name: &ServiceName, key: &Key, facts: &[Fact]) -> (ServiceSpec, Vec<Edge>) {
    let winning = |field: &'static str| facts.iter().filter(move |fact| fact.wins && fact.field == field);
    let text = |field: &'static str| winning(field).find_map(|fact| fact.value.as_str()).map(str::to_owned);
    let mut spec = ServiceSpec::named(name.clone(), key.environment.clone());
    spec.description = text(field::DESCRIPTION);
    spec.owner = text(field::OWNER);
    spec.tier = text(field::TIER)
        .and_then(|tier| tier.parse::<Tier>().ok())
        .unwrap_or_default();
    spec.links = winning(field::LINK)
        .filter_map(|fact| serde_json::from_value::<Link>(fact.value.clone()).ok())
        .collect();
    spec.endpoints = EndpointKind::ALL
        .iter()
        .filter_map(|kind| {
            Some(Endpoint {
                kind: *kind,
                url: text(kind.field())?,
            })
        })
        .collect();
    let mut edges = Vec::new();
    for fact in winning(field::DEPENDENCY) {
        if let Ok(dependency) = serde_json::from_value::<Dependency>(fact.value.clone()) {
            edges.push(Edge {
                environment: key.environment.clone(),
                from: name.clone(),
                to: dependency.service.clone(),
                kind: dependency.kind,
                source: fact.source.clone(),
            });
            spec.dependencies.push(dependency);
        }
    }
    (spec, edges)
}
