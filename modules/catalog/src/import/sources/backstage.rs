//! Backstage `catalog-info.yaml`: Components become services; systems, APIs, groups and resources are left alone.

use super::registry::located;
use crate::{
    import::{
        content::{At, Content, Dependencies, DependencyAt, Statement},
        tree::Node,
    },
    model::{DependencyKind, Link},
};

/// Reads one entity.
pub(super) fn read(root: &Node, content: &mut Content) {
    if root.text_of("kind") != Some("Component") {
        "only components become services".clone_into(&mut content.note);
        return;
    }
    let Some(metadata) = root.get("metadata") else {
        return;
    };
    let Some(name) = located(metadata, "name") else {
        return;
    };
    let links = metadata
        .get("links")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|link| {
            let url = link.text_of("url")?.to_owned();
            let title = link.text_of("title").unwrap_or(&url).to_owned();
            Some(At::new(Link { title, url }, link.line))
        });
    let links = links.collect();
    let spec = root.get("spec");
    content.statements.push(Statement {
        name: name.value,
        line: name.line,
        description: located(metadata, "description"),
        owner: spec
            .and_then(|spec| located(spec, "owner"))
            .map(|owner| At::new(entity_name(&owner.value), owner.line)),
        tier: metadata
            .at(&["labels", "tier"])
            .and_then(|tier| Some(At::new(tier.text()?.parse().ok()?, tier.line))),
        links,
        dependencies: spec
            .and_then(|spec| spec.entry("dependsOn"))
            .map(|entry| depends_on(&entry.value, entry.line)),
        ..Statement::default()
    });
}

/// `component:namespace/name`, with kind and namespace optional; resources are no services.
fn depends_on(node: &Node, line: usize) -> Dependencies {
    let items = node.items().iter().filter_map(|item| {
        let text = item.text()?;
        let is_component = text
            .split_once(':')
            .is_none_or(|(kind, _)| kind.eq_ignore_ascii_case("component"));
        is_component.then(|| DependencyAt {
            name: entity_name(text),
            kind: DependencyKind::Hard,
            line: item.line,
            urls: Vec::new(),
        })
    });
    Dependencies {
        line,
        items: items.collect(),
        all: None,
    }
}

fn entity_name(reference: &str) -> String {
    let without_kind = reference.rsplit(':').next().unwrap_or(reference);
    without_kind.rsplit('/').next().unwrap_or(without_kind).to_owned()
}
