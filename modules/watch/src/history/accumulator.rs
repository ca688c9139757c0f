//! The buckets that results are still being added to, in memory, and how they get into the database.
//!
//! A bucket is written as a whole, over what was stored. Together with the buckets a mark is written that says up to which
//! flush they include the raw rows: after a crash the rows after the mark are added again, and none is counted twice.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use mainstay_kernel::Micros;
use mainstay_store::StoreError;

use crate::{
    model::{
        histogram::Histogram,
        rollup::{Resolution, Rollup},
    },
    store::{RollupKey, Store, StoredRollup},
};

const SECOND: Micros = 1_000_000;

/// Buckets in memory.
#[derive(Debug, Default)]
pub struct Accumulator {
    slots: HashMap<RollupKey, Slot>,
    /// Buckets of which memory knows everything, for every check.
    complete: HashSet<(Resolution, Micros)>,
    /// The last flush that is included.
    mark: Micros,
}

#[derive(Debug, Default)]
struct Slot {
    rollup: Rollup,
    dirty: bool,
}

/// Dirty buckets as they were when the writing began.
#[derive(Debug)]
pub struct Dirty {
    buckets: Vec<(RollupKey, Rollup)>,
    mark: Micros,
}

impl Accumulator {
    /// Begins after the flush `mark`.
    pub fn new(mark: Micros) -> Self {
        Self {
            mark,
            ..Self::default()
        }
    }

    /// The last flush that is included.
    pub fn mark(&self) -> Micros {
        self.mark
    }

    /// Counts one result of the flush `flush`.
    pub fn record(&mut self, flush: Micros, key: i64, at: Micros, duration_us: u64, ok: bool, in_maintenance: bool) {
        self.mark = self.mark.max(flush);
        for resolution in Resolution::ALL {
            let slot = self
                .slots
                .entry(RollupKey {
                    resolution,
                    bucket: resolution.bucket(at),
                    key,
                })
                .or_default();
            slot.rollup.record(duration_us, ok, in_maintenance);
            slot.dirty = true;
        }
    }

    /// What has to be written, or the buckets whose stored part must be added before: a bucket is written over what is stored,
    /// so memory must know that. Both are of one moment, because rows of other replicas come at any time.
    ///
    /// # Errors
    /// The buckets of which memory does not know everything.
    pub fn ready(&self) -> Result<Dirty, BTreeSet<(Resolution, Micros)>> {
        let incomplete = self.incomplete();
        if incomplete.is_empty() {
            Ok(self.dirty())
        } else {
            Err(incomplete)
        }
    }

    fn incomplete(&self) -> BTreeSet<(Resolution, Micros)> {
        self.slots
            .iter()
            .filter(|(_, slot)| slot.dirty)
            .map(|(key, _)| (key.resolution, key.bucket))
            .filter(|bucket| !self.complete.contains(bucket))
            .collect()
    }

    /// Adds the stored part of a bucket, for every check.
    pub fn complete(&mut self, resolution: Resolution, bucket: Micros, stored: Vec<StoredRollup>) {
        if !self.complete.insert((resolution, bucket)) {
            return;
        }
        for stored in stored {
            let key = RollupKey {
                resolution,
                bucket,
                key: stored.key,
            };
            self.slots.entry(key).or_default().rollup.merge(&stored.rollup);
        }
    }

