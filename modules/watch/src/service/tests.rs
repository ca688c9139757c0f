//! Filled in with the next commit.
