//! Dependencies that lead nowhere, that sources list differently, or that point to what the registry dropped.

use std::collections::{BTreeMap, BTreeSet};

use super::{list, soften};
use crate::{
    import::{
        codes::Code,
        content::{Dependencies, DependencyAt, Statement},
        detect::FileKind,
        landscape::{File, Key, Landscape},
        names::norm,
        report::Finding,
    },
    model::{DependencyKind, compare_versions},
};

pub(super) fn check(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    for file in landscape.files {
        undefined(file, landscape, findings);
    }
    let dropped = dropped(landscape);
    let stale = stale(landscape, &dropped, findings);
    for (key, said) in landscape.services() {
        let registry = said
            .iter()
            .find(|said| said.file.is_registry() && said.statement.dependencies.is_some());
        let Some((registry, listed)) =
            registry.and_then(|said| Some((said.file, said.statement.dependencies.as_ref()?)))
        else {
            continue;
        };
        for other in said.iter().filter(|said| said.file.kind == FileKind::ServiceYaml) {
            if let Some(dependencies) = &other.statement.dependencies {
                drift(
                    key,
                    (registry, listed),
                    (other.file, dependencies),
                    &stale,
                    landscape,
                    findings,
                );
            }
        }
    }
    reversed(landscape, findings);
}

fn hard(statement: &Statement) -> impl Iterator<Item = &DependencyAt> {
    let items = statement.dependencies.iter().flat_map(|list| &list.items);
    items.filter(|item| item.kind == DependencyKind::Hard)
}

fn undefined(file: &File, landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let own: BTreeSet<Key> = file
        .content
        .statements
        .iter()
        .map(|statement| landscape.key(&statement.name, statement.environment.as_ref()))
        .collect();
    let mut seen = BTreeSet::new();
    for statement in &file.content.statements {
        let service = landscape.key(&statement.name, statement.environment.as_ref());
        for item in hard(statement) {
            let dependency = landscape.key(&item.name, statement.environment.as_ref());
            let known = if file.superseded_by.is_some() {
                own.contains(&dependency)
            } else {
                landscape.knows(&dependency)
            };
            if known || !seen.insert((service.clone(), dependency.clone())) {
                continue;
            }
            let message = format!(
                "{} needs {}, which {} defines. Define it, correct the name, or remove the dependency.",
                service.name,
                dependency.name,
                if file.superseded_by.is_some() {
                    "nothing in this version"
                } else {
                    "no imported source"
                },
            );
            let elsewhere = landscape.is_elsewhere(&dependency);
            let mut finding = Finding::new(Code::UndefinedDependency, file.place(item.line), message)
                .with("service", service.name.clone())
                .with("dependency", dependency.name);
            if elsewhere {
                finding = finding.with("environment", dependency.environment.to_string());
            }
            findings.push(soften(finding, file));
        }
    }
}

/// A service that an older version of a registry lists and the newest does not.
struct Dropped {
    last_version: String,
    same_port: Vec<String>,
}

fn dropped(landscape: &Landscape<'_>) -> BTreeMap<Key, Dropped> {
    let mut found = BTreeMap::new();
    for newest in landscape.current().filter(|file| file.kind == FileKind::Registry) {
        let mut older: Vec<&File> = landscape
            .files
            .iter()
            .filter(|file| file.superseded_by.is_some() && file.registry == newest.registry)
            .collect();
        older.sort_by(|a, b| compare_versions(b.version(), a.version()).then_with(|| a.path.cmp(&b.path)));
        let listed: BTreeSet<String> = newest
            .content
            .statements
            .iter()
            .map(|statement| landscape.aliases.resolve(&statement.name))
            .collect();
        for file in older {
            for statement in &file.content.statements {
                let key = landscape.key(&statement.name, statement.environment.as_ref());
                if listed.contains(&key.name) || found.contains_key(&key) {
                    continue;
                }
                let port = statement.ports.as_ref().map(|ports| ports.main);
                let mut same_port: Vec<String> = newest
                    .content
                    .statements
                    .iter()
                    .filter(|candidate| port.is_some() && candidate.ports.as_ref().map(|ports| ports.main) == port)
                    .map(|candidate| norm(&candidate.name))
                    .collect();
                same_port.sort();
                let last_version = file.version().unwrap_or_default().to_owned();
                found.insert(
                    key,
                    Dropped {
                        last_version,
                        same_port,
                    },
                );
            }
        }
    }
    found
}

