//! A folder as a list of text files with their paths, which is all that the rules see of the world: the repository and a
//! rule's fixture are judged by the same code.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::source::Source;

/// Folders that hold no source of ours, by name.
const SKIPPED: [&str; 8] = [
    ".git",
    ".tools",
    "coverage",
    "dist",
    "node_modules",
    "playwright-report",
    "target",
    "test-results",
];
/// Broken on purpose.
const FIXTURES: &str = "xtask/fixtures";

/// One text file.
#[derive(Debug)]
pub struct File {
    /// From the root, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A Rust file, taken apart.
#[derive(Debug)]
pub struct RustFile {
    /// From the root, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// Code and string literals, apart.
    pub source: Source,
}

/// All files below one root.
#[derive(Debug, Default)]
pub struct Tree {
    /// Every text file that is not Rust.
    pub files: Vec<File>,
    /// Every Rust file.
    pub rust: Vec<RustFile>,
    /// The paths of files that are not text, such as pictures.
    pub binary: Vec<String>,
}

impl Tree {
    /// Reads a folder; binary files and folders without source are left out.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        tree.visit(root, root)?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree.rust.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// The files of one name, such as `Cargo.toml`.
    pub fn named<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t File> {
        self.files
            .iter()
            .filter(move |file| file.path.rsplit('/').next() == Some(name))
    }

    fn visit(&mut self, root: &Path, folder: &Path) -> anyhow::Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let relative = relative(root, &path);
            let kind = entry.file_type()?;
            if kind.is_dir() {
                if !SKIPPED.contains(&name.as_str()) && relative != FIXTURES {
                    self.visit(root, &path)?;
                }
            } else if kind.is_file() {
                self.add(relative, &path)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, relative: String, path: &PathBuf) -> anyhow::Result<()> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            // Another process may be writing beside us; a file that is gone cannot break a rule.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let Ok(text) = String::from_utf8(bytes) else {
            self.binary.push(relative);
            return Ok(());
        };
        if Path::new(&relative)
            .extension()
            .is_some_and(|extension| extension == "rs")
        {
            self.rust.push(RustFile {
                source: Source::scan(&text),
                path: relative,
                text,
            });
        } else {
            self.files.push(File { path: relative, text });
        }
        Ok(())
    }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}
