//! Ways to break the database on purpose: a checker that does not notice them is worth nothing.

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// One of so many commits is acknowledged and forgotten.
    DropCommits(u64),
    /// One of so many commits of several rows keeps all but one of them.
    TearCommits(u64),
    /// A commit is acknowledged before it is durable, and lost when the database ends in between.
    AcknowledgeEarly,
    /// Rows of this table are not locked.
    NoLocks(&'static str),
    /// Changes to this table are visible at once and outlive a rollback, like a sequence's.
    NoTransaction(&'static str),
    /// In every statement that has it, the first text is replaced by the second.
    Replace(&'static str, &'static str),
}

impl Sabotage {
    /// Whether it keeps rows of a table from being locked.
    pub(super) fn leaves_unlocked(self, table: &str) -> bool {
        matches!(self, Self::NoLocks(unlocked) if unlocked == table)
    }
}
