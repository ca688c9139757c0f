//! A replica's part from its joining to its leaving: it beats, looks, and moves leases; cut off from the database it puts
//! down what it holds before others may take it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use mainstay_runtime::TaskContext;
use mainstay_store::{StoreError, StoreErrorKind, Wakes};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Inner, Lease, LeaseRow, plan::plan, store};
use crate::replica::{self, Member, Observer, ReplicaId, Sight};

/// What replicas ring when leases became free.
const TOPIC: &str = "leases";
/// How long a replica must have seen no other before it goes on while it cannot reach the database. One that left a moment ago
/// may be back, and this one would not hear of it.
const ALONE: Duration = Duration::from_mins(10);

/// What the task `work.lease` knows from one look to the next.
struct Session {
    /// This replica's row, for all it knows.
    id: Option<ReplicaId>,
    observer: Observer,
    /// Leases that were put down at the last look and are to be given at this one.
    giving: BTreeSet<Arc<str>>,
}

impl Inner {
    /// Where no other process can be: every lease, at once and for good.
    pub(super) async fn take_everything(&self) -> Result<(), StoreError> {
        let (me, known) = (self.world.id(), self.known());
        let mut tx = self.database.begin().await?;
        replica::store::remove_all(&mut tx).await?;
        replica::store::join(&mut tx, &self.world, me, &self.introduction).await?;
        store::declare(&mut tx, &self.world, known.iter().map(|(name, at)| (&**name, *at))).await?;
        tx.commit().await?;
        let rows = store::all(&self.database).await?;
        let mut held = BTreeMap::new();
        let mut tx = self.database.begin().await?;
        for row in rows {
            let mine = known
                .get(row.name.as_str())
                .is_some_and(|placement| self.introduction.roles.contains(&placement.role));
            if mine && let Some(token) = store::take(&mut tx, &self.world, &row, me).await? {
                insert(&mut held, &row.name, me, token);
            }
        }
        tx.commit().await?;
        self.held.set(Arc::new(held));
        self.me.set_if_different(Some(me));
        self.members
            .set(Arc::new(replica::store::members(&self.database).await?));
        Ok(())
    }

    /// Takes part from now on, in the place of an earlier run of the same replica that is gone.
    pub(super) async fn join(&self) -> Result<ReplicaId, StoreError> {
        let (me, known) = (self.world.id(), self.known());
        let present = self.database.present().await?;
        let mut predecessors = replica::store::members(&self.database).await?;
        predecessors.retain(|member| {
            member.name == self.introduction.name && member.is_present(present.as_ref()) == Some(false)
        });
        let mut tx = self.database.begin().await?;
        for member in &predecessors {
            replica::store::leave(&mut tx, member.id).await?;
        }
        replica::store::join(&mut tx, &self.world, me, &self.introduction).await?;
        store::declare(&mut tx, &self.world, known.iter().map(|(name, at)| (&**name, *at))).await?;
        Wakes::ring_on_commit(&mut tx, TOPIC).await?;
        tx.commit().await?;
        tracing::info!(replica.id = %me, replica.name = self.introduction.name, "joined the replicas of this database");
        Ok(me)
    }

    /// Beats, looks and moves leases until the end.
    pub(super) async fn run(&self, context: &TaskContext) {
        let mut session = Session {
            id: self.me.get(),
            observer: Observer::new(self.timing),
            giving: BTreeSet::new(),
        };
        let mut bell = self.wakes.bell(TOPIC);
        // What is held counts as held until here, unless nobody else takes part nor did lately.
        let mut valid_until = None;
        let mut company = None;
        loop {
            let began = Instant::now();
            let until = valid_until.unwrap_or(began + self.timing.silence);
            let look = timeout_at(until, self.look(&mut session)).await.unwrap_or_else(|_| {
                Err(StoreError::new(
                    StoreErrorKind::Unavailable,
                    "the database did not answer in time",
                ))
            });
            match look {
                Ok(others) => {
                    // Counted from before the beat: others may have seen it at any time since.
                    if others > 0 {
                        company = Some(began);
                    }
                    let alone = company.is_none_or(|seen: Instant| seen.elapsed() >= ALONE);
                    valid_until = (!alone).then(|| began + self.timing.silence - self.timing.margin);
                    let held = self.held.get().len();
                    context.ran(format!("{held} leases held, {others} other replicas"));
                }
                Err(error) => {
                    session.observer.interrupted();
                    if valid_until.is_some_and(|until| Instant::now() >= until) {
                        self.suspend();
                        valid_until = None;
                        context.failed(format!(
                            "{error}; others take over, so this replica has stopped its shared work"
                        ));
                    } else {
                        context.failed(error);
                    }
                }
            }
            let next = Instant::now() + self.timing.beat;
            tokio::select! {
                biased;
                () = context.stopping() => break,
                () = bell.rung() => {}
                () = sleep_until(valid_until.map_or(next, |until| next.min(until))) => {}
            }
        }
        self.leave(session.id).await;
    }

