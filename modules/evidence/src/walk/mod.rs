//! A walk over documents of JSON of any size, for those who read spans and log records: it knows where these stand, and nothing of
//! what they say.

mod keys;
mod walker;

pub(crate) use keys::{Layout, Piece};
pub(crate) use walker::Walker;
