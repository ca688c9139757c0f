//! One parser for each file format: from a document tree to what it says. A parser knows its own format and nothing of
//! other files; it never fails, it takes what it understands.

mod backstage;
mod compose;
mod kubernetes;
mod mainstay;
mod monitor_toml;
mod prometheus;
mod registry;
mod service_yaml;
mod slos;

pub(crate) use service_yaml::has_placeholder as is_service_template;

use super::{content::Content, detect::FileKind, tree::Node};

/// Reads one document of a known kind into `content`; kinds without a parser add nothing.
pub(crate) fn read(kind: FileKind, root: &Node, content: &mut Content) {
    match kind {
        FileKind::Mainstay => mainstay::read(root, content),
        FileKind::Backstage => backstage::read(root, content),
        FileKind::Registry | FileKind::ServiceList => registry::read(root, content),
        FileKind::MonitorToml => monitor_toml::read(root, content),
        FileKind::ServiceYaml => service_yaml::read(root, content),
        FileKind::Compose => compose::read(root, content),
        FileKind::Kubernetes => kubernetes::read(root, content),
        FileKind::Prometheus => prometheus::read_config(root, false, content),
        FileKind::PrometheusRules => prometheus::read_rules(root, None, content),
        FileKind::Alertmanager => prometheus::note_variables(root, content),
        FileKind::Slos => slos::read(root, content),
        _ => {}
    }
}
