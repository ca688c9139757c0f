//! Reads the files a fleet already has and says what they mean, where they contradict each other, and what is missing.
//!
//! [`analyse`] is a pure function from files to an [`Analysis`]: it opens no socket and no database, and the same files
//! give the same answer on every machine. It owns the file formats, the precedence of sources and the findings; it must
//! not know what is stored already, who asks, or whether anything is running.
//!
//! The walk: [`detect`] names what each file is, [`sources`] turn each document into [`content`], [`merge`] decides what
//! wins, and [`rules`] compare everything with everything.

mod address;
mod analysis;
mod codes;
mod content;
mod detect;
#[doc(hidden)]
pub mod fuzz;
mod identity;
mod landscape;
mod listing;
mod merge;
pub(crate) mod names;
mod paths;
mod pods;
mod report;
mod rules;
mod sources;
mod tree;

pub use analysis::{analyse, parse_any};
pub use codes::{CODES, Code, Severity};
pub use identity::{Identity, Repository};
pub(crate) use listing::sort;
pub use listing::unsendable;
pub use paths::{FoundFiles, ReadPathsError, read_paths};
pub use report::{
    Analysis, Edge, ExcerptLine, FileReport, FileStatus, Finding, ImportOptions, InputFile, LeftOut, LeftOutKind,
    Place, Proposal,
};

#[cfg(test)]
mod tests;
