//! What somebody asks of an import, and whether it makes sense. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use mainstay_kernel::FieldError;
use sha2::{Digest, Sha256};

use crate::{
    error::CatalogError,
    import::{FoundFiles, InputFile, LeftOut},
    model::{ManagedBy, ServiceName},
};

const MAX_FILES: usize = 50_000;
const MAX_PATH: usize = 1_000;
const MAX_FINDING_ID: usize = 64;
const MAX_NOTE: usize = 1_000;
const MAX_FORMERLY: usize = 8;

/// What to import, and how.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The files. A file that was imported before under the same path is replaced.
    pub files: Vec<InputFile>,
    /// By path, others under which the same file may have been imported before: what one of them said is replaced as well if
    /// it was about the same.
    pub formerly: BTreeMap<String, Vec<String>>,
    /// What was found beside them and not read: listed in the report, and what was imported from it before stays.
    pub left_out: Vec<LeftOut>,
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
            formerly: BTreeMap::new(),
            left_out: Vec::new(),
            dry_run: false,
            aliases: BTreeMap::new(),
            accept: BTreeSet::new(),
            replace: false,
            managed_by: ManagedBy::Import,
        }
    }

    /// An ordinary import of what was found on disk.
    pub fn of_found(found: FoundFiles) -> Self {
        Self {
            left_out: found.left_out,
            ..Self::of(found.files)
        }
    }
}

/// What of a request was understood.
pub(super) struct Wanted {
    pub(super) aliases: BTreeMap<ServiceName, Option<ServiceName>>,
    pub(super) digests: HashMap<String, String>,
    /// The paths that were given and not read.
    pub(super) left_out: HashSet<String>,
    pub(super) formerly: BTreeMap<String, Vec<String>>,
    pub(super) managed_by: ManagedBy,
    pub(super) replace: bool,
}

/// Refuses what cannot be imported, naming every field that is wrong.
pub(super) fn check(request: &ImportRequest) -> Result<Wanted, CatalogError> {
    let mut errors = Vec::new();
    let mut wrong = |field: String, message: String| errors.push(FieldError { field, message });
    let nothing_given = request.files.is_empty() && request.left_out.is_empty();
    if nothing_given && request.aliases.is_empty() && request.accept.is_empty() && !request.replace {
        wrong("files".to_owned(), "is empty; give at least one file".to_owned());
    }
    for id in &request.accept {
        if id.is_empty() || id.len() > MAX_FINDING_ID || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            wrong("accept".to_owned(), "holds what is no finding's id".to_owned());
            break;
        }
    }
    let given = request.files.len() + request.left_out.len();
    if given > MAX_FILES {
        wrong(
            "files".to_owned(),
            format!("has {given} files with those left out; import at most {MAX_FILES} at once"),
        );
    }
    let mut paths = HashSet::new();
    let files = request.files.iter().map(|file| &file.path).enumerate();
    let files = files.map(|(at, path)| (format!("files[{at}]"), path));
    let left_out = request.left_out.iter().map(|left| &left.path).enumerate();
    let left_out = left_out.map(|(at, path)| (format!("left_out[{at}]"), path));
    for (place, path) in files.chain(left_out) {
        let message = match unusable_path(path) {
            None if !paths.insert(path) => Some(format!("names `{path}` a second time")),
            message => message,
        };
        if let Some(message) = message {
            wrong(format!("{place}.path"), message);
        }
    }
    for (at, file) in request.files.iter().enumerate() {
        let formerly = request.formerly.get(&file.path).map(Vec::as_slice).unwrap_or_default();
        let message = if formerly.len() > MAX_FORMERLY {
            Some(format!(
                "has {} paths; at most {MAX_FORMERLY} are looked for",
                formerly.len()
            ))
        } else {
            formerly.iter().find_map(|path| unusable_path(path))
        };
        if let Some(message) = message {
            wrong(format!("files[{at}].formerly"), message);
        }
    }
    for (at, left) in request.left_out.iter().enumerate() {
        if left.note.len() > MAX_NOTE || left.note.chars().any(char::is_control) {
            let message = format!("is longer than {MAX_NOTE} bytes or holds a control character");
            wrong(format!("left_out[{at}].note"), message);
        }
        if left.line == Some(0) {
            wrong(
                format!("left_out[{at}].line"),
                "is 0; lines are counted from 1".to_owned(),
            );
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
        left_out: request.left_out.iter().map(|left| left.path.clone()).collect(),
        formerly: request.formerly.clone(),
        digests: digests(&request.files, &request.left_out),
        managed_by: request.managed_by,
        replace: request.replace,
    })
}

/// What is wrong with a path.
fn unusable_path(path: &str) -> Option<String> {
    if path.trim().is_empty() {
        Some("is empty; give the path that a person would look for".to_owned())
    } else if path.len() > MAX_PATH || path.chars().any(char::is_control) {
        Some(format!("is longer than {MAX_PATH} bytes or holds a control character"))
    } else {
        None
    }
}

/// By path, what tells whether a file is as it was: its content, or why it was not read, and the version that reads it, for
/// a newer Mainstay may read more.
pub(super) fn digests(files: &[InputFile], left_out: &[LeftOut]) -> HashMap<String, String> {
    let read = files.iter().map(|file| (file.path.clone(), digest(&file.bytes)));
    let left_out = left_out
        .iter()
        .map(|left| (left.path.clone(), digest(left.note.as_bytes())));
    read.chain(left_out).collect()
}

fn digest(bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update([0]);
    hash.update(bytes);
    hex::encode(hash.finalize())
}
