//! The reference data file: the instruments a service knows. It is read at the start and whenever it changes.
//!
//! A service cannot work without it, so a file that cannot be read ends the process.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

/// Exit code of a process whose reference data cannot be used (`EX_DATAERR` of sysexits.h).
pub const EXIT_CODE: i32 = 65;

/// Something that is traded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instrument {
    /// Its short name.
    pub symbol: String,
    /// The price it was last listed at, in cents.
    pub listed_cents: i64,
    /// The smallest quantity.
    pub lot: u32,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// It cannot be read.
    #[error("cannot read the reference data {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },
    /// It is damaged.
    #[error("the reference data {path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line and column.
        reason: serde_json::Error,
    },
}

/// The instruments in force and the file they came from.
#[derive(Debug)]
pub struct Reference {
    path: PathBuf,
    loaded: RwLock<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    instruments: Arc<Vec<Instrument>>,
    version: Version,
}

type Version = (Option<SystemTime>, u64);

impl Reference {
    /// Reads the file.
    ///
    /// # Errors
    /// [`ReferenceError`] when it is missing or damaged.
    pub fn load(path: &Path) -> Result<Self, ReferenceError> {
        Ok(Self {
            path: path.to_owned(),
            loaded: RwLock::new(read(path)?),
        })
    }

    /// The instruments in force.
    pub fn instruments(&self) -> Arc<Vec<Instrument>> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner).instruments)
    }

    /// The smallest quantity of the instrument called `symbol`.
    pub fn lot(&self, symbol: &str) -> Option<u32> {
        let instruments = self.instruments();
        let found = instruments.iter().find(|instrument| instrument.symbol == symbol);
        found.map(|instrument| instrument.lot)
    }

    /// Reads the file again when it has changed; answers whether it had.
    ///
    /// # Errors
    /// [`ReferenceError`] when the changed file cannot be used.
    pub fn refresh(&self) -> Result<bool, ReferenceError> {
        let before = self.loaded.read().unwrap_or_else(PoisonError::into_inner).version;
        if version(&self.path)? == before {
            return Ok(false);
        }
        let loaded = read(&self.path)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(true)
    }
}

/// Writes the standard list of instruments, replacing what is there.
///
/// # Errors
/// When the file cannot be written.
pub fn publish(path: &Path) -> io::Result<()> {
    replace(path, &standard())
}

/// Writes a list in which every third instrument has a lot of nothing, as an export from a half-filled table does.
///
/// # Errors
/// When the file cannot be written.
pub fn publish_without_lots(path: &Path) -> io::Result<()> {
    let mut instruments = standard();
    for instrument in instruments.iter_mut().step_by(3) {
        instrument.lot = 0;
    }
    replace(path, &instruments)
}

/// The symbols of the standard list.
pub fn symbols() -> Vec<String> {
    standard().into_iter().map(|instrument| instrument.symbol).collect()
}

fn standard() -> Vec<Instrument> {
    let instrument = |number| Instrument {
        symbol: symbol(number),
        listed_cents: 1_000 + number * 317,
        lot: 10,
    };
    (0..48).map(instrument).collect()
}

fn replace(path: &Path, instruments: &[Instrument]) -> io::Result<()> {
    let text = serde_json::to_string(instruments)?;
    // Replacing by a rename never shows a reader half a file.
    let fresh = path.with_extension("new");
    fs::write(&fresh, text)?;
    fs::rename(fresh, path)
}

/// Cuts the file off in the middle, as a copy that was interrupted does.
///
/// # Errors
/// When the file cannot be written.
pub fn cut_off(path: &Path) -> io::Result<()> {
    let length = fs::metadata(path)?.len();
    fs::OpenOptions::new().write(true).open(path)?.set_len(length / 2)
}

fn symbol(number: i64) -> String {
    let letter = |n: i64| char::from(b'A' + u8::try_from(n % 26).unwrap_or_default());
    [letter(number), letter(number / 3 + 4), letter(number * 7 + 1)]
        .iter()
        .collect()
}

fn read(path: &Path) -> Result<Loaded, ReferenceError> {
    let version = version(path)?;
    let text = fs::read_to_string(path).map_err(|reason| file_error(path, reason))?;
    let instruments = serde_json::from_str(&text).map_err(|reason| ReferenceError::Damaged {
        path: path.to_owned(),
        reason,
    })?;
    Ok(Loaded {
        instruments: Arc::new(instruments),
        version,
    })
}

fn version(path: &Path) -> Result<Version, ReferenceError> {
    let metadata = fs::metadata(path).map_err(|reason| file_error(path, reason))?;
    Ok((metadata.modified().ok(), metadata.len()))
}

fn file_error(path: &Path, reason: io::Error) -> ReferenceError {
    ReferenceError::File {
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_cut_off_is_reported_with_its_place_and_mended_by_publishing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reference.json");
        publish(&path).unwrap();
        let reference = Reference::load(&path).unwrap();
        assert_eq!(reference.instruments().len(), 48);
        assert!(!reference.refresh().unwrap());
        cut_off(&path).unwrap();
        let error = reference.refresh().unwrap_err().to_string();
        assert!(error.contains("damaged") && error.contains("line 1 column"), "{error}");
        publish(&path).unwrap();
        assert_eq!(Reference::load(&path).unwrap().instruments().len(), 48);
    }

    #[test]
    fn symbols_are_distinct() {
        let distinct: std::collections::BTreeSet<_> = symbols().into_iter().collect();
        assert_eq!(distinct.len(), 48);
    }

    #[test]
    fn a_list_without_lots_is_readable_and_lacks_every_third() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reference.json");
        publish_without_lots(&path).unwrap();
        let reference = Reference::load(&path).unwrap();
        assert_eq!(
            (reference.lot(&symbol(0)), reference.lot(&symbol(1))),
            (Some(0), Some(10))
        );
    }
}
