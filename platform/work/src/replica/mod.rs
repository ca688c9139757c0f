//! A replica takes part: it joins, beats, sees who fell silent, and leaves.
//!
//! No two clocks are compared. A replica counts up a number; the others see by their own monotonic clocks that it stopped
//! counting. Whoever was declared silent finds its row gone, stops its shared work at once, and joins anew under another id.
//! That takes seconds, so that a slow replica is not taken for a dead one. Where the database server shows that the process has
//! lost its connection as well, it takes less; and a process that finds the row of an absent one of its own name, which is its
//! own predecessor at the same address, takes it away at once.

mod observe;
pub(crate) mod store;

use std::{collections::BTreeSet, fmt, time::Duration};

use mainstay_kernel::typed_id;
use mainstay_store::Presence;

pub use self::observe::{Observer, Sight};

typed_id!(
    /// Identifies one run of one process, from its joining to its leaving.
    ReplicaId
);

/// A share of the work that a process may be started for (`--roles`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Answers requests, serves the dashboard.
    Api,
    /// Probes services.
    Watch,
    /// Decides alerts and delivers them.
    Page,
    /// Runs jobs, event handlers, schedules and reconcilers.
    Work,
}

impl Role {
    /// Every role, the default of a process.
    pub const ALL: [Self; 4] = [Self::Api, Self::Watch, Self::Page, Self::Work];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Watch => "watch",
            Self::Page => "page",
            Self::Work => "work",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("has `{0}`, which is no role; there are api, watch, page and work")]
pub struct UnknownRole(String);

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// What a process says of itself.
#[derive(Debug, Clone)]
pub struct Introduction {
    /// A name for people, such as host and process number.
    pub name: String,
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// Its version.
    pub version: String,
    /// The sign by which the database server shows that the process is there; absent where nobody shows it.
    pub presence: Option<Presence>,
}

/// How quickly a silent replica is noticed, and what nobody rang for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From one beat to the next.
    pub beat: Duration,
    /// Silence after which others take over.
    pub silence: Duration,
    /// The same when the database server says that the process is gone.
    pub absence: Duration,
    /// How much earlier than that a replica that cannot reach the database stops by itself.
    pub margin: Duration,
    /// From one look for something new to the next, where a ring usually comes first: rings may be lost, and some things come
    /// due without one. Whoever looks for what changes rarely takes a few times as long.
    pub look: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            beat: Duration::from_secs(1),
            silence: Duration::from_secs(5),
            absence: Duration::from_millis(1_500),
            margin: Duration::from_secs(1),
            look: Duration::from_secs(1),
        }
    }
}

/// A replica as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which run.
    pub id: ReplicaId,
    /// Its name for people.
    pub name: String,
    /// What it may do.
    pub roles: BTreeSet<Role>,
    /// Its version.
    pub version: String,
    /// When it joined, by its own clock.
    pub started_at: jiff::Timestamp,
    /// When it last beat, by its own clock; for people, nothing is decided on it.
    pub seen_at: jiff::Timestamp,
    /// How often it has beaten.
    pub beat: i64,
    /// The sign by which the database server shows that its process is there.
    pub presence: Option<Presence>,
}

impl Member {
    /// Whether its process is among those that the database server sees.
    pub(crate) fn is_present(&self, present: Option<&BTreeSet<Presence>>) -> Option<bool> {
        Some(present?.contains(&self.presence?))
    }
}
