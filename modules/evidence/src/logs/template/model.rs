//! What goes into a miner and what comes out of it.

use serde::Serialize;

use super::{pattern::Pattern, sketch::Sketch};

/// What a caller keeps for each pattern, and how two of them become one.
pub trait Absorb: Default {
    /// Takes over what another has counted.
    fn absorb(&mut self, other: &Self);
}

impl Absorb for () {
    fn absorb(&mut self, (): &Self) {}
}

/// Caps of memory. Past them, patterns are folded and counted as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinerLimits {
    /// Patterns that are alive at once.
    pub patterns: usize,
    /// Patterns that are ever told apart.
    pub ever: usize,
    /// Hashes of messages that are remembered.
    pub aliases: usize,
    /// Whether the values at wildcards are sketched.
    pub sketches: bool,
}

impl Default for MinerLimits {
    fn default() -> Self {
        Self {
            patterns: 16_384,
            ever: 1 << 20,
            aliases: 1 << 17,
            sketches: true,
        }
    }
}

/// What happened to the messages.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MinerStats {
    /// Messages.
    pub messages: u64,
    /// Messages whose pattern was folded for want of room: counted, but told apart by their first word at most.
    pub folded_messages: u64,
    /// Patterns that were folded.
    pub folded_patterns: u64,
    /// Merges.
    pub merges: u64,
}

/// Names the pattern a message was counted under. Merges may later put several ids into one template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PatternId(pub(super) u32);

/// A finished template.
#[derive(Debug)]
pub struct Template<T> {
    /// Constant text with `<*>` for values.
    pub text: String,
    /// Constants and wildcards.
    pub pattern: Pattern,
    /// Messages.
    pub count: u64,
    /// Those of them that were folded into it for want of room.
    pub folded: u64,
    /// One for each wildcard, in order.
    pub parameters: Vec<Sketch>,
    /// What the caller kept.
    pub data: T,
}

/// The templates of a stream, and which pattern ended in which.
#[derive(Debug)]
pub struct Templates<T> {
    /// Most frequent first.
    pub templates: Vec<Template<T>>,
    /// What happened to the messages.
    pub stats: MinerStats,
    pub(super) places: Vec<u32>,
}

impl<T> Templates<T> {
    /// The place in `templates` of a message's template.
    pub fn place(&self, id: PatternId) -> usize {
        self.places[id.0 as usize] as usize
    }
}
