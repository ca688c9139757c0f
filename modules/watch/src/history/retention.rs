//! Forgets what is older than it has to be kept, a little at a time.

use std::{convert::Infallible, time::Duration};

use mainstay_kernel::{Micros, World};
use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::StoreError;

use crate::{model::rollup::Resolution, share::Share, store::Store};

/// Rows deleted in one transaction.
const ROWS_AT_ONCE: i64 = 5000;
/// Between two transactions, so that others get their turn.
const BREATH: Duration = Duration::from_millis(20);
const RUN_EVERY: Duration = Duration::from_mins(10);
const DAY: Duration = Duration::from_hours(24);

/// How long each kind of history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Single probes.
    pub raw: Duration,
    /// Buckets of a minute.
    pub minute: Duration,
    /// Buckets of five minutes.
    pub five_minutes: Duration,
    /// Buckets of an hour, and changes of services' states.
    pub hour: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            raw: 7 * DAY,
            minute: 100 * DAY,
            five_minutes: 400 * DAY,
            hour: 5 * 366 * DAY,
        }
    }
}

impl Retention {
    fn of(&self, resolution: Resolution) -> Duration {
        match resolution {
            Resolution::Minute => self.minute,
            Resolution::FiveMinutes => self.five_minutes,
            Resolution::Hour => self.hour,
        }
    }

    /// Starts the task `watch.retention`, which asks before every run how long history is kept.
    pub fn start(kept: impl Fn() -> Self + Send + 'static, store: Store, world: World, share: Share, tasks: &Tasks) {
        tasks.spawn("watch.retention", move |context| async move {
            // The first minute of a start belongs to more urgent work.
            let mut wait = Duration::from_mins(1);
            while context.sleep(wait).await {
                wait = RUN_EVERY;
                if !share.leads() {
                    context.ran("another replica does this");
                    continue;
                }
                match kept().run(&store, &world, Some(&context)).await {
                    Ok(deleted) => context.ran(format!("{deleted} old rows deleted")),
                    Err(error) => context.failed(error),
                }
            }
            Ok::<_, Infallible>(())
        });
    }

    /// Deletes everything that is too old; answers how many rows.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn run(&self, store: &Store, world: &World, context: Option<&TaskContext>) -> Result<u64, StoreError> {
        let before = |age: Duration| world.now_micros() - Micros::try_from(age.as_micros()).unwrap_or(Micros::MAX);
        let mut deleted = 0;
        while let rows @ 1.. = store.delete_probes_before(before(self.raw), ROWS_AT_ONCE).await? {
            deleted += rows;
            if breathe(context).await {
                return Ok(deleted);
            }
        }
        for resolution in Resolution::ALL {
            let cutoff = before(self.of(resolution));
            while let rows @ 1.. = store.delete_rollups_before(resolution, cutoff, ROWS_AT_ONCE).await? {
                deleted += rows;
                if breathe(context).await {
                    return Ok(deleted);
                }
            }
        }
        Ok(deleted + store.delete_transitions_before(before(self.hour)).await?)
    }
}

/// Whether it is time to stop.
async fn breathe(context: Option<&TaskContext>) -> bool {
    match context {
        Some(context) => !context.sleep(BREATH).await,
        None => false,
    }
}
