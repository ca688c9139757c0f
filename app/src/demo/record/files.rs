//! The files of a case: what the services wrote and how they are set up, as anybody could copy them.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::demo::fleet::Fleet;

/// Makes the folders of a case.
///
/// # Errors
/// When one cannot be made.
pub fn make_folders(folder: &Path) -> Result<()> {
    for part in ["logs", "metrics", "traces", "config/before", "config/after"] {
        let path = folder.join(part);
        fs::create_dir_all(&path).with_context(|| format!("cannot make the folder {}", path.display()))?;
    }
    Ok(())
}

/// Copies what the services wrote.
///
/// # Errors
/// When a file cannot be copied.
pub fn keep(fleet: &Fleet, folder: &Path) -> Result<()> {
    keep_settings(fleet, &folder.join("config").join("after"))?;
    for name in fleet.registry().services().keys() {
        copy(&fleet.log_file(name), &folder.join("logs").join(format!("{name}.log")))?;
        let spans = folder.join("traces").join(format!("{name}.jsonl"));
        copy(&fleet.spans_file(name), &spans)?;
    }
    copy(fleet.registry_file(), &folder.join("topology.json"))
}

/// Copies how the services are set up.
///
/// # Errors
/// When a file cannot be copied.
pub fn keep_settings(fleet: &Fleet, folder: &Path) -> Result<()> {
    for name in fleet.registry().services().keys() {
        copy(&fleet.settings_file(name), &folder.join(format!("{name}.json")))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
