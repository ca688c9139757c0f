//! Reports to draw and to hold tests against: a full one, and those that are hard to draw.

mod drawn;
mod full;
mod hard;
mod passages;
mod told;

pub use full::{full, small, two_faults};
#[cfg(test)]
pub use hard::filled_with;
pub use hard::{almost_empty, hostile, many_components, none_found};
