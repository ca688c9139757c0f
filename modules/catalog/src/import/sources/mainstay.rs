//! Mainstay's own YAML: `apiVersion: mainstay/v1`, `kind`, `metadata: {name, environment}`, `spec`.
//!
//! A `Service` is read here, field by field. Every other kind belongs to another module: its `spec` is passed on as JSON
//! with `name` (and, for checks and SLOs, the service it is about) in it, and only what the catalog itself must know is
//! looked at.

use std::collections::BTreeMap;

use mainstay_kernel::Environment;
use serde_json::Value as Json;

use super::registry::{dependencies, located};
use crate::{
    import::{
        content::{At, Content, Declared, Dependencies, Objective, Ports, Role, Statement},
        tree::{Node, Value},
    },
    model::{Link, Tier},
};

const API_VERSION: &str = "mainstay/v1";
/// Kinds of other modules that are passed on, as they are written.
const DECLARED_KINDS: &[&str] = &["Check", "Slo", "Webhook", "Maintenance", "Silence"];
const SERVICE_FIELDS: &[&str] = &[
    "description",
    "owner",
    "tier",
    "links",
    "endpoints",
    "dependencies",
    "observes_all",
    "port",
];
const ENDPOINTS: &[(&str, Role)] = &[
    ("base", Role::Base),
    ("health", Role::Health),
    ("readiness", Role::Ready),
    ("liveness", Role::Live),
    ("metrics", Role::Metrics),
];

/// Reads one document.
pub(super) fn read(root: &Node, content: &mut Content) {
    let version = root.text_of("apiVersion").unwrap_or_default();
    if version != API_VERSION {
        invalid(
            content,
            root.line,
            format!("`{version}` is not a version Mainstay knows; write `apiVersion: {API_VERSION}`"),
        );
        return;
    }
    refuse_unknown(
        root,
        &["apiVersion", "kind", "metadata", "spec"],
        "the document",
        content,
    );
    let kind = root.get("kind");
    let Some(kind_text) = kind.and_then(Node::text) else {
        invalid(
            content,
            root.line,
            "the document has no `kind`; write for example `kind: Service`".to_owned(),
        );
        return;
    };
    let Some(name) = root.get("metadata").and_then(|metadata| located(metadata, "name")) else {
        invalid(
            content,
            root.line,
            format!("this {kind_text} has no name; write `metadata: {{name: …}}`"),
        );
        return;
    };
    if let Some(metadata) = root.get("metadata") {
        refuse_unknown(metadata, &["name", "environment"], "`metadata`", content);
    }
    let environment = environment(root, content);
    let empty = Node {
        line: root.line,
        column: root.column,
        value: Value::Map(Vec::new()),
    };
    let spec = root.get("spec").unwrap_or(&empty);
    if !spec.is_map() {
        invalid(content, spec.line, "`spec` must be a map of fields".to_owned());
        return;
    }
    if kind_text == "Service" {
        let mut statement = service(name, spec, content);
        statement.environment = environment;
        content.statements.push(statement);
    } else if DECLARED_KINDS.contains(&kind_text) {
        declare(kind_text, name, environment, spec, content);
    } else {
        let known = DECLARED_KINDS.join(", ");
        let line = kind.map_or(root.line, |kind| kind.line);
        invalid(
            content,
            line,
            format!("`{kind_text}` is not a kind Mainstay knows; use Service, {known}"),
        );
    }
}

fn environment(root: &Node, content: &mut Content) -> Option<Environment> {
    let written = located(root.get("metadata")?, "environment")?;
    match written.value.parse() {
        Ok(environment) => Some(environment),
        Err(error) => {
            invalid(content, written.line, error.to_string());
            None
        }
    }
}

fn service(name: At<String>, spec: &Node, content: &mut Content) -> Statement {
    refuse_unknown(spec, SERVICE_FIELDS, "the `spec` of a Service", content);
    let urls = endpoints(spec, content);
    let tier = located(spec, "tier").and_then(|tier| match tier.value.parse::<Tier>() {
        Ok(parsed) => Some(At::new(parsed, tier.line)),
        Err(error) => {
            invalid(content, tier.line, error.to_string());
            None
        }
    });
    let port = spec.get("port").and_then(|node| Some((node.port()?, node.line)));
    let fallback = || {
        urls.iter()
            .find(|url| url.role != Role::Metrics)
            .and_then(|url| Some((url.address.service_port()?, url.line)))
    };
    let ports = port.or_else(fallback).map(|(main, line)| Ports {
        all: [main].into(),
        docker: None,
        main,
        line,
    });
    let links = links(spec, content);
    Statement {
        name: name.value,
        line: name.line,
        description: located(spec, "description"),
        owner: located(spec, "owner"),
        tier,
        links,
        ports,
        urls,
        dependencies: depends(spec),
        ..Statement::default()
    }
}

