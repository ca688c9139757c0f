//! The upkeep of running jobs: signs of life, wishes to cancel, and claims that nobody works on.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    time::Duration,
};

use mainstay_runtime::TaskContext;
use mainstay_store::StoreError;
use tokio::time::Instant;

use super::{Inner, bell, job::JobId, store};
use crate::replica::ReplicaId;

/// From one round to the next, in looks.
const EVERY: u32 = 2;
/// How long a claim of this replica must have been without a run here before it is put back. Longer than a claim may take,
/// so that it is not one which is about to begin.
const UNHEARD: Duration = Duration::from_secs(8);
const FORGET_EVERY: Duration = Duration::from_hours(1);

/// Claims of this replica that do not run here, and since when: the answer of the database to the claim was lost, or the end
/// of the attempt could not be written.
#[derive(Debug, Default)]
struct Unheard(BTreeMap<(JobId, ReplicaId), Instant>);

impl Unheard {
    /// Takes one round's look; answers what has been without a run for long enough.
    fn look(&mut self, me: ReplicaId, claimed: &[JobId], running: &BTreeSet<JobId>, now: Instant) -> Vec<JobId> {
        let before = std::mem::take(&mut self.0);
        for id in claimed.iter().filter(|id| !running.contains(id)) {
            let key = (*id, me);
            self.0.insert(key, before.get(&key).copied().unwrap_or(now));
        }
        let overdue = self
            .0
            .iter()
            .filter(|(_, since)| now.duration_since(**since) >= UNHEARD);
        overdue.map(|((id, _), _)| *id).collect()
    }
}

impl Inner {
    /// Stops what runs under a claim that is no longer this replica's, without waiting for a database that may not answer.
    pub(super) async fn watch_claims(&self, context: &TaskContext) -> Result<(), Infallible> {
        let mut me = self.leases.follow_me();
        loop {
            let now = me.get();
            self.running().iter().for_each(|queue| queue.cancel_all_but(now));
            tokio::select! {
                biased;
                () = context.stopping() => return Ok(()),
                () = me.changed() => {}
            }
        }
    }

    /// Cancels what people want cancelled, takes jobs from replicas that are gone, and forgets old ones.
    pub(super) async fn keep_up(&self, context: &TaskContext) -> Result<(), Infallible> {
        let mut forget_at = Instant::now();
        let mut unheard = Unheard::default();
        loop {
            match self.keep_up_once(&mut unheard).await {
                Ok(0) => context.ran(""),
                Ok(reclaimed) => {
                    tracing::warn!(
                        jobs.reclaimed = reclaimed,
                        "jobs that nobody worked on any more wait again"
                    );
                    context.ran(format!("{reclaimed} jobs taken over"));
                }
                Err(error) => context.failed(error),
            }
            if Instant::now() >= forget_at {
                forget_at = Instant::now() + FORGET_EVERY;
                if let Err(error) = self.forget_old().await {
                    context.failed(error);
                }
            }
            if !context.sleep(EVERY * self.leases.look_every()).await {
                return Ok(());
            }
        }
    }

    async fn keep_up_once(&self, unheard: &mut Unheard) -> Result<u64, StoreError> {
        let mut reclaimed = 0;
        if let Some(me) = self.leases.me() {
            let queues = self.running().clone();
            let claimed = store::claimed_by(&self.database, me).await?;
            let running: BTreeSet<JobId> = queues.iter().flat_map(|queue| queue.ids()).collect();
            if !running.is_empty() {
                self.group.execute(store::heartbeat(me, self.world.now())).await?;
            }
            for (id, _) in claimed.iter().filter(|(_, cancel_requested)| *cancel_requested) {
                for queue in &queues {
                    queue.request_stop(*id);
                }
            }
            let ids: Vec<JobId> = claimed.iter().map(|(id, _)| *id).collect();
            for id in unheard.look(me, &ids, &running, Instant::now()) {
                let began = queues.iter().any(|queue| queue.settle(id));
                let statement = store::abandon(id, me, self.world.now(), began);
                reclaimed += self.group.execute(statement).await?;
            }
        }
        reclaimed += store::reclaim(&self.database, self.world.now()).await?;
        if reclaimed > 0 {
            for kind in self.kinds().values() {
                self.wakes.ring(&bell(kind.queue));
            }
        }
        Ok(reclaimed)
    }
}

#[cfg(test)]
mod tests {
    use mainstay_kernel::{TypedId, uuid::Uuid};

    use super::*;

    fn job(number: u128) -> JobId {
        JobId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn only_a_claim_that_stays_without_a_run_is_put_back() {
        let (mut unheard, began) = (Unheard::default(), Instant::now());
        let me = ReplicaId::from_uuid(Uuid::from_u128(9));
        let at = |seconds| began + Duration::from_secs(seconds);
        let runs = BTreeSet::from([job(1)]);
        assert_eq!(unheard.look(me, &[job(1), job(2), job(3)], &runs, at(0)), []);
        // Number 3 ended meanwhile, and is claimed again later.
        assert_eq!(unheard.look(me, &[job(1), job(2)], &runs, at(4)), []);
        assert_eq!(unheard.look(me, &[job(1), job(2), job(3)], &runs, at(9)), [job(2)]);
        // Under a new name this replica's claims are others.
        let renamed = ReplicaId::from_uuid(Uuid::from_u128(10));
        assert_eq!(unheard.look(renamed, &[job(3)], &runs, at(20)), []);
    }
}
