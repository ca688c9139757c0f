//! What is asked: which files, and what is known of the trouble.

use std::path::PathBuf;

/// A request for an investigation.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Files, folders and archives; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// The same of a time when all was well.
    pub baseline: Vec<PathBuf>,
    /// Who calls whom.
    pub topology: Option<PathBuf>,
    /// When the symptom was noticed, in microseconds since 1970. The fault began then or before.
    pub at: Option<i64>,
    /// The same as a time of day, UTC: the last such time that the evidence covers.
    pub at_clock: Option<jiff::civil::Time>,
    /// A question in words.
    pub question: Option<String>,
    /// Now, in microseconds since 1970: times without a year lie before it.
    pub now: i64,
    /// Seconds east of Greenwich of times that do not say where they were taken.
    pub zone: i32,
}
