//! Topology: which component calls which, from traces, from a graph file, or as a catalog declares it. Knows no health and no
//! cause.

mod declared;
mod graph;
mod map;
mod traced;

#[cfg(test)]
mod tests;

pub use declared::{read_declared, recognise_declared};
pub use graph::{read_graph, recognise_graph};
pub use map::{Edge, EdgeKind, Topology};
