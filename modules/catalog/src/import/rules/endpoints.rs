//! Probes and health URLs that nothing serves, that sources give differently, or that give up too early.

use std::collections::{BTreeMap, BTreeSet};

use super::list;
use crate::import::{
    address::normal_path,
    codes::Code,
    content::{At, KubeContainer, Probe, Role, UrlAt},
    detect::FileKind,
    landscape::{File, Key, Landscape, Said},
    report::{Finding, Place},
};

/// Where an endpoint of a service is declared, whatever the format.
struct Declared<'a> {
    file: &'a File,
    role: Role,
    path: String,
    line: usize,
    /// The URL, unless it is a Kubernetes probe.
    url: Option<&'a UrlAt>,
}

/// Reports, and answers the places of URLs whose port nothing serves: they say nothing about a service's port.
pub(super) fn check(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) -> BTreeSet<Place> {
    let declared = declared(landscape);
    let mut reporter = Reporter {
        seen: BTreeSet::new(),
        unserved: BTreeSet::new(),
        findings,
    };
    for (key, endpoints) in &declared {
        let opened = opened(key, landscape);
        let probes = || endpoints.iter().filter(|endpoint| endpoint.role.is_probe());
        probes().for_each(|endpoint| reporter.port(key, endpoint, &opened, landscape));
        probes().for_each(|endpoint| reporter.path(key, endpoint, endpoints));
    }
    let unserved = reporter.unserved;
    let latencies = latencies(landscape);
    for file in landscape.current() {
        for workload in &file.content.kubernetes.workloads {
            let key = landscape.key(&workload.name, None);
            for container in &workload.containers {
                for probe in &container.probes {
                    container_port(&key, file, container, probe, findings);
                    if let Some(latency) = latencies.get(&key) {
                        timeout(&key, file, probe, *latency, findings);
                    }
                }
            }
        }
    }
    for (key, endpoints) in &declared {
        drift(key, endpoints, findings);
    }
    unserved
}

fn declared<'a>(landscape: &Landscape<'a>) -> BTreeMap<Key, Vec<Declared<'a>>> {
    let mut found: BTreeMap<Key, Vec<Declared<'a>>> = BTreeMap::new();
    let from_url = |file, url: &'a UrlAt| Declared {
        file,
        role: url.role,
        path: url.address.path.clone(),
        line: url.line,
        url: Some(url),
    };
    for file in landscape.current() {
        for statement in &file.content.statements {
            let key = landscape.key(&statement.name, statement.environment.as_ref());
            let items = statement.dependencies.iter().flat_map(|list| &list.items);
            for item in items {
                let other = landscape.key(&item.name, statement.environment.as_ref());
                found
                    .entry(other)
                    .or_default()
                    .extend(item.urls.iter().map(|url| from_url(file, url)));
            }
            // Of Kubernetes the probes themselves are judged, not the addresses made of them.
            if file.kind != FileKind::Kubernetes {
                let urls = statement.urls.iter().filter(|url| url.address.is_http());
                found
                    .entry(key)
                    .or_default()
                    .extend(urls.map(|url| from_url(file, url)));
            }
        }
        for workload in file
            .content
            .kubernetes
            .workloads
            .iter()
            .filter(|workload| workload.serves)
        {
            let key = landscape.key(&workload.name, None);
            let probes = workload
                .containers
                .iter()
                .flat_map(|container| &container.probes)
                .filter(|probe| probe.http);
            found.entry(key).or_default().extend(probes.map(|probe| Declared {
                file,
                role: probe.role,
                path: normal_path(probe.path.as_ref().map_or("/", |path| path.value.as_str())),
                line: probe.path.as_ref().map_or(probe.line, |path| path.line),
                url: None,
            }));
        }
    }
    for endpoints in found.values_mut() {
        endpoints.sort_by(|a, b| a.file.precedence(b.file).then(a.line.cmp(&b.line)));
    }
    found
}

