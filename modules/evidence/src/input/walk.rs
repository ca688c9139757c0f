//! Walking: from paths to files, in a fixed order, whatever the links between folders.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    limits::InputLimits,
    name::{is_hidden, last},
    note::{Note, Trouble},
};
use crate::source::Origin;

/// The path of standard input, and its name in quotes. A file of that name is given as `./-`.
pub const STANDARD_INPUT: &str = "-";

/// A file that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Where it is; none is standard input.
    pub path: Option<PathBuf>,
    /// Its name in quotes: the path as it was given.
    pub name: String,
    /// Its path from the folder that was given, or its name alone. By this, two versions of a folder are compared.
    pub relative: String,
    /// Whether it was named itself, not found in a folder.
    pub named: bool,
    /// Its bytes when it was found, where that is known.
    pub length: Option<u64>,
}

/// What paths lead to.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub files: Vec<FoundFile>,
    pub notes: Vec<Note>,
    seen: HashSet<PathBuf>,
    /// Notes and files that there was no room for.
    pub over: u64,
}

impl Walk {
    pub fn over(paths: &[PathBuf], limits: &InputLimits) -> Self {
        let mut walk = Self::default();
        for path in paths {
            if path.as_os_str() == STANDARD_INPUT {
                walk.files.push(FoundFile {
                    path: None,
                    name: STANDARD_INPUT.to_owned(),
                    relative: STANDARD_INPUT.to_owned(),
                    named: true,
                    length: None,
                });
                continue;
            }
            walk.root(path, limits);
        }
        walk
    }

    fn root(&mut self, root: &Path, limits: &InputLimits) {
        // The last in comes out first, so that a folder's entries go in backwards.
        let mut open = vec![(root.to_path_buf(), String::new())];
        while let Some((path, relative)) = open.pop() {
            if self.files.len() >= limits.files {
                self.note(root, Trouble::TooManyFiles(limits.files), limits);
                return;
            }
            let found = match fs::metadata(&path) {
                Ok(found) => found,
                Err(error) => {
                    self.note(&path, closed(&error), limits);
                    continue;
                }
            };
            let kind = found.file_type();
            if !kind.is_dir() && !kind.is_file() {
                self.note(&path, Trouble::Special(special(kind)), limits);
                continue;
            }
            let own = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            if !self.seen.insert(own) {
                self.note(&path, Trouble::Again, limits);
                continue;
            }
            if kind.is_dir() {
                match self.entries(&path, limits) {
                    Ok(names) => open.extend(names.into_iter().rev().map(|name| {
                        let below = if relative.is_empty() {
                            name.clone()
                        } else {
                            format!("{relative}/{name}")
                        };
                        (path.join(&name), below)
                    })),
                    Err(error) => self.note(&path, closed(&error), limits),
                }
                continue;
            }
            let name = path.to_string_lossy().into_owned();
            self.files.push(FoundFile {
                named: relative.is_empty(),
                relative: if relative.is_empty() {
                    last(&name).to_owned()
                } else {
                    relative
                },
                name,
                path: Some(path),
                length: Some(found.len()),
            });
        }
    }

    /// Names of a folder, sorted, without hidden ones.
    fn entries(&mut self, folder: &Path, limits: &InputLimits) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                self.note(
                    &entry.path(),
                    Trouble::Closed("its name is not UTF-8".to_owned()),
                    limits,
                );
                continue;
            };
            if is_hidden(&name) {
                self.note(&entry.path(), Trouble::Hidden, limits);
            } else if names.len() < limits.files {
                names.push(name);
            } else {
                self.note(folder, Trouble::TooManyFiles(limits.files), limits);
                break;
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn note(&mut self, path: &Path, trouble: Trouble, limits: &InputLimits) {
        if self.notes.len() >= limits.notes {
            self.over += 1;
            return;
        }
        let origin = Origin::file(path.to_string_lossy());
        self.notes.push(Note { origin, trouble });
    }
}

fn closed(error: &io::Error) -> Trouble {
    Trouble::Closed(error.to_string())
}

#[cfg(unix)]
fn special(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "neither file nor folder"
    }
}

#[cfg(not(unix))]
fn special(_: fs::FileType) -> &'static str {
    "neither file nor folder"
}
