//! Leases: work that one replica at a time does, and the fencing tokens by which the database tells a holder from one that
//! only believes it is.
//!
//! On a database that several replicas can work on, the task `work.lease` beats, looks, and moves leases. On SQLite this
//! process is the only one: it takes everything at once and for good.

mod plan;
mod session;
pub(crate) mod store;
mod view;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mainstay_kernel::World;
use mainstay_runtime::{Follower, Latest, Tasks};
use mainstay_store::{Database, StoreError, StoreErrorKind, Transaction, Wakes};

pub use self::view::LeaseView;
use crate::replica::{Introduction, Member, ReplicaId, Role, Timing};

/// Who may hold a lease, and whether it moves to even out the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Only replicas with this role hold it.
    pub role: Role,
    /// Whether it moves when another replica joins; otherwise only when its holder leaves.
    pub spread: bool,
}

/// A lease as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    /// Its name.
    pub name: String,
    /// Who holds it.
    pub holder: Option<ReplicaId>,
    /// Counts up with every change of hands.
    pub token: i64,
}

/// A lease held by this replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Its name.
    pub name: Arc<str>,
    /// This replica.
    pub holder: ReplicaId,
    /// The fencing token.
    pub token: i64,
}

/// The leases held by this replica, by name.
pub type HeldLeases = Arc<BTreeMap<Arc<str>, Lease>>;

/// This process's part in the shared work. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Leases {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    database: Database,
    world: World,
    wakes: Wakes,
    introduction: Introduction,
    timing: Timing,
    placements: Mutex<BTreeMap<Arc<str>, Placement>>,
    held: Latest<HeldLeases>,
    members: Latest<Arc<Vec<Member>>>,
    me: Latest<Option<ReplicaId>>,
}

impl Leases {
    /// A replica that has not joined yet.
    pub fn new(database: Database, world: World, wakes: Wakes, introduction: Introduction, timing: Timing) -> Self {
        Self {
            inner: Arc::new(Inner {
                database,
                world,
                wakes,
                introduction,
                timing,
                placements: Mutex::default(),
                held: Latest::default(),
                members: Latest::default(),
                me: Latest::default(),
            }),
        }
    }

    /// Declares work to be shared; before [`Leases::start`].
    pub fn declare(&self, names: impl IntoIterator<Item = String>, placement: Placement) {
        self.inner
            .placements()
            .extend(names.into_iter().map(|name| (Arc::from(name), placement)));
    }

    /// Whether this process was started for a role.
    pub fn has(&self, role: Role) -> bool {
        self.inner.introduction.roles.contains(&role)
    }

    /// How long whoever waits for a ring waits for it before it looks by itself.
    pub fn look_every(&self) -> Duration {
        self.inner.timing.look
    }

    /// Whether other replicas may be at work on the same database.
    pub fn is_shared(&self) -> bool {
        self.inner.database.is_shared()
    }

    /// What this replica holds; ticks when that changes.
    pub fn held(&self) -> Follower<HeldLeases> {
        self.inner.held.follow()
    }

    /// The lease called `name`, if this replica holds it now.
    pub fn lease(&self, name: &str) -> Option<Lease> {
        self.inner.held.get().get(name).cloned()
    }

    /// Everybody who takes part, this replica included.
    pub fn members(&self) -> Follower<Arc<Vec<Member>>> {
        self.inner.members.follow()
    }

    /// This run's id; absent before it joined and while it is cut off.
    pub fn me(&self) -> Option<ReplicaId> {
        self.inner.me.get()
    }

    /// The same; ticks when it changes.
    pub(crate) fn follow_me(&self) -> Follower<Option<ReplicaId>> {
        self.inner.me.follow()
    }

    /// Makes sure, inside a transaction, that a lease is still held, and keeps it so until the transaction ends.
    ///
    /// # Errors
    /// Of kind [`StoreErrorKind::Fenced`] when another replica has taken over; the transaction must then not commit.
    pub async fn guard(&self, tx: &mut Transaction, lease: &Lease) -> Result<(), StoreError> {
        if store::holds(tx, self.inner.database.dialect(), lease).await? {
            return Ok(());
        }
        Err(StoreError::new(
            StoreErrorKind::Fenced,
            format!("another replica has taken over `{}`", lease.name),
        ))
    }

    /// Joins, and starts the task `work.lease`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn start(&self, tasks: &Tasks) -> Result<(), StoreError> {
        let inner = Arc::clone(&self.inner);
        if !inner.database.is_shared() {
            inner.take_everything().await?;
            return Ok(());
        }
        let me = inner.join().await?;
        inner.me.set_if_different(Some(me));
        tasks.spawn_keeper("work.lease", |context| async move {
            inner.run(&context).await;
            Ok::<_, Infallible>(())
        });
        Ok(())
    }
}

impl Inner {
    fn placements(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Placement>> {
        self.placements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for every lease this process knows; copied, because it must not be locked across the database.
    fn known(&self) -> BTreeMap<Arc<str>, Placement> {
        self.placements().clone()
    }
}
