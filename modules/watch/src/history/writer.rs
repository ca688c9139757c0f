//! Writes what waits: at most a second apart, whole flushes or nothing.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use mainstay_kernel::{Micros, World};
use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::StoreError;
use tokio::time::Instant;

use super::{Accumulator, Batch, Buffer, FlushParticipant};
use crate::{
    share::Share,
    store::{Store, StoredProbe},
};

/// From one flush to the next.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// From one writing of the rollups to the next.
const ROLLUP_EVERY: Duration = Duration::from_mins(1);
/// Results in one transaction: enough to catch up quickly, few enough that others get their turn.
const RESULTS_PER_FLUSH: usize = 5000;
/// Raw rows read at a time after a restart.
const REPLAY_ROWS: i64 = 20_000;
/// Own flushes that are remembered: many times more than can be waiting to be followed.
const OWN_FLUSHES: usize = 4_096;

/// The one who writes history.
pub struct Writer {
    store: Store,
    world: World,
    buffer: Arc<Buffer>,
    participants: RwLock<Vec<Arc<dyn FlushParticipant>>>,
    share: Share,
    /// The newest flushes of this replica, so that it knows its own rows when it follows everybody's.
    own: Mutex<BTreeSet<Micros>>,
    accumulator: Mutex<Accumulator>,
    /// Held while flushing.
    progress: tokio::sync::Mutex<Progress>,
}

