//! The report of an investigation: one document, shown as JSON, as text, or as a page.

mod document;
mod json;
mod page;
mod text;
pub(crate) mod words;

#[cfg(test)]
mod sample;

pub use document::*;
pub use json::json;
pub use page::page;
pub use text::{Style, text};
