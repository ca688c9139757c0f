//! Reads files and folders from disk in the same order every time. The only place of the import that does I/O.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::report::InputFile;

/// Folders that hold no source of truth.
const SKIPPED_FOLDERS: &[&str] = &[".git", "target", "node_modules", ".venv", "venv", "__pycache__"];
/// Larger files are no configuration; they are left out.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// More files than this in one import is a mistake in the path.
const MAX_FILES: usize = 50_000;

/// Why the given paths cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadPathsError {
    /// The path does not exist or may not be read.
    #[error("`{path}` cannot be read: {source}; check the path and its permissions")]
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

/// Reads files, and folders with everything below them, sorted by path.
///
/// Files of a folder have paths relative to it when it is the only path given, otherwise with its name in front. Links
/// are not followed below a given folder, so that no walk runs in a circle.
///
/// # Errors
/// When a path is missing or unreadable, or when there are too many files.
pub fn read_paths(paths: &[PathBuf]) -> Result<Vec<InputFile>, ReadPathsError> {
    let mut files = Vec::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|source| failure(path, source))?;
        if metadata.is_dir() {
            let prefix = if paths.len() == 1 { String::new() } else { shown(path) };
            walk(path, &prefix, &mut files)?;
        } else {
            files.push(InputFile {
                path: shown(path),
                bytes: fs::read(path).map_err(|source| failure(path, source))?,
            });
        }
    }
    files.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}

/// Walks one folder with a list of folders still to visit, so that depth costs no stack.
fn walk(root: &Path, prefix: &str, files: &mut Vec<InputFile>) -> Result<(), ReadPathsError> {
    let mut pending = vec![(root.to_owned(), prefix.to_owned())];
    while let Some((folder, shown_folder)) = pending.pop() {
        for entry in fs::read_dir(&folder).map_err(|source| failure(&folder, source))? {
            let entry = entry.map_err(|source| failure(&folder, source))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let shown = if shown_folder.is_empty() {
                name.clone()
            } else {
                format!("{shown_folder}/{name}")
            };
            let metadata = entry.metadata().map_err(|source| failure(&entry.path(), source))?;
            if metadata.is_dir() {
                if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                    pending.push((entry.path(), shown));
                }
            } else if metadata.is_file() && metadata.len() <= MAX_FILE_BYTES {
                if files.len() >= MAX_FILES {
                    return Err(ReadPathsError::TooMany {
                        path: root.display().to_string(),
                    });
                }
                let bytes = fs::read(entry.path()).map_err(|source| failure(&entry.path(), source))?;
                files.push(InputFile { path: shown, bytes });
            }
        }
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let text = text.trim_end_matches('/');
    text.strip_prefix("./").unwrap_or(text).to_owned()
}

fn failure(path: &Path, source: io::Error) -> ReadPathsError {
    ReadPathsError::Io {
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_in_order_and_without_build_output() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "b.yaml",
            "a/z.yaml",
            "a/b.yaml",
            "target/x.json",
            ".git/config",
            "node_modules/p/package.json",
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x: 1").unwrap();
        }
        let files = read_paths(&[folder.path().to_owned()]).unwrap();
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a/b.yaml", "a/z.yaml", "b.yaml"]);
    }

    #[test]
    fn a_missing_path_is_named_in_the_error() {
        let error = read_paths(&[PathBuf::from("no/such/place")]).unwrap_err().to_string();
        assert!(error.contains("no/such/place"), "{error}");
    }
}
