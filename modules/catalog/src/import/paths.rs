//! Reads files and folders from disk in the same order every time. The only place of the import that does I/O.
//!
//! Whatever it does not read, it lists with the reason: a file that is missing from a report looks as if it said nothing.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
};

use super::{
    identity::Identity,
    report::{InputFile, LeftOut, LeftOutKind},
};

/// Folders that hold no source of truth.
const SKIPPED_FOLDERS: &[&str] = &[".git", "target", "node_modules", ".venv", "venv", "__pycache__"];
/// Larger files are no configuration; they are left out.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// More files than this in one import is a mistake in the path.
const MAX_FILES: usize = 50_000;

/// Why the given paths cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadPathsError {
    /// The path does not exist or may not be looked at.
    #[error("`{path}` cannot be read; check the path and its permissions")]
    Io {
        /// What was to be read.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The folders hold too much.
    #[error("the folder `{path}` holds more than {MAX_FILES} files; name the folders that hold configuration")]
    TooMany {
        /// The folder that was walked.
        path: String,
    },
}

/// What stands under the given paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundFiles {
    /// The files that were read, by path.
    pub files: Vec<InputFile>,
    /// What was found and not read, by path, with the reason for each.
    pub left_out: Vec<LeftOut>,
    /// Which file each of both is, by path.
    pub identities: HashMap<String, Identity>,
}

impl FoundFiles {
    /// Whether nothing at all was found.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.left_out.is_empty()
    }
}

/// Reads files, and folders with everything below them, sorted by path.
///
/// A file is shown under the path as it was given, joined with the way from there, without `./`. A folder that was given by
/// its place alone (`.`, `..`) is shown by its own name, so that the imports of two folders never look like one. Links
/// below a given folder are followed only to files inside it, so that no walk runs in a circle or away.
///
/// # Errors
/// When a given path is missing, or when there are too many files. What cannot be read below is listed instead.
pub fn read_paths(paths: &[PathBuf]) -> Result<FoundFiles, ReadPathsError> {
    let mut found = FoundFiles::default();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|source| ReadPathsError::Io {
            path: path.display().to_string(),
            source,
        })?;
        if metadata.is_dir() {
            Walk::new(path, &mut found).run()?;
        } else {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let name = path.file_name().map(readable);
            let identity = Identity::of(folder.unwrap_or(Path::new(".")), name.as_deref());
            found.read(path, shown(path), identity);
        }
    }
    found.files.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    found.files.dedup_by(|a, b| a.path == b.path);
    found.left_out.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    found.left_out.dedup_by(|a, b| a.path == b.path);
    Ok(found)
}

impl FoundFiles {
    fn leave_out(&mut self, path: String, identity: Identity, kind: LeftOutKind, note: impl Into<String>) {
        self.identities.insert(path.clone(), identity);
        self.left_out.push(LeftOut {
            path,
            kind,
            note: note.into(),
            line: None,
        });
    }

    fn read(&mut self, path: &Path, shown: String, identity: Identity) {
        match read_file(path) {
            Ok(Some(bytes)) => {
                self.identities.insert(shown.clone(), identity);
                self.files.push(InputFile { path: shown, bytes });
            }
            Ok(None) => self.leave_out(
                shown,
                identity,
                LeftOutKind::TooLarge,
                "it is larger than 4 MiB, and no configuration is",
            ),
            Err(error) => self.leave_out(shown, identity, LeftOutKind::Unreadable, unreadable(&error)),
        }
    }
}

/// The content, or nothing when there is too much of it. What the metadata say about the size may be old or wrong.
fn read_file(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_FILE_BYTES).then_some(bytes))
}

fn unreadable(error: &io::Error) -> String {
    format!("it cannot be read: {error}")
}

