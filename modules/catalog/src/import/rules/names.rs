//! Names that no network accepts, and names that probably mean a known service.

use std::collections::{BTreeMap, BTreeSet};

use super::{list, soften};
use crate::{
    import::{
        address::is_loopback,
        codes::{Code, Severity},
        content::NameRule,
        detect::FileKind,
        landscape::{File, Key, Landscape},
        names::{common_prefix, is_host, is_label, norm},
        report::Finding,
    },
    model::ServiceName,
};

pub(super) fn check(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    for file in landscape.files {
        invalid(file, landscape, findings);
    }
    proposals(landscape, findings);
}

fn invalid(file: &File, landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let mut uses: Vec<(&str, usize, NameRule)> = file
        .content
        .names
        .iter()
        .map(|used| (used.name.as_str(), used.line, used.rule))
        .collect();
    for statement in &file.content.statements {
        // A name that an alias replaces is never used itself.
        let resolved = landscape.aliases.resolve(&statement.name);
        if file.kind != FileKind::Kubernetes && ServiceName::parse(&resolved).is_err() {
            uses.push((&statement.name, statement.line, NameRule::Service));
        }
    }
    uses.sort_by_key(|(_, line, _)| *line);
    let mut seen = BTreeSet::new();
    for (name, line, rule) in uses {
        let allowed = match rule {
            NameRule::Host => is_host(name),
            NameRule::KubernetesLabel => is_label(name, false),
            NameRule::KubernetesName => name.len() <= 253 && name.split('.').all(|label| is_label(label, false)),
            NameRule::Service => false,
        };
        if allowed || !seen.insert(name) {
            continue;
        }
        let suggested = norm(name);
        let (used_as, problem) = match rule {
            NameRule::Host => (
                "host",
                "is no valid host name (RFC 1123 allows letters, digits and hyphens)",
            ),
            NameRule::Service => (
                "service",
                "cannot name a service even with `_` as `-`, so it was left out",
            ),
            _ => (
                "kubernetes",
                "is no valid Kubernetes name, and the API server refuses it",
            ),
        };
        let advice = if suggested == name {
            "Rename it to lower-case letters, digits and hyphens.".to_owned()
        } else {
            format!("Rename it to `{suggested}`.")
        };
        let finding = Finding::new(
            Code::InvalidName,
            file.place(line),
            format!("`{name}` {problem}. {advice}"),
        )
        .with("name", name)
        .with("suggested", suggested)
        .with("used_as", used_as);
        let finding = if rule == NameRule::Host {
            finding
        } else {
            finding.severity(Severity::Error)
        };
        findings.push(soften(finding, file));
    }
}

/// Where an unknown name stands first, and why it could mean each candidate.
type Proposed<'a> = BTreeMap<(Key, String), (&'a File, usize, BTreeSet<By>)>;

/// Why a name could mean a service, in the order in which reasons are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Prefix,
    Container,
    Image,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Container => "container",
            Self::Image => "image",
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Prefix => "with the prefix that the registry's names share",
            Self::Container => "by its container name",
            Self::Image => "by its image",
        }
    }
}

fn proposals(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let authorities: BTreeSet<&Key> = landscape
        .services()
        .filter(|(_, said)| said.iter().any(|said| said.file.is_authority()))
        .map(|(key, _)| key)
        .collect();
    let prefix = registry_prefix(landscape);
    let mut proposed: Proposed<'_> = BTreeMap::new();
    for file in landscape.current() {
        let mut propose = |name: &str, line: usize, container: Option<&str>, image: Option<&str>| {
            let key = landscape.key(name, None);
            if authorities.contains(&key) {
                return;
            }
            let with_prefix = prefix.as_ref().map(|prefix| format!("{prefix}{}", key.name));
            let candidates = [
                (By::Prefix, with_prefix),
                (By::Container, container.map(norm)),
                (By::Image, image.map(|image| norm(image_name(image)))),
            ];
            for (by, candidate) in candidates {
                let candidate = candidate.map(|candidate| Key {
                    name: candidate,
                    ..key.clone()
                });
                if let Some(candidate) = candidate.filter(|candidate| authorities.contains(candidate)) {
                    let entry = proposed
                        .entry((key.clone(), candidate.name))
                        .or_insert((file, line, BTreeSet::new()));
                    entry.2.insert(by);
                }
            }
        };
        match file.kind {
            FileKind::Compose => {
                for statement in &file.content.statements {
                    let container = statement.container.as_ref();
                    let name = container.and_then(|container| container.name.as_deref());
                    propose(
                        &statement.name,
                        statement.line,
                        name,
                        container.and_then(|container| container.image.as_deref()),
                    );
                }
            }
            FileKind::Kubernetes => {
                for workload in file
                    .content
                    .kubernetes
                    .workloads
                    .iter()
                    .filter(|workload| workload.serves)
                {
                    let image = workload
                        .containers
                        .first()
                        .and_then(|container| container.image.as_deref());
                    propose(&workload.name, workload.line, None, image);
                }
            }
            _ => {}
        }
        for target in file.content.prometheus.iter().flat_map(|config| &config.targets) {
            if !is_loopback(&target.host) {
                propose(&target.host, target.line, None, None);
            }
        }
    }
    for ((key, candidate), (file, line, by)) in proposed {
        let reasons = list(by.iter().map(|by| by.reason()));
        let message = format!(
            "{} is probably {candidate}: {reasons}. It is kept apart; if they are one service, say so with an alias from {} to {candidate}.",
            key.name, key.name,
        );
        let by = by.iter().map(|by| by.name()).collect::<Vec<_>>().join(",");
        findings.push(
            Finding::new(Code::ProposedAlias, file.place(line), message)
                .with("name", key.name)
                .with("candidate", candidate)
                .with("by", by),
        );
    }
}

/// The prefix that the names of the highest-ranked registry share, or without a registry those of all authorities.
fn registry_prefix(landscape: &Landscape<'_>) -> Option<String> {
    let mut registries: Vec<&File> = landscape.current().filter(|file| file.is_registry()).collect();
    registries.sort_by(|a, b| a.precedence(b));
    let names: BTreeSet<String> = match registries.first() {
        Some(registry) => registry
            .content
            .statements
            .iter()
            .map(|statement| landscape.aliases.resolve(&statement.name))
            .collect(),
        None => landscape
            .services()
            .filter(|(_, said)| said.iter().any(|said| said.file.is_authority()))
            .map(|(key, _)| key.name.clone())
            .collect(),
    };
    common_prefix(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The last path segment of an image's repository, without tag and digest.
fn image_name(image: &str) -> &str {
    let without_digest = image.split('@').next().unwrap_or(image);
    let last = without_digest.rsplit('/').next().unwrap_or(without_digest);
    last.split(':').next().unwrap_or(last)
}
