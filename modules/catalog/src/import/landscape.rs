//! All files side by side: what every current source says about every service, in order of precedence. Rules read it;
//! it decides nothing itself.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use mainstay_kernel::Environment;

use super::{
    content::{Content, Statement},
    detect::FileKind,
    names::Aliases,
    report::{ImportOptions, Place},
};
pub(crate) use crate::registries::base_name;
use crate::{
    facts::Place as ServicePlace,
    model::{Rank, Source, SourceKind},
};

/// A file that was read, or the part of it that is of one kind.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) kind: FileKind,
    pub(crate) content: Content,
    /// For a registry with a version, the number that all versions of that registry have.
    pub(crate) registry: Option<usize>,
    /// The version that replaced it.
    pub(crate) superseded_by: Option<String>,
    /// Paths of equal files.
    pub(crate) copies: Vec<String>,
}

impl File {
    pub(crate) fn version(&self) -> Option<&str> {
        self.content.version.as_ref().map(|version| version.value.as_str())
    }

    pub(crate) fn place(&self, line: usize) -> Place {
        Place {
            file: self.path.clone(),
            line: u32::try_from(line).unwrap_or(u32::MAX).max(1),
        }
    }

    /// `path:line`, as findings name other places in their values.
    pub(crate) fn spot(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }

    pub(crate) fn source(&self, line: usize) -> Source {
        Source {
            kind: source_kind(self.kind),
            file: Some(self.path.clone()),
            line: u32::try_from(line).ok(),
            version: self.version().map(str::to_owned),
        }
    }

    pub(crate) fn folder(&self) -> &str {
        folder(&self.path)
    }

    pub(crate) fn base_name(&self) -> &str {
        base_name(&self.path)
    }

    /// A registry of any kind: a list of services that claims to be complete.
    pub(crate) fn is_registry(&self) -> bool {
        matches!(
            self.kind,
            FileKind::Registry | FileKind::ServiceList | FileKind::MonitorToml
        )
    }

    /// A source that may say which services there are, so that others are measured by it.
    pub(crate) fn is_authority(&self) -> bool {
        self.is_registry() || matches!(self.kind, FileKind::Mainstay | FileKind::Backstage)
    }

    /// Who wins, by the same order as that of facts.
    pub(crate) fn precedence(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }

    fn rank(&self) -> Rank<'_> {
        Rank {
            kind: source_kind(self.kind),
            version: self.version(),
            file: Some(&self.path),
        }
    }
}

pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn source_kind(kind: FileKind) -> SourceKind {
    match kind {
        FileKind::Mainstay => SourceKind::Mainstay,
        FileKind::Backstage => SourceKind::Backstage,
        FileKind::MonitorToml => SourceKind::MonitorToml,
        FileKind::ServiceYaml => SourceKind::ServiceYaml,
        FileKind::Compose => SourceKind::Compose,
        FileKind::Kubernetes => SourceKind::Kubernetes,
        FileKind::Slos => SourceKind::Slos,
        FileKind::Registry | FileKind::ServiceList => SourceKind::Registry,
        _ => SourceKind::Prometheus,
    }
}

/// A service in its environment; the name is normalised and aliases are applied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) environment: Environment,
    pub(crate) name: String,
}

/// One statement and the file that makes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) file: &'a File,
    pub(crate) statement: &'a Statement,
}

/// All files side by side.
pub(crate) struct Landscape<'a> {
    pub(crate) files: &'a [File],
    /// Every path that was given, whether it was read or not.
    pub(crate) paths: &'a BTreeSet<String>,
    pub(crate) aliases: Aliases,
    /// The services that are known without these files, if somebody could be asked.
    pub(crate) catalog: Option<&'a BTreeSet<ServicePlace>>,
    environment: Environment,
    services: BTreeMap<Key, Vec<Said<'a>>>,
}

impl<'a> Landscape<'a> {
    pub(crate) fn new(files: &'a [File], paths: &'a BTreeSet<String>, options: &'a ImportOptions) -> Self {
        let mut landscape = Self {
            files,
            paths,
            aliases: Aliases::new(&options.aliases),
            catalog: options.catalog.as_ref(),
            environment: options.environment.clone(),
            services: BTreeMap::new(),
        };
        for file in landscape.current() {
            for statement in &file.content.statements {
                let key = landscape.key(&statement.name, statement.environment.as_ref());
                landscape
                    .services
                    .entry(key)
                    .or_default()
                    .push(Said { file, statement });
            }
        }
        for said in landscape.services.values_mut() {
            // Defined twice in one file, the last counts, as it does for every reader of these formats.
            said.sort_by(|a, b| a.file.precedence(b.file).then(b.statement.line.cmp(&a.statement.line)));
        }
        landscape
    }

    /// The files that no newer version replaces.
    pub(crate) fn current(&self) -> impl Iterator<Item = &'a File> + use<'a> {
        self.files.iter().filter(|file| file.superseded_by.is_none())
    }

    pub(crate) fn key(&self, name: &str, environment: Option<&Environment>) -> Key {
        Key {
            environment: environment.unwrap_or(&self.environment).clone(),
            name: self.aliases.resolve(name),
        }
    }

    /// Whether the environment is another one than that of the import.
    pub(crate) fn is_elsewhere(&self, key: &Key) -> bool {
        key.environment != self.environment
    }

    /// Every service with what is said about it, the winner first.
    pub(crate) fn services(&self) -> impl Iterator<Item = (&Key, &[Said<'a>])> {
        self.services.iter().map(|(key, said)| (key, said.as_slice()))
    }

    pub(crate) fn said(&self, key: &Key) -> &[Said<'a>] {
        self.services.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn knows(&self, key: &Key) -> bool {
        self.services.contains_key(key)
    }

    /// The statement whose dependency list counts: the winner's among those that have one.
    pub(crate) fn dependencies_of(&self, key: &Key) -> Option<Said<'a>> {
        self.said(key)
            .iter()
            .copied()
            .find(|said| said.statement.dependencies.is_some())
    }
}
