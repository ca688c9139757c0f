//! The file with the key that secrets in the database are sealed with: read, or made at the first start.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use mainstay_auth::{SealingKey, SealingKeys};

use crate::config::Config;

/// The name of the file in the data folder.
const FILE_NAME: &str = "sealing.key";

/// The key of this configuration. One that was named must be there; the one in the data folder is made when it is not.
///
/// # Errors
/// Why it cannot be read or made, and what to do.
pub fn keys(config: &Config) -> anyhow::Result<SealingKeys> {
    let key = match &config.auth.sealing_key_file {
        Some(file) => read(file)?,
        None => read_or_make(&config.data_dir.join(FILE_NAME))?,
    };
    Ok(SealingKeys::new(key, []))
}

fn read(path: &Path) -> anyhow::Result<SealingKey> {
    let cannot = || format!("cannot read the sealing key in {}", path.display());
    let text = fs::read_to_string(path).with_context(cannot)?;
    let mode = fs::metadata(path).with_context(cannot)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others can read the sealing key; take that right from them with chmod 600");
    }
    SealingKey::parse(&text).with_context(cannot)
}

fn read_or_make(path: &PathBuf) -> anyhow::Result<SealingKey> {
    let cannot = || format!("cannot make the sealing key {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(cannot)?;
    }
    // Nobody else can read it, from the moment it is there; a file that is there already is never written over.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match file {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return read(path),
        file => file.with_context(cannot)?,
    };
    let Ok(key) = SealingKey::generate() else {
        bail!("{}: the operating system gives no random bytes", cannot());
    };
    writeln!(file, "{}", key.to_text())
        .and_then(|()| file.sync_all())
        .with_context(cannot)?;
    tracing::info!(path = %path.display(), "made the key that secrets in the database are sealed with; keep a copy of it apart from backups");
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(folder: &Path) -> Config {
        Config {
            data_dir: folder.join("data"),
            ..Config::default()
        }
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        keys(&config).unwrap();
        let path = config.data_dir.join(FILE_NAME);
        let made = fs::read_to_string(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        keys(&config).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), made);
    }

    #[test]
    fn a_key_that_was_named_must_be_there_and_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        let path = folder.path().join("named");
        config.auth.sealing_key_file = Some(path.clone());
        let said = format!("{:#}", keys(&config).unwrap_err());
        assert!(said.contains("named"), "{said}");
        fs::write(&path, "not a key").unwrap();
        let said = format!("{:#}", keys(&config).unwrap_err());
        assert!(said.contains("no sealing key") && !said.contains("not a key"), "{said}");
    }
}
