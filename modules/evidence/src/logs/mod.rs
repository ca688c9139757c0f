//! Logs: from bytes to records, from records to templates, from templates to facts.

pub mod correlate;
pub mod facts;
pub mod read;
pub mod severity;
pub mod statements;
pub mod template;
pub mod time;
