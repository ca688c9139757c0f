//! Service registries and lists of services: `{version, services: {name: {port, base_url, health_url, dependencies}}}`,
//! the same without a version, and `services` as a list of objects with a `name`.

use std::collections::BTreeSet;

use crate::{
    import::{
        content::{At, Content, Dependencies, DependencyAt, Ports, Role, Statement},
        tree::Node,
    },
    model::{DependencyKind, Tier},
};

/// Keys that hold a URL, and what the URL is for.
const URLS: &[(&str, Role)] = &[
    ("base_url", Role::Base),
    ("health_url", Role::Health),
    ("ready_url", Role::Ready),
    ("readiness_url", Role::Ready),
    ("live_url", Role::Live),
    ("liveness_url", Role::Live),
    ("metrics_url", Role::Metrics),
];

/// Reads a registry of any version.
pub(super) fn read(root: &Node, content: &mut Content) {
    content.version = located(root, "version");
    content.updated = located(root, "updated");
    let Some(services) = root.get("services") else {
        return;
    };
    for entry in services.entries() {
        let statement = service(&entry.key, entry.line, &entry.value, content);
        content.statements.push(statement);
    }
    for item in services.items() {
        let Some(name) = item.get("name").or_else(|| item.get("id")) else {
            continue;
        };
        if let Some(text) = name.text() {
            let statement = service(text, name.line, item, content);
            content.statements.push(statement);
        }
    }
}

fn service(name: &str, line: usize, node: &Node, content: &mut Content) -> Statement {
    let urls = urls(node, content);
    let dependencies = node
        .entry("dependencies")
        .map(|entry| dependencies(&entry.value, entry.line));
    Statement {
        name: name.to_owned(),
        line,
        description: located(node, "description").or_else(|| located(node, "note")),
        owner: located(node, "owner").or_else(|| located(node, "team")),
        tier: tier(node),
        ports: ports(node).or_else(|| url_port(&urls)),
        urls,
        dependencies,
        ..Statement::default()
    }
}

/// Every URL key of an entry; the shape is shared with the other lists of services.
pub(super) fn urls(node: &Node, content: &mut Content) -> Vec<crate::import::content::UrlAt> {
    let mut urls = Vec::new();
    for (key, role) in URLS {
        if let Some(value) = node.get(key)
            && let Some(text) = value.text()
        {
            urls.extend(content.url(*role, text, value.line));
        }
    }
    urls
}

fn ports(node: &Node) -> Option<Ports> {
    let port = node.get("port")?;
    let main = port.port()?;
    let docker = node.get("port_docker").and_then(Node::port);
    Some(Ports {
        all: [Some(main), docker].into_iter().flatten().collect(),
        docker,
        main,
        line: port.line,
    })
}

/// The port of the first URL that asks for health, or of any URL.
pub(super) fn url_port(urls: &[crate::import::content::UrlAt]) -> Option<Ports> {
    let url = urls
        .iter()
        .find(|url| url.role == Role::Health)
        .or_else(|| urls.first())?;
    let main = url.address.service_port()?;
    Some(Ports {
        all: BTreeSet::from([main]),
        docker: None,
        main,
        line: url.line,
    })
}

/// A list of names, of objects with a name and a kind, or a map from names.
pub(super) fn dependencies(node: &Node, line: usize) -> Dependencies {
    let mut found = Dependencies {
        line,
        ..Dependencies::default()
    };
    if node.text() == Some("all") {
        found.all = Some(node.line);
    }
    for item in node.items() {
        let name = item.get("name").or_else(|| item.get("service")).unwrap_or(item);
        match name.text() {
            Some("all") => found.all = Some(name.line),
            Some(text) => found.items.push(DependencyAt {
                name: text.to_owned(),
                kind: kind(item),
                line: name.line,
                urls: Vec::new(),
            }),
            None => {}
        }
    }
    found
}

/// Hard unless the entry says `kind: soft`, `hard: false`, `critical: false` or `optional: true`.
fn kind(item: &Node) -> DependencyKind {
    let says = |key: &str, truth: bool| item.get(key).and_then(Node::boolean) == Some(truth);
    let soft = item.text_of("kind") == Some("soft")
        || says("hard", false)
        || says("critical", false)
        || says("optional", true);
    if soft {
        DependencyKind::Soft
    } else {
        DependencyKind::Hard
    }
}

fn tier(node: &Node) -> Option<At<Tier>> {
    let value = node.get("tier").or_else(|| node.get("criticality"))?;
    let tier = value.text()?.to_ascii_lowercase().parse().ok()?;
    Some(At::new(tier, value.line))
}

/// A text with its line; empty texts say nothing.
pub(super) fn located(node: &Node, key: &str) -> Option<At<String>> {
    let value = node.get(key)?;
    let text = value.text()?.trim();
    (!text.is_empty()).then(|| At::new(text.to_owned(), value.line))
}
