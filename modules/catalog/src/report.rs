//! What an import reports: the shape that is answered, kept and shown, with a server or without. Pure.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;
use mainstay_kernel::typed_id;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    declarations::{self, DeclarationValidator, in_force, refuse_invalid},
    facts::{FIELDS, value_of},
    import::{Analysis, ExcerptLine, FileReport, Finding, ImportOptions, InputFile, Proposal, Severity, analyse},
    model::{Declaration, ServiceName, ServiceSpec},
};

typed_id!(
    /// Identifies an import.
    ImportId
);

/// Lines shown on either side of a finding.
const EXCERPT_AROUND: u32 = 2;
/// Characters shown of a line.
const MAX_EXCERPT: usize = 240;

/// The report of one import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Import {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    pub id: ImportId,
    /// When it ran.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Whether it only showed what it would do.
    pub dry_run: bool,
    /// Every file that was given.
    pub files: Vec<FileReport>,
    /// What is wrong or surprising in the files.
    pub findings: Vec<ImportFinding>,
    /// Names that probably mean another service; answer with `aliases` on the next import.
    pub proposals: Vec<Proposal>,
    /// How the services differ from before.
    pub changes: Vec<Change>,
    /// How what files declare for other modules differs from before: SLOs, checks, webhooks, maintenance windows.
    #[serde(default)]
    pub declarations: Vec<DeclarationChange>,
    /// Names that mean a service by this import; null for one that was forgotten.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    pub aliases: BTreeMap<String, Option<ServiceName>>,
    /// Whether everything was in force when the import answered: probed, counted, called. False when it takes a moment longer,
    /// and null for a dry run.
    #[serde(default)]
    pub applied: Option<bool>,
    /// The numbers.
    pub summary: ImportSummary,
}

/// When a report was made, under which name, and what stays of it.
pub(crate) struct Occasion<'a> {
    pub(crate) id: ImportId,
    pub(crate) at: Timestamp,
    pub(crate) dry_run: bool,
    /// The findings that a person decided to live with.
    pub(crate) accepted: &'a BTreeSet<String>,
    /// The names that were given a meaning.
    pub(crate) aliases: BTreeMap<String, Option<ServiceName>>,
}

/// How an import changes what was there.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    pub(crate) services: Vec<Change>,
    pub(crate) declarations: Vec<DeclarationChange>,
}

impl Import {
    /// Makes the report of an analysis of `files`.
    pub(crate) fn of(
        occasion: &Occasion<'_>,
        analysis: Analysis,
        files: &[InputFile],
        differences: Differences,
    ) -> Self {
        let findings = findings(&analysis.findings, files, occasion.accepted);
        Self {
            id: occasion.id,
            at: occasion.at,
            dry_run: occasion.dry_run,
            summary: ImportSummary::count(analysis.files.len(), analysis.services.len(), &findings),
            files: analysis.files,
            findings,
            proposals: analysis.proposals,
            changes: differences.services,
            declarations: differences.declarations,
            aliases: occasion.aliases.clone(),
            applied: None,
        }
    }
}

/// What a dry run of an import would report to somebody whose catalog is empty: no database and no server is asked, so
/// nothing is accepted, and all that the files bring is new. `validators` are the modules' own judges of what they declare.
pub fn preview(
    files: &[InputFile],
    options: &ImportOptions,
    validators: &[Arc<dyn DeclarationValidator>],
    id: ImportId,
    at: Timestamp,
) -> Import {
    let mut analysis = analyse(files, options);
    refuse_invalid(&mut analysis, validators);
    let occasion = Occasion {
        id,
        at,
        dry_run: true,
        accepted: &BTreeSet::new(),
        aliases: aliases(&options.aliases),
    };
    let differences = Differences {
        services: analysis
            .services
            .iter()
            .flat_map(|service| difference(None, Some(service)))
            .collect(),
        declarations: declarations::difference(&[], &in_force(std::mem::take(&mut analysis.declarations))),
    };
    Import::of(&occasion, analysis, files, differences)
}

/// The aliases under the names of services; one that cannot name a service has no effect.
fn aliases(given: &BTreeMap<String, String>) -> BTreeMap<String, Option<ServiceName>> {
    let parsed = given.iter().filter_map(|(name, service)| {
        let (name, service) = (ServiceName::parse(name).ok()?, ServiceName::parse(service).ok()?);
        Some((name.to_string(), Some(service)))
    });
    parsed.collect()
}

/// The numbers of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ImportSummary {
    /// Files given.
    pub files: usize,
    /// Services that the files describe.
    pub services: usize,
    /// Findings that are errors and were not accepted.
    pub errors: usize,
    /// Findings that are warnings and were not accepted.
    pub warnings: usize,
    /// Findings that are worth knowing and were not accepted.
    pub infos: usize,
}

/// Something wrong or surprising in the imported files, with the lines it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Finding)]
pub struct ImportFinding {
    /// The same for the same finding in every import; pass it in `accept` to live with it.
    pub id: String,
    /// Stable kebab-case code.
    #[schema(example = "port-drift")]
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// The file to look at.
    pub file: String,
    /// The line to look at, from 1.
    pub line: u32,
    /// What is wrong and what to do.
    pub message: String,
    /// The same in parts, for programs.
    pub values: BTreeMap<String, Value>,
    /// The line and its neighbours.
    pub excerpt: Vec<ExcerptLine>,
    /// Other places that belong to it.
    pub also: Vec<OtherPlace>,
    /// Whether a person decided to live with it; then it does not count in the summary.
    #[serde(default)]
    pub accepted: bool,
}

/// Another place that belongs to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OtherPlace {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The line's text; empty when the file was not part of this import.
    pub text: String,
}

