//! Owns every background task: named, tracked, cancellable, with a status that an operator can read.
//!
//! **Invariant:** nothing else in Mainstay calls `tokio::spawn`, so nothing runs that `/api/v1/admin/tasks` does not show
//! and that a shutdown does not wait for.

mod latest;
mod tasks;

pub use self::{
    latest::{Follower, Latest},
    tasks::{TaskContext, TaskState, TaskStatus, Tasks},
};
