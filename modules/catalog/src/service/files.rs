//! Which files an import touches, and whose services they manage. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use mainstay_kernel::Scope;

use super::{request::Wanted, subjects::Subjects};
use crate::{
    error::CatalogError,
    facts::FileId,
    import::{FileReport, FileStatus},
    model::{ManagedBy, SourceKind},
    store::StoredFile,
};

/// Which files an import brings, replaces and forgets.
pub(super) struct FileChange {
    /// The files whose facts and declarations go: those read, and those that are gone. A file that could not be read or
    /// parsed keeps what it said before: a comma too many must not take a fleet out of the catalog.
    pub(super) replaced: HashSet<FileId>,
    /// The files to remember.
    pub(super) given: Vec<StoredFile>,
    /// The files whose services can be changed nowhere else.
    pub(super) file_managed: HashSet<FileId>,
}

impl FileChange {
    /// # Errors
    /// When a file is given that the configuration manages.
    pub(super) fn of(
        scope: &Scope,
        request: &Wanted,
        reports: &[FileReport],
        stored: &[StoredFile],
        subjects: &Subjects,
    ) -> Result<Self, CatalogError> {
        let id = |file: &StoredFile| (file.environment.clone(), file.path.clone());
        let mut given: BTreeMap<FileId, StoredFile> = BTreeMap::new();
        let mut replaced: HashSet<FileId> = HashSet::new();
        for report in reports {
            let file = StoredFile {
                environment: scope.environment.clone(),
                path: report.path.clone(),
                kind: report.kind.clone(),
                digest: request.digests.get(&report.path).cloned().unwrap_or_default(),
                managed_by: request.managed_by,
            };
            if report.status != FileStatus::Failed && !request.left_out.contains(&report.path) {
                replaced.insert(id(&file));
            }
            given.insert(id(&file), file);
        }
        // Which of the given files may be the one that was known by a path.
        let mut known_by: HashMap<&str, Vec<&str>> = HashMap::new();
        for (path, formerly) in &request.formerly {
            if replaced.contains(&(scope.environment.clone(), path.clone())) {
                for former in formerly {
                    known_by.entry(former).or_default().push(path);
                }
            }
        }
        for file in stored {
            let candidates = known_by.get(file.path.as_str()).map(Vec::as_slice).unwrap_or_default();
            let is_one_of_them = || candidates.iter().any(|path| subjects.is_same(path, &id(file)));
            if given.contains_key(&id(file)) || file.environment != scope.environment || !is_one_of_them() {
                continue;
            }
            if manages(file) && request.managed_by != ManagedBy::File {
                return Err(managed(file));
            }
            if file.managed_by == request.managed_by {
                replaced.insert(id(file));
            }
        }
        let mut file_managed = HashSet::new();
        for file in stored {
            if let Some(given) = given.get_mut(&id(file)) {
                if manages(file) && request.managed_by != ManagedBy::File {
                    return Err(managed(file));
                }
                if !replaced.contains(&id(file)) {
                    given.kind.clone_from(&file.kind);
                }
            } else if request.replace && file.environment == scope.environment && file.managed_by == request.managed_by
            {
                replaced.insert(id(file));
            } else if manages(file) && !replaced.contains(&id(file)) {
                file_managed.insert(id(file));
            }
        }
        let given: Vec<StoredFile> = given.into_values().collect();
        file_managed.extend(given.iter().filter(|file| manages(file)).map(id));
        Ok(Self {
            replaced,
            given,
            file_managed,
        })
    }
}

fn managed(file: &StoredFile) -> CatalogError {
    CatalogError::FileManaged {
        what: file.path.clone(),
        file: file.path.clone(),
    }
}

/// Whether the services of a file can be changed nowhere else: it is written for Mainstay, and the configuration names it. A
/// registry that the configuration names is somebody else's, and a person may know better.
fn manages(file: &StoredFile) -> bool {
    file.managed_by == ManagedBy::File && file.kind == SourceKind::Mainstay.as_str()
}
