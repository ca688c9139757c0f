//! Sources: streams of bytes with a name, read line by line within bounds.

mod ansi;
mod encoding;
mod junk;
mod lines;

pub use ansi::plain;
pub use encoding::Encoding;
pub use junk::Refusal;
pub(crate) use junk::refuse as refusal;
pub(crate) use junk::refuse;
pub use lines::{LineLimits, LineReader, RawLine};

use serde::Serialize;

/// What a source is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Origin {
    /// Name of the file.
    pub file: String,
    /// Name inside the file, when the file is an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

impl Origin {
    /// A file of its own.
    pub fn file(name: impl Into<String>) -> Self {
        Self {
            file: name.into(),
            member: None,
        }
    }

    /// A member of an archive.
    pub fn member(file: impl Into<String>, member: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            member: Some(member.into()),
        }
    }
}

/// Why a source could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not text.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The stream failed.
    #[error("reading stopped at byte {at}: {source}")]
    Stream {
        /// Bytes that were read before.
        at: u64,
        /// What the stream said.
        source: std::io::Error,
    },
}

#[cfg(test)]
mod tests;
