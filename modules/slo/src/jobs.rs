//! Background work: the passing of time, the loading of counts after a restart, following the files, and forgetting.
//! Each is idempotent and goes on after an error.

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    sync::Arc,
    time::Duration,
};

use mainstay_catalog::Catalog;
use mainstay_kernel::Micros;
use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::StoreError;
use mainstay_work::{Leases, Placement, Role, reconcile::reconcile};
use serde::Serialize;

use crate::{
    ledger::Loaded,
    model::{Budget, SECOND, SeriesId},
    service::{Inner, Objectives},
    store::{self, StoredBucket, StoredLatency},
    term::Seat,
};

const RETRY: Duration = Duration::from_secs(2);
const EXPIRE: Duration = Duration::from_hours(1);

/// Upkeep is done by whichever replica it falls to.
pub(crate) const UPKEEP: Placement = Placement {
    role: Role::Work,
    spread: true,
};

/// A slice of the load aims at this many rows, so that neither memory nor the database's readers are taken up by it.
const SLICE_ROWS: usize = 5_000;
const FIRST_SLICE: Micros = 600 * SECOND;
const LONGEST_SLICE: Micros = 30 * 86_400 * SECOND;

impl Objectives {
    /// Starts the background work. Call [`Objectives::open`] first, and [`Leases::start`] afterwards. `files` is held by the
    /// replica that follows the files.
    pub(crate) fn start(&self, tasks: &Tasks, catalog: &Catalog, files: Seat, leases: &Leases) {
        let objectives = self.clone();
        tasks.spawn(
            "slo.load",
            move |context| async move { objectives.load(&context).await },
        );
        let (objectives, every) = (self.clone(), leases.look_every());
        tasks.spawn("slo.tick", move |context| async move {
            while context.sleep(every).await {
                objectives.tick();
                context.ran(format!("{} SLOs", objectives.count()));
            }
            Ok::<_, Infallible>(())
        });
        let objectives = self.clone();
        let catalog = catalog.clone();
        tasks.spawn("slo.follow-files", move |context| async move {
            objectives.follow_files(&context, &catalog, &files).await
        });
        let objectives = self.clone();
        let cleaned = Arc::new(tokio::sync::Mutex::new(HashMap::new()));
        reconcile(tasks, leases, "slo.forget", UPKEEP, EXPIRE, None, move || {
            let (objectives, cleaned) = (objectives.clone(), cleaned.clone());
            async move {
                let rows = objectives.forget_once(&mut *cleaned.lock().await).await?;
                Ok::<_, StoreError>(format!("{rows} rows removed"))
            }
        });
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
                    let detail = format!("{rows} buckets loaded");
                    if context.is_stopping() {
                        context.ran(detail);
                    } else {
                        context.finished(detail);
                    }
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
        let Inner { db, ledger, world, .. } = &*self.inner;
        let mut at = match progress {
            Some(at) => at.clone(),
            None => match store::stored_range(db).await? {
                None => {
                    ledger.loading().finish();
                    ledger.loaded(Micros::MIN);
                    return Ok(0);
                }
                Some((oldest, newest)) => Progress::new(self, oldest, newest, world.now_micros()),
            },
        };
        ledger.loading().begin(at.to);
        while at.to > at.lowest && !stopping() {
            let from = (at.to - at.step).max(at.lowest);
            let rows = self.load_slice(from, at.to).await?;
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
            ledger.loading().finish();
            ledger.loaded(Micros::MIN);
        }
        Ok(at.rows)
    }

    /// Loads what begins in `[from, to)`, as it is at one moment; answers how many rows that are.
    async fn load_slice(&self, from: Micros, to: Micros) -> Result<usize, StoreError> {
        let mut snapshot = self.inner.db.begin_snapshot().await?;
        let flush = self.last_flush_in(&mut snapshot).await?;
        let loaded = Loaded {
            buckets: store::buckets_between(&mut snapshot, self.inner.writer, from, to).await?,
            latency: store::latency_between(&mut snapshot, self.inner.writer, from, to).await?,
        };
        snapshot.rollback().await?;
        let rows = loaded.buckets.len() + loaded.latency.len();
        // Held until the rows are added: no probe of another replica may come between.
        let mut loading = self.inner.ledger.loading();
        let Loaded { buckets, latency } = loading.take(from, to, flush, loaded);
        self.add_loaded(buckets, latency);
        Ok(rows)
    }

    fn add_loaded(&self, buckets: Vec<StoredBucket>, latency: Vec<StoredLatency>) {
        let mut by_series: HashMap<SeriesId, (Vec<StoredBucket>, Vec<StoredLatency>)> = HashMap::new();
        for bucket in buckets {
            by_series.entry(bucket.series).or_default().0.push(bucket);
        }
        for bin in latency {
            by_series.entry(bin.series).or_default().1.push(bin);
        }
        let accounts = self.inner.ledger.to_load();
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

    async fn follow_files(&self, context: &TaskContext, catalog: &Catalog, files: &Seat) -> Result<(), Infallible> {
        let mut fleets = catalog.fleets();
        let follower = catalog.follower();
        let mut settings = self.inner.settings.follow();
        loop {
            fleets.mark_seen();
            let term = files.term();
            let here = term.is_some();
            if let Some(term) = term {
                let version = catalog.version();
                let declarations = catalog.declarations(crate::declaration::KIND);
                match self.reconcile_under(Some(&term), &declarations).await {
                    Ok(report) => {
                        follower.reached(version);
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
            } else {
                follower.stand_back();
                context.ran("another replica follows the files");
            }
            tokio::select! {
                biased;
                () = context.stopping() => return Ok(()),
                () = files.moved(here) => {}
                () = fleets.changed() => {}
                () = settings.changed() => {}
            }
        }
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
        let last = now - settings.get().limits.retention_s * SECOND;
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
