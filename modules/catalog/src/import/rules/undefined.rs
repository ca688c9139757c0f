//! What is declared for a service that nobody defines: it would be kept and never do anything.

use std::collections::BTreeSet;

use mainstay_kernel::Environment;

use crate::import::{
    codes::{Code, Severity},
    detect::FileKind,
    landscape::{File, Key, Landscape},
    names::{nearest, norm},
    report::{Finding, Place},
};

/// Findings that look for the name that was meant: each compares with every name there is.
const MOST_HINTS: usize = 50;
/// Where the finding about an alias stands that is in none of the files.
const ALIASES: &str = "aliases";

pub(super) fn check(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    // What is imported alone may be for services that come with another import.
    if landscape.catalog.is_none() && landscape.services().next().is_none() {
        return;
    }
    let mut found = Vec::new();
    // These are stale references, which say more.
    let former = formerly_known(landscape);
    let is_undefined = |key: &Key| !landscape.knows(key) && !former.contains(key);
    for file in landscape.current() {
        for (kind, name, key, line) in declared(file, landscape) {
            if is_undefined(&key) {
                found.push((file.place(line), kind, name, key));
            }
        }
    }
    for (at, (place, kind, name, key)) in found.into_iter().enumerate() {
        let message = format!(
            "{} is for {}, which {} defines. {}Define the service or correct the name; until then {}.",
            subject(&kind, name.as_deref()),
            key.name,
            nobody(landscape),
            hint(at, &key, landscape),
            consequence(&kind),
        );
        let mut finding = Finding::new(Code::UndefinedService, place, message)
            .with("service", key.name.clone())
            .with("kind", kind);
        if let Some(name) = name {
            finding = finding.with("name", name);
        }
        findings.push(with_environment(finding, &key, landscape));
    }
    aliases(landscape, findings);
}

/// Everything a file declares for a service: kind, name, service and line.
fn declared(file: &File, landscape: &Landscape<'_>) -> Vec<(String, Option<String>, Key, usize)> {
    let key = |service: &str, environment: Option<&Environment>| landscape.key(service, environment);
    if file.kind == FileKind::Slos {
        // Not every number becomes an SLO, and every entry is for a service.
        let objectives = file.content.objectives.iter();
        return objectives
            .map(|one| {
                let key = key(&one.service, one.environment.as_ref());
                ("slo".to_owned(), None, key, one.line)
            })
            .collect();
    }
    let declarations = file.content.declarations.iter();
    declarations
        .filter_map(|declared| {
            let service = declared.service.as_ref()?;
            let key = key(&service.value, declared.environment.as_ref());
            Some((declared.kind.clone(), Some(declared.name.clone()), key, service.line))
        })
        .collect()
}

/// Every service that only an older version of a registry defines.
fn formerly_known(landscape: &Landscape<'_>) -> BTreeSet<Key> {
    let older = landscape.files.iter().filter(|file| file.superseded_by.is_some());
    older
        .flat_map(|file| &file.content.statements)
        .map(|statement| landscape.key(&statement.name, statement.environment.as_ref()))
        .collect()
}

fn subject(kind: &str, name: Option<&str>) -> String {
    let kind = match kind {
        "slo" => "SLO",
        "maintenance" => "maintenance window",
        other => other,
    };
    match name {
        Some(name) => format!("The {kind} `{name}`"),
        None => format!("This {kind}"),
    }
}

fn consequence(kind: &str) -> &'static str {
    match kind {
        "slo" => "it counts nothing",
        "check" => "its result is the state of no service",
        _ => "it has no effect",
    }
}

fn nobody(landscape: &Landscape<'_>) -> &'static str {
    if landscape.catalog.is_some() {
        "neither these files nor the catalog"
    } else {
        "no imported source"
    }
}

/// `Did you mean …? `, or nothing.
fn hint(at: usize, key: &Key, landscape: &Landscape<'_>) -> String {
    if at >= MOST_HINTS {
        return String::new();
    }
    let in_files = landscape
        .services()
        .filter(|(known, _)| known.environment == key.environment)
        .map(|(known, _)| known.name.as_str());
    let in_catalog = landscape
        .catalog
        .into_iter()
        .flatten()
        .filter(|(environment, _)| *environment == key.environment)
        .map(|(_, name)| name.as_str());
    nearest(&key.name, in_files.chain(in_catalog))
        .map(|name| format!("Did you mean `{name}`? "))
        .unwrap_or_default()
}

/// Names the environment where it is not that of the import.
fn with_environment(finding: Finding, key: &Key, landscape: &Landscape<'_>) -> Finding {
    if landscape.is_elsewhere(key) {
        finding.with("environment", key.environment.to_string())
    } else {
        finding
    }
}

/// An alias renames whatever stands under its name, so the service it means must be known by another word than the alias.
fn aliases(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    for (at, (name, service)) in landscape.aliases.iter().enumerate() {
        let key = landscape.key(service, None);
        let mut said = landscape.said(&key).iter();
        let in_catalog = landscape.catalog.is_some_and(|known| {
            known
                .iter()
                .any(|(environment, known)| *environment == key.environment && known.as_str() == service)
        });
        if in_catalog || said.any(|said| norm(&said.statement.name) == *service) {
            continue;
        }
        let stands = landscape
            .said(&key)
            .iter()
            .find(|said| norm(&said.statement.name) == *name)
            .map(|said| said.file.place(said.statement.line));
        let effect = match stands {
            Some(_) => format!("; as it is, {name} becomes a service of that name"),
            None => String::new(),
        };
        let place = stands.unwrap_or_else(|| Place {
            file: ALIASES.to_owned(),
            line: 1,
        });
        let message = format!(
            "The alias {name} means {service}, which {} defines{effect}. {}Correct the alias, or define the service.",
            nobody(landscape),
            hint(at, &key, landscape),
        );
        findings.push(
            Finding::new(Code::UndefinedService, place, message)
                .with("service", service)
                .with("kind", "alias")
                .with("name", name)
                .severity(Severity::Warning),
        );
    }
}
