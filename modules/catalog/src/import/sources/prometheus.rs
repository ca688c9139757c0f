//! Prometheus: scrape configuration, rule files, and variables that neither Prometheus nor Alertmanager expands.

use crate::import::{
    address::{normal_path, split_port},
    content::{At, Content, MetricsPath, NameRule, NameUse, PrometheusConfig, Rule, RuleFile, Target, VariableUse},
    tree::{Node, Style, Value},
};

/// Keys below which `${NAME}` means something, or is text for people.
const FREE_KEYS: &[&str] = &[
    "external_labels",
    "replacement",
    "target_label",
    "annotations",
    "templates",
    "regex",
    "expr",
];

/// Reads `scrape_configs` and `rule_files`.
pub(super) fn read_config(root: &Node, embedded: bool, content: &mut Content) {
    let mut config = PrometheusConfig {
        embedded,
        ..PrometheusConfig::default()
    };
    let jobs = root.get("scrape_configs").map(Node::items).unwrap_or_default();
    for job in jobs {
        let path = job.get("metrics_path");
        if let Some((node, text)) = path.and_then(|node| node.text().map(|text| (node, text))) {
            config.metrics_paths.push(MetricsPath {
                job: job.text_of("job_name").unwrap_or_default().to_owned(),
                path: text.to_owned(),
                line: node.line,
            });
        }
        let metrics_path = normal_path(path.and_then(Node::text).unwrap_or("/metrics"));
        let scheme = job.text_of("scheme").unwrap_or("http");
        // With relabelling the address that is scraped is another one than the target.
        let relabelled = job.has("relabel_configs");
        let static_configs = job.get("static_configs").map(Node::items).unwrap_or_default();
        for target in static_configs
            .iter()
            .filter_map(|group| group.get("targets"))
            .flat_map(Node::items)
        {
            let Some(text) = target.text() else {
                continue;
            };
            let default = if scheme == "https" { 443 } else { 80 };
            let Some((host, port)) = split_port(text).filter(|(host, _)| plain_host(host)) else {
                continue;
            };
            content.names.push(NameUse {
                name: host.to_owned(),
                line: target.line,
                rule: NameRule::Host,
            });
            if !relabelled {
                config.targets.push(Target {
                    host: host.to_owned(),
                    port: port.unwrap_or(default),
                    scheme: scheme.to_owned(),
                    path: metrics_path.clone(),
                    line: target.line,
                });
            }
        }
    }
    for pattern in root.get("rule_files").map(Node::items).unwrap_or_default() {
        if let Some(text) = pattern.text() {
            config.rule_files.push(At::new(text.to_owned(), pattern.line));
        }
    }
    note_variables(root, content);
    content.prometheus.push(config);
}

fn plain_host(host: &str) -> bool {
    !host.is_empty() && !host.contains(|char: char| char.is_whitespace() || "${}<>/\\\"'".contains(char))
}

/// Reads `groups`; `load_name` is the file name a configuration would load it by, when it differs from the file's own.
pub(super) fn read_rules(root: &Node, load_name: Option<String>, content: &mut Content) {
    let Some(entry) = root.entry("groups") else {
        return;
    };
    let mut file = RuleFile {
        line: entry.line,
        group_names: entry
            .value
            .items()
            .iter()
            .filter_map(|group| group.text_of("name"))
            .collect::<Vec<_>>()
            .join(","),
        load_name,
        ..RuleFile::default()
    };
    for rule in entry
        .value
        .items()
        .iter()
        .filter_map(|group| group.get("rules"))
        .flat_map(Node::items)
    {
        let name = rule
            .text_of("record")
            .or_else(|| rule.text_of("alert"))
            .unwrap_or_default();
        let (expression, line, block) = match rule.entry("expr") {
            Some(entry) => match &entry.value.value {
                Value::Scalar {
                    text,
                    style: Style::Literal,
                } => (text.clone(), entry.line, true),
                Value::Scalar { text, .. } => (text.clone(), entry.value.line, false),
                _ => (String::new(), entry.line, false),
            },
            None => (String::new(), rule.line, false),
        };
        file.rules.push(Rule {
            name: name.to_owned(),
            expression,
            line,
            block,
        });
    }
    note_variables(root, content);
    content.rule_files.push(file);
}

/// Notes every `${NAME}` that would be taken literally.
pub(super) fn note_variables(root: &Node, content: &mut Content) {
    walk(root, "", content);
}

/// Depth is bounded by the tree.
fn walk(node: &Node, key: &str, content: &mut Content) {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                if !FREE_KEYS.contains(&entry.key.as_str()) {
                    walk(&entry.value, &entry.key, content);
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| walk(item, key, content)),
        Value::Scalar { text, .. } => {
            if let Some(variable) = variable(text) {
                content.variables.push(VariableUse {
                    variable: variable.to_owned(),
                    key: key.to_owned(),
                    line: node.line,
                });
            }
        }
    }
}

/// The name in the first `${NAME}` whose name begins with a letter or `_`.
fn variable(text: &str) -> Option<&str> {
    text.match_indices("${").find_map(|(at, _)| {
        let inner = text.get(at + 2..)?.split_once('}')?.0;
        let name = inner.split([':', '-']).next()?;
        let starts_well = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
        let goes_on_well = name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
        (starts_well && goes_on_well).then_some(name)
    })
}