struct Progress {
    last_flush: Micros,
    /// A flush whose outcome is a failure or unknown; it goes first. The number is the one it took, if it came that far.
    unfinished: Option<(Option<Micros>, Batch)>,
    /// The token of the lead for which the buckets in memory were begun, among replicas.
    taken_over: Option<i64>,
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
    pub async fn new(store: Store, world: World, buffer: Arc<Buffer>, share: Share) -> Result<Self, StoreError> {
        let (last_flush, mark) = (store.last_flush().await?, store.rollup_mark().await?);
        Ok(Self {
            store,
            world,
            buffer,
            participants: RwLock::default(),
            share,
            own: Mutex::default(),
            accumulator: Mutex::new(Accumulator::new(mark)),
            progress: tokio::sync::Mutex::new(Progress {
                last_flush,
                unfinished: None,
                taken_over: None,
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
        while self.until_due(&context).await {
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

    /// Waits for the next flush; answers whether there is one. Others decide on what this replica finds, so when that may
    /// change a state it does not wait.
    async fn until_due(&self, context: &TaskContext) -> bool {
        tokio::select! {
            biased;
            () = context.stopping() => false,
            () = self.buffer.urgent(), if self.share.is_shared() => true,
            () = tokio::time::sleep(FLUSH_EVERY) => true,
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
            // When another began anew meanwhile, the next round reads from there.
            let _ = self.add_up(mark, &rows);
        }
    }

    /// Adds up rows as they are stored: all there are of whole flushes after `from`, except those that are included already.
    /// Answers `false`, and does nothing, when something before them is not included, because another began anew meanwhile:
    /// the mark would pass over what is missing. [`Self::replay`] adds that up.
    #[must_use]
    pub fn add_up(&self, from: Micros, rows: &[StoredProbe]) -> bool {
        let mut accumulator = self.accumulator();
        let included = accumulator.mark();
        if included < from {
            return false;
        }
        for row in rows.iter().filter(|row| row.flush > included) {
            let (at, duration) = (mainstay_kernel::to_micros(row.probe.at), row.probe.duration_us);
            accumulator.record(row.flush, row.key, at, duration, row.probe.ok(), row.in_maintenance);
        }
        true
    }

    /// Goes on with the rollups where another replica stopped, under this token of the lead.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn take_over(&self, lead: i64) -> Result<(), StoreError> {
        let mut progress = self.progress.lock().await;
        let mark = self.store.rollup_mark().await?;
        *self.accumulator() = Accumulator::new(mark);
        self.replay().await?;
        progress.taken_over = Some(lead);
        Ok(())
    }

    /// Whether a flush was this replica's.
    pub fn wrote(&self, flush: Micros) -> bool {
        self.own().contains(&flush)
    }

    fn own(&self) -> MutexGuard<'_, BTreeSet<Micros>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes everything that waits; answers how many results.
    ///
    /// # Errors
    /// When the database refuses; what was not written is kept and goes first the next time.
    pub async fn flush(&self) -> Result<usize, StoreError> {
        let mut progress = self.progress.lock().await;
        let mut written = 0;
        loop {
            let (mut taken, mut batch) = if let Some(unfinished) = progress.unfinished.take() {
                unfinished
            } else {
                let batch = self.buffer.take(RESULTS_PER_FLUSH);
                if batch.is_empty() {
                    return Ok(written);
                }
                (None, batch)
            };
            self.leave_out(&mut batch);
            // Strictly increasing, even when the wall clock steps back.
            let least = self.world.now_micros().max(progress.last_flush + 1);
            match self.write(least, &mut taken, &batch).await {
                Ok(flush) => progress.last_flush = flush,
                Err(error) => {
                    progress.unfinished = Some((taken, batch));
                    return Err(error);
                }
            }
            self.buffer.written(batch.rows.len());
            written += batch.rows.len();
            if self.share.is_shared() {
                // Rows of all replicas are added up in one order, as they are followed.
                continue;
            }
            let flush = progress.last_flush;
            let mut accumulator = self.accumulator();
            for row in &batch.rows {
                let duration = u64::try_from(row.duration_us).unwrap_or_default();
                accumulator.record(flush, row.key, row.at, duration, row.ok(), row.in_maintenance());
            }
        }
    }

    /// Leaves out what another replica writes by now, and marks what it has probed since, perhaps.
    fn leave_out(&self, batch: &mut Batch) {
        if !self.share.is_shared() {
            return;
        }
        batch.states.retain(|check, _| self.share.owns(*check));
        for (event, row) in batch.events.iter().zip(&mut batch.rows) {
            if !self.share.owns(event.check) {
                row.mark_late();
            }
        }
        if !self.share.leads() {
            batch.transitions.clear();
        }
    }

    /// Writes a batch under a number that `taken` keeps for the case that the answer to the commit is lost; answers it.
    async fn write(&self, least: Micros, taken: &mut Option<Micros>, batch: &Batch) -> Result<Micros, StoreError> {
        let mut tx = self.store.begin().await?;
        if let (Some(flush), Some(row)) = (*taken, batch.rows.first())
            && self.store.has_row(&mut tx, flush, row).await?
        {
            tx.rollback().await?;
            return Ok(flush);
        }
        let flush = self.store.take_flush(&mut tx, least).await?;
        *taken = Some(flush);
        self.store.insert_probes(&mut tx, flush, &batch.rows).await?;
        let participants = self.participants.read().unwrap_or_else(PoisonError::into_inner).clone();
        for participant in participants {
            participant.persist(&mut tx, &batch.events).await?;
        }
        self.store.put_check_states(&mut tx, &batch.states).await?;
        self.store.put_transitions(&mut tx, &batch.transitions).await?;
        self.share.flushed(&mut tx).await?;
        // Before the commit, because the rows may be followed the moment it is through.
        self.remember(flush);
        tx.commit().await?;
        Ok(flush)
    }

    fn remember(&self, flush: Micros) {
        if self.share.is_shared() {
            let mut own = self.own();
            own.insert(flush);
            while own.len() > OWN_FLUSHES {
                own.pop_first();
            }
        }
    }

    /// Writes the buckets that changed, and up to which flush they count; answers how many.
    ///
    /// # Errors
    /// When the database refuses; they are written the next time.
    pub async fn write_rollups(&self) -> Result<u64, StoreError> {
        // No flush may come between the copy of the buckets and its being marked as written.
        let progress = self.progress.lock().await;
        let Some(lead) = self.share.lead() else {
            self.accumulator().left_to_another(self.world.now_micros());
            return Ok(0);
        };
        // The lead comes before it is taken over. Until then memory holds what another has written too, which would count twice.
        if self.share.is_shared() && progress.taken_over != Some(lead) {
            return Ok(0);
        }
        let mut tx = self.store.begin().await?;
        self.share.guard_lead(&mut tx, lead).await?;
        let dirty = loop {
            let ready = self.accumulator().ready();
            let incomplete = match ready {
                Ok(dirty) => break dirty,
                Err(incomplete) => incomplete,
            };
            for (resolution, bucket) in incomplete {
                let stored = self.store.rollups_of_bucket(&mut tx, resolution, bucket).await?;
                self.accumulator().complete(resolution, bucket, stored);
            }
        };
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
