//! Writes what waits: at most a second apart, whole flushes or nothing.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use mainstay_kernel::{Micros, World};
use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::StoreError;
use tokio::time::Instant;

use super::{Accumulator, Batch, Buffer, FlushParticipant};
use crate::store::Store;

/// From one flush to the next.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// From one writing of the rollups to the next.
const ROLLUP_EVERY: Duration = Duration::from_mins(1);
/// Results in one transaction: enough to catch up quickly, few enough that others get their turn.
const RESULTS_PER_FLUSH: usize = 5000;
/// Raw rows read at a time after a restart.
const REPLAY_ROWS: i64 = 20_000;

/// The one who writes history.
pub struct Writer {
    store: Store,
    world: World,
    buffer: Arc<Buffer>,
    participants: RwLock<Vec<Arc<dyn FlushParticipant>>>,
    accumulator: Mutex<Accumulator>,
    /// Held while flushing.
    progress: tokio::sync::Mutex<Progress>,
}

struct Progress {
    last_flush: Micros,
    /// A flush whose outcome is a failure or unknown; it goes first, under its old number.
    unfinished: Option<(Micros, Batch)>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("buffer", &self.buffer)
            .finish_non_exhaustive()
    }
}

impl Writer {
    /// A writer that goes on after what is stored.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn new(store: Store, world: World, buffer: Arc<Buffer>) -> Result<Self, StoreError> {
        let (last_flush, mark) = (store.last_flush().await?, store.rollup_mark().await?);
        Ok(Self {
            store,
            world,
            buffer,
            participants: RwLock::default(),
            accumulator: Mutex::new(Accumulator::new(mark)),
            progress: tokio::sync::Mutex::new(Progress {
                last_flush,
                unfinished: None,
            }),
        })
    }

    /// Adds someone who writes in the same transaction.
    pub fn add_participant(&self, participant: Arc<dyn FlushParticipant>) {
        self.participants
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(participant);
    }

    /// The buckets in memory.
    pub fn accumulator(&self) -> MutexGuard<'_, Accumulator> {
        self.accumulator.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the task `watch.flush`.
    pub fn start(self: &Arc<Self>, tasks: &Tasks) {
        let writer = Arc::clone(self);
        tasks.spawn("watch.flush", |context| async move {
            writer.run(context).await;
            Ok::<_, Infallible>(())
        });
    }

    async fn run(&self, context: TaskContext) {
        while let Err(error) = self.replay().await {
            context.failed(format!(
                "the rollups cannot catch up with the results before the restart: {error}"
            ));
            if !context.sleep(FLUSH_EVERY).await {
                break;
            }
        }
        let mut rollups_due = Instant::now() + ROLLUP_EVERY;
        while context.sleep(FLUSH_EVERY).await {
            if self.flush_and_report(&context).await && Instant::now() >= rollups_due {
                match self.write_rollups().await {
                    Ok(_) => rollups_due = Instant::now() + ROLLUP_EVERY,
                    Err(error) => context.failed(error),
                }
            }
        }
        // The last probes end while the shutdown has begun; what they found is written too.
        tokio::time::sleep(Duration::from_millis(50)).await;
        if !self.flush_and_report(&context).await {
            let (lost, _) = self.buffer.waiting();
            tracing::error!(
                results.lost = lost,
                "results of probes could not be written before the end and are lost"
            );
        } else if let Err(error) = self.write_rollups().await {
            context.failed(error);
        }
    }

    async fn flush_and_report(&self, context: &TaskContext) -> bool {
        match self.flush().await {
            Ok(written) => {
                let (waiting, dropped) = self.buffer.waiting();
                context.ran(format!(
                    "{written} results in the last flush, {waiting} wait, {dropped} dropped since the start"
                ));
                true
            }
            Err(error) => {
                let (waiting, dropped) = self.buffer.waiting();
                context.failed(format!(
                    "{error}; {waiting} results wait, {dropped} were dropped since the start"
                ));
                false
            }
        }
    }

    /// Adds up the raw rows that were written after the rollups.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn replay(&self) -> Result<(), StoreError> {
        loop {
            let mark = self.accumulator().mark();
            let rows = self.store.probes_after_flush(mark, REPLAY_ROWS).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let mut accumulator = self.accumulator();
            for row in rows {
                let (at, duration) = (mainstay_kernel::to_micros(row.probe.at), row.probe.duration_us);
                accumulator.record(row.flush, row.key, at, duration, row.probe.ok(), row.in_maintenance);
            }
        }
    }

    /// Writes everything that waits; answers how many results.
    ///
    /// # Errors
    /// When the database refuses; what was not written is kept and goes first the next time.
    pub async fn flush(&self) -> Result<usize, StoreError> {
        let mut progress = self.progress.lock().await;
        let mut written = 0;
        loop {
            let (flush, batch, again) = if let Some((flush, batch)) = progress.unfinished.take() {
                (flush, batch, true)
            } else {
                let batch = self.buffer.take(RESULTS_PER_FLUSH);
                if batch.is_empty() {
                    return Ok(written);
                }
                // Strictly increasing, even when the wall clock steps back.
                progress.last_flush = self.world.now_micros().max(progress.last_flush + 1);
                (progress.last_flush, batch, false)
            };
            if let Err(error) = self.write(flush, &batch, again).await {
                progress.unfinished = Some((flush, batch));
                return Err(error);
            }
            self.buffer.written(batch.rows.len());
            written += batch.rows.len();
            let mut accumulator = self.accumulator();
            for row in &batch.rows {
                let duration = u64::try_from(row.duration_us).unwrap_or_default();
                accumulator.record(flush, row.key, row.at, duration, row.ok(), row.in_maintenance());
            }
        }
    }

    async fn write(&self, flush: Micros, batch: &Batch, again: bool) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        // The connection may have been lost between the commit and its confirmation.
        if again && self.store.has_flush(&mut tx, flush).await? {
            return tx.rollback().await;
        }
        self.store.insert_probes(&mut tx, flush, &batch.rows).await?;
        let participants = self.participants.read().unwrap_or_else(PoisonError::into_inner).clone();
        for participant in participants {
            participant.persist(&mut tx, &batch.events).await?;
        }
        self.store.put_check_states(&mut tx, &batch.states).await?;
        self.store.put_transitions(&mut tx, &batch.transitions).await?;
        tx.commit().await
    }

    /// Writes the buckets that changed, and up to which flush they count; answers how many.
    ///
    /// # Errors
    /// When the database refuses; they are written the next time.
    pub async fn write_rollups(&self) -> Result<u64, StoreError> {
        // No flush may come between the copy of the buckets and its being marked as written.
        let _progress = self.progress.lock().await;
        let incomplete = self.accumulator().incomplete();
        let mut tx = self.store.begin().await?;
        for (resolution, bucket) in incomplete {
            let stored = self.store.rollups_of_bucket(&mut tx, resolution, bucket).await?;
            self.accumulator().complete(resolution, bucket, stored);
        }
        let dirty = self.accumulator().dirty();
        if dirty.is_empty() {
            tx.rollback().await?;
            return Ok(0);
        }
        let written = dirty.put(&self.store, &mut tx).await?;
        tx.commit().await?;
        let now = self.world.now_micros();
        self.accumulator().written(&dirty, now);
        Ok(written)
    }
}
