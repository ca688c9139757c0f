//! Backends that tell somebody something.

mod webhook;

pub use webhook::HttpOutgoing;
