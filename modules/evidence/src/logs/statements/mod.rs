//! Statements: the places in a program that write messages, component by component, with how often each wrote when.
//!
//! A template is what messages have in common; a statement is who said it and from where. It is told while a message goes by,
//! without knowing what else will be said, so that messages can be joined with the spans they belong to.
//!
//! A name in a message makes a statement of each name. Those that differ in such values alone become one when all is read.

mod columns;
mod key;
mod merge;
mod table;

#[cfg(test)]
mod tests;

pub use key::statement;
pub use table::{Spot, Spots, Statement, StatementId, StatementTable};