    /// One beat and one look; answers how many others take part.
    async fn look(&self, session: &mut Session) -> Result<usize, StoreError> {
        let Session { id, observer, giving } = session;
        let me = match *id {
            Some(me) if replica::store::beat(&self.database, &self.world, me).await? => me,
            before => {
                if before.is_some() {
                    tracing::warn!("this replica was taken for dead; it joins anew");
                }
                self.suspend();
                giving.clear();
                *id = None;
                *id.insert(self.join().await?)
            }
        };
        let present = self.database.present().await?;
        let mut members = replica::store::members(&self.database).await?;
        let sights = members.iter().map(|member| Sight {
            id: member.id,
            beat: member.beat,
            present: member.is_present(present.as_ref()),
        });
        let silent = observer.look(Instant::now(), sights);
        for (id, beat) in silent {
            if id != me && replica::store::evict(&self.database, id, beat).await? {
                tracing::warn!(replica.id = %id, "a replica fell silent; its work moves to others");
                members.retain(|member| member.id != id);
            }
        }
        self.move_leases(me, &members, giving).await?;
        let others = members.len().saturating_sub(1);
        self.members.set_if_different(Arc::new(members));
        Ok(others)
    }

    async fn move_leases(
        &self,
        me: ReplicaId,
        members: &[Member],
        giving: &mut BTreeSet<Arc<str>>,
    ) -> Result<(), StoreError> {
        let rows = store::all(&self.database).await?;
        let known = self.known();
        let planned = plan(&rows, members, me, |name| known.get(name).copied());
        // What is to be given was put down at the look before, so whoever worked on it has stopped by now.
        let (give_now, give_next): (Vec<_>, Vec<_>) =
            planned.give.iter().partition(|row| giving.contains(row.name.as_str()));
        *giving = give_next
            .into_iter()
            .map(|row: &&LeaseRow| Arc::from(row.name.as_str()))
            .collect();
        let mut held = BTreeMap::new();
        for row in &rows {
            if row.holder == Some(me) && !planned.give.contains(&row) {
                insert(&mut held, &row.name, me, row.token);
            }
        }
        if !planned.take.is_empty() || !give_now.is_empty() {
            let mut tx = self.database.begin().await?;
            for row in &give_now {
                store::give(&mut tx, &self.world, &row.name, me).await?;
            }
            for row in &planned.take {
                if let Some(token) = store::take(&mut tx, &self.world, row, me).await? {
                    insert(&mut held, &row.name, me, token);
                }
            }
            if !give_now.is_empty() {
                Wakes::ring_on_commit(&mut tx, TOPIC).await?;
            }
            tx.commit().await?;
        }
        self.me.set_if_different(Some(me));
        self.publish(held);
        Ok(())
    }

    /// Puts down everything, without the database.
    fn suspend(&self) {
        self.me.set_if_different(None);
        self.publish(BTreeMap::new());
    }

    fn publish(&self, held: BTreeMap<Arc<str>, Lease>) {
        self.held.set_if_different(Arc::new(held));
    }

    /// Gives everything back, so that others need not wait for silence.
    async fn leave(&self, id: Option<ReplicaId>) {
        self.suspend();
        let Some(me) = id else { return };
        let left = async {
            let mut tx = self.database.begin().await?;
            store::give_all(&mut tx, &self.world, me).await?;
            replica::store::leave(&mut tx, me).await?;
            Wakes::ring_on_commit(&mut tx, TOPIC).await?;
            tx.commit().await
        };
        if let Err(error) = left.await {
            tracing::warn!(%error, "this replica could not say good-bye; others take over in a few seconds");
        }
    }
}

fn insert(held: &mut BTreeMap<Arc<str>, Lease>, name: &str, holder: ReplicaId, token: i64) {
    let name: Arc<str> = Arc::from(name);
    held.insert(Arc::clone(&name), Lease { name, holder, token });
}
