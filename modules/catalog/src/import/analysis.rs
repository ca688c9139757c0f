//! The walk of an import: parse each file, set versions in order, merge, compare, report.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use super::{
    codes::Code,
    content::Content,
    detect::{self, FileKind},
    landscape::{File, Landscape},
    listing,
    merge::merge,
    names::norm,
    pods,
    report::{Analysis, FileStatus, Finding, ImportOptions, InputFile, Proposal},
    rules,
    sources::{self, is_service_template},
    tree::{self, Documents, ReadError, Syntax},
};
use crate::{
    model::{Declaration, ServiceName, compare_versions},
    registries::{self, Edition},
};

/// What one file turned out to be.
enum Outcome {
    /// Documents of one or more kinds.
    Read(Vec<(FileKind, Content)>),
    /// Known, and not used or not known at all.
    Unused(FileKind, String),
    /// Meant for Mainstay and not parseable.
    Failed(Syntax, ReadError),
}

/// Reads all files together and compares them with each other.
///
/// The answer depends on nothing but the arguments, whatever the order of the files.
pub fn analyse(files: impl AsRef<[InputFile]>, options: &ImportOptions) -> Analysis {
    let mut files: Vec<&InputFile> = files.as_ref().iter().collect();
    files.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    files.dedup_by(|a, b| a.path == b.path);
    let paths: BTreeSet<String> = files
        .iter()
        .map(|file| &file.path)
        .chain(options.left_out.iter().map(|left| &left.path))
        .cloned()
        .collect();
    let copies = copies(&files);
    let mut reports = Vec::with_capacity(files.len());
    let mut read: Vec<File> = Vec::new();
    let mut findings = Vec::new();
    for file in files.iter().copied() {
        if let Some(original) = copies.of.get(file.path.as_str()) {
            reports.push(listing::report(
                file,
                FileKind::Unknown,
                FileStatus::Superseded,
                format!("copy of {original}"),
            ));
            continue;
        }
        match inspect(&file.path, &file.bytes) {
            Outcome::Read(parts) => {
                let kind = parts.first().map_or(FileKind::Empty, |(kind, _)| *kind);
                let note = parts
                    .iter()
                    .map(|(_, content)| content.note.clone())
                    .find(|note| !note.is_empty());
                let recognised = parts
                    .iter()
                    .all(|(kind, content)| kind.unused_because().is_some() || says_nothing(*kind, content));
                let status = if recognised {
                    FileStatus::Recognised
                } else {
                    FileStatus::Read
                };
                let note = note
                    .or_else(|| kind.unused_because().map(str::to_owned))
                    .unwrap_or_default();
                reports.push(listing::report(file, kind, status, note));
                read.extend(parts.into_iter().map(|(kind, content)| File {
                    path: file.path.clone(),
                    kind,
                    content,
                    registry: None,
                    superseded_by: None,
                    copies: copies.by.get(file.path.as_str()).cloned().unwrap_or_default(),
                }));
            }
            Outcome::Unused(kind, note) => {
                let status = if kind == FileKind::Unknown {
                    FileStatus::Unknown
                } else {
                    FileStatus::Recognised
                };
                reports.push(listing::report(file, kind, status, note));
            }
            Outcome::Failed(syntax, error) => {
                reports.push(listing::report(
                    file,
                    FileKind::Unknown,
                    FileStatus::Failed,
                    error.message.clone(),
                ));
                findings.push(listing::unreadable(file, syntax, &error));
            }
        }
    }
    supersede(&mut read);
    pods::add_statements(&mut read);
    listing::finish(&mut reports, &read, &copies.of);
    listing::add_left_out(&options.left_out, &mut reports, &mut findings);
    let landscape = Landscape::new(&read, &paths, options);
    findings.extend(rules::compare(&landscape));
    let merged = merge(&landscape);
    let findings = seal(findings);
    Analysis {
        files: reports,
        proposals: proposals(&findings),
        findings,
        declarations: declarations(&landscape),
        services: merged.services,
        facts: merged.facts,
        edges: merged.edges,
    }
}

