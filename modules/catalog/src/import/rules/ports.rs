//! Ports that two services claim, and ports on which sources disagree.

use std::collections::{BTreeMap, BTreeSet};

use super::{list, soften};
use crate::import::{
    address::is_loopback,
    codes::Code,
    content::{Ports, Published, Role},
    detect::FileKind,
    landscape::{File, Key, Landscape},
    report::{Finding, Place},
};

pub(super) fn check(landscape: &Landscape<'_>, unserved: &BTreeSet<Place>, findings: &mut Vec<Finding>) {
    for file in landscape.files {
        if file.is_registry() {
            duplicates_in_registry(file, landscape, findings);
        }
        if file.kind == FileKind::Compose {
            duplicates_in_compose(file, landscape, findings);
        }
    }
    let stated = stated(landscape, unserved);
    for (key, statements) in &stated {
        drift(key, statements, landscape, findings);
    }
}

fn duplicates_in_registry(file: &File, landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let mut by_port: BTreeMap<u16, Vec<(String, usize)>> = BTreeMap::new();
    for statement in &file.content.statements {
        if let Some(ports) = &statement.ports {
            let name = landscape.aliases.resolve(&statement.name);
            let services = by_port.entry(ports.main).or_default();
            if services.iter().all(|(known, _)| *known != name) {
                services.push((name, ports.line));
            }
        }
    }
    for (port, services) in by_port {
        // A port that most of the fleet has is a convention, such as one service per address.
        let convention = services.len() >= 3 && services.len() * 2 > file.content.statements.len();
        let Some((_, line)) = services.get(1).filter(|_| !convention) else {
            continue;
        };
        report_duplicate(file, port, &services, *line, "claim", findings);
    }
}

fn duplicates_in_compose(file: &File, landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let mut by_port: BTreeMap<(u16, &str), Vec<(String, &Published)>> = BTreeMap::new();
    for statement in &file.content.statements {
        for port in statement
            .container
            .iter()
            .flat_map(|container| &container.published)
            .filter(|port| port.host > 0)
        {
            let name = landscape.aliases.resolve(&statement.name);
            by_port
                .entry((port.host, &port.protocol))
                .or_default()
                .push((name, port));
        }
    }
    for ((port, _), all) in by_port {
        let mut clashing: Vec<(String, usize)> = Vec::new();
        for (name, published) in &all {
            let overlaps = |other: &Published| {
                let everywhere = |address: &str| address.is_empty() || address == "0.0.0.0" || address == "::";
                everywhere(&other.address) || everywhere(&published.address) || other.address == published.address
            };
            let clashes = all.iter().any(|(other, port)| other != name && overlaps(port));
            if clashes && clashing.iter().all(|(known, _)| known != name) {
                clashing.push((name.clone(), published.line));
            }
        }
        if let Some((_, line)) = clashing.get(1) {
            report_duplicate(file, port, &clashing, *line, "publish", findings);
        }
    }
}

fn report_duplicate(
    file: &File,
    port: u16,
    services: &[(String, usize)],
    line: usize,
    verb: &str,
    findings: &mut Vec<Finding>,
) {
    let names = services.iter().map(|(name, _)| name);
    let message = format!(
        "{} {verb} port {port}. Give each a port of its own.",
        list(names.clone())
    );
    let mut finding = Finding::new(Code::DuplicatePort, file.place(line), message)
        .with("port", port)
        .with_list("services", names.cloned());
    let others = services.iter().filter(|(_, other)| *other != line);
    finding.also.extend(others.map(|(_, other)| file.place(*other)));
    findings.push(soften(finding, file));
}

/// What one file states about the ports of one service.
struct Stated<'a> {
    file: &'a File,
    ports: BTreeSet<u16>,
    /// The registry's own port, when it names another one for containers.
    main: Option<u16>,
    docker: Option<u16>,
    line: usize,
    target: bool,
    /// It is about a dependency or is the URL of an entry that states a port too.
    aside: bool,
}

