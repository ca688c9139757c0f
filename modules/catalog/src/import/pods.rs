//! Joins Kubernetes workloads with the Services that select them, across files, into statements about services.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    address::{Address, normal_path},
    content::{Container, KubeService, Ports, Role, Statement, UrlAt, Workload},
    landscape::File,
    names::norm,
};

/// Whether the Service leads to pods of the workload.
pub(crate) fn selects(service: &KubeService, workload: &Workload) -> bool {
    service.namespace == workload.namespace
        && !service.selector.is_empty()
        && service
            .selector
            .iter()
            .all(|(key, value)| workload.labels.get(key) == Some(value))
}

/// What one Kubernetes file says about one service.
#[derive(Default)]
struct Gathered {
    name: String,
    line: usize,
    ports: BTreeSet<u16>,
    container_port: Option<(u16, usize)>,
    service_port: Option<(u16, usize)>,
    image: Option<String>,
    urls: Vec<UrlAt>,
}

/// Adds to every Kubernetes file one statement for each service it says something about.
pub(crate) fn add_statements(files: &mut [File]) {
    let workloads: Vec<Workload> = files
        .iter()
        .flat_map(|file| {
            file.content
                .kubernetes
                .workloads
                .iter()
                .filter(|workload| workload.serves)
                .cloned()
        })
        .collect();
    let services: Vec<KubeService> = files
        .iter()
        .flat_map(|file| file.content.kubernetes.services.iter().cloned())
        .collect();
    for file in files {
        let mut gathered: BTreeMap<String, Gathered> = BTreeMap::new();
        for workload in file
            .content
            .kubernetes
            .workloads
            .iter()
            .filter(|workload| workload.serves)
        {
            let found = entry(&mut gathered, &workload.name, workload.line);
            take_workload(workload, &services, found);
        }
        for service in &file.content.kubernetes.services {
            let mut targets: Vec<&str> = workloads
                .iter()
                .filter(|workload| selects(service, workload))
                .map(|workload| workload.name.as_str())
                .collect();
            targets.sort_unstable();
            targets.dedup();
            if targets.is_empty() {
                targets.push(&service.name);
            }
            for name in targets {
                take_service(service, entry(&mut gathered, name, service.line));
            }
        }
        file.content.statements.extend(gathered.into_values().map(statement));
    }
}

fn entry<'a>(gathered: &'a mut BTreeMap<String, Gathered>, name: &str, line: usize) -> &'a mut Gathered {
    gathered.entry(norm(name)).or_insert_with(|| Gathered {
        name: name.to_owned(),
        line,
        ..Gathered::default()
    })
}

fn take_workload(workload: &Workload, services: &[KubeService], found: &mut Gathered) {
    for container in &workload.containers {
        found.image = found.image.take().or_else(|| container.image.clone());
        for port in &container.ports {
            found.ports.insert(port.number);
            found.container_port = found.container_port.or(Some((port.number, port.line)));
        }
        for probe in container.probes.iter().filter(|probe| probe.http) {
            let Some(port) = probe.port.as_ref() else {
                continue;
            };
            let number = port.value.parse().ok().or_else(|| {
                container
                    .ports
                    .iter()
                    .find(|known| known.name.as_deref() == Some(&port.value))
                    .map(|known| known.number)
            });
            let path = normal_path(probe.path.as_ref().map_or("/", |path| path.value.as_str()));
            let line = probe.path.as_ref().map_or(probe.line, |path| path.line);
            found
                .urls
                .extend(number.and_then(|number: u16| url(workload, services, number, probe.role, path, line)));
        }
    }
}

/// The address under which other pods reach what a probe asks: a Service with that target port.
fn url(
    workload: &Workload,
    services: &[KubeService],
    port: u16,
    role: Role,
    path: String,
    line: usize,
) -> Option<UrlAt> {
    let (service, found) = services
        .iter()
        .filter(|service| selects(service, workload))
        .find_map(|service| {
            let leads = |target: &str| target == port.to_string() || names_port(workload, target, port);
            let found = service.ports.iter().find(|candidate| match &candidate.target {
                Some(target) => leads(target),
                None => candidate.number == port,
            })?;
            Some((service, found.number))
        })?;
    let host = format!("{}.{}.svc", service.name, service.namespace);
    Some(UrlAt {
        role,
        text: format!("http://{host}:{found}{path}"),
        address: Address {
            scheme: "http".to_owned(),
            host,
            port: Some(found),
            explicit_port: true,
            path,
        },
        line,
    })
}

fn names_port(workload: &Workload, name: &str, port: u16) -> bool {
    let mut ports = workload.containers.iter().flat_map(|container| &container.ports);
    ports.any(|known| known.name.as_deref() == Some(name) && known.number == port)
}

fn take_service(service: &KubeService, found: &mut Gathered) {
    for port in &service.ports {
        found.ports.insert(port.number);
        found
            .ports
            .extend(port.target.as_ref().and_then(|target| target.parse::<u16>().ok()));
        found.service_port = found.service_port.or(Some((port.number, port.line)));
    }
}

fn statement(found: Gathered) -> Statement {
    let main = found.container_port.or(found.service_port);
    Statement {
        name: found.name,
        line: found.line,
        ports: main.map(|(main, line)| Ports {
            all: found.ports,
            docker: None,
            main,
            line,
        }),
        urls: found.urls,
        container: Some(Container {
            image: found.image,
            ..Container::default()
        }),
        ..Statement::default()
    }
}
