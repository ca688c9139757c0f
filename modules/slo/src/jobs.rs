//! Background work: the passing of time, the loading of counts after a restart, following the files, and forgetting.
//! Each is idempotent and goes on after an error.

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    time::Duration,
};

use mainstay_catalog::Catalog;
use mainstay_kernel::Micros;
use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::StoreError;
use serde::Serialize;

use crate::{
    model::{Budget, SECOND, SeriesId},
    service::{Inner, Objectives},
    store::{self, StoredBucket, StoredLatency},
};

const TICK: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_secs(2);
const EXPIRE: Duration = Duration::from_hours(1);

/// A slice of the load aims at this many rows, so that neither memory nor the database's readers are taken up by it.
const SLICE_ROWS: usize = 5_000;
const FIRST_SLICE: Micros = 600 * SECOND;
const LONGEST_SLICE: Micros = 30 * 86_400 * SECOND;

impl Objectives {
    /// Starts the background work. Call [`Objectives::open`] first.
    pub fn start(&self, tasks: &Tasks, catalog: &Catalog) {
        let objectives = self.clone();
        tasks.spawn(
            "slo.load",
            move |context| async move { objectives.load(&context).await },
        );
        let objectives = self.clone();
        tasks.spawn("slo.tick", move |context| async move {
            while context.sleep(TICK).await {
                objectives.tick();
                context.ran(format!("{} SLOs", objectives.count()));
            }
            Ok::<_, Infallible>(())
        });
        let objectives = self.clone();
        let catalog = catalog.clone();
        tasks.spawn("slo.follow-files", move |context| async move {
            objectives.follow_files(&context, &catalog).await
        });
        let objectives = self.clone();
        tasks.spawn(
            "slo.forget",
            move |context| async move { objectives.forget(&context).await },
        );
    }

    /// Time has passed: rules are decided, and browsers hear of budgets that changed.
    pub(crate) fn tick(&self) {
        let Inner {
            ledger,
            world,
            hub,
            sink,
            ..
        } = &*self.inner;
        let now = world.now_micros();
        ledger.tick(now, sink.as_ref());
        if !hub.has_listeners() {
            return;
        }
        for account in ledger.accounts() {
            let mut book = account.book();
            if !std::mem::take(&mut book.changed) {
                continue;
            }
            let budget = Budget::of(&book.promise.definition, &book.counts, now);
            hub.publish(
                "budget",
                &BudgetEvent {
                    slo_id: book.promise.id.to_string(),
                    service: book.promise.definition.service.as_str(),
                    remaining_ratio: budget.remaining_ratio,
                    burn_rate: budget.burn_rate,
                },
            );
        }
    }

    /// Reads what earlier runs counted, the newest first, so that pages are decided again within moments of a start.
    async fn load(&self, context: &TaskContext) -> Result<(), Infallible> {
        let mut progress = None;
        loop {
            match self.load_from(&mut progress, &|| context.is_stopping()).await {
                Ok(rows) => {
                    context.ran(format!("{rows} buckets loaded"));
                    return Ok(());
                }
                Err(error) => context.failed(error),
            }
            if !context.sleep(RETRY).await {
                return Ok(());
            }
        }
    }

    /// Loads everything there is, for tests.
    #[cfg(test)]
    pub(crate) async fn load_now(&self) -> Result<usize, StoreError> {
        self.load_from(&mut None, &|| false).await
    }

