//! What was promised and not kept, as checkers of simulations tell it.

use std::{fmt, ops::Range};

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

/// Lets a fleet that is broken on purpose run from one seed after the other, until the promise is reported to be broken.
///
/// # Panics
/// When no seed has it reported; says `how` the fleet was broken, and what was reported instead.
pub fn must_be_noticed<I: Copy + Ord + fmt::Debug>(
    expected: I,
    how: &impl fmt::Debug,
    seeds: Range<u64>,
    mut violations_of: impl FnMut(u64) -> Vec<Violation<I>>,
) {
    let mut said = Vec::new();
    for seed in seeds {
        let violations = violations_of(seed);
        if violations.iter().any(|violation| violation.invariant == expected) {
            return;
        }
        said.extend(violations.into_iter().map(|violation| violation.invariant));
    }
    said.sort_unstable();
    said.dedup();
    panic!("{how:?} was not reported as {expected:?}, but as {said:?}");
}
