//! Brings events to one handler: in batches while all goes well, one by one around an event that is refused.

use std::{collections::HashSet, convert::Infallible, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use mainstay_kernel::{Micros, World};
use mainstay_runtime::TaskContext;
use mainstay_store::{Bell, Database, StoreError, Transaction};

use super::{
    event::{Event, EventHandler, HandlerError},
    store,
};

/// Events in one transaction.
const BATCH: i64 = 256;
/// Parked events looked at in one round.
const DUE: i64 = 64;
/// Waits double from the first to the longest; the sum of all is about five hours.
const FIRST_WAIT: Micros = 1_000_000;
const LONGEST_WAIT: Micros = 3_600 * 1_000_000;
/// After so many attempts an event is given up until somebody replays it.
const ATTEMPTS: i64 = 16;

/// One handler at work.
pub struct Delivery {
    pub database: Database,
    pub world: World,
    pub bell: Bell,
    /// From one look without a ring to the next, for rings that were lost and parked events that become due.
    pub look_every: Duration,
    pub handler: Arc<dyn EventHandler>,
}

/// How far a batch came.
enum Batch {
    /// Another replica is at it.
    Elsewhere,
    /// So many events were handled or put aside; there may be more.
    Handled { events: usize, full: bool },
}

/// A batch that did not go through.
enum Failure {
    /// The database, not the event, is at fault.
    Store(StoreError),
    /// The handler refused this event.
    Refused { event: Box<Event>, error: String },
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Delivery {
    /// Until a shutdown.
    pub async fn run(mut self, context: TaskContext) -> Result<(), Infallible> {
        let mut handled = 0_u64;
        loop {
            match self.round(&context).await {
                Ok(events) => {
                    handled += events as u64;
                    context.ran(format!("{handled} events handled here since the start"));
                }
                Err(error) => context.failed(error),
            }
            tokio::select! {
                biased;
                () = context.stopping() => return Ok(()),
                () = self.bell.rung() => {}
                () = tokio::time::sleep(self.look_every) => {}
            }
        }
    }

    /// Everything there is to do now.
    async fn round(&self, context: &TaskContext) -> Result<usize, StoreError> {
        let mut handled = self.retry_parked().await?;
        while !context.is_stopping() {
            match self.batch(BATCH).await {
                Ok(Batch::Elsewhere) => break,
                Ok(Batch::Handled { events, full }) => {
                    handled += events;
                    if !full {
                        break;
                    }
                }
                Err(Failure::Store(error)) => return Err(error),
                Err(Failure::Refused { event, error }) => {
                    handled += self.step_around(*event, &error).await?;
                }
            }
        }
        Ok(handled)
    }

    async fn batch(&self, limit: i64) -> Result<Batch, Failure> {
        let mut tx = self.database.begin().await?;
        let name = self.handler.name();
        let Some(position) = store::lock_cursor(&mut tx, self.database.dialect(), name).await? else {
            return Ok(Batch::Elsewhere);
        };
        let last = store::last_position(&mut tx).await?;
        if last == position {
            return Ok(Batch::Handled { events: 0, full: false });
        }
        let events = store::events_between(&mut tx, self.handler.topics(), position, last, limit).await?;
        let mut parked: HashSet<String> = store::parked_keys(&mut tx, name).await?.into_iter().collect();
        for event in &events {
            if parked.contains(&event.key) {
                store::park(&mut tx, &self.world, name, event, 0, 0, None).await?;
                parked.insert(event.key.clone());
            } else {
                self.handle(&mut tx, event).await?;
            }
        }
        let full = i64::try_from(events.len()).is_ok_and(|count| count == limit);
        let reached = events.last().filter(|_| full).map_or(last, |event| event.position);
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        store::move_cursor(&mut tx, &self.world, name, reached, count).await?;
        tx.commit().await?;
        Ok(Batch::Handled {
            events: events.len(),
            full,
        })
    }

    /// Runs the handler and tells whose fault a failure is.
    async fn handle(&self, tx: &mut Transaction, event: &Event) -> Result<(), Failure> {
        let work = AssertUnwindSafe(self.handler.handle(tx, event)).catch_unwind();
        let refused = |error: String| Failure::Refused {
            event: Box::new(event.clone()),
            error,
        };
        match tokio::time::timeout(self.handler.timeout(), work).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(HandlerError::Store(error)))) if error.is_transient() => Err(Failure::Store(error)),
            Ok(Ok(Err(error))) => Err(refused(error.to_string())),
            Ok(Err(_)) => Err(refused("the handler panicked; the log has the place".to_owned())),
            Err(_) => Err(refused(format!("not handled within {:?}", self.handler.timeout()))),
        }
    }

    /// Handles what comes before a refused event, then puts that one aside.
    async fn step_around(&self, event: Event, error: &str) -> Result<usize, StoreError> {
        let name = self.handler.name();
        let mut tx = self.database.begin().await?;
        let Some(position) = store::lock_cursor(&mut tx, self.database.dialect(), name).await? else {
            return Ok(0);
        };
        if position >= event.position {
            // Another replica has come past it since the batch that was refused was undone.
            return Ok(0);
        }
        let before = store::events_between(&mut tx, self.handler.topics(), position, event.position - 1, BATCH).await?;
        let parked: HashSet<String> = store::parked_keys(&mut tx, name).await?.into_iter().collect();
        for earlier in &before {
            if parked.contains(&earlier.key) {
                store::park(&mut tx, &self.world, name, earlier, 0, 0, None).await?;
            } else if let Err(failure) = self.handle(&mut tx, earlier).await {
                // It went well a moment ago; the next round looks again.
                return match failure {
                    Failure::Store(error) => Err(error),
                    Failure::Refused { error, .. } => {
                        tracing::warn!(
                            handler = name,
                            error,
                            "an event was refused that had been handled before"
                        );
                        Ok(0)
                    }
                };
            }
        }
        tracing::warn!(
            handler = name,
            event.position,
            event.topic,
            error,
            "a handler refused an event; it waits for another attempt"
        );
        let due = self.world.now_micros() + FIRST_WAIT;
        store::park(&mut tx, &self.world, name, &event, 1, due, Some(error)).await?;
        let count = i64::try_from(before.len()).unwrap_or(i64::MAX);
        store::move_cursor(&mut tx, &self.world, name, event.position, count).await?;
        tx.commit().await?;
        Ok(before.len() + 1)
    }

    /// Tries parked events whose time has come. Whatever becomes free behind one that succeeds follows at once.
    async fn retry_parked(&self) -> Result<usize, StoreError> {
        let mut handled = 0;
        loop {
            let now = self.world.now_micros();
            let due = store::due(&self.database, self.handler.name(), now, LONGEST_WAIT, DUE).await?;
            let mut progressed = false;
            for parked in due {
                progressed |= self.retry(parked).await?;
                handled += 1;
            }
            if !progressed {
                return Ok(handled);
            }
        }
    }

    /// Tries one parked event; answers whether it is handled.
    async fn retry(&self, parked: store::Due) -> Result<bool, StoreError> {
        let name = self.handler.name();
        let mut tx = self.database.begin().await?;
        if store::lock_cursor(&mut tx, self.database.dialect(), name)
            .await?
            .is_none()
            || !store::is_waiting(&mut tx, name, parked.position).await?
        {
            return Ok(false);
        }
        let Some(event) = store::event_at(&mut tx, parked.position).await? else {
            return Err(StoreError::corrupt(format_args!(
                "parked event {} is gone",
                parked.position
            )));
        };
        match self.handle(&mut tx, &event).await {
            Ok(()) => {
                store::unpark(&mut tx, name, parked.position).await?;
                tx.commit().await?;
                Ok(true)
            }
            Err(Failure::Store(error)) => Err(error),
            Err(Failure::Refused { error, .. }) => {
                tx.rollback().await?;
                self.postpone(parked, &error).await?;
                Ok(false)
            }
        }
    }

    async fn postpone(&self, parked: store::Due, error: &str) -> Result<(), StoreError> {
        let attempts = parked.attempts + 1;
        let next = (attempts < ATTEMPTS).then(|| self.world.now_micros() + wait_after(attempts));
        let mut tx = self.database.begin().await?;
        if store::is_waiting(&mut tx, self.handler.name(), parked.position).await? {
            store::postpone(&mut tx, self.handler.name(), parked.position, attempts, next, error).await?;
            tx.commit().await?;
            if next.is_none() {
                tracing::error!(
                    handler = self.handler.name(),
                    event.position = parked.position,
                    error,
                    "an event was given up; see it and replay it on the page Jobs and replicas"
                );
            }
        }
        Ok(())
    }
}

/// How long to wait after so many attempts.
fn wait_after(attempts: i64) -> Micros {
    let doublings = u32::try_from(attempts.clamp(1, 32) - 1).unwrap_or_default();
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let waits: Vec<Micros> = (1..ATTEMPTS).map(wait_after).collect();
        assert_eq!(&waits[..3], [1_000_000, 2_000_000, 4_000_000]);
        assert_eq!(*waits.last().unwrap(), LONGEST_WAIT);
    }
}