/// What happened to a service or one of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// The service is new.
    Added,
    /// The field has another value.
    Changed,
    /// No source knows the service any more.
    Removed,
    /// The files say otherwise, and a person's edit stays in force.
    Kept,
}

/// One difference that an import makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// What happened.
    pub change: ChangeKind,
    /// To which service.
    pub service: ServiceName,
    /// Where it runs.
    pub environment: String,
    /// To which field; null for the whole service.
    pub field: Option<String>,
    /// The value before; for `kept`, the person's, which stays.
    pub before: Value,
    /// The value after; for `kept`, what the files say.
    pub after: Value,
}

/// One difference of what files declare for other modules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeclarationChange {
    /// What happened; `kept` does not occur.
    pub change: ChangeKind,
    /// What it is.
    #[schema(example = "slo")]
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Where it applies.
    pub environment: String,
    /// The service it is for, if it names one.
    pub service: Option<String>,
    /// The file that declares it, or did.
    pub file: Option<String>,
    /// The line in the file, from 1.
    pub line: Option<u32>,
}

impl DeclarationChange {
    pub(crate) fn of(change: ChangeKind, declaration: &Declaration) -> Self {
        let service = declaration.body.get("service").and_then(Value::as_str);
        Self {
            change,
            kind: declaration.kind.clone(),
            name: declaration.name.clone(),
            environment: declaration.environment.to_string(),
            service: service.map(str::to_owned),
            file: declaration.source.file.clone(),
            line: declaration.source.line,
        }
    }
}

impl Change {
    /// A difference of the whole service, or of one field with its values.
    pub(crate) fn of(change: ChangeKind, spec: &ServiceSpec, field: Option<(&str, Value, Value)>) -> Self {
        let (field, before, after) = match field {
            Some((field, before, after)) => (Some(field.to_owned()), before, after),
            None => (None, Value::Null, Value::Null),
        };
        Self {
            change,
            service: spec.name.clone(),
            environment: spec.environment.to_string(),
            field,
            before,
            after,
        }
    }
}

/// How a service differs from before.
pub(crate) fn difference(before: Option<&ServiceSpec>, after: Option<&ServiceSpec>) -> Vec<Change> {
    match (before, after) {
        (None, None) => Vec::new(),
        (None, Some(after)) => vec![Change::of(ChangeKind::Added, after, None)],
        (Some(before), None) => vec![Change::of(ChangeKind::Removed, before, None)],
        (Some(before), Some(after)) => FIELDS
            .iter()
            .filter_map(|name| {
                let (old, new) = (value_of(before, name), value_of(after, name));
                (old != new).then(|| Change::of(ChangeKind::Changed, after, Some((name, old, new))))
            })
            .collect(),
    }
}

/// The lines of the imported files, split once: ten thousand findings in one file must not read it ten thousand times.
struct Lines<'files> {
    texts: HashMap<&'files str, Vec<&'files [u8]>>,
}

impl<'files> Lines<'files> {
    fn of(files: &'files [InputFile], wanted: &HashSet<&str>) -> Self {
        let texts = files
            .iter()
            .filter(|file| wanted.contains(file.path.as_str()))
            .map(|file| (file.path.as_str(), file.bytes.split(|byte| *byte == b'\n').collect()))
            .collect();
        Self { texts }
    }

    /// The line and up to `around` lines on either side; empty when the file has no such line.
    fn around(&self, file: &str, line: u32, around: u32) -> Vec<ExcerptLine> {
        let lines = self.texts.get(file).map(Vec::as_slice).unwrap_or_default();
        if line == 0 || line as usize > lines.len() {
            return Vec::new();
        }
        let first = line.saturating_sub(around).max(1);
        let last = line.saturating_add(around);
        (first..=last)
            .zip(lines.iter().skip(first as usize - 1))
            .map(|(line, text)| ExcerptLine {
                line,
                text: readable(text),
            })
            .collect()
    }
}

fn readable(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    // A character has at most four bytes, so this holds as many as are shown.
    let head = line.get(..MAX_EXCERPT * 4).unwrap_or(line);
    String::from_utf8_lossy(head).chars().take(MAX_EXCERPT).collect()
}

/// The findings with their lines, and whether each was accepted.
fn findings(found: &[Finding], files: &[InputFile], accepted: &BTreeSet<String>) -> Vec<ImportFinding> {
    let wanted = found
        .iter()
        .flat_map(|finding| std::iter::once(&finding.file).chain(finding.also.iter().map(|place| &place.file)))
        .map(String::as_str)
        .collect();
    let lines = Lines::of(files, &wanted);
    let told = |finding: &Finding| ImportFinding {
        id: finding.id.clone(),
        code: finding.code.to_owned(),
        severity: finding.severity,
        file: finding.file.clone(),
        line: finding.line,
        message: finding.message.clone(),
        values: finding.values.clone(),
        excerpt: lines.around(&finding.file, finding.line, EXCERPT_AROUND),
        also: finding
            .also
            .iter()
            .map(|place| OtherPlace {
                file: place.file.clone(),
                line: place.line,
                text: lines
                    .around(&place.file, place.line, 0)
                    .pop()
                    .map(|line| line.text)
                    .unwrap_or_default(),
            })
            .collect(),
        accepted: accepted.contains(&finding.id),
    };
    found.iter().map(told).collect()
}

impl ImportSummary {
    /// Counts what was not accepted.
    fn count(files: usize, services: usize, findings: &[ImportFinding]) -> Self {
        let of = |severity| {
            findings
                .iter()
                .filter(|finding| finding.severity == severity && !finding.accepted)
                .count()
        };
        Self {
            files,
            services,
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            infos: of(Severity::Info),
        }
    }
}
