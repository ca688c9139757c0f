//! Kubernetes manifests: workloads with containers, ports and probes, Services, Ingresses, and configuration of
//! Prometheus that is embedded in a `ConfigMap` or a `PrometheusRule`.

use std::collections::BTreeMap;

use super::prometheus;
use crate::import::{
    content::{
        At, Backend, Content, KubeContainer, KubeObject, KubePort, KubeService, KubeServicePort, NameRule, NameUse,
        Probe, Role, Workload,
    },
    detect::{self, FileKind},
    tree::{Node, Style, Value, parse_embedded_yaml},
};

/// Reads one object, or each object of a `List`.
pub(super) fn read(root: &Node, content: &mut Content) {
    let Some(kind) = root.text_of("kind") else {
        return;
    };
    if kind == "List" {
        let items = root.get("items").map(Node::items).unwrap_or_default();
        // A list inside a list is no manifest; one level is enough.
        items
            .iter()
            .filter(|item| item.text_of("kind") != Some("List"))
            .for_each(|item| read(item, content));
        return;
    }
    let Some(name_node) = root.at(&["metadata", "name"]) else {
        return;
    };
    let Some(name) = name_node.text() else {
        return;
    };
    let namespace = root
        .at(&["metadata", "namespace"])
        .and_then(Node::text)
        .unwrap_or("default");
    let object = KubeObject {
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        line: name_node.line,
    };
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Rollout" => {
            workload(root, &["spec", "template"], &object, content);
        }
        "Job" => workload(root, &["spec", "template"], &object, content),
        "CronJob" => workload(root, &["spec", "jobTemplate", "spec", "template"], &object, content),
        "Pod" => workload(root, &[], &object, content),
        "Service" => service(root, &object, content),
        "Ingress" => ingress(root, &object, content),
        "ConfigMap" => config_map(root, content),
        "PrometheusRule" => {
            if let Some(spec) = root.get("spec") {
                let before = content.rule_files.len();
                prometheus::read_rules(spec, None, content);
                content
                    .rule_files
                    .iter_mut()
                    .skip(before)
                    .for_each(|file| file.operator = true);
            }
        }
        _ => content.kubernetes.unused.push(kind.to_owned()),
    }
    content.kubernetes.objects.push(object);
}

fn name_use(object: &KubeObject, rule: NameRule, content: &mut Content) {
    content.names.push(NameUse {
        name: object.name.clone(),
        line: object.line,
        rule,
    });
}

fn workload(root: &Node, template: &[&str], object: &KubeObject, content: &mut Content) {
    name_use(object, NameRule::KubernetesName, content);
    let Some(pod) = root.at(template) else {
        return;
    };
    let mut containers = Vec::new();
    for (key, main) in [("containers", true), ("initContainers", false)] {
        for node in pod.at(&["spec", key]).map(Node::items).unwrap_or_default() {
            if let Some((name, text)) = node.get("name").and_then(|name| name.text().map(|text| (name, text))) {
                content.names.push(NameUse {
                    name: text.to_owned(),
                    line: name.line,
                    rule: NameRule::KubernetesLabel,
                });
            }
            if main {
                containers.push(container(node));
            }
        }
    }
    content.kubernetes.workloads.push(Workload {
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        line: object.line,
        serves: !matches!(object.kind.as_str(), "Job" | "CronJob"),
        labels: texts(pod.at(&["metadata", "labels"])),
        containers,
    });
}

fn container(node: &Node) -> KubeContainer {
    let ports = node
        .get("ports")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|port| {
            let number = port.get("containerPort")?;
            Some(KubePort {
                number: number.port()?,
                name: port.text_of("name").map(str::to_owned),
                line: number.line,
            })
        });
    let probes = [
        ("livenessProbe", Role::Live),
        ("readinessProbe", Role::Ready),
        ("startupProbe", Role::Live),
    ];
    KubeContainer {
        image: node.text_of("image").map(str::to_owned),
        ports: ports.collect(),
        probes: probes
            .into_iter()
            .filter_map(|(key, role)| probe(node, key, role))
            .collect(),
    }
}

fn probe(container: &Node, key: &str, role: Role) -> Option<Probe> {
    let entry = container.entry(key)?;
    let action = ["httpGet", "tcpSocket", "grpc"]
        .into_iter()
        .find_map(|kind| Some((kind, entry.value.get(kind)?)));
    let http = action.is_some_and(|(kind, _)| kind == "httpGet");
    let field = |name: &str| {
        let node = action?.1.get(name)?;
        Some(At::new(node.text()?.to_owned(), node.line))
    };
    let timeout = entry.value.get("timeoutSeconds");
    Some(Probe {
        role,
        line: entry.line,
        path: field("path").filter(|_| http),
        port: field("port"),
        timeout_s: timeout.and_then(|node| Some(At::new(node.number()?, node.line))),
        http,
    })
}

fn service(root: &Node, object: &KubeObject, content: &mut Content) {
    name_use(object, NameRule::KubernetesLabel, content);
    let ports = root
        .at(&["spec", "ports"])
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|port| {
            let number = port.get("port")?;
            Some(KubeServicePort {
                number: number.port()?,
                name: port.text_of("name").map(str::to_owned),
                target: port.text_of("targetPort").map(str::to_owned),
                line: number.line,
            })
        });
    content.kubernetes.services.push(KubeService {
        name: object.name.clone(),
        namespace: object.namespace.clone(),
        line: object.line,
        selector: texts(root.at(&["spec", "selector"])),
        ports: ports.collect(),
    });
}

fn ingress(root: &Node, object: &KubeObject, content: &mut Content) {
    name_use(object, NameRule::KubernetesName, content);
    let mut backends = Vec::new();
    backends.extend(root.at(&["spec", "defaultBackend"]));
    for rule in root.at(&["spec", "rules"]).map(Node::items).unwrap_or_default() {
        let paths = rule.at(&["http", "paths"]).map(Node::items).unwrap_or_default();
        backends.extend(paths.iter().filter_map(|path| path.get("backend")));
    }
    for backend in backends {
        // The older form has `serviceName` and `servicePort` beside each other.
        let name = backend.at(&["service", "name"]).or_else(|| backend.get("serviceName"));
        let port = backend
            .at(&["service", "port", "number"])
            .or_else(|| backend.at(&["service", "port", "name"]))
            .or_else(|| backend.get("servicePort"));
        if let Some((node, text)) = name.and_then(|name| name.text().map(|text| (name, text))) {
            content.kubernetes.backends.push(Backend {
                namespace: object.namespace.clone(),
                service: text.to_owned(),
                port: port.and_then(Node::text).map(str::to_owned),
                line: node.line,
            });
        }
    }
}

/// Prometheus and Alertmanager files are often data of a `ConfigMap`; a block keeps its place in the file.
fn config_map(root: &Node, content: &mut Content) {
    for entry in root.get("data").map(Node::entries).unwrap_or_default() {
        let Value::Scalar {
            text,
            style: Style::Literal,
        } = &entry.value.value
        else {
            continue;
        };
        let Ok(documents) = parse_embedded_yaml(text, entry.line) else {
            continue;
        };
        let Some(root) = documents.roots.first() else {
            continue;
        };
        match detect::by_content(root) {
            FileKind::Prometheus => prometheus::read_config(root, true, content),
            FileKind::PrometheusRules => prometheus::read_rules(root, Some(entry.key.clone()), content),
            FileKind::Alertmanager => prometheus::note_variables(root, content),
            _ => {}
        }
    }
}

fn texts(node: Option<&Node>) -> BTreeMap<String, String> {
    node.map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned())))
        .collect()
}