/// `endpoints: {health: http://…}` or a list of `{kind, url}` as in the API.
fn endpoints(spec: &Node, content: &mut Content) -> Vec<crate::import::content::UrlAt> {
    let mut urls = Vec::new();
    let Some(node) = spec.get("endpoints") else {
        return urls;
    };
    let in_map = node
        .entries()
        .iter()
        .map(|entry| (Some(entry.key.as_str()), &entry.value, entry.line));
    let in_list = node
        .items()
        .iter()
        .map(|item| (item.text_of("kind"), item.get("url").unwrap_or(item), item.line));
    for (kind, url, line) in in_map.chain(in_list) {
        let role = ENDPOINTS
            .iter()
            .find(|(name, _)| Some(*name) == kind)
            .map(|(_, role)| *role);
        let Some(role) = role else {
            let known = ENDPOINTS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            invalid(
                content,
                line,
                format!("`{}` is not a kind of endpoint; use {known}", kind.unwrap_or("")),
            );
            continue;
        };
        match url.text().and_then(|text| content.url(role, text, url.line)) {
            Some(found) => urls.push(found),
            None => invalid(
                content,
                url.line,
                "an endpoint needs an absolute URL such as `http://payments-api:8001/health`".to_owned(),
            ),
        }
    }
    urls
}

fn links(spec: &Node, content: &mut Content) -> Vec<At<Link>> {
    let mut links = Vec::new();
    for item in spec.get("links").map(Node::items).unwrap_or_default() {
        match item.text_of("url") {
            Some(url) => links.push(At::new(
                Link {
                    title: item.text_of("title").unwrap_or(url).to_owned(),
                    url: url.to_owned(),
                },
                item.line,
            )),
            None => invalid(
                content,
                item.line,
                "a link needs a `url` and may have a `title`".to_owned(),
            ),
        }
    }
    links
}

fn depends(spec: &Node) -> Option<Dependencies> {
    let mut found = spec
        .entry("dependencies")
        .map(|entry| dependencies(&entry.value, entry.line));
    if let Some(entry) = spec.entry("observes_all")
        && entry.value.boolean() == Some(true)
    {
        found.get_or_insert_with(Dependencies::default).all = Some(entry.line);
    }
    found
}

fn declare(kind: &str, name: At<String>, environment: Option<Environment>, spec: &Node, content: &mut Content) {
    let mut body = spec.to_json();
    if let Json::Object(fields) = &mut body {
        fields.entry("name").or_insert_with(|| Json::String(name.value.clone()));
    }
    let service = located(spec, "service");
    match (&service, kind) {
        (Some(service), "Slo") => content.objectives.push(Objective {
            service: service.value.clone(),
            line: service.line,
            environment: environment.clone(),
            numbers: numbers(spec),
        }),
        (None, "Check" | "Slo") => invalid(
            content,
            name.line,
            format!("this {kind} names no service; write `service: …` in its `spec`"),
        ),
        _ => {}
    }
    content.declarations.push(Declared {
        kind: kind.to_ascii_lowercase(),
        name: name.value,
        environment,
        body,
        service,
        line: name.line,
    });
}

/// An SLO's numbers under the keys that `slos.json` uses, so that sources can be compared.
fn numbers(spec: &Node) -> BTreeMap<String, At<f64>> {
    let written = spec.at(&["sli", "kind"]).or_else(|| spec.get("sli"));
    let objective = spec.get("objective").and_then(|node| {
        let text = node.text()?.trim().trim_end_matches('%').trim_end();
        Some(At::new(
            text.parse::<f64>().ok().filter(|number| number.is_finite())?,
            node.line,
        ))
    });
    let threshold = spec
        .at(&["sli", "threshold_ms"])
        .and_then(|node| Some(At::new(node.number()?, node.line)));
    let number = match (
        written.and_then(Node::text).unwrap_or("availability"),
        objective,
        threshold,
    ) {
        ("availability", Some(objective), _) => Some(("availability".to_owned(), objective)),
        ("latency", Some(objective), Some(threshold)) => Some((format!("latency_p{}_ms", objective.value), threshold)),
        _ => None,
    };
    number.into_iter().collect()
}

fn refuse_unknown(node: &Node, known: &[&str], what: &str, content: &mut Content) {
    for entry in node.entries() {
        if !known.contains(&entry.key.as_str()) {
            let text = format!("{what} has no field `{}`; it has {}", entry.key, known.join(", "));
            invalid(content, entry.line, text);
        }
    }
}

fn invalid(content: &mut Content, line: usize, message: String) {
    content.invalid.push(At::new(message, line));
}
