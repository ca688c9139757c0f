//! Inputs: any mix of files, folders, archives and standard input becomes a sequence of named streams, each with what it was
//! taken for and why.
//!
//! It knows names, bytes and bounds. It reads nothing of the content but the first 64 KB, by which a stream is recognised, and
//! it never ends with an error: what could not be read, or not to its end, is a [`Note`], and what was read before counts.

mod compression;
mod content;
mod limits;
mod name;
mod note;
mod opening;
pub mod recognise;
mod tarball;
mod visit;
mod walk;
mod zipped;

#[cfg(test)]
mod tests;

pub use limits::InputLimits;
pub use note::{Note, Trouble};
pub use recognise::{Kind, Recognised, recognise};
pub use visit::{Input, Inputs, Progress};
pub use walk::{FoundFile, STANDARD_INPUT};
