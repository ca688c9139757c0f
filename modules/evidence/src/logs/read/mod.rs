//! Reading: from the lines of a source to records, whatever wrapped them.

mod csv;
mod fields;
mod format;
mod journal;
mod json;
mod logfmt;
mod otlp;
mod reading;
mod record;
mod stack;
mod syslog;

#[cfg(test)]
mod tests;

pub use format::Format;
pub use reading::{ReadSummary, RecordLimits, read_records};
pub use record::{Head, Record};
pub use stack::Runtime;