/// The ports that containers of the service open; nothing when no container is known.
fn opened(key: &Key, landscape: &Landscape<'_>) -> BTreeSet<u16> {
    let containers = |said: &&Said<'_>| matches!(said.file.kind, FileKind::Compose | FileKind::Kubernetes);
    let ports = landscape
        .said(key)
        .iter()
        .filter(containers)
        .filter_map(|said| said.statement.ports.as_ref());
    ports.flat_map(|ports| ports.all.iter().copied()).collect()
}

struct Reporter<'f> {
    seen: BTreeSet<(Key, String, Role, usize)>,
    unserved: BTreeSet<Place>,
    findings: &'f mut Vec<Finding>,
}

impl Reporter<'_> {
    fn first_time(&mut self, key: &Key, endpoint: &Declared<'_>) -> bool {
        self.seen
            .insert((key.clone(), endpoint.file.path.clone(), endpoint.role, endpoint.line))
    }

    fn port(&mut self, key: &Key, endpoint: &Declared<'_>, opened: &BTreeSet<u16>, landscape: &Landscape<'_>) {
        let Some(port) = endpoint
            .url
            .filter(|_| endpoint.file.kind != FileKind::Compose)
            .and_then(|url| url.address.service_port())
        else {
            return;
        };
        let in_docker = landscape
            .said(key)
            .iter()
            .filter_map(|said| said.statement.ports.as_ref())
            .any(|ports| ports.docker == Some(port));
        if opened.is_empty() || opened.contains(&port) || in_docker {
            return;
        }
        self.unserved.insert(endpoint.file.place(endpoint.line));
        if !self.first_time(key, endpoint) {
            return;
        }
        let message = format!(
            "The {} URL of {} asks port {port}, but its containers open {}. Correct the URL, or open the port.",
            endpoint.role.word(),
            key.name,
            list(opened),
        );
        self.findings.push(
            Finding::new(Code::UnservedProbe, endpoint.file.place(endpoint.line), message)
                .with("service", key.name.clone())
                .with("port", port)
                .with_list("opened", opened.iter().copied()),
        );
    }

    fn path(&mut self, key: &Key, endpoint: &Declared<'_>, all: &[Declared<'_>]) {
        let others = || {
            all.iter()
                .filter(|other| other.file.path != endpoint.file.path && other.role.is_probe())
        };
        // Who declares liveness beside health asks two questions; who declares one of them asks the same.
        let has_both = endpoint.role == Role::Live
            && all
                .iter()
                .any(|other| other.file.path == endpoint.file.path && other.role == Role::Health);
        let same_question = |other: &Declared<'_>| {
            if has_both {
                other.role == endpoint.role
            } else {
                other.role.same_question(endpoint.role)
            }
        };
        let mut same_role = others().filter(|other| same_question(other));
        let outranked = same_role.any(|other| rank_above(other.file, endpoint.file));
        let known = others().any(|other| other.path == endpoint.path);
        if !outranked || known {
            return;
        }
        let declared: BTreeSet<String> = others()
            .filter(|other| same_question(other))
            .map(|other| other.path.clone())
            .collect();
        let winner = others().find(|other| same_question(other));
        let also = winner.map(|winner| winner.file.place(winner.line));
        // Two sources that disagree on a health URL are a drift; a probe that nobody serves is this.
        let is_drift = endpoint.role == Role::Health && takes_part_in_drift(endpoint);
        if is_drift || !self.first_time(key, endpoint) {
            return;
        }
        let message = format!(
            "The {} probe of {} asks {}, but the endpoints that other sources declare are {}. Correct the path, or declare it.",
            endpoint.role.word(),
            key.name,
            endpoint.path,
            list(&declared),
        );
        let mut finding = Finding::new(Code::UnservedProbe, endpoint.file.place(endpoint.line), message)
            .with("service", key.name.clone())
            .with("path", endpoint.path.clone())
            .with_list("declared", declared);
        finding.also.extend(also);
        self.findings.push(finding);
    }
}

/// Higher by kind or version; the first path wins a tie but does not outrank.
fn rank_above(a: &File, b: &File) -> bool {
    a.precedence(b).is_lt() && (a.kind != b.kind || a.version() != b.version())
}

