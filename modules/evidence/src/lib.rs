//! Evidence: reads what a system left behind and says what in it is a fact, with the place where it stands.
//!
//! A pure library: bytes in, facts out. It knows no network, no database, no async runtime, and nothing of cases or
//! incidents; it never decides what caused anything.

pub mod changes;
pub mod component;
pub mod input;
pub mod logs;
pub mod metrics;
pub mod quote;
pub mod source;
mod table;
pub mod topology;
pub mod traces;
mod walk;
