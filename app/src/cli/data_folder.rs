//! The folder Mainstay keeps everything in: made when it is absent, and taken away again when the start comes to nothing.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use crate::config::{COMMENTED_DEFAULT, FILE_NAME};

/// A folder that exists.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// The folders that did not exist before, outermost first.
    made: Vec<PathBuf>,
}

impl DataFolder {
    /// Makes the folder unless it is there.
    ///
    /// # Errors
    /// Why it cannot be made, and what to do.
    pub fn make(path: &Path) -> anyhow::Result<Self> {
        let mut made: Vec<_> = path
            .ancestors()
            .filter(|folder| !folder.as_os_str().is_empty())
            .take_while(|folder| !folder.exists())
            .map(Path::to_owned)
            .collect();
        made.reverse();
        let folder = Self {
            path: path.to_owned(),
            made,
        };
        // What is in it is nobody else's: addresses, and secrets of webhooks.
        if let Err(error) = fs::DirBuilder::new().recursive(true).mode(0o700).create(path) {
            let said = format!("cannot make the data folder {}: {error}", path.display());
            folder.undo();
            anyhow::bail!("{said}. Choose another with --data, or mend what is in the way");
        }
        Ok(folder)
    }

    /// Removes what was made and is still empty.
    pub fn undo(self) {
        for folder in self.made.iter().rev() {
            // What is not empty holds something that a person may want to look at.
            if fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }

    /// Puts a commented configuration where the next start finds it. Mainstay runs without it, so failing is only logged.
    pub fn write_first_configuration(&self) {
        let path = self.path.join(FILE_NAME);
        if let Err(error) = fs::write(&path, COMMENTED_DEFAULT) {
            tracing::warn!(path = %path.display(), %error, "the commented configuration could not be written");
        } else {
            tracing::info!(path = %path.display(), "wrote a configuration with every key and its default");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_made_and_is_empty_is_taken_away() {
        let outside = tempfile::tempdir().unwrap();
        let path = outside.path().join("a/b/c");
        DataFolder::make(&path).unwrap().undo();
        assert!(!outside.path().join("a").exists());
        assert!(outside.path().exists());

        let folder = DataFolder::make(&path).unwrap();
        fs::write(outside.path().join("a/b/kept"), "").unwrap();
        folder.undo();
        assert!(!path.exists() && outside.path().join("a/b/kept").exists());

        DataFolder::make(&outside.path().join("a")).unwrap().undo();
        assert!(outside.path().join("a").exists(), "it was there before");
    }

    #[test]
    fn a_file_in_the_way_is_said_with_what_to_do() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("file"), "").unwrap();
        let said = DataFolder::make(&outside.path().join("file/data"))
            .unwrap_err()
            .to_string();
        assert!(said.contains("file/data") && said.contains("--data"), "{said}");
    }
}
