//! Notes: what was not read, or not to its end, and why.

use serde::{Serialize, Serializer};

use crate::source::Origin;

/// Why something was not read as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Its name begins with a dot.
    #[error("hidden, so it was not read: name it to have it read")]
    Hidden,
    /// A folder or file was reached a second time.
    #[error("read already under another name: a loop of symbolic links, or a second way to it")]
    Again,
    /// Reading it might never end, or do something.
    #[error("{0}, so it was not read: only files, folders and `-` are")]
    Special(&'static str),
    /// The system does not let it be opened.
    #[error("it cannot be opened: {0}")]
    Closed(String),
    /// Folders hold too many files.
    #[error("only the first {0} files are read: give fewer folders")]
    TooManyFiles(usize),
    /// Archives hold too many members.
    #[error("only the first {0} members of archives are read: give fewer archives")]
    TooManyMembers(u64),
    /// An archive in an archive in an archive.
    #[error("packed too deep: unpack it, or give what is inside")]
    TooDeep,
    /// It grows too much when it is decompressed.
    #[error("{from} bytes became more than {most}: this is no ordinary data, and the rest was not read")]
    Expands {
        /// Bytes that went in.
        from: u64,
        /// Bytes that may come out of them.
        most: u64,
    },
    /// All decompression together gave too much.
    #[error("more than {0} bytes were decompressed in all: the rest was not read")]
    TooMuch(u64),
    /// A zip file inside another file is too large.
    #[error("a zip file of more than {0} bytes inside another file: unpack it first")]
    TooLarge(u64),
    /// It ends or breaks before its end.
    #[error("reading stopped: {said}. What stands before was read: {read} bytes")]
    Broken {
        /// Bytes that were read.
        read: u64,
        /// What the stream said.
        said: String,
    },
    /// It grew since it was looked at first.
    #[error("it grows: the first {read} bytes were read, which is what it had at the start; it has {now} now")]
    Grew {
        /// Length at the start.
        read: u64,
        /// Length at the end.
        now: u64,
    },
    /// It became shorter since it was looked at first.
    #[error("it had {length} bytes at the start and {read} could be read")]
    Shrank {
        /// Length at the start.
        length: u64,
        /// Bytes that were read.
        read: u64,
    },
    /// A member's name would lead out of the archive, or cannot be shown.
    #[error("its name in the archive is {0:?}")]
    Renamed(String),
    /// A member is a link, a device or the like.
    #[error("{0}: it has no content of its own")]
    NoFile(&'static str),
    /// A member cannot be decoded.
    #[error("{0}: unpack it first")]
    Unreadable(String),
}

/// One such thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Of what.
    pub origin: Origin,
    /// Why, in words.
    #[serde(serialize_with = "in_words")]
    pub trouble: Trouble,
}

fn in_words<S: Serializer>(trouble: &Trouble, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(trouble)
}