    async fn load_from(
        &self,
        progress: &mut Option<Progress>,
        stopping: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, StoreError> {
        let Inner {
            db,
            ledger,
            world,
            writer,
            ..
        } = &*self.inner;
        let mut at = match progress {
            Some(at) => at.clone(),
            None => match store::stored_range(db).await? {
                None => {
                    ledger.loaded(Micros::MIN);
                    return Ok(0);
                }
                Some((oldest, newest)) => Progress::new(self, oldest, newest, world.now_micros()),
            },
        };
        while at.to > at.lowest && !stopping() {
            let from = (at.to - at.step).max(at.lowest);
            let buckets = store::buckets_between(db, *writer, from, at.to).await?;
            let latency = store::latency_between(db, *writer, from, at.to).await?;
            let rows = buckets.len() + latency.len();
            self.add_loaded(buckets, latency);
            at.rows += rows;
            at.to = from;
            at.step = match rows {
                0..2_000 => (at.step * 2).min(LONGEST_SLICE),
                SLICE_ROWS.. => (at.step / 2).max(SECOND),
                _ => at.step,
            };
            // A bucket that begins before `from` may hold events after it.
            ledger.loaded(from + at.widest);
            *progress = Some(at.clone());
            tokio::task::yield_now().await;
        }
        if at.to <= at.lowest {
            ledger.loaded(Micros::MIN);
        }
        Ok(at.rows)
    }

    fn add_loaded(&self, buckets: Vec<StoredBucket>, latency: Vec<StoredLatency>) {
        let mut by_series: HashMap<SeriesId, (Vec<StoredBucket>, Vec<StoredLatency>)> = HashMap::new();
        for bucket in buckets {
            by_series.entry(bucket.series).or_default().0.push(bucket);
        }
        for bin in latency {
            by_series.entry(bin.series).or_default().1.push(bin);
        }
        let accounts = self.inner.ledger.by_series();
        for (series, (buckets, latency)) in by_series {
            let Some(account) = accounts.get(&series) else { continue };
            let mut book = account.book();
            if book.promise.series != series {
                continue;
            }
            for bucket in buckets {
                book.load_bucket(bucket.at, bucket.total, bucket.bad);
            }
            for bin in latency {
                book.add_latency(bin.at, bin.bin, bin.events);
            }
        }
    }

    async fn follow_files(&self, context: &TaskContext, catalog: &Catalog) -> Result<(), Infallible> {
        let mut fleets = catalog.fleets();
        loop {
            fleets.borrow_and_update();
            match self.reconcile(&catalog.declarations(crate::declaration::KIND)).await {
                Ok(report) => {
                    for reason in &report.refused {
                        tracing::warn!(slo.reason = reason, "a declared SLO cannot be used");
                    }
                    context.ran(format!(
                        "{} added, {} changed, {} retired, {} refused",
                        report.added,
                        report.changed,
                        report.retired,
                        report.refused.len()
                    ));
                }
                Err(error) => {
                    context.failed(error);
                    if !context.sleep(RETRY).await {
                        return Ok(());
                    }
                    continue;
                }
            }
            tokio::select! {
                changed = fleets.changed() => if changed.is_err() { return Ok(()) },
                () = context.stopping() => return Ok(()),
            }
        }
    }

    async fn forget(&self, context: &TaskContext) -> Result<(), Infallible> {
        let mut cleaned = HashMap::new();
        while context.sleep(EXPIRE).await {
            match self.forget_once(&mut cleaned).await {
                Ok(rows) => context.ran(format!("{rows} rows removed")),
                Err(error) => context.failed(error),
            }
        }
        Ok(())
    }

    /// Removes counts that no window needs any more. `cleaned` remembers how far that was done for each length, so that
    /// rows which stay are not read again and again.
    pub(crate) async fn forget_once(&self, cleaned: &mut HashMap<i64, Micros>) -> Result<u64, StoreError> {
        let Inner {
            db, world, settings, ..
        } = &*self.inner;
        let now = world.now_micros();
        let Some((oldest, _)) = store::stored_range(db).await? else {
            return Ok(0);
        };
        let kept: BTreeSet<i64> = store::all(db)
            .await?
            .iter()
            .map(|promise| promise.definition.window.keep_s())
            .collect();
        let mut removed = 0;
        for keep_s in kept {
            let to = now - keep_s * SECOND;
            let mut from = cleaned.get(&keep_s).copied().unwrap_or(oldest).max(oldest);
            while from < to {
                let next = (from + 86_400 * SECOND).min(to);
                removed += store::expire(db, Some(keep_s), from, next).await?;
                from = next;
            }
            cleaned.insert(keep_s, to);
        }
        // Counts of promises that no longer exist have no length of their own.
        let last = now - settings.limits.retention_s * SECOND;
        if oldest < last {
            removed += store::expire(db, None, oldest, last).await?;
        }
        let mut tx = db.begin().await?;
        let forgotten = mainstay_kernel::from_micros(last);
        removed += store::forget_retired(&mut tx, forgotten).await?;
        tx.commit().await?;
        Ok(removed)
    }
}

/// How far the loading of earlier counts has come.
#[derive(Debug, Clone)]
struct Progress {
    to: Micros,
    lowest: Micros,
    step: Micros,
    widest: Micros,
    rows: usize,
}

impl Progress {
    fn new(objectives: &Objectives, oldest: Micros, newest: Micros, now: Micros) -> Self {
        let promises: Vec<_> = objectives
            .inner
            .ledger
            .accounts()
            .iter()
            .map(|account| account.promise())
            .collect();
        let most = |of: &dyn Fn(&crate::objective::Promise) -> Micros| {
            promises.iter().map(|promise| of(promise)).max().unwrap_or(SECOND)
        };
        let longest = most(&|promise| promise.definition.window.keep_s() * SECOND);
        let slot = most(&|promise| promise.latency_slot());
        Self {
            to: newest + 1,
            // A latency slot begins before the buckets of its time.
            lowest: oldest.max(now - longest) - slot,
            step: FIRST_SLICE,
            widest: most(&|promise| promise.definition.bucket_us()),
            rows: 0,
        }
    }
}

/// The live message about a budget.
#[derive(Serialize)]
struct BudgetEvent<'a> {
    slo_id: String,
    service: &'a str,
    remaining_ratio: Option<f64>,
    burn_rate: Option<f64>,
}
