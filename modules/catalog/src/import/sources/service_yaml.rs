//! One YAML file for one service: `service: {name, port}` and `dependencies: {name: {base_url, health_url}}`.

use std::collections::BTreeSet;

use super::registry::{dependencies, located, urls};
use crate::{
    import::{
        address::expand,
        content::{At, Content, Dependencies, DependencyAt, Ports, Role, Statement},
        tree::{Node, Value},
    },
    model::DependencyKind,
};

/// Reads the one service.
pub(super) fn read(root: &Node, content: &mut Content) {
    let Some(service) = root.get("service") else {
        return;
    };
    let Some(name) = service.get("name") else {
        return;
    };
    let Some(text) = name.text().and_then(expand) else {
        return;
    };
    let own_urls = urls(service, content);
    let listed = root
        .entry("dependencies")
        .map(|entry| read_dependencies(&entry.value, entry.line, content));
    content.statements.push(Statement {
        name: text,
        line: name.line,
        description: located(service, "description"),
        owner: located(service, "owner").or_else(|| located(service, "team")),
        tier: located(service, "tier").and_then(|tier| Some(At::new(tier.value.parse().ok()?, tier.line))),
        ports: port(service),
        urls: own_urls,
        dependencies: listed,
        ..Statement::default()
    });
}

/// Whether a placeholder such as `<port>` shows that the file is a template.
pub(crate) fn has_placeholder(root: &Node) -> bool {
    let field = |key| {
        root.at(&["service", key])
            .and_then(Node::text)
            .is_some_and(|text| text.contains('<'))
    };
    field("name") || field("port")
}

fn port(service: &Node) -> Option<Ports> {
    let node = service.get("port")?;
    let main: u16 = expand(node.text()?)?.trim().parse().ok().filter(|port| *port > 0)?;
    Some(Ports {
        all: BTreeSet::from([main]),
        docker: None,
        main,
        line: node.line,
    })
}

fn read_dependencies(node: &Node, line: usize, content: &mut Content) -> Dependencies {
    if !matches!(node.value, Value::Map(_)) {
        return dependencies(node, line);
    }
    let mut found = Dependencies {
        line,
        ..Dependencies::default()
    };
    for entry in node.entries() {
        if entry.key == "all" {
            if entry.value.boolean() != Some(false) {
                found.all = Some(entry.line);
            }
            continue;
        }
        let mut urls = Vec::new();
        for (key, role) in [("base_url", Role::Base), ("health_url", Role::Health)] {
            if let Some(value) = entry.value.get(key)
                && let Some(text) = value.text()
            {
                urls.extend(content.url(role, text, value.line));
            }
        }
        found.items.push(DependencyAt {
            name: entry.key.clone(),
            kind: DependencyKind::Hard,
            line: entry.line,
            urls,
        });
    }
    found
}
