//! The words every crate shares: typed identifiers, time, randomness, scope, pages and problems.
//!
//! **Invariant:** no I/O and no async runtime in here; only [`World::system`] reads the machine's clock and entropy.

mod actor;
mod environment;
mod ids;
mod page;
mod problem;
mod time;
mod world;

pub use actor::Actor;
pub use environment::{Environment, InvalidEnvironment, Scope};
pub use ids::{OrganizationId, TypedId};
pub use page::{Cursor, InvalidCursor, Page, PageRequest};
pub use problem::{FieldError, Problem, ProblemKind};
pub use time::{Micros, from_micros, to_micros};
pub use world::{Clock, Entropy, ManualClock, SeededEntropy, SystemClock, SystemEntropy, World};

#[doc(hidden)]
pub use uuid;

/// What the [`typed_id!`] macro needs at its call site.
#[doc(hidden)]
pub mod __private {
    pub use serde::{self, Deserialize, Serialize};
}