/// A Kubernetes probe whose port its own container does not state.
fn container_port(key: &Key, file: &File, container: &KubeContainer, probe: &Probe, findings: &mut Vec<Finding>) {
    let Some(port) = &probe.port else {
        return;
    };
    let known = container
        .ports
        .iter()
        .any(|known| known.number.to_string() == port.value || known.name.as_deref() == Some(&port.value));
    if known || container.ports.is_empty() {
        return;
    }
    let opened: BTreeSet<u16> = container.ports.iter().map(|port| port.number).collect();
    let message = format!(
        "The {} probe of {} asks port {}, but its container opens {}. Correct the probe, or open the port.",
        probe.role.word(),
        key.name,
        port.value,
        list(&opened),
    );
    findings.push(
        Finding::new(Code::UnservedProbe, file.place(port.line), message)
            .with("service", key.name.clone())
            .with("port", port.value.clone())
            .with_list("opened", opened),
    );
}

/// The latency objective of every service that has one, in milliseconds, and who states it.
fn latencies<'a>(landscape: &Landscape<'a>) -> BTreeMap<Key, (&'a File, &'a At<f64>)> {
    let mut found = BTreeMap::new();
    for file in landscape.current() {
        for objective in &file.content.objectives {
            let mut keys = ["latency_p95", "latency_p95_ms"].into_iter();
            if let Some(latency) = keys.find_map(|key| objective.numbers.get(key)) {
                let key = landscape.key(&objective.service, objective.environment.as_ref());
                found.entry(key).or_insert((file, latency));
            }
        }
    }
    found
}

/// A probe that gives up before the service's own latency objective.
fn timeout(key: &Key, file: &File, probe: &Probe, (source, latency): (&File, &At<f64>), findings: &mut Vec<Finding>) {
    if !probe.http {
        return;
    }
    let timeout_ms = probe.timeout_s.as_ref().map_or(1.0, |timeout| timeout.value) * 1000.0;
    if timeout_ms >= latency.value {
        return;
    }
    let line = probe.timeout_s.as_ref().map_or(probe.line, |timeout| timeout.line);
    let message = format!(
        "The {} probe of {} gives up after {timeout_ms} ms, but {} ms are within its objective. Raise `timeoutSeconds`.",
        probe.role.word(),
        key.name,
        latency.value,
    );
    findings.push(
        Finding::new(Code::ProbeTimeout, file.place(line), message)
            .with("service", key.name.clone())
            .with("role", probe.role.name())
            .with("timeout_ms", super::objectives::number(timeout_ms))
            .with("latency_p95", super::objectives::number(latency.value))
            .also(source.place(latency.line)),
    );
}

/// Sources whose health URLs are compared with each other: lists of services and what files say of dependencies.
fn takes_part_in_drift(endpoint: &Declared<'_>) -> bool {
    let kinds = [
        FileKind::Registry,
        FileKind::ServiceList,
        FileKind::MonitorToml,
        FileKind::Mainstay,
        FileKind::ServiceYaml,
    ];
    endpoint.role == Role::Health && endpoint.url.is_some() && kinds.contains(&endpoint.file.kind)
}

fn drift(key: &Key, endpoints: &[Declared<'_>], findings: &mut Vec<Finding>) {
    let mut health = endpoints.iter().filter(|endpoint| takes_part_in_drift(endpoint));
    let Some(winner) = health.next() else {
        return;
    };
    let mut seen = BTreeSet::new();
    for loser in health.filter(|loser| loser.path != winner.path && loser.file.path != winner.file.path) {
        if !seen.insert(&loser.file.path) {
            continue;
        }
        let message = format!(
            "The health URL of {} has the path {} here and {} in {}, which counts. Correct the one that is wrong.",
            key.name,
            loser.path,
            winner.path,
            winner.file.spot(winner.line),
        );
        findings.push(
            Finding::new(Code::EndpointDrift, loser.file.place(loser.line), message)
                .with("service", key.name.clone())
                .with("path", loser.path.clone())
                .with("expected", winner.path.clone())
                .with("expected_from", winner.file.spot(winner.line))
                .also(winner.file.place(winner.line)),
        );
    }
}
