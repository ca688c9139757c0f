//! The live accounts of all SLOs, in memory: a probe is counted, and a page decided, without waiting for the database.
//!
//! **Invariant:** nothing in here awaits. What is counted here is also written, from the same probes, in the transaction
//! that keeps the probes themselves ([`crate::store`]), so that a restart finds the same numbers. A replica writes what it
//! probed itself, and counts what any replica probed.

mod book;
mod latest;
pub(crate) mod loading;
mod rows;
pub(crate) mod sentences;
mod standing;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, Micros};

pub(crate) use book::{Book, Moment};
pub(crate) use loading::{Loaded, Loading};
pub(crate) use rows::{Counted, Rows, promises_by_service};
pub(crate) use standing::Standing;

use latest::Latest;

use crate::{
    model::{Observation, SeriesId, SloId},
    objective::Promise,
    signal::SignalSink,
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
    by_id: BTreeMap<SloId, Arc<Account>>,
    by_service: ByService,
    /// Accounts of promises that left their file, in case they come back.
    resting: BTreeMap<SloId, Arc<Account>>,
}

/// All accounts.
#[derive(Debug)]
pub(crate) struct Ledger {
    index: RwLock<Arc<Index>>,
    loaded_back_to: AtomicI64,
    loading: Mutex<Loading>,
    /// Whether accounts were opened before.
    opened: AtomicBool,
    /// Only where other replicas may make an SLO. Locked before the index.
    latest: OnceLock<Mutex<Latest>>,
    least_hold: AtomicI64,
}

impl Ledger {
    /// `start` is when this run began to count: everything since then is known from the start.
    pub(crate) fn new(least_hold: Micros, start: Micros) -> Self {
        Self {
            index: RwLock::default(),
            loaded_back_to: AtomicI64::new(start),
            loading: Mutex::default(),
            opened: AtomicBool::new(false),
            latest: OnceLock::new(),
            least_hold: AtomicI64::new(least_hold),
        }
    }

    /// A rule that fires goes on at least this long after its short window last exceeded.
    pub(crate) fn hold_at_least(&self, least_hold: Micros) {
        self.least_hold.store(least_hold, Ordering::Release);
    }

    /// Other replicas may make SLOs, of which this one hears a moment late.
    pub(crate) fn share(&self) {
        self.latest.get_or_init(Mutex::default);
    }

    fn index(&self) -> Arc<Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens, changes or closes accounts so that there is one for each of `promises` that is not retired.
    pub(crate) fn keep(&self, promises: &[Arc<Promise>], now: Micros, sink: &dyn SignalSink) {
        let latest = self.latest();
        let mut guard = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let is_first = !self.opened.swap(true, Ordering::AcqRel);
        let mut index = Index::default();
        for promise in promises {
            let known = guard.by_id.get(&promise.id).or(guard.resting.get(&promise.id));
            if promise.retired_at.is_some() {
                if let Some(account) = known {
                    index.resting.insert(promise.id, account.clone());
                }
                continue;
            }
            let account = match known {
                Some(account) => account.clone(),
                None => Arc::new(Account(Mutex::new(Book::open(promise.clone(), now, is_first)))),
            };
            let mut book = account.book();
            let was = known.is_some().then_some(book.promise.series);
            if *book.promise != **promise || guard.resting.contains_key(&promise.id) {
                book.turn_page(promise.clone(), now, sink);
            }
            if was != Some(promise.series)
                && let Some(latest) = &latest
            {
                // Whoever made it counts these, too.
                for probe in latest.of(&promise.definition.environment, &promise.definition.service) {
                    book.count(&probe, None);
                }
            }
            drop(book);
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

    /// Counts a finished probe of this replica for every SLO it is an event of, and decides at once where it is a bad one.
    pub(crate) fn observe(
        &self,
        environment: &Environment,
        service: &ServiceName,
        probe: &Observation<'_>,
        sink: &dyn SignalSink,
    ) {
        self.hear(environment, service, probe, None, sink);
    }

    /// The same with a probe of another replica, which was stored with a flush.
    pub(crate) fn follow(
        &self,
        environment: &Environment,
        service: &ServiceName,
        probe: &Observation<'_>,
        flush: Micros,
        sink: &dyn SignalSink,
    ) {
        self.hear(environment, service, probe, Some(flush), sink);
    }

    fn hear(
        &self,
        environment: &Environment,
        service: &ServiceName,
        probe: &Observation<'_>,
        flush: Option<Micros>,
        sink: &dyn SignalSink,
    ) {
        // Held to the end, so that an account that is opened meanwhile counts the probe either as one of the latest or here.
        let mut latest = self.latest();
        if let Some(latest) = &mut latest {
            latest.note(environment, service, probe);
        }
        let index = self.index();
        let moment = self.moment(probe.at, sink);
        let mut loading = flush.map(|_| self.loading());
        for account in of_service(&index, environment, service) {
            let foreign = flush.zip(loading.as_deref_mut());
            account.book().observe(probe, foreign, moment);
        }
    }

    fn latest(&self) -> Option<MutexGuard<'_, Latest>> {
        let latest = self.latest.get()?;
        Some(latest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How far loading has come. While it is held, no probe of another replica is counted.
    pub(crate) fn loading(&self) -> MutexGuard<'_, Loading> {
        self.loading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has every level stated anew, as after a restart, for a listener that has heard nothing so far.
    pub(crate) fn state_anew(&self, now: Micros) {
        for account in self.index().by_id.values() {
            account.book().state_anew(now);
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
            least_hold: self.least_hold.load(Ordering::Acquire),
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

    /// Every account, in the order in which they were promised.
    pub(crate) fn accounts(&self) -> Vec<Arc<Account>> {
        self.index().by_id.values().cloned().collect()
    }

    /// Every account whose counts of earlier runs are to be loaded, by the series they are kept in.
    pub(crate) fn to_load(&self) -> HashMap<SeriesId, Arc<Account>> {
        let index = self.index();
        index
            .by_id
            .values()
            .chain(index.resting.values())
            .filter_map(|account| Some((account.book().loads()?, account.clone())))
            .collect()
    }

    /// What is promised about a service.
    pub(crate) fn promises_of(&self, environment: &Environment, service: &ServiceName) -> Vec<Arc<Promise>> {
        of_service(&self.index(), environment, service)
            .iter()
            .map(|account| account.promise())
            .collect()
    }
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
