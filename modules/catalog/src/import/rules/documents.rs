//! What a document says twice, and Mainstay documents that are not what their kind asks for.

use std::collections::{BTreeMap, BTreeSet};

use super::soften;
use crate::import::{
    codes::Code,
    detect::FileKind,
    landscape::{File, Landscape},
    names::norm,
    report::{Finding, Place},
};

pub(super) fn check(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let before = findings.len();
    for file in landscape.files {
        services(file, findings);
        for wrong in &file.content.invalid {
            let message = format!("{}.", wrong.value.trim_end_matches('.'));
            findings.push(
                Finding::new(Code::InvalidDocument, file.place(wrong.line), message)
                    .with("problem", wrong.value.clone()),
            );
        }
    }
    objects(landscape, findings);
    declarations(landscape, findings);
    let reported: BTreeSet<Place> = findings
        .iter()
        .skip(before)
        .map(|finding| Place {
            file: finding.file.clone(),
            line: finding.line,
        })
        .collect();
    for file in landscape.files {
        keys(file, &reported, findings);
    }
}

/// Two services of one file whose names mean the same.
fn services(file: &File, findings: &mut Vec<Finding>) {
    if file.kind == FileKind::Kubernetes {
        return;
    }
    let mut first: BTreeMap<(String, Option<&str>), usize> = BTreeMap::new();
    for statement in &file.content.statements {
        let environment = statement.environment.as_ref().map(mainstay_kernel::Environment::as_str);
        let name = norm(&statement.name);
        match first.get(&(name.clone(), environment)) {
            Some(line) => {
                let message = format!(
                    "The file defines {name} twice, here and at line {line}; readers take the last and drop the other. Remove or rename one."
                );
                let finding = Finding::new(Code::DuplicateService, file.place(statement.line), message)
                    .with("name", name)
                    .with("kind", "service")
                    .with("also", file.spot(*line))
                    .also(file.place(*line));
                findings.push(soften(finding, file));
            }
            None => drop(first.insert((name, environment), statement.line)),
        }
    }
}

/// The same Kubernetes object in one file or in two files of one folder.
fn objects(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let mut first: BTreeMap<[&str; 4], (&File, usize)> = BTreeMap::new();
    for file in landscape.current() {
        for object in &file.content.kubernetes.objects {
            let key = [file.folder(), &object.kind, &object.namespace, &object.name];
            let Some((other, line)) = first.get(&key) else {
                first.insert(key, (file, object.line));
                continue;
            };
            let message = format!(
                "{} {} of namespace {} is also defined in {}; whichever is applied last wins. Keep one of the two.",
                object.kind,
                object.name,
                object.namespace,
                other.spot(*line),
            );
            findings.push(
                Finding::new(Code::DuplicateService, file.place(object.line), message)
                    .with("name", object.name.clone())
                    .with("kind", object.kind.clone())
                    .with("also", other.spot(*line))
                    .also(other.place(*line)),
            );
        }
    }
}

/// Two checks, SLOs or webhooks of one name: only the first is used.
fn declarations(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let mut files: Vec<&File> = landscape.current().collect();
    files.sort_by(|a, b| a.precedence(b));
    let mut first: BTreeMap<(String, String, String), (&File, usize)> = BTreeMap::new();
    for file in files {
        for declared in &file.content.declarations {
            let key = landscape.key(&declared.name, declared.environment.as_ref());
            let key = (
                declared.kind.clone(),
                key.environment.to_string(),
                declared.name.clone(),
            );
            let Some((other, line)) = first.get(&key) else {
                first.insert(key, (file, declared.line));
                continue;
            };
            // Two versions of `slos.json` name their objectives alike; the rules about objectives speak of those.
            if file.kind == FileKind::Slos {
                continue;
            }
            let message = format!(
                "The {} {} is also declared in {}, which is the one that counts. Remove or rename one.",
                declared.kind,
                declared.name,
                other.spot(*line),
            );
            findings.push(
                Finding::new(Code::DuplicateService, file.place(declared.line), message)
                    .with("name", declared.name.clone())
                    .with("kind", declared.kind.clone())
                    .with("also", other.spot(*line))
                    .also(other.place(*line)),
            );
        }
    }
}

/// A repeated key that no better finding speaks of.
fn keys(file: &File, reported: &BTreeSet<Place>, findings: &mut Vec<Finding>) {
    for duplicate in &file.content.duplicates {
        if reported.contains(&file.place(duplicate.line)) {
            continue;
        }
        let message = format!(
            "The key `{}` is written twice, here and at line {}; only the last value is used. Remove one.",
            duplicate.key, duplicate.first_line,
        );
        findings.push(
            Finding::new(Code::DuplicateKey, file.place(duplicate.line), message)
                .with("key", duplicate.key.clone())
                .with("first_line", duplicate.first_line)
                .also(file.place(duplicate.first_line)),
        );
    }
}
