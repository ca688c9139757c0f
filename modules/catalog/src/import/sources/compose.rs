//! Docker compose: services with images, published ports, health checks and start order.

use std::collections::BTreeSet;

use crate::{
    import::{
        address::{Address, expand},
        content::{Container, Content, Dependencies, DependencyAt, Ports, Published, Role, Statement, UrlAt},
        tree::{Node, Value},
    },
    model::DependencyKind,
};

/// Reads every service of a compose file or override.
pub(super) fn read(root: &Node, content: &mut Content) {
    for entry in root.get("services").map(Node::entries).unwrap_or_default() {
        let node = &entry.value;
        let published = node
            .get("ports")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(port)
            .collect::<Vec<_>>();
        let exposed: Vec<(u16, usize)> = node
            .get("expose")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| Some((number(&expand(item.text()?)?)?, item.line)))
            .collect();
        let opened: BTreeSet<u16> = published
            .iter()
            .map(|port| port.container)
            .chain(exposed.iter().map(|(port, _)| *port))
            .collect();
        content.statements.push(Statement {
            name: entry.key.clone(),
            line: entry.line,
            ports: ports(&published, &exposed),
            urls: node.get("healthcheck").and_then(healthcheck).into_iter().collect(),
            dependencies: node
                .entry("depends_on")
                .map(|entry| depends_on(&entry.value, entry.line)),
            container: Some(Container {
                name: node.text_of("container_name").and_then(expand),
                image: node.text_of("image").and_then(expand),
                opened,
                published,
            }),
            ..Statement::default()
        });
    }
}

fn ports(published: &[Published], exposed: &[(u16, usize)]) -> Option<Ports> {
    let mapped = published.first().map(|port| (port.container, port.line));
    let (main, line) = mapped.or_else(|| exposed.first().copied())?;
    let both_sides = published
        .iter()
        .flat_map(|port| [port.container, port.host])
        .filter(|port| *port > 0);
    Some(Ports {
        all: both_sides.chain(exposed.iter().map(|(port, _)| *port)).collect(),
        docker: None,
        main,
        line,
    })
}

/// One entry of `ports`, short (`[address:][host:]container[/protocol]`) or long; ranges and unknown variables say
/// nothing. A port that compose chooses itself has host port 0.
fn port(item: &Node) -> Option<Published> {
    if item.is_map() {
        let get = |key| item.get(key).and_then(Node::text).and_then(expand);
        return Some(Published {
            address: get("host_ip").unwrap_or_default(),
            host: get("published").and_then(|text| number(&text)).unwrap_or(0),
            container: number(&get("target")?)?,
            protocol: get("protocol").unwrap_or_else(|| "tcp".to_owned()),
            line: item.get("target").map_or(item.line, |target| target.line),
        });
    }
    let text = expand(item.text()?)?;
    let (mapping, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
    let (rest, container) = match mapping.rsplit_once(':') {
        Some((rest, container)) => (Some(rest), container),
        None => (None, mapping),
    };
    let (address, host) = match rest {
        None => ("", "0"),
        Some(rest) => rest.rsplit_once(':').unwrap_or(("", rest)),
    };
    Some(Published {
        address: address.trim_matches(['[', ']']).to_owned(),
        host: if host.is_empty() || host == "0" {
            0
        } else {
            number(host)?
        },
        container: number(container)?,
        protocol: protocol.to_owned(),
        line: item.line,
    })
}

fn number(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|port| *port > 0)
}

/// The first URL in the text of a health check.
fn healthcheck(node: &Node) -> Option<UrlAt> {
    let command = node.get("test")?;
    let texts: Vec<&Node> = if let Value::List(items) = &command.value {
        items.iter().collect()
    } else {
        vec![command]
    };
    texts.into_iter().find_map(|item| {
        let text = item.text()?;
        let start = text.find("http://").or_else(|| text.find("https://"))?;
        let url = text
            .get(start..)?
            .split(|char: char| char.is_whitespace() || "'\"`);,\\|>".contains(char))
            .next()?;
        let url = expand(url)?;
        Some(UrlAt {
            role: Role::Health,
            address: Address::parse(&url)?,
            text: url,
            line: item.line,
        })
    })
}

fn depends_on(node: &Node, line: usize) -> Dependencies {
    let named = node.entries().iter().map(|entry| {
        let required = entry.value.get("required").and_then(Node::boolean) != Some(false);
        (entry.key.as_str(), entry.line, required)
    });
    let listed = node
        .items()
        .iter()
        .filter_map(|item| Some((item.text()?, item.line, true)));
    let items = named.chain(listed).map(|(name, line, required)| DependencyAt {
        name: name.to_owned(),
        kind: if required {
            DependencyKind::Hard
        } else {
            DependencyKind::Soft
        },
        line,
        urls: Vec::new(),
    });
    Dependencies {
        line,
        items: items.collect(),
        all: None,
    }
}