/// Parses one file as an import would and throws the result away: the entry point of the fuzz targets.
pub fn parse_any(path: &str, bytes: &[u8]) {
    drop(inspect(path, bytes));
}

/// Files with equal content: the first path stands for all.
struct Copies<'a> {
    of: HashMap<&'a str, &'a str>,
    by: HashMap<&'a str, Vec<String>>,
}

fn copies<'a>(files: &[&'a InputFile]) -> Copies<'a> {
    let mut first: HashMap<[u8; 32], &str> = HashMap::new();
    let mut copies = Copies {
        of: HashMap::new(),
        by: HashMap::new(),
    };
    for file in files.iter().copied().filter(|file| !file.bytes.trim_ascii().is_empty()) {
        let digest: [u8; 32] = Sha256::digest(&file.bytes).into();
        match first.get(&digest) {
            Some(original) => {
                copies.of.insert(&file.path, original);
                copies.by.entry(original).or_default().push(file.path.clone());
            }
            None => drop(first.insert(digest, &file.path)),
        }
    }
    copies
}

fn inspect(path: &str, bytes: &[u8]) -> Outcome {
    let unused = |kind: FileKind| Outcome::Unused(kind, kind.unused_because().unwrap_or_default().to_owned());
    let Ok(text) = std::str::from_utf8(bytes) else {
        return match listing::not_utf8(path, bytes) {
            Some((syntax, error)) => Outcome::Failed(syntax, error),
            None => Outcome::Unused(FileKind::Unknown, "it is no text".to_owned()),
        };
    };
    if let Some(kind) = detect::by_name(path, text) {
        return unused(kind);
    }
    let Some(syntax) = detect::syntax(path, text) else {
        return Outcome::Unused(
            FileKind::Unknown,
            "neither its name nor its beginning is known".to_owned(),
        );
    };
    match tree::parse(text, syntax) {
        Ok(documents) => read_documents(text, &documents),
        Err(_) if detect::is_template(text) => unused(FileKind::Template),
        Err(error) => Outcome::Failed(syntax, error),
    }
}

fn read_documents(text: &str, documents: &Documents) -> Outcome {
    let mut parts: BTreeMap<FileKind, Content> = BTreeMap::new();
    let mut first = None;
    for root in &documents.roots {
        let mut kind = detect::by_content(root);
        if kind == FileKind::ServiceYaml && (is_service_template(root) || detect::head_says_template(text)) {
            kind = FileKind::ServiceTemplate;
        }
        if kind == FileKind::Empty || kind == FileKind::Unknown {
            first.get_or_insert(kind);
            continue;
        }
        sources::read(kind, root, parts.entry(kind).or_default());
    }
    let mut parts: Vec<(FileKind, Content)> = parts.into_iter().collect();
    for (_, content) in &mut parts {
        note_unused_kinds(content);
    }
    match parts.first_mut() {
        Some((_, content)) => content.duplicates.clone_from(&documents.duplicates),
        None if first == Some(FileKind::Unknown) => {
            return Outcome::Unused(
                FileKind::Unknown,
                "its content has no shape that Mainstay knows".to_owned(),
            );
        }
        None => {
            let why = FileKind::Empty.unused_because().unwrap_or_default();
            return Outcome::Unused(FileKind::Empty, why.to_owned());
        }
    }
    Outcome::Read(parts)
}

/// Names the Kubernetes kinds that are not used.
fn note_unused_kinds(content: &mut Content) {
    let kinds: BTreeSet<&str> = content.kubernetes.unused.iter().map(String::as_str).collect();
    if !kinds.is_empty() && content.note.is_empty() {
        let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
        content.note = format!("not used, because they say nothing about services: {kinds}");
    }
}

