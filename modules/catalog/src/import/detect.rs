//! What a file is: by its content where it has structure, by its name where the content says nothing.

use super::tree::{Node, Syntax};

macro_rules! kinds {
    ($($variant:ident, $name:literal, $why:expr;)+) => {
        /// Every kind of file that is told apart.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum FileKind { $($variant),+ }

        impl FileKind {
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in reports.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Why its content is not used; `None` for what is read.
            pub(crate) fn unused_because(self) -> Option<&'static str> {
                match self { $(Self::$variant => $why),+ }
            }
        }
    };
}

kinds! {
    Mainstay, "mainstay", None;
    Backstage, "backstage", None;
    Registry, "registry", None;
    ServiceList, "service-list", None;
    MonitorToml, "monitor-toml", None;
    ServiceYaml, "service-yaml", None;
    Compose, "compose", None;
    Kubernetes, "kubernetes", None;
    Prometheus, "prometheus", None;
    PrometheusRules, "prometheus-rules", None;
    Slos, "slos", None;
    Alertmanager, "alertmanager", Some("Mainstay sends alerts itself; of this file only unexpanded variables are reported");
    ServiceTemplate, "service-template", Some("it is a template, and a template is no fact");
    Template, "template", Some("it is a template; render it and import its output");
    HelmTemplate, "helm-template", Some("render the chart first (`helm template`) and import its output");
    HelmChart, "helm-chart", Some("render the chart first (`helm template`) and import its output");
    HelmValues, "helm-values", Some("values mean something only to their chart; render it (`helm template`) and import its output");
    Dockerfile, "dockerfile", Some("images are judged by readiness rules, which are not built yet");
    CiWorkflow, "ci-workflow", Some("pipelines are judged by readiness rules, which are not built yet");
    GrafanaDashboard, "grafana-dashboard", Some("Mainstay draws its own dashboards");
    GrafanaProvisioning, "grafana-provisioning", Some("Mainstay draws its own dashboards");
    JsonSchema, "json-schema", Some("it describes the shape of other files, not services");
    OnCall, "on-call", Some("schedules and escalation are not built yet");
    IncidentManagement, "incident-management", Some("severities and escalation are not built yet");
    CircuitBreakers, "circuit-breakers", Some("breakers belong to the gateway, which is not built yet");
    Caching, "caching", Some("caching belongs to the gateway, which is not built yet");
    GatewayRoutes, "gateway-routes", Some("routes belong to the gateway, which is not built yet");
    Tracing, "tracing", Some("traces are not built yet");
    Toil, "toil", Some("toil tracking is not built yet");
    Benchmarks, "benchmarks", Some("performance targets are no promise; declare an SLO instead");
    Logging, "logging", Some("logging settings say nothing about services");
    GeneratedReport, "report", Some("it is the result of an earlier check, not a statement about services");
    PackageManifest, "package-manifest", Some("manifests and lock files are judged by readiness rules, which are not built yet");
    ToolSettings, "tool-settings", Some("settings of development tools say nothing about services");
    Documentation, "documentation", Some("text for people is not read");
    Empty, "empty", Some("it holds nothing but comments");
    Unknown, "unknown", None;
}

/// How a file would be parsed, by its name or else by how it begins.
pub(crate) fn syntax(path: &str, text: &str) -> Option<Syntax> {
    match extension(path).as_deref() {
        Some("yaml" | "yml") => Some(Syntax::Yaml),
        Some("json") => Some(Syntax::Json),
        Some("toml") => Some(Syntax::Toml),
        Some("" | "conf" | "config" | "cfg" | "template" | "tmpl" | "in" | "example" | "sample" | "dist" | "bak")
        | None => begins(text),
        Some(_) => None,
    }
}

fn begins(text: &str) -> Option<Syntax> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') && !text.starts_with("{{") && !text.starts_with("{%") {
        return Some(Syntax::Json);
    }
    let starts_line = |words: &[&str]| {
        text.lines()
            .take(400)
            .any(|line| words.iter().any(|word| line.starts_with(word)))
    };
    if starts_line(&["[[services]]"]) {
        return Some(Syntax::Toml);
    }
    let yaml = ["apiVersion:", "services:", "scrape_configs:", "groups:", "service:"];
    starts_line(&yaml).then_some(Syntax::Yaml)
}