    fn dirty(&self) -> Dirty {
        let mut buckets: Vec<(RollupKey, Rollup)> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.dirty)
            .map(|(key, slot)| (*key, slot.rollup.clone()))
            .collect();
        buckets.sort_unstable_by_key(|(key, _)| *key);
        Dirty {
            buckets,
            mark: self.mark,
        }
    }

    /// What was written is clean unless more was recorded meanwhile, and what is clean and past is forgotten.
    pub fn written(&mut self, dirty: &Dirty, now: Micros) {
        for (key, written) in &dirty.buckets {
            if let Some(slot) = self.slots.get_mut(key)
                && slot.rollup.total == written.total
            {
                slot.dirty = false;
            }
        }
        // Kept for a while after the end, for probes that began before it and for readers of the last minutes.
        let past = |resolution: Resolution, bucket: Micros| bucket + (2 * resolution.seconds() + 60) * SECOND < now;
        self.slots
            .retain(|key, slot| slot.dirty || !past(key.resolution, key.bucket));
        self.complete.retain(|(resolution, bucket)| !past(*resolution, *bucket));
    }

    /// What is dirty is written by another replica; what is past is forgotten.
    pub fn left_to_another(&mut self, now: Micros) {
        let dirty = self.dirty();
        self.written(&dirty, now);
    }

    /// Adds what is in memory to what was read from the database.
    pub fn overlay(
        &self,
        resolution: Resolution,
        key: i64,
        (from, to): (Micros, Micros),
        stored: Vec<StoredRollup>,
    ) -> BTreeMap<Micros, Rollup> {
        let mut buckets: BTreeMap<Micros, Rollup> = stored
            .into_iter()
            .map(|stored| (stored.bucket, stored.rollup))
            .collect();
        let length = resolution.seconds() * SECOND;
        for (slot_key, slot) in &self.slots {
            let wanted = slot_key.resolution == resolution && slot_key.key == key;
            if !wanted || slot_key.bucket + length <= from || slot_key.bucket >= to {
                continue;
            }
            let bucket = buckets.entry(slot_key.bucket).or_default();
            if self.complete.contains(&(resolution, slot_key.bucket)) {
                *bucket = slot.rollup.clone();
            } else {
                bucket.merge(&slot.rollup);
            }
        }
        buckets
    }

    /// The durations of every check in the last five to ten minutes.
    pub fn recent_durations(&self, now: Micros) -> HashMap<i64, Histogram> {
        let from = Resolution::FiveMinutes.bucket(now) - 300 * SECOND;
        let mut durations: HashMap<i64, Histogram> = HashMap::new();
        for (key, slot) in &self.slots {
            if key.resolution == Resolution::FiveMinutes && key.bucket >= from {
                durations.entry(key.key).or_default().merge(&slot.rollup.durations);
            }
        }
        durations
    }

    /// What is in memory of the hours from `from` on and not in the database: for each check all probes outside maintenance
    /// and the failed ones.
    pub fn unwritten_hours(&self, from: Micros) -> HashMap<i64, (i64, i64)> {
        let mut totals: HashMap<i64, (i64, i64)> = HashMap::new();
        for (key, slot) in &self.slots {
            let unwritten = slot.dirty && !self.complete.contains(&(key.resolution, key.bucket));
            if key.resolution == Resolution::Hour && key.bucket >= from && unwritten {
                let total = totals.entry(key.key).or_default();
                total.0 += slot.rollup.total - slot.rollup.maintenance;
                total.1 += slot.rollup.failed;
            }
        }
        totals
    }
}

impl Dirty {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Writes the buckets and the mark.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put(&self, store: &Store, tx: &mut mainstay_store::Transaction) -> Result<u64, StoreError> {
        let written = store.put_rollups(tx, &self.buckets).await?;
        store.put_rollup_mark(tx, self.mark).await?;
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Micros = 60 * SECOND;

    fn record(buckets: &mut Accumulator, flush: Micros, at: Micros) {
        buckets.record(flush, 1, at, 1_000, true, false);
    }

    /// Everything is stored that was recorded so far.
    fn ready(buckets: &mut Accumulator) -> Dirty {
        while let Err(incomplete) = buckets.ready() {
            for (resolution, bucket) in incomplete {
                buckets.complete(resolution, bucket, Vec::new());
            }
        }
        buckets.ready().unwrap()
    }

    #[test]
    fn a_bucket_that_begins_while_others_are_completed_is_completed_first() {
        let mut buckets = Accumulator::new(0);
        record(&mut buckets, 1, 0);
        let incomplete = buckets.ready().unwrap_err();
        // Another replica's rows come while the stored part of these is read.
        record(&mut buckets, 2, MINUTE);
        for (resolution, bucket) in incomplete {
            buckets.complete(resolution, bucket, Vec::new());
        }
        let incomplete = buckets.ready().unwrap_err();
        assert_eq!(incomplete, BTreeSet::from([(Resolution::Minute, MINUTE)]));
    }

    #[test]
    fn what_comes_while_buckets_are_written_is_written_the_next_time() {
        let mut buckets = Accumulator::new(0);
        record(&mut buckets, 1, 0);
        let dirty = ready(&mut buckets);
        record(&mut buckets, 2, 1);
        buckets.written(&dirty, 0);
        let dirty = buckets.ready().unwrap();
        assert_eq!(dirty.mark, 2);
        assert!(dirty.buckets.iter().all(|(_, rollup)| rollup.total == 2));
        buckets.written(&dirty, 0);
        assert!(buckets.ready().unwrap().is_empty());
    }
}
