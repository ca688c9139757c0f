//! Which of the stored counts are in memory, and how what other replicas store meanwhile is neither counted twice nor left
//! out.
//!
//! Stored counts are loaded in slices, the newest first, and each slice is one moment of the database: it includes every flush
//! up to a known one. Probes of other replicas are heard with the flush that stored them. So a probe whose bucket is loaded
//! already is in it, unless its flush is newer; and one whose bucket is still to be loaded is counted at once, and taken off
//! that slice if the slice includes its flush.

use std::collections::HashMap;

use mainstay_kernel::Micros;

use crate::{
    model::SeriesId,
    store::{StoredBucket, StoredLatency},
};

/// One stored row, as far as it says what a probe is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    /// When the bucket or slot begins.
    pub(crate) at: Micros,
    pub(crate) series: SeriesId,
    /// The bin of a latency histogram; nothing for a bucket of events.
    pub(crate) bin: Option<u16>,
}

/// How far loading has come.
#[derive(Debug, Default)]
pub(crate) struct Loading {
    /// What begins here or later is counted from probes alone. Unknown before the first look at what is stored.
    top: Option<Micros>,
    slices: Vec<Slice>,
    /// Probes of others in rows that are not loaded yet.
    ahead: Vec<Ahead>,
    /// Everything is loaded, and whatever was flushed after this is in none of it.
    settled: Option<Micros>,
}

/// Rows that begin at `from` or later, and before the slice that was loaded before.
#[derive(Debug)]
struct Slice {
    from: Micros,
    flush: Micros,
}

#[derive(Debug)]
struct Ahead {
    row: Row,
    bad: bool,
    flush: Micros,
}

/// The rows of a slice as they are to be added.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) buckets: Vec<StoredBucket>,
    pub(crate) latency: Vec<StoredLatency>,
}

impl Loading {
    /// Whether a probe that another replica stored with a flush is to be counted into a row.
    pub(crate) fn counts(&mut self, row: Row, bad: bool, flush: Micros) -> bool {
        if self.settled.is_some_and(|settled| flush > settled) || self.top.is_some_and(|top| row.at >= top) {
            return true;
        }
        // The newest slice comes first.
        if let Some(slice) = self.slices.iter().find(|slice| row.at >= slice.from) {
            return flush > slice.flush;
        }
        if self.settled.is_none() {
            self.ahead.push(Ahead { row, bad, flush });
        }
        true
    }

    /// What begins before `top` is about to be loaded.
    pub(crate) fn begin(&mut self, top: Micros) {
        self.top.get_or_insert(top);
    }

    /// Takes the rows that begin in `[from, to)` as they were after a flush; answers what they add to what is counted.
    pub(crate) fn take(&mut self, from: Micros, to: Micros, flush: Micros, mut rows: Loaded) -> Loaded {
        let mut counted: HashMap<Row, (u32, u32)> = HashMap::new();
        self.ahead.retain(|ahead| {
            let inside = (from..to).contains(&ahead.row.at);
            if inside && ahead.flush <= flush {
                let (total, bad) = counted.entry(ahead.row).or_default();
                *total += 1;
                *bad += u32::from(ahead.bad);
            }
            !inside
        });
        self.slices.push(Slice { from, flush });
        if counted.is_empty() {
            return rows;
        }
        // Several runs may have a row each; what is taken off may be in any of them.
        for stored in &mut rows.buckets {
            let row = Row {
                at: stored.at,
                series: stored.series,
                bin: None,
            };
            if let Some((total, bad)) = counted.get_mut(&row) {
                take_off(&mut stored.total, total);
                take_off(&mut stored.bad, bad);
            }
        }
        for stored in &mut rows.latency {
            let row = Row {
                at: stored.at,
                series: stored.series,
                bin: Some(stored.bin),
            };
            if let Some((events, _)) = counted.get_mut(&row) {
                take_off(&mut stored.events, events);
            }
        }
        rows
    }

    /// Everything is loaded.
    pub(crate) fn finish(&mut self) {
        let newest = self.slices.iter().map(|slice| slice.flush).max();
        self.settled = Some(newest.unwrap_or(Micros::MIN));
        self.ahead = Vec::new();
    }
}

