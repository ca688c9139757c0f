//! What somebody asks of an import, and whether it makes sense. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use mainstay_kernel::FieldError;
use sha2::{Digest, Sha256};

use crate::{
    error::CatalogError,
    import::InputFile,
    model::{ManagedBy, ServiceName},
};

const MAX_FILES: usize = 50_000;
const MAX_PATH: usize = 1_000;
const MAX_FINDING_ID: usize = 64;

/// What to import, and how.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The files. A file that was imported before under the same path is replaced.
    pub files: Vec<InputFile>,
    /// Only show what would happen.
    pub dry_run: bool,
    /// Names in files that mean a service; kept for later imports. `None` forgets one.
    pub aliases: BTreeMap<String, Option<String>>,
    /// Findings to live with, by id.
    pub accept: BTreeSet<String>,
    /// Whether the files are all there are: what was imported before and is not among them is forgotten.
    pub replace: bool,
    /// [`ManagedBy::File`] for files that the configuration names: services that its Mainstay YAML describes can be
    /// changed nowhere else. Otherwise [`ManagedBy::Import`].
    pub managed_by: ManagedBy,
}

impl ImportRequest {
    /// An ordinary import of these files.
    pub fn of(files: Vec<InputFile>) -> Self {
        Self {
            files,
            dry_run: false,
            aliases: BTreeMap::new(),
            accept: BTreeSet::new(),
            replace: false,
            managed_by: ManagedBy::Import,
        }
    }
}

/// What of a request was understood.
pub(super) struct Wanted {
    pub(super) aliases: BTreeMap<ServiceName, Option<ServiceName>>,
    pub(super) digests: HashMap<String, String>,
    pub(super) managed_by: ManagedBy,
    pub(super) replace: bool,
}

/// Refuses what cannot be imported, naming every field that is wrong.
pub(super) fn check(request: &ImportRequest) -> Result<Wanted, CatalogError> {
    let mut errors = Vec::new();
    let mut wrong = |field: String, message: String| errors.push(FieldError { field, message });
    if request.files.is_empty() && request.aliases.is_empty() && request.accept.is_empty() && !request.replace {
        wrong("files".to_owned(), "is empty; give at least one file".to_owned());
    }
    for id in &request.accept {
        if id.is_empty() || id.len() > MAX_FINDING_ID || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            wrong("accept".to_owned(), "holds what is no finding's id".to_owned());
            break;
        }
    }
    if request.files.len() > MAX_FILES {
        wrong(
            "files".to_owned(),
            format!("has {} files; import at most {MAX_FILES} at once", request.files.len()),
        );
    }
    let mut paths = HashSet::new();
    for (at, file) in request.files.iter().enumerate() {
        let path = &file.path;
        let message = if path.trim().is_empty() {
            Some("is empty; give the path that a person would look for".to_owned())
        } else if path.len() > MAX_PATH || path.chars().any(char::is_control) {
            Some(format!("is longer than {MAX_PATH} bytes or holds a control character"))
        } else if !paths.insert(path) {
            Some(format!("names `{path}` a second time"))
        } else {
            None
        };
        if let Some(message) = message {
            wrong(format!("files[{at}].path"), message);
        }
    }
    let mut aliases = BTreeMap::new();
    for (name, service) in &request.aliases {
        let parsed = ServiceName::parse(name).and_then(|name| {
            let service = service.as_deref().map(ServiceName::parse).transpose()?;
            Ok((name, service))
        });
        match parsed {
            Ok((name, Some(service))) if name == service => {
                wrong(format!("aliases.{name}"), "means itself; leave it out".to_owned());
            }
            Ok((name, service)) => drop(aliases.insert(name, service)),
            Err(error) => wrong(format!("aliases.{name}"), error.to_string()),
        }
    }
    if !errors.is_empty() {
        return Err(CatalogError::Invalid(errors));
    }
    Ok(Wanted {
        aliases,
        digests: request
            .files
            .iter()
            .map(|file| (file.path.clone(), digest(file)))
            .collect(),
        managed_by: request.managed_by,
        replace: request.replace,
    })
}

/// Of a file's content and of the version that reads it: a newer Mainstay may read more.
pub(super) fn digest(file: &InputFile) -> String {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update([0]);
    hash.update(&file.bytes);
    hex::encode(hash.finalize())
}