/// What a file is by its name or raw text alone, before anything is parsed.
pub(crate) fn by_name(path: &str, text: &str) -> Option<FileKind> {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let extension = extension(path).unwrap_or_default();
    if is_helm_template(text) {
        return Some(FileKind::HelmTemplate);
    }
    if name.starts_with("dockerfile") || extension == "dockerfile" || name.starts_with("containerfile") {
        return Some(FileKind::Dockerfile);
    }
    if lower.contains(".github/workflows/") || lower.contains(".circleci/") || name == ".gitlab-ci.yml" {
        return Some(FileKind::CiWorkflow);
    }
    let tools = [
        ".dockerignore",
        ".gitignore",
        ".editorconfig",
        ".coveragerc",
        ".pre-commit-config.yaml",
        "dependabot.yml",
        "deny.toml",
        "ruff.toml",
        "clippy.toml",
        "rustfmt.toml",
        "mypy.ini",
        "pytest.ini",
        "tox.ini",
        "biome.json",
        "renovate.json",
        "tsconfig.json",
        "jsconfig.json",
        "devcontainer.json",
        "settings.json",
        "launch.json",
        ".prettierrc",
        ".eslintrc.json",
        "mkdocs.yml",
    ];
    if tools.contains(&name) {
        return Some(FileKind::ToolSettings);
    }
    let packages = [
        "cargo.toml",
        "cargo.lock",
        "pyproject.toml",
        "package.json",
        "package-lock.json",
        "poetry.lock",
        "uv.lock",
        "go.mod",
        "go.sum",
        "pnpm-lock.yaml",
        "pnpm-workspace.yaml",
        "yarn.lock",
        "composer.json",
        "gemfile",
    ];
    if packages.contains(&name) || (name.starts_with("requirements") && extension == "txt") {
        return Some(FileKind::PackageManifest);
    }
    if matches!(extension.as_str(), "md" | "rst" | "adoc") || name.starts_with("license") || name.starts_with("readme")
    {
        return Some(FileKind::Documentation);
    }
    if name.starts_with("values") && syntax(path, text) == Some(Syntax::Yaml) {
        return Some(FileKind::HelmValues);
    }
    None
}

fn is_helm_template(text: &str) -> bool {
    text.contains("{{")
        && [".Values", ".Release", ".Chart", "include \""]
            .iter()
            .any(|mark| text.contains(mark))
}

/// Whether a text that is no valid YAML is a template of another tool, such as Jinja.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains("{%")
        || text
            .lines()
            .any(|line| line.contains(": {{") || line.trim_start().starts_with("{{"))
}

/// Whether the comments at the head of a file call it a template.
pub(crate) fn head_says_template(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .take_while(|line| line.is_empty() || line.starts_with('#') || *line == "---")
        .any(|line| line.to_ascii_lowercase().contains("template"))
}

/// What one parsed document is.
pub(crate) fn by_content(root: &Node) -> FileKind {
    if root.is_null() {
        return FileKind::Empty;
    }
    if !root.is_map() {
        return FileKind::Unknown;
    }
    by_version(root)
        .or_else(|| by_services(root))
        .or_else(|| by_monitoring(root))
        .or_else(|| by_other_keys(root))
        .unwrap_or(FileKind::Unknown)
}

fn by_version(root: &Node) -> Option<FileKind> {
    let version = root.text_of("apiVersion")?;
    if version.starts_with("mainstay/") {
        Some(FileKind::Mainstay)
    } else if version.contains("backstage.io/") {
        Some(FileKind::Backstage)
    } else if root.text_of("kind").is_some() {
        Some(FileKind::Kubernetes)
    } else if root.has("name") && root.has("version") {
        Some(FileKind::HelmChart)
    } else if root.has("datasources") || root.has("providers") {
        Some(FileKind::GrafanaProvisioning)
    } else {
        None
    }
}

fn by_services(root: &Node) -> Option<FileKind> {
    if root.get("service").is_some_and(|service| service.has("name")) {
        return Some(FileKind::ServiceYaml);
    }
    let services = root.get("services")?;
    let any = |keys: &[&str]| {
        let in_map = services.entries().iter().map(|entry| &entry.value);
        in_map
            .chain(services.items())
            .any(|value| keys.iter().any(|key| value.has(key)))
    };
    if root.has("rotation") || root.has("escalation") {
        Some(FileKind::OnCall)
    } else if any(&["availability", "latency_p95", "error_budget"]) {
        Some(FileKind::Slos)
    } else if any(&["failure_threshold", "success_threshold"]) {
        Some(FileKind::CircuitBreakers)
    } else if any(&["health_endpoint"]) {
        Some(FileKind::MonitorToml)
    } else if services.is_map()
        && any(&[
            "image",
            "build",
            "container_name",
            "depends_on",
            "healthcheck",
            "command",
            "environment",
        ])
    {
        Some(FileKind::Compose)
    } else if any(&[
        "port",
        "base_url",
        "health_url",
        "dependencies",
        "ready_url",
        "live_url",
        "metrics_url",
    ]) {
        let versioned = services.is_map() && root.text_of("version").is_some();
        Some(if versioned {
            FileKind::Registry
        } else {
            FileKind::ServiceList
        })
    } else if services.is_map()
        && any(&[
            "ports", "volumes", "networks", "restart", "deploy", "expose", "extends", "profiles",
        ])
    {
        Some(FileKind::Compose)
    } else if any(&["ttl", "cache_routes", "cache_queries"]) {
        Some(FileKind::Caching)
    } else if services.is_map() && services.entries().is_empty() {
        let versioned = root.text_of("version").is_some();
        Some(if versioned {
            FileKind::Registry
        } else {
            FileKind::ServiceList
        })
    } else {
        None
    }
}