/// Reports every name that still means a dropped service; answers where, so that no second rule speaks of it.
fn stale(
    landscape: &Landscape<'_>,
    dropped: &BTreeMap<Key, Dropped>,
    findings: &mut Vec<Finding>,
) -> BTreeSet<(String, String)> {
    let mut reported = BTreeSet::new();
    for file in landscape.current() {
        let mut names: Vec<(Key, usize)> = Vec::new();
        if matches!(file.kind, FileKind::ServiceYaml | FileKind::Mainstay) {
            for statement in &file.content.statements {
                let items = statement.dependencies.iter().flat_map(|list| &list.items);
                names.extend(items.map(|item| (landscape.key(&item.name, statement.environment.as_ref()), item.line)));
            }
        }
        let objectives = file.content.objectives.iter();
        names.extend(objectives.map(|one| (landscape.key(&one.service, one.environment.as_ref()), one.line)));
        for declared in &file.content.declarations {
            // Those of SLOs are among the objectives.
            if let Some(service) = declared.service.as_ref().filter(|_| declared.kind != "slo") {
                let key = landscape.key(&service.value, declared.environment.as_ref());
                names.push((key, service.line));
            }
        }
        for (key, line) in names {
            let Some(found) = dropped.get(&key) else {
                continue;
            };
            if is_redefined(&key, landscape) {
                continue;
            }
            reported.insert((file.path.clone(), key.name.clone()));
            let instead = if found.same_port.is_empty() {
                "Remove it or name its successor.".to_owned()
            } else {
                format!(
                    "On its port there is now {}; name that or remove it.",
                    list(&found.same_port)
                )
            };
            let message = format!(
                "{} was last in version {} of the registry and is no longer listed. {instead}",
                key.name, found.last_version,
            );
            findings.push(
                Finding::new(Code::StaleReference, file.place(line), message)
                    .with("service", key.name)
                    .with("last_version", found.last_version.clone())
                    .with_list("same_port", found.same_port.iter().cloned()),
            );
        }
    }
    reported
}

/// A person's word or Backstage outranks the registry's silence.
fn is_redefined(key: &Key, landscape: &Landscape<'_>) -> bool {
    let said = landscape.said(key);
    said.iter()
        .any(|said| matches!(said.file.kind, FileKind::Mainstay | FileKind::Backstage))
}

fn drift(
    key: &Key,
    (registry, listed): (&File, &Dependencies),
    (file, own): (&File, &Dependencies),
    stale: &BTreeSet<(String, String)>,
    landscape: &Landscape<'_>,
    findings: &mut Vec<Finding>,
) {
    let names = |list: &Dependencies| -> BTreeSet<String> {
        let hard = list.items.iter().filter(|item| item.kind == DependencyKind::Hard);
        hard.map(|item| landscape.aliases.resolve(&item.name)).collect()
    };
    let (expected, found) = (names(listed), names(own));
    let missing: Vec<&String> = expected.difference(&found).collect();
    let extra: Vec<&String> = found
        .difference(&expected)
        .filter(|name| !stale.contains(&(file.path.clone(), (*name).clone())))
        .collect();
    if missing.is_empty() && extra.is_empty() {
        return;
    }
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("lacks {}", list(&missing)));
    }
    if !extra.is_empty() {
        parts.push(format!("adds {}", list(&extra)));
    }
    let message = format!(
        "The dependencies of {} differ from the registry's: this list {}. Make both say the same; until then the registry's count.",
        key.name,
        parts.join(" and "),
    );
    findings.push(
        Finding::new(Code::DependencyDrift, file.place(own.line), message)
            .with("service", key.name.clone())
            .with_list("missing", missing.into_iter().cloned())
            .with_list("extra", extra.into_iter().cloned())
            .with("expected_from", registry.spot(listed.line))
            .also(registry.place(listed.line)),
    );
}

/// Compose starts B after A although the winner says that A needs B.
fn reversed(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    for file in landscape.current().filter(|file| file.kind == FileKind::Compose) {
        let own: BTreeSet<String> = file
            .content
            .statements
            .iter()
            .map(|statement| landscape.aliases.resolve(&statement.name))
            .collect();
        for statement in &file.content.statements {
            let service = landscape.key(&statement.name, None);
            for item in hard(statement) {
                let dependency = landscape.key(&item.name, None);
                let Some(winner) = landscape
                    .dependencies_of(&dependency)
                    .filter(|said| own.contains(&dependency.name) && said.file.kind != FileKind::Compose)
                else {
                    continue;
                };
                let opposite =
                    hard(winner.statement).find(|item| landscape.aliases.resolve(&item.name) == service.name);
                let Some(opposite) = opposite.filter(|_| service != dependency) else {
                    continue;
                };
                let message = format!(
                    "{} waits for {} here, but {} says that {} needs {}. One of the two directions is wrong.",
                    service.name,
                    dependency.name,
                    winner.file.spot(opposite.line),
                    dependency.name,
                    service.name,
                );
                findings.push(
                    Finding::new(Code::ReversedDependency, file.place(item.line), message)
                        .with("service", service.name.clone())
                        .with("dependency", dependency.name)
                        .with("expected_from", winner.file.spot(opposite.line))
                        .also(winner.file.place(opposite.line)),
                );
            }
        }
    }
}
