//! What was promised and not kept, as checkers of simulations tell it.

use std::fmt;

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation<I> {
    /// Which.
    pub invariant: I,
    /// How, in a sentence.
    pub what: String,
}

impl<I: fmt::Debug> fmt::Display for Violation<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.what)
    }
}

/// Where violations are gathered.
#[derive(Debug)]
pub struct Findings<I>(Vec<Violation<I>>);

impl<I> Default for Findings<I> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<I> Findings<I> {
    /// Notes one.
    pub fn add(&mut self, invariant: I, what: impl Into<String>) {
        self.0.push(Violation {
            invariant,
            what: what.into(),
        });
    }

    /// All of them, in the order in which they were found.
    pub fn all(self) -> Vec<Violation<I>> {
        self.0
    }
}