fn by_monitoring(root: &Node) -> Option<FileKind> {
    let rule_groups = root
        .get("groups")
        .is_some_and(|groups| groups.items().iter().any(|group| group.has("rules")));
    if root.has("scrape_configs") || root.has("rule_files") || root.at(&["global", "scrape_interval"]).is_some() {
        Some(FileKind::Prometheus)
    } else if rule_groups {
        Some(FileKind::PrometheusRules)
    } else if root.has("route") && root.has("receivers") {
        Some(FileKind::Alertmanager)
    } else if root.has("panels") || root.at(&["dashboard", "panels"]).is_some() {
        Some(FileKind::GrafanaDashboard)
    } else {
        None
    }
}

fn by_other_keys(root: &Node) -> Option<FileKind> {
    let has = |key: &str| root.has(key);
    let nested = |outer: &str, inner: &str| {
        root.get(outer)
            .is_some_and(|node| node.has(inner) || node.entries().iter().any(|entry| entry.value.has(inner)))
    };
    if has("$schema") && (has("properties") || has("definitions") || has("$defs")) {
        Some(FileKind::JsonSchema)
    } else if has("jobs") && (has("on") || has("steps")) {
        Some(FileKind::CiWorkflow)
    } else if has("severity_levels") {
        Some(FileKind::IncidentManagement)
    } else if has("rotation") || has("escalation") {
        Some(FileKind::OnCall)
    } else if nested("targets", "p95_latency_ms") {
        Some(FileKind::Benchmarks)
    } else if nested("target", "max_toil_percent") {
        Some(FileKind::Toil)
    } else if nested("defaults", "failure_threshold") {
        Some(FileKind::CircuitBreakers)
    } else if has("tracing") {
        Some(FileKind::Tracing)
    } else if root
        .get("routes")
        .is_some_and(|routes| routes.items().iter().any(|route| route.has("path")))
    {
        Some(FileKind::GatewayRoutes)
    } else if has("logging") {
        Some(FileKind::Logging)
    } else if (has("timestamp") || has("generated_at")) && (has("summary") || has("services") || has("repos")) {
        Some(FileKind::GeneratedReport)
    } else {
        None
    }
}

/// The lower-case text after the last dot of the file's name; `None` without a dot.
fn extension(path: &str) -> Option<String> {
    let name = path.rsplit(['/', '\\']).next()?;
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty()).then(|| extension.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::tree::parse;

    fn kind(text: &str) -> FileKind {
        by_content(parse(text, Syntax::Yaml).unwrap().roots.first().unwrap())
    }

    #[test]
    fn a_file_is_known_by_its_content() {
        assert_eq!(kind("version: '1'\nservices: {a: {port: 1}}"), FileKind::Registry);
        assert_eq!(kind("services: {a: {health_url: x}}"), FileKind::ServiceList);
        assert_eq!(kind("services: {a: {image: x}}"), FileKind::Compose);
        assert_eq!(kind("services: {a: {availability: 99}}"), FileKind::Slos);
        assert_eq!(kind("service: {name: a}"), FileKind::ServiceYaml);
        assert_eq!(kind("apiVersion: v1\nkind: Service"), FileKind::Kubernetes);
        assert_eq!(kind("apiVersion: mainstay/v1\nkind: Service"), FileKind::Mainstay);
        assert_eq!(
            kind("apiVersion: backstage.io/v1alpha1\nkind: Component"),
            FileKind::Backstage
        );
        assert_eq!(kind("scrape_configs: []"), FileKind::Prometheus);
        assert_eq!(kind("groups: [{name: a, rules: []}]"), FileKind::PrometheusRules);
        assert_eq!(kind("a: 1"), FileKind::Unknown);
    }

    #[test]
    fn a_helm_template_is_never_parsed_and_prometheus_templates_are_no_helm() {
        assert_eq!(by_name("x.yaml", "a: {{ .Values.b }}"), Some(FileKind::HelmTemplate));
        assert_eq!(by_name("x.yaml", "a: '{{ $labels.b }}'"), None);
    }

    #[test]
    fn a_file_without_extension_is_known_by_how_it_begins() {
        assert_eq!(syntax("registry", "{\"services\": {}}"), Some(Syntax::Json));
        assert_eq!(syntax("stack", "services:\n  a: {}"), Some(Syntax::Yaml));
        assert_eq!(syntax("main.rs", "services:\n"), None);
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<&str> = FileKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), FileKind::ALL.len());
    }
}
