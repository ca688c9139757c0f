//! How the states of checks become states of services: own checks decide between up and down, and a service that passes
//! while something it cannot work without is down is degraded, with the cause named.

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::Environment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod board;
mod cause;
mod labels;

pub use board::Board;
pub use cause::{Cause, root_cause};

/// The state of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its checks pass, and so does all it needs.
    Up,
    /// Its checks pass, but something it cannot work without is down.
    Degraded,
    /// One of its own checks fails, whatever the cause.
    Down,
    /// It has no check that has decided.
    Unknown,
    /// It is in a maintenance window.
    Maintenance,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Up, Self::Degraded, Self::Down, Self::Unknown, Self::Maintenance];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Maintenance => "maintenance",
        }
    }

    /// Reads the stored name; what a newer version may have written counts as unknown.
    pub fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
            .unwrap_or(Self::Unknown)
    }
}

/// How many of a service's checks stand how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct CheckCounts {
    /// Passing checks.
    pub up: u32,
    /// Failing checks.
    pub down: u32,
    /// Checks that have not decided, paused ones included.
    pub unknown: u32,
}

/// The state of one service, as the rest of Mainstay sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceState {
    /// The service.
    pub service: ServiceName,
    /// Where it runs.
    pub environment: Environment,
    /// Its state.
    pub state: State,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// Why, in words; absent when it is up.
    pub reason: Option<String>,
    /// The service behind it, when it is another one.
    pub cause: Option<Cause>,
    /// Its checks.
    pub checks: CheckCounts,
}

/// A service's state or its cause changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceStateChange {
    /// The state before.
    pub before: ServiceState,
    /// The state now.
    pub after: ServiceState,
    /// When it changed.
    pub at: Timestamp,
    /// Whether the service's own checks fail now, even if a maintenance window hides it.
    pub own_down: bool,
}

/// What a service's own checks say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Own {
    /// How they stand.
    pub counts: CheckCounts,
    /// When the first failure of those that are down began.
    pub failing_since: Option<Timestamp>,
    /// The words of the failing check, or why there is nothing to say.
    pub reason: Option<String>,
    /// Whether a maintenance window covers the service now.
    pub in_maintenance: bool,
}