fn take_off(from: &mut u32, what: &mut u32) {
    let taken = (*from).min(*what);
    *from -= taken;
    *what -= taken;
}

#[cfg(test)]
mod tests {
    use mainstay_kernel::{TypedId, uuid::Uuid};
    use proptest::prelude::*;

    use super::*;

    fn row(at: Micros) -> Row {
        Row {
            at,
            series: SeriesId::from_uuid(Uuid::from_u128(1)),
            bin: None,
        }
    }

    fn stored(at: Micros, total: u32) -> StoredBucket {
        StoredBucket {
            at,
            series: row(at).series,
            total,
            bad: 0,
        }
    }

    /// A probe of another replica: its bucket and its flush.
    type Probe = (Micros, Micros);

    /// The rows that a snapshot sees which includes flushes up to `flush`.
    fn rows(probes: &[Probe], from: Micros, to: Micros, flush: Micros) -> Vec<StoredBucket> {
        let mut totals: HashMap<Micros, u32> = HashMap::new();
        for (at, _) in probes
            .iter()
            .filter(|(at, stored)| (from..to).contains(at) && *stored <= flush)
        {
            *totals.entry(*at).or_default() += 1;
        }
        totals.into_iter().map(|(at, total)| stored(at, total)).collect()
    }

    proptest! {
        #[test]
        fn every_probe_is_counted_once_however_hearing_and_loading_interleave(
            buckets in prop::collection::vec(0_i64..12, 1..80),
            // How many flushes are heard, and how many are in the database, at each step of the load.
            heard in prop::collection::vec(0_usize..80, 6),
            written in prop::collection::vec(0_usize..80, 6),
            first in 0_usize..40,
        ) {
            // The n-th probe is stored by the n-th flush. Following begins after `first` of them.
            let probes: Vec<Probe> = buckets.iter().enumerate().map(|(index, at)| (*at, i64::try_from(index).unwrap() + 1)).collect();
            let first = first.min(probes.len());
            let (mut loading, mut total) = (Loading::default(), 0_u32);
            let mut next = first;
            let mut hear = |loading: &mut Loading, up_to: usize| {
                let mut counted = 0;
                while next < up_to.min(probes.len()) {
                    let (at, flush) = probes[next];
                    counted += u32::from(loading.counts(row(at), false, flush));
                    next += 1;
                }
                counted
            };
            // The database has at least what was followed from, and never less than before.
            let mut in_database = first;
            total += hear(&mut loading, heard[0].min(in_database));
            let newest = rows(&probes, Micros::MIN, Micros::MAX, i64::try_from(in_database).unwrap()).iter().map(|row| row.at).max();
            loading.begin(newest.map_or(0, |at| at + 1));
            let mut to = newest.map_or(0, |at| at + 1);
            for step in 0..6 {
                in_database = in_database.max(written[step]).min(probes.len());
                // Only what is in the database can be heard.
                total += hear(&mut loading, heard[step].min(in_database));
                let from = if step == 5 { 0 } else { (to - 2).max(0) };
                let found = rows(&probes, from, to, i64::try_from(in_database).unwrap());
                let loaded = Loaded { buckets: found, latency: Vec::new() };
                let added = loading.take(from, to, i64::try_from(in_database).unwrap(), loaded);
                total += added.buckets.iter().map(|row| row.total).sum::<u32>();
                to = from;
            }
            loading.finish();
            total += hear(&mut loading, probes.len());
            prop_assert_eq!(total, u32::try_from(probes.len()).unwrap());
        }
    }

    #[test]
    fn what_is_not_loaded_because_nobody_needs_it_is_counted_as_it_is_heard() {
        let mut loading = Loading::default();
        loading.begin(10);
        loading.take(5, 10, 7, Loaded::default());
        loading.finish();
        assert!(loading.counts(row(2), false, 6));
        assert!(!loading.counts(row(6), false, 7));
        assert!(loading.counts(row(6), false, 8));
    }
}
