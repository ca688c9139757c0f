//! `monitor.toml`: `[[services]]` with `id`, `health_endpoint` and `critical`, from an older monitor.

use super::registry::{located, url_port};
use crate::{
    import::{
        content::{At, Content, Role, Statement},
        tree::Node,
    },
    model::Tier,
};

/// Reads the list of services.
pub(super) fn read(root: &Node, content: &mut Content) {
    let Some(services) = root.get("services") else {
        return;
    };
    let in_map = services
        .entries()
        .iter()
        .map(|entry| (Some((entry.key.as_str(), entry.line)), &entry.value));
    let in_list = services.items().iter().map(|item| (None, item));
    for (key, node) in in_map.chain(in_list) {
        let named = node.get("id").or_else(|| node.get("name"));
        let written = named.and_then(|name| name.text().map(|text| (text, name.line)));
        let Some((name, line)) = key.or(written) else {
            continue;
        };
        let mut urls = Vec::new();
        if let Some(endpoint) = node.get("health_endpoint")
            && let Some(text) = endpoint.text()
        {
            urls.extend(content.url(Role::Health, text, endpoint.line));
        }
        let tier = node.get("critical").and_then(|critical| {
            let tier = if critical.boolean()? {
                Tier::Critical
            } else {
                Tier::Standard
            };
            Some(At::new(tier, critical.line))
        });
        content.statements.push(Statement {
            name: name.to_owned(),
            line,
            // With an `id`, the `name` is what people call it.
            description: node.has("id").then(|| located(node, "name")).flatten(),
            tier,
            ports: url_port(&urls),
            urls,
            ..Statement::default()
        });
    }
}
