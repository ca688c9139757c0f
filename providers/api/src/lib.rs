//! The small traits through which modules reach infrastructure.
//!
//! **Invariant:** traits and plain data only. What implements them is in `providers/backends` and is seen by `app` alone.

mod egress;
mod outgoing;

pub use egress::{AllowRule, Blocked, EgressPolicy, InvalidAllowRule};
pub use outgoing::{Method, Outgoing, OutgoingFailure, OutgoingFailureKind, OutgoingRequest, OutgoingResponse};
