//! What goes into an analysis and what comes out: the vocabulary of an import.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_kernel::Environment;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::codes::{Code, Severity};
use crate::{
    facts::Place as ServicePlace,
    model::{Declaration, DependencyKind, Fact, ServiceName, ServiceSpec, Source},
};

/// One file to analyse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// The path as a person should see it, with `/`; it is the file's identity in later imports.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Why something that was given was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOutKind {
    /// It could not be read although it should; there is a finding.
    Unreadable,
    /// It is larger than any configuration.
    TooLarge,
    /// It is no text, and its name is no configuration's.
    Binary,
    /// It is a link that leads nowhere, to a folder, or out of what was given.
    Link,
    /// It is a folder that holds no source of truth.
    Folder,
    /// It is a socket, a pipe or a device.
    Special,
}

impl LeftOutKind {
    /// The text in reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too-large",
            Self::Binary => "binary",
            Self::Link => "link",
            Self::Folder => "folder",
            Self::Special => "special",
        }
    }

    /// What became of it: what a person may have expected to be read is unknown, the rest is recognised.
    pub(crate) fn status(self) -> FileStatus {
        match self {
            Self::Unreadable => FileStatus::Failed,
            Self::TooLarge | Self::Binary | Self::Link => FileStatus::Unknown,
            Self::Folder | Self::Special => FileStatus::Recognised,
        }
    }
}

/// A file or folder that was given and not read; it is listed in the report all the same, and what was imported from it
/// before stays in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The path as a person should see it.
    #[schema(example = "config/dump.sql")]
    pub path: String,
    /// Why it was not read.
    pub kind: LeftOutKind,
    /// The same in words for a person.
    pub note: String,
    /// Where the file cannot be read any further, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// What a person decided about an import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// What was given and not read.
    pub left_out: Vec<LeftOut>,
    /// Names that mean another service, from the spelling in the files to the service's name.
    pub aliases: BTreeMap<String, String>,
    /// Where the described services run, unless a file says otherwise.
    pub environment: Environment,
    /// The services that are known already, by environment and name; `None` when nobody can be asked. Then files that
    /// define no service may name any: it may come with another import. They help to guess what a name should be; what is
    /// missing in the files is reported although it is known here, for the import itself may take it away.
    pub catalog: Option<BTreeSet<ServicePlace>>,
}

/// What the files say together.
#[derive(Debug, Clone, Default)]
pub struct Analysis {
    /// Every file that was given, by path.
    pub files: Vec<FileReport>,
    /// The services, by environment and name, with the values that win.
    pub services: Vec<ServiceSpec>,
    /// Every value every file gives, by service and field, the winner first.
    pub facts: Vec<Fact>,
    /// The dependencies in force.
    pub edges: Vec<Edge>,
    /// Objects of other modules that were found: checks, SLOs, webhooks.
    pub declarations: Vec<Declaration>,
    /// What is wrong or surprising, by file and line.
    pub findings: Vec<Finding>,
    /// Names that probably mean another service.
    pub proposals: Vec<Proposal>,
}

impl Analysis {
    /// How many findings have the given severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileStatus {
    /// Its content is part of the analysis.
    Read,
    /// Mainstay knows what it is and does not use it yet; the note says why.
    Recognised,
    /// Mainstay does not know what it is.
    Unknown,
    /// A newer version, or an equal copy, stands for it.
    Superseded,
    /// It cannot be read or parsed; there is a finding.
    Failed,
}

/// One file of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileReport {
    /// The path as it was given.
    pub path: String,
    /// What it is, such as `registry` or `docker-compose`.
    pub kind: String,
    /// What became of it.
    pub status: FileStatus,
    /// Why, in a sentence; empty when there is nothing to say.
    pub note: String,
    /// How many services it describes.
    pub services: usize,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// The path as it was given.
    pub file: String,
    /// From 1.
    pub line: u32,
}

/// Something wrong or surprising.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The same for the same finding in every run: a hash of code, place and values.
    pub id: String,
    /// One of [`super::CODES`], as text.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The file to look at.
    pub file: String,
    /// The line to look at, from 1.
    pub line: u32,
    /// What is wrong and what to do, for a person.
    pub message: String,
    /// The same in parts, for a program.
    pub values: BTreeMap<String, serde_json::Value>,
    /// Other places that belong to it, such as the winner of a disagreement.
    pub also: Vec<Place>,
}

impl Finding {
    pub(crate) fn new(code: Code, at: Place, message: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            code: code.as_str(),
            severity: code.severity(),
            file: at.file,
            line: at.line,
            message: message.into(),
            values: BTreeMap::new(),
            also: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.values.insert(key.to_owned(), value.into());
        self
    }

    /// Adds a list, unless it is empty.
    pub(crate) fn with_list<T: Into<serde_json::Value>>(
        mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
    ) -> Self {
        let items: Vec<serde_json::Value> = items.into_iter().map(Into::into).collect();
        if !items.is_empty() {
            self.values.insert(key.to_owned(), items.into());
        }
        self
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn also(mut self, place: Place) -> Self {
        self.also.push(place);
        self
    }

    /// Gives the finding its identity once everything else is settled.
    pub(crate) fn seal(mut self) -> Self {
        let mut hash = Sha256::new();
        for part in [self.code, &self.file, &self.line.to_string()] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        for (key, value) in &self.values {
            hash.update(format!("{key}={value}\0").as_bytes());
        }
        self.id = hex::encode(hash.finalize()).chars().take(16).collect();
        self
    }
}

/// A name that is probably another spelling of a known service; nothing is merged until a person says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proposal {
    /// The name in the file, normalised.
    pub name: String,
    /// The service it probably means.
    pub matches: ServiceName,
    /// Why, in a sentence.
    pub because: String,
    /// Where the name stands.
    pub file: String,
    /// From 1.
    pub line: u32,
}

/// One service needs another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Edge {
    /// Where both run.
    #[schema(value_type = String, example = "production")]
    pub environment: Environment,
    /// The service that needs.
    pub from: ServiceName,
    /// The service that is needed.
    pub to: ServiceName,
    /// How badly.
    pub kind: DependencyKind,
    /// Who says so.
    pub source: Source,
}

/// A line of a file with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExcerptLine {
    /// From 1.
    pub line: u32,
    /// Without its line end, at most 240 characters.
    pub text: String,
}