/// One folder, walked with a list of folders still to visit, so that depth costs no stack.
struct Walk<'a> {
    root: &'a Path,
    /// The root without links, to tell whether a link leads out of it.
    real_root: Option<PathBuf>,
    pending: Vec<(PathBuf, String, Identity)>,
    found: &'a mut FoundFiles,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Path, found: &'a mut FoundFiles) -> Self {
        Self {
            root,
            real_root: root.canonicalize().ok(),
            pending: vec![(root.to_owned(), shown(root), Identity::of(root, None))],
            found,
        }
    }

    fn run(mut self) -> Result<(), ReadPathsError> {
        while let Some((folder, shown_folder, identity)) = self.pending.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    let note = format!("the folder cannot be read: {error}");
                    self.found
                        .leave_out(shown_folder, identity, LeftOutKind::Unreadable, note);
                    continue;
                }
            };
            for entry in entries {
                match entry {
                    Ok(entry) => self.entry(&entry, &shown_folder, &identity),
                    Err(error) => {
                        let note = format!("the folder cannot be read to its end: {error}");
                        self.found
                            .leave_out(shown_folder.clone(), identity, LeftOutKind::Unreadable, note);
                        break;
                    }
                }
                if self.found.files.len() + self.found.left_out.len() > MAX_FILES {
                    return Err(ReadPathsError::TooMany {
                        path: self.root.display().to_string(),
                    });
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &fs::DirEntry, shown_folder: &str, folder: &Identity) {
        let name = readable(&entry.file_name());
        let path = entry.path();
        let shown = join(shown_folder, &name);
        let identity = folder.child(&name);
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => {
                let note = unreadable(&error);
                return self.found.leave_out(shown, identity, LeftOutKind::Unreadable, note);
            }
        };
        if name.starts_with("..") && !kind.is_file() {
            let note = "Kubernetes keeps the versions of a mounted volume there; the links beside it are read";
            self.found.leave_out(shown, identity, LeftOutKind::Folder, note);
        } else if kind.is_dir() && SKIPPED_FOLDERS.contains(&name.as_str()) {
            let note = "version control, build output and downloaded packages say nothing about what runs";
            self.found.leave_out(shown, identity, LeftOutKind::Folder, note);
        } else if kind.is_dir() {
            let identity = folder.folder(&path, &name);
            self.pending.push((path, shown, identity));
        } else if kind.is_file() {
            self.found.read(&path, shown, identity);
        } else if kind.is_symlink() {
            match self.why_not_followed(&path) {
                Some(note) => self.found.leave_out(shown, identity, LeftOutKind::Link, note),
                None => self.found.read(&path, shown, identity),
            }
        } else {
            let note = "it is a socket, a pipe or a device";
            self.found.leave_out(shown, identity, LeftOutKind::Special, note);
        }
    }

    fn why_not_followed(&self, link: &Path) -> Option<String> {
        match fs::metadata(link) {
            Err(error) => Some(format!("the link leads nowhere: {error}")),
            Ok(target) if target.is_dir() => Some(
                "it is a link to a folder; folders are read where they are, so that no walk runs in a circle"
                    .to_owned(),
            ),
            Ok(target) if !target.is_file() => Some("it is a link to a socket, a pipe or a device".to_owned()),
            Ok(_) => {
                let target = link.canonicalize().ok();
                let inside = target
                    .zip(self.real_root.as_ref())
                    .is_some_and(|(to, root)| to.starts_with(root));
                (!inside).then(|| "the link leads out of the folder; give its target as a path of its own".to_owned())
            }
        }
    }
}

/// The path as it was given, with `/`, without `.`; the own name of a folder that was given by its place alone.
fn shown(path: &Path) -> String {
    let mut text = String::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::RootDir => text.push('/'),
            Component::ParentDir => text = join(&text, ".."),
            Component::Prefix(prefix) => text.push_str(&readable(prefix.as_os_str())),
            Component::Normal(name) => text = join(&text, &readable(name)),
        }
    }
    let by_place = matches!(
        path.components().next_back(),
        None | Some(Component::CurDir | Component::ParentDir)
    );
    let own_name = || Some(readable(path.canonicalize().ok()?.file_name()?));
    if by_place { own_name().unwrap_or(text) } else { text }
}

/// A path below a folder; the folder itself when nothing is below.
pub(super) fn join(folder: &str, name: &str) -> String {
    if name.is_empty() || folder.is_empty() || folder.ends_with('/') {
        format!("{folder}{name}")
    } else {
        format!("{folder}/{name}")
    }
}

/// The name with whatever no report can show written as an escape, so that two names never become one.
pub(super) fn readable(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        for char in chunk.valid().chars() {
            if char.is_control() {
                text.extend(char.escape_default());
            } else {
                text.push(char);
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests;
