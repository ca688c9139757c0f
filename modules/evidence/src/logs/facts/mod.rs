//! Facts: what can be said of logs without guessing why, each with a quote and with how sure it is.

mod analyzer;
mod change;
mod counts;
mod identifiers;
mod observed;
mod report;

#[cfg(test)]
mod tests;

pub use analyzer::{AnalysisOptions, LogAnalyzer, Part, Window};
pub(crate) use change::upper_tail;
pub use change::{ChangeFact, ChangeKind, Exposure};
pub use counts::{Counts, Series};
pub use identifiers::IdentifierFact;
pub use report::{LogFacts, Occurrence, ParameterFact, RareFact, SourceFact, TemplateFact, ValueFact};
