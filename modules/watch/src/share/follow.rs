//! Following the others: their probes, their edits, and their wishes.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    convert::Infallible,
    sync::Arc,
};

use mainstay_kernel::Micros;
use mainstay_runtime::{TaskContext, Tasks};

use super::{CHANGED, FLUSHED};
use crate::{
    engine::{Known, Live},
    error::WatchError,
    model::check::{Check, CheckId},
    service::Watch,
    store::StoredProbe,
};

/// Rows read at a time.
const ROWS: i64 = 20_000;
/// From one look for changed checks without a ring to the next, in looks: there are few changes.
const LOOK_FOR_CHANGES: u32 = 5;

impl Watch {
    /// Starts the tasks `watch.follow`, `watch.follow-checks` and `watch.share`. Alone, there is nothing to follow.
    pub(crate) fn follow_others(&self, from: Micros, tasks: &Tasks) {
        let watch = self.clone();
        tasks.spawn(
            "watch.share",
            |context| async move { watch.follow_leases(&context).await },
        );
        if !self.share().is_shared() {
            return;
        }
        let watch = self.clone();
        tasks.spawn("watch.follow", move |context| async move {
            watch.follow_probes(from, &context).await
        });
        let watch = self.clone();
        tasks.spawn("watch.follow-checks", |context| async move {
            watch.follow_checks(&context).await
        });
    }

    /// Probes what this replica holds, and takes the lead when it falls to it.
    async fn follow_leases(&self, context: &TaskContext) -> Result<(), Infallible> {
        let (Some(mut held), Some(mut kicks)) = (self.share().held(), self.share().kicks()) else {
            return Ok(());
        };
        let mut taken_over = None;
        loop {
            held.mark_seen();
            let checks: Vec<Arc<Live>> = self.engine().known().checks().cloned().collect();
            self.schedule(checks.iter().map(|live| &live.check));
            // By its token: whoever lost the lead and has it again missed what another wrote in between.
            let lead = self.share().lead();
            if taken_over != Some(lead) {
                match self.take_lead(lead).await {
                    Ok(()) => taken_over = Some(lead),
                    Err(error) => context.failed(error),
                }
            }
            let mine = checks.iter().filter(|live| self.share().owns(live.check.id)).count();
            context.ran(format!(
                "{mine} of {} checks are probed here{}",
                checks.len(),
                if lead.is_some() {
                    ", and history is kept here"
                } else {
                    ""
                }
            ));
            loop {
                tokio::select! {
                    biased;
                    () = context.stopping() => return Ok(()),
                    () = held.changed() => break,
                    check = kicks.next() => self.obey(&check),
                    () = tokio::time::sleep(self.share().look_every()), if taken_over != Some(self.share().lead()) => break,
                }
            }
        }
    }

    /// Another replica wants a probe of a check that may be this one's.
    fn obey(&self, check: &str) {
        if let Ok(check) = check.parse::<CheckId>()
            && self.share().owns(check)
        {
            self.scheduler().kick(check);
        }
    }

    /// Who begins to lead adds up what its predecessor left, and writes down the states that changed in between.
    async fn take_lead(&self, lead: Option<i64>) -> Result<(), WatchError> {
        if let Some(lead) = lead.filter(|_| self.share().is_shared()) {
            self.writer().take_over(lead).await?;
            let stored = self.store().service_states().await?;
            self.engine().note_differences(&stored);
        }
        Ok(())
    }

    async fn follow_probes(&self, from: Micros, context: &TaskContext) -> Result<(), Infallible> {
        let Some(mut bell) = self.share().bell(FLUSHED) else {
            return Ok(());
        };
        let (mut followed, mut heard) = (from, 0_u64);
        loop {
            match self.follow_once(&mut followed).await {
                Ok(rows) => {
                    heard += rows;
                    context.ran(format!("{heard} probes of other replicas since the start"));
                }
                Err(error) => context.failed(error),
            }
            tokio::select! {
                biased;
                () = context.stopping() => return Ok(()),
                () = bell.rung() => {}
                () = tokio::time::sleep(self.share().look_every()) => {}
            }
        }
    }

    /// Takes over every flush after `followed`; answers how many rows were of others.
    async fn follow_once(&self, followed: &mut Micros) -> Result<u64, WatchError> {
        let mut heard = 0;
        loop {
            let rows = self.store().probes_after_flush(*followed, ROWS).await?;
            let Some(last) = rows.last().map(|row| row.flush) else {
                return Ok(heard);
            };
            let mut checks = self.known_keys();
            let is_unknown = |row: &StoredProbe| !checks.contains_key(&row.key) && !self.writer().wrote(row.flush);
            if rows.iter().any(is_unknown) {
                // Probes of a check may be stored before word of the check itself has arrived.
                self.take_over_changes().await?;
                checks = self.known_keys();
            }
            if !self.writer().add_up(*followed, &rows) {
                self.writer().replay().await?;
            }
            for (flush, rows) in by_flush(rows) {
                if self.writer().wrote(flush) {
                    continue;
                }
                heard += rows.len() as u64;
                for row in rows {
                    if let Some(check) = checks.get(&row.key) {
                        self.engine().hear(*check, &row);
                    }
                }
            }
            *followed = last;
        }
    }

    fn known_keys(&self) -> HashMap<i64, CheckId> {
        let known = self.engine().known();
        known.checks().map(|live| (live.check.key, live.check.id)).collect()
    }

    async fn follow_checks(&self, context: &TaskContext) -> Result<(), Infallible> {
        let Some(mut bell) = self.share().bell(CHANGED) else {
            return Ok(());
        };
        loop {
            match self.take_over_changes().await {
                Ok(changed) => context.ran(format!("{changed} checks changed")),
                Err(error) => context.failed(error),
            }
            tokio::select! {
                biased;
                () = context.stopping() => return Ok(()),
                () = bell.rung() => {}
                () = tokio::time::sleep(LOOK_FOR_CHANGES * self.share().look_every()) => {}
            }
        }
    }

    /// Takes over checks and windows as they are stored; answers how many checks changed.
    pub(crate) async fn take_over_changes(&self) -> Result<usize, WatchError> {
        let _edits = self.edits().await;
        let stored = self.store().checks().await?;
        let (differing, gone) = self.differences(stored);
        let count = differing.len() + gone.len();
        if count > 0 {
            self.engine().change(|known: &mut Known, now| {
                let mut changes = known.remove_checks(&gone, now);
                changes.extend(known.put_checks(differing.clone(), now));
                changes
            });
            self.scheduler().remove(gone);
            self.schedule(differing.iter());
        }
        self.take_over_windows().await?;
        Ok(count)
    }

    fn differences(&self, stored: Vec<Check>) -> (Vec<Check>, Vec<CheckId>) {
        let known = self.engine().known();
        let there: HashSet<CheckId> = stored.iter().map(|check| check.id).collect();
        let gone = known
            .checks()
            .map(|live| live.check.id)
            .filter(|id| !there.contains(id))
            .collect();
        let changed = stored
            .into_iter()
            .filter(|check| {
                known
                    .check(check.id)
                    .is_none_or(|live| live.check.version != check.version)
            })
            .collect();
        (changed, gone)
    }
}

/// Rows are read in the order of their flushes.
fn by_flush(rows: Vec<StoredProbe>) -> BTreeMap<Micros, Vec<StoredProbe>> {
    let mut flushes: BTreeMap<Micros, Vec<StoredProbe>> = BTreeMap::new();
    for row in rows {
        flushes.entry(row.flush).or_default().push(row);
    }
    flushes
}
