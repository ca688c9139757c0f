//! The journal a service writes every change to before it answers, one writer at a time.
//!
//! Each record is written to a real file. The volume under it has a bandwidth, and a record holds the writer's lock
//! until the volume has taken it: a slow volume therefore shows as waiting, first of writes, then of whoever queues.

use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncSeekExt, AsyncWriteExt},
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

/// The journal starts afresh when it is longer than this.
const LONGEST: u64 = 1 << 20;

/// A record did not get into the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The volume or the queue in front of it was too slow.
    #[error(
        "writing {bytes} bytes to the journal did not finish within {waited_ms} ms: the volume writes {bytes_per_second} bytes per second"
    )]
    Slow {
        /// Length of the record.
        bytes: usize,
        /// How long the writer waited.
        waited_ms: u128,
        /// What the volume manages.
        bytes_per_second: u64,
    },
    /// The file cannot be written.
    #[error("cannot write the journal {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },
}

/// An append-only file with one writer.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    patience: Duration,
    bytes_per_second: AtomicU64,
    writer: Mutex<Writer>,
}

#[derive(Debug)]
struct Writer {
    file: File,
    length: u64,
}

/// What a healthy volume takes in a second.
const HEALTHY: u64 = 64 << 20;

impl Journal {
    /// Opens the journal at `path`, emptying it.
    ///
    /// # Errors
    /// [`JournalError::File`] when the file cannot be made.
    pub async fn open(path: &Path, patience: Duration) -> Result<Self, JournalError> {
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(path)
            .await;
        let file = file.map_err(|reason| JournalError::File {
            path: path.to_owned(),
            reason,
        })?;
        Ok(Self {
            path: path.to_owned(),
            patience,
            bytes_per_second: AtomicU64::new(HEALTHY),
            writer: Mutex::new(Writer { file, length: 0 }),
        })
    }

    /// Appends a record and waits until the volume has it; answers how long that took.
    ///
    /// # Errors
    /// [`JournalError`] when it took too long or cannot be written.
    pub async fn append(&self, record: &str) -> Result<Duration, JournalError> {
        let started = Instant::now();
        let bandwidth = self.bytes_per_second.load(Ordering::Relaxed);
        match timeout(self.patience, self.write(record, bandwidth)).await {
            Ok(Ok(())) => Ok(started.elapsed()),
            Ok(Err(reason)) => Err(JournalError::File {
                path: self.path.clone(),
                reason,
            }),
            Err(_) => Err(JournalError::Slow {
                bytes: record.len() + 1,
                waited_ms: started.elapsed().as_millis(),
                bytes_per_second: bandwidth,
            }),
        }
    }

    /// Sets what the volume takes in a second; `None` is a healthy volume.
    pub fn set_bandwidth(&self, bytes_per_second: Option<u64>) {
        let bandwidth = bytes_per_second.unwrap_or(HEALTHY).max(1);
        self.bytes_per_second.store(bandwidth, Ordering::Relaxed);
    }

    async fn write(&self, record: &str, bandwidth: u64) -> io::Result<()> {
        let mut writer = self.writer.lock().await;
        let bytes = record.len() as u64 + 1;
        sleep(Duration::from_micros(bytes.saturating_mul(1_000_000) / bandwidth)).await;
        if writer.length + bytes > LONGEST {
            writer.file.set_len(0).await?;
            writer.file.rewind().await?;
            writer.length = 0;
        }
        writer.file.write_all(record.as_bytes()).await?;
        writer.file.write_all(b"\n").await?;
        writer.file.flush().await?;
        writer.length += bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_record_is_in_the_file_when_append_returns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path, Duration::from_secs(1)).await.unwrap();
        journal.append("one").await.unwrap();
        journal.append("two").await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }

    #[tokio::test]
    async fn a_slow_volume_fails_writes_with_its_bandwidth_and_recovers() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("journal"), Duration::from_millis(20))
            .await
            .unwrap();
        journal.set_bandwidth(Some(10));
        let error = journal.append("a record of some length").await.unwrap_err();
        assert!(error.to_string().contains("10 bytes per second"), "{error}");
        journal.set_bandwidth(None);
        journal.append("a record of some length").await.unwrap();
    }
}