/// A Kubernetes file without anything that runs all the time, leads to it, or configures Prometheus.
fn says_nothing(kind: FileKind, content: &Content) -> bool {
    let kubernetes = &content.kubernetes;
    kind == FileKind::Kubernetes
        && !kubernetes.workloads.iter().any(|workload| workload.serves)
        && kubernetes.services.is_empty()
        && kubernetes.backends.is_empty()
        && content.prometheus.is_empty()
        && content.rule_files.is_empty()
}

/// Sets the versions of each registry in order: all but the newest are superseded.
fn supersede(files: &mut [File]) {
    let (places, editions): (Vec<usize>, Vec<Edition<'_, &str>>) = files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.kind == FileKind::Registry)
        .filter_map(|(place, file)| {
            let names = file.content.statements.iter().map(|statement| norm(&statement.name));
            let edition = Edition {
                key: file.base_name(),
                version: file.version()?,
                names: names.collect(),
            };
            Some((place, edition))
        })
        .unzip();
    let registries = registries::group(&editions);
    drop(editions);
    for (place, registry) in places.iter().zip(registries) {
        if let Some(file) = files.get_mut(*place) {
            file.registry = Some(registry);
        }
    }
    let is_newer = |candidate: &File, known: &File| {
        let updated = |file: &File| file.content.updated.as_ref().map(|updated| updated.value.clone());
        compare_versions(candidate.version(), known.version())
            .then_with(|| updated(candidate).cmp(&updated(known)))
            .then_with(|| candidate.path.cmp(&known.path))
            .is_gt()
    };
    let mut newest: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        let Some(registry) = file.registry else { continue };
        let known = newest.get(&registry).and_then(|known| files.get(*known));
        if known.is_none_or(|known| is_newer(file, known)) {
            newest.insert(registry, index);
        }
    }
    let versions: Vec<Option<String>> = files.iter().map(|file| file.version().map(str::to_owned)).collect();
    for (index, file) in files.iter_mut().enumerate() {
        let winner = file.registry.and_then(|registry| newest.get(&registry).copied());
        if let Some(winner) = winner.filter(|winner| *winner != index) {
            file.superseded_by = versions.get(winner).cloned().flatten();
        }
    }
}

/// Gives findings their identity, and puts them in order.
fn seal(findings: Vec<Finding>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = findings.into_iter().map(Finding::seal).collect();
    listing::sort(&mut findings);
    findings
}

fn proposals(findings: &[Finding]) -> Vec<Proposal> {
    let text = |finding: &Finding, key: &str| {
        finding
            .values
            .get(key)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    findings
        .iter()
        .filter(|finding| finding.code == Code::ProposedAlias.as_str())
        .filter_map(|finding| {
            Some(Proposal {
                name: text(finding, "name")?,
                matches: ServiceName::parse(&text(finding, "candidate")?).ok()?,
                because: finding.message.clone(),
                file: finding.file.clone(),
                line: finding.line,
            })
        })
        .collect()
}

/// What belongs to other modules; of two declarations of one kind, name and environment the first path's counts.
fn declarations(landscape: &Landscape<'_>) -> Vec<Declaration> {
    let mut seen = BTreeSet::new();
    let mut files: Vec<&File> = landscape.current().collect();
    files.sort_by(|a, b| a.precedence(b));
    let mut found = Vec::new();
    for file in files {
        for declared in &file.content.declarations {
            let key = landscape.key(&declared.name, declared.environment.as_ref());
            if seen.insert((declared.kind.clone(), key.environment.clone(), declared.name.clone())) {
                let mut body = declared.body.clone();
                if let Some(service) = body.get_mut("service")
                    && let Some(name) = service.as_str()
                {
                    *service = landscape.aliases.resolve(name).into();
                }
                found.push(Declaration {
                    kind: declared.kind.clone(),
                    name: declared.name.clone(),
                    environment: key.environment,
                    body,
                    source: file.source(declared.line),
                });
            }
        }
    }
    found
}