fn stated<'a>(landscape: &Landscape<'a>, unserved: &BTreeSet<Place>) -> BTreeMap<Key, Vec<Stated<'a>>> {
    let mut found: BTreeMap<Key, Vec<Stated<'a>>> = BTreeMap::new();
    for file in landscape.current() {
        let new = |ports: BTreeSet<u16>, line: usize| Stated {
            file,
            ports,
            main: None,
            docker: None,
            line,
            target: false,
            aside: false,
        };
        for statement in &file.content.statements {
            let environment = statement.environment.as_ref();
            let key = landscape.key(&statement.name, environment);
            if let Some(ports) = statement
                .ports
                .as_ref()
                .filter(|ports| !unserved.contains(&file.place(ports.line)))
            {
                let mut one = new(ports.all.clone(), ports.line);
                one.docker = ports.docker;
                one.main = ports.docker.map(|_| ports.main);
                found.entry(key.clone()).or_default().push(one);
                own_urls(file, ports, statement, unserved, found.entry(key).or_default());
            }
            for item in statement.dependencies.iter().flat_map(|list| &list.items) {
                let other = landscape.key(&item.name, environment);
                for url in item.urls.iter().filter(|url| !unserved.contains(&file.place(url.line))) {
                    let one = url.address.service_port().map(|port| Stated {
                        aside: true,
                        ..new(BTreeSet::from([port]), url.line)
                    });
                    found.entry(other.clone()).or_default().extend(one);
                }
            }
        }
        for target in file.content.prometheus.iter().flat_map(|config| &config.targets) {
            let key = landscape.key(&target.host, None);
            if !is_loopback(&target.host) && landscape.knows(&key) {
                found.entry(key).or_default().push(Stated {
                    target: true,
                    ..new(BTreeSet::from([target.port]), target.line)
                });
            }
        }
    }
    for statements in found.values_mut() {
        statements.sort_by(|a, b| {
            a.file
                .precedence(b.file)
                .then(a.aside.cmp(&b.aside))
                .then(a.line.cmp(&b.line))
        });
    }
    found
}

/// A registry entry whose own URL names yet another port drifts from itself.
fn own_urls<'a>(
    file: &'a File,
    ports: &Ports,
    statement: &crate::import::content::Statement,
    unserved: &BTreeSet<Place>,
    found: &mut Vec<Stated<'a>>,
) {
    if !file.is_registry() && file.kind != FileKind::Mainstay {
        return;
    }
    let other = statement.urls.iter().find(|url| {
        let port = url.address.service_port();
        url.role != Role::Metrics
            && port.is_some_and(|port| !ports.all.contains(&port))
            && !unserved.contains(&file.place(url.line))
    });
    found.extend(other.and_then(|url| {
        Some(Stated {
            file,
            ports: BTreeSet::from([url.address.service_port()?]),
            main: None,
            docker: None,
            line: url.line,
            target: false,
            aside: true,
        })
    }));
}

fn drift(key: &Key, statements: &[Stated<'_>], landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let Some(winner) = statements
        .iter()
        .find(|one| !one.aside && !one.target)
        .filter(|_| landscape.knows(key))
    else {
        return;
    };
    let accepted = |kind: FileKind| -> BTreeSet<u16> {
        match (winner.main, winner.docker) {
            (_, Some(docker)) if kind == FileKind::Compose => BTreeSet::from([docker]),
            (Some(main), Some(_)) if kind == FileKind::Kubernetes => BTreeSet::from([main]),
            _ => winner.ports.clone(),
        }
    };
    let agrees = |one: &Stated<'_>| !accepted(one.file.kind).is_disjoint(&one.ports);
    let undisputed: BTreeSet<u16> = statements
        .iter()
        .filter(|one| !one.target && agrees(one))
        .flat_map(|one| one.ports.iter().copied())
        .collect();
    let mut seen = BTreeSet::new();
    for one in statements {
        let fine = if one.target {
            !undisputed.is_disjoint(&one.ports)
        } else {
            agrees(one)
        };
        // The same service twice in one file is reported as that.
        let repeated = !one.aside && !one.target && one.file.path == winner.file.path;
        if fine || repeated || !seen.insert(&one.file.path) {
            continue;
        }
        let expected = accepted(one.file.kind);
        let message = format!(
            "{} has port {} here, but {} in {}, which counts. Correct the one that is wrong.",
            key.name,
            list(&one.ports),
            list(&expected),
            winner.file.spot(winner.line),
        );
        findings.push(
            Finding::new(Code::PortDrift, one.file.place(one.line), message)
                .with("service", key.name.clone())
                .with_list("port", one.ports.iter().copied())
                .with_list("expected", expected)
                .with("expected_from", winner.file.spot(winner.line))
                .also(winner.file.place(winner.line)),
        );
    }
}
