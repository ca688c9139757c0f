//! One process per data directory: two writers on one SQLite file would corrupt each other's view of the world.

use std::{
    fs::{File, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use crate::{StoreError, StoreErrorKind};

/// Holds a data directory for this process; the operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the lock on `directory`, which must exist.
    ///
    /// # Errors
    /// When another process holds it, or the directory cannot be written to.
    pub fn acquire(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join("mainstay.lock");
        let failed = |error: &std::io::Error| {
            let kind = match error.kind() {
                std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
                    StoreErrorKind::ReadOnly
                }
                std::io::ErrorKind::StorageFull => StoreErrorKind::Full,
                _ => StoreErrorKind::Unavailable,
            };
            StoreError::new(
                kind,
                format!(
                    "cannot write to the data directory {}: {error}. Choose another with --data, or mend its permissions",
                    directory.display()
                ),
            )
        };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it only makes the message better.
                let _ = file.read_to_string(&mut holder);
                return Err(StoreError::new(
                    StoreErrorKind::Busy,
                    format!(
                        "the data directory {} is in use by another Mainstay (process {}). Stop that one first, or start \
                         this one with another --data directory",
                        directory.display(),
                        holder.trim()
                    ),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()))
            .map_err(|error| failed(&error))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_and_told_who_holds_it() {
        let directory = tempfile::tempdir().unwrap();
        let first = DirectoryLock::acquire(directory.path()).unwrap();
        let refusal = DirectoryLock::acquire(directory.path()).unwrap_err().to_string();
        assert!(
            refusal.contains(&format!("process {}", std::process::id())),
            "{refusal}"
        );
        drop(first);
        DirectoryLock::acquire(directory.path()).unwrap();
    }
}
