//! Sharing with other replicas: who probes what, who writes what belongs to all, and how the others hear of it.
//!
//! Checks fall into shards, each of which one replica holds a lease of. Every replica keeps every state: what it probes itself it
//! knows at once, what others probe it reads from the rows they flush, in the order of their flushes. Rollups, changes of
//! services' states and retention are written by the one that leads.

mod follow;

use std::time::Duration;

use mainstay_kernel::TypedId;
use mainstay_runtime::Follower;
use mainstay_store::{Bell, Database, Messages, StoreError, Transaction, Wakes};
use mainstay_work::{HeldLeases, Leases, Placement, Role, Timing};

use crate::model::check::CheckId;

/// Enough that a handful of replicas share evenly, few enough that moving them is one statement each.
const SHARDS: u128 = 32;
/// The lease of the replica that writes what belongs to all.
const LEAD: &str = "watch.lead";
/// What rings when probes were flushed.
const FLUSHED: &str = "watch.flushed";
/// What rings when checks or maintenance windows changed.
const CHANGED: &str = "watch.changed";
/// Asks whoever probes a check to do it at once.
const KICK: &str = "watch.kick";

/// This process's part in watching. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Share {
    among: Option<Among>,
}

#[derive(Debug, Clone)]
struct Among {
    leases: Leases,
    wakes: Wakes,
    database: Database,
}

impl Share {
    /// A part among others, if there can be any. Declares its leases, so call it before [`Leases::start`].
    pub fn new(leases: &Leases, wakes: &Wakes, database: &Database) -> Self {
        let placement = |spread| Placement {
            role: Role::Watch,
            spread,
        };
        leases.declare((0..SHARDS).map(shard), placement(true));
        leases.declare([LEAD.to_owned()], placement(false));
        Self {
            among: Some(Among {
                leases: leases.clone(),
                wakes: wakes.clone(),
                database: database.clone(),
            }),
        }
    }

    /// Whether there may be others. Alone, a process knows everything first-hand.
    pub fn is_shared(&self) -> bool {
        self.among.as_ref().is_some_and(|among| among.leases.is_shared())
    }

    /// How long whoever waits for a ring waits for it before it looks by itself.
    pub fn look_every(&self) -> Duration {
        self.among
            .as_ref()
            .map_or(Timing::default().look, |among| among.leases.look_every())
    }

    /// Whether this replica probes a check.
    pub fn owns(&self, check: CheckId) -> bool {
        match &self.among {
            None => true,
            Some(among) => among.leases.lease(&shard(shard_of(check))).is_some(),
        }
    }

    /// Whether this replica writes what belongs to all.
    pub fn leads(&self) -> bool {
        self.lead().is_some()
    }

    /// The token under which this replica writes what belongs to all, if it does. Alone, it always does under the same.
    pub fn lead(&self) -> Option<i64> {
        match &self.among {
            None => Some(0),
            Some(among) => among.leases.lease(LEAD).map(|lease| lease.token),
        }
    }

    /// Makes sure that this replica still leads under this token, until the transaction ends.
    ///
    /// # Errors
    /// When another has taken over.
    pub async fn guard_lead(&self, tx: &mut Transaction, lead: i64) -> Result<(), StoreError> {
        let Some(among) = &self.among else { return Ok(()) };
        match among.leases.lease(LEAD).filter(|lease| lease.token == lead) {
            Some(lease) => among.leases.guard(tx, &lease).await,
            None => Err(StoreError::new(
                mainstay_store::StoreErrorKind::Fenced,
                "another replica writes the rollups now",
            )),
        }
    }

    /// Ticks when what this replica holds changes; `None` when it never does.
    pub fn held(&self) -> Option<Follower<HeldLeases>> {
        self.among.as_ref().map(|among| among.leases.held())
    }

    /// Tells the others, once the transaction has committed, that there are new rows.
    pub async fn flushed(&self, tx: &mut Transaction) -> Result<(), StoreError> {
        match &self.among {
            Some(among) if among.leases.is_shared() => Wakes::ring_on_commit(tx, FLUSHED).await,
            _ => Ok(()),
        }
    }

    /// Tells the others that checks or windows changed. It may be lost; they look by themselves now and then.
    pub async fn changed(&self) {
        if let Some(among) = self.among.as_ref().filter(|among| among.leases.is_shared())
            && let Some(ring) = Wakes::ring_statement(&among.database, CHANGED)
            && let Err(error) = among.database.execute(ring).await
        {
            tracing::debug!(%error, "the other replicas hear of a change a moment later");
        }
    }

    /// Asks whoever probes a check to do it at once.
    pub async fn kick(&self, check: CheckId) {
        if let Some(among) = &self.among
            && let Err(error) = among.wakes.say(&among.database, KICK, &check.to_string()).await
        {
            tracing::debug!(check.id = %check, %error, "another replica could not be asked for a probe");
        }
    }

    fn bell(&self, topic: &str) -> Option<Bell> {
        self.among.as_ref().map(|among| among.wakes.bell(topic))
    }

    fn kicks(&self) -> Option<Messages> {
        self.among.as_ref().map(|among| among.wakes.messages(KICK))
    }
}

/// By the random bits of its id, on which replicas of every version agree.
fn shard_of(check: CheckId) -> u128 {
    check.as_uuid().as_u128() % SHARDS
}

fn shard(number: u128) -> String {
    format!("watch/{number:02}")
}
