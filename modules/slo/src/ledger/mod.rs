//! The live accounts of all SLOs, in memory: a probe is counted, and a page decided, without waiting for the database.
//!
//! **Invariant:** nothing in here awaits. What is counted here is also written, from the same probes, in the transaction
//! that keeps the probes themselves ([`crate::store`]), so that a restart finds the same numbers.

mod book;
mod sentences;
mod standing;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, Micros};

pub(crate) use book::{Book, Moment};
pub(crate) use standing::Standing;

use crate::{
    model::{Histogram, Observation, SeriesId, SliKind, SloId},
    objective::Promise,
    signal::SignalSink,
    store::{BucketRow, LatencyRow},
};

/// One SLO's account. It outlives changes of its promise.
#[derive(Debug)]
pub(crate) struct Account(Mutex<Book>);

impl Account {
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn promise(&self) -> Arc<Promise> {
        self.book().promise.clone()
    }
}

type ByService = HashMap<Environment, HashMap<ServiceName, Vec<Arc<Account>>>>;

#[derive(Debug, Default)]
struct Index {
    by_id: HashMap<SloId, Arc<Account>>,
    by_service: ByService,
}

/// All accounts.
#[derive(Debug)]
pub(crate) struct Ledger {
    index: RwLock<Arc<Index>>,
    loaded_back_to: AtomicI64,
    least_hold: Micros,
}

impl Ledger {
    /// `start` is when this run began to count: everything since then is known from the start.
    pub(crate) fn new(least_hold: Micros, start: Micros) -> Self {
        Self {
            index: RwLock::default(),
            loaded_back_to: AtomicI64::new(start),
            least_hold,
        }
    }

    fn index(&self) -> Arc<Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens, changes or closes accounts so that there is one for each of `promises` that is not retired.
    pub(crate) fn keep(&self, promises: &[Arc<Promise>], now: Micros, sink: &dyn SignalSink) {
        let mut guard = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let mut index = Index::default();
        for promise in promises.iter().filter(|promise| promise.retired_at.is_none()) {
            let account = match guard.by_id.get(&promise.id) {
                Some(account) => {
                    let mut book = account.book();
                    if *book.promise != **promise {
                        book.turn_page(promise.clone(), now, sink);
                    }
                    drop(book);
                    account.clone()
                }
                None => Arc::new(Account(Mutex::new(Book::open(promise.clone(), now)))),
            };
            index
                .by_service
                .entry(promise.definition.environment.clone())
                .or_default()
                .entry(promise.definition.service.clone())
                .or_default()
                .push(account.clone());
            index.by_id.insert(promise.id, account);
        }
        for (id, account) in &guard.by_id {
            if !index.by_id.contains_key(id) {
                account.book().close(sink, now);
            }
        }
        *guard = Arc::new(index);
    }

    /// Counts a finished probe for every SLO it is an event of, and decides at once where it is a bad one.
    pub(crate) fn observe(
        &self,
        environment: &Environment,
        service: &ServiceName,
        probe: &Observation<'_>,
        sink: &dyn SignalSink,
    ) {
        let index = self.index();
        let moment = self.moment(probe.at, sink);
        for account in of_service(&index, environment, service) {
            account.book().observe(probe, moment);
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&self, now: Micros, sink: &dyn SignalSink) {
        let moment = self.moment(now, sink);
        for account in self.index().by_id.values() {
            account.book().tick(moment);
        }
    }

    fn moment<'a>(&self, now: Micros, sink: &'a dyn SignalSink) -> Moment<'a> {
        Moment {
            now,
            loaded_back_to: self.loaded_back_to(),
            least_hold: self.least_hold,
            sink,
        }
    }

    /// Counts of earlier runs are known back to this moment.
    pub(crate) fn loaded_back_to(&self) -> Micros {
        self.loaded_back_to.load(Ordering::Acquire)
    }

    /// Counts of earlier runs are known back to `moment`; `Micros::MIN` for all of them.
    pub(crate) fn loaded(&self, moment: Micros) {
        self.loaded_back_to.store(moment, Ordering::Release);
    }

    /// One SLO's account.
    pub(crate) fn account(&self, id: SloId) -> Option<Arc<Account>> {
        self.index().by_id.get(&id).cloned()
    }

    /// Every account, in no order.
    pub(crate) fn accounts(&self) -> Vec<Arc<Account>> {
        self.index().by_id.values().cloned().collect()
    }

    /// Every account by the series its events are counted in.
    pub(crate) fn by_series(&self) -> HashMap<SeriesId, Arc<Account>> {
        self.index()
            .by_id
            .values()
            .map(|account| (account.promise().series, account.clone()))
            .collect()
    }

    /// What the database must add so that its counts follow the same probes.
    pub(crate) fn rows<'a>(&self, probes: impl Iterator<Item = Counted<'a>>) -> Rows {
        let index = self.index();
        let mut buckets: HashMap<(Micros, SeriesId), BucketRow> = HashMap::new();
        let mut latency: HashMap<(Micros, SeriesId, u16), LatencyRow> = HashMap::new();
        for Counted {
            environment,
            service,
            probe,
        } in probes
        {
            for account in of_service(&index, environment, service) {
                let promise = account.promise();
                if probe.at < promise.counts_from() {
                    continue;
                }
                let Some(bad) = promise.definition.sli.judge(&probe) else {
                    continue;
                };
                let width = promise.definition.bucket_us();
                let keep_s = promise.definition.window.keep_s();
                let at = probe.at.div_euclid(width) * width;
                let row = buckets.entry((at, promise.series)).or_insert_with(|| BucketRow {
                    at,
                    series: promise.series,
                    environment: environment.clone(),
                    total: 0,
                    bad: 0,
                    keep_s,
                });
                row.total += 1;
                row.bad += u32::from(bad);
                if matches!(promise.definition.sli.kind, SliKind::Latency { .. }) {
                    let slot = promise.latency_slot();
                    let at = probe.at.div_euclid(slot) * slot;
                    let bin = Histogram::bin_of(probe.duration_us);
                    let row = latency.entry((at, promise.series, bin)).or_insert_with(|| LatencyRow {
                        at,
                        series: promise.series,
                        bin,
                        environment: environment.clone(),
                        events: 0,
                        keep_s,
                    });
                    row.events += 1;
                }
            }
        }
        // In the order of their keys, so that two replicas never wait for each other's rows.
        let mut buckets: Vec<_> = buckets.into_values().collect();
        buckets.sort_by_key(|row| (row.at, row.series));
        let mut latency: Vec<_> = latency.into_values().collect();
        latency.sort_by_key(|row| (row.at, row.series, row.bin));
        Rows { buckets, latency }
    }
}

/// A probe and where it belongs.
pub(crate) struct Counted<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) service: &'a ServiceName,
    pub(crate) probe: Observation<'a>,
}

/// What one flush adds.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) buckets: Vec<BucketRow>,
    pub(crate) latency: Vec<LatencyRow>,
}

fn of_service<'a>(index: &'a Index, environment: &Environment, service: &ServiceName) -> &'a [Arc<Account>] {
    index
        .by_service
        .get(environment)
        .and_then(|services| services.get(service))
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests;
