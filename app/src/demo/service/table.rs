//! The lock of the table that statements read: shared among statements, exclusive for a rebuild of its index.
//!
//! A rebuild writes page after page and holds the lock for a batch of them, so whoever reads meanwhile waits.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::{
    sync::{RwLock, RwLockReadGuard},
    time::sleep,
};

/// Pages the volume writes under one hold of the lock.
const PAGES: u32 = 60;
/// What the volume takes for one page.
const PAGE: Duration = Duration::from_millis(4);
/// Between two batches.
const PAUSE: Duration = Duration::from_millis(10);
/// How often it is looked whether there is an index to rebuild.
const LOOK: Duration = Duration::from_millis(100);

/// The lock, and whether the index is being rebuilt.
#[derive(Debug, Default)]
pub struct Table {
    lock: RwLock<()>,
    rebuilding: AtomicBool,
}

impl Table {
    /// Waits until the table may be read.
    pub async fn read(&self) -> RwLockReadGuard<'_, ()> {
        self.lock.read().await
    }

    /// Starts rebuilding the index again and again, or stops after the batch at hand.
    pub fn rebuild(&self, again_and_again: bool) {
        self.rebuilding.store(again_and_again, Ordering::Relaxed);
    }

    /// Does the rebuilding; ends only with the process.
    pub async fn maintain(&self) -> Infallible {
        loop {
            if !self.rebuilding.load(Ordering::Relaxed) {
                sleep(LOOK).await;
                continue;
            }
            let exclusive = self.lock.write().await;
            for _page in 0..PAGES {
                sleep(PAGE).await;
            }
            drop(exclusive);
            sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_statement_waits_for_the_rebuild_and_no_longer_after_it() {
        let table = Table::default();
        let reader = async {
            table.rebuild(true);
            // The first batch is under way.
            sleep(PAGE * 5).await;
            let started = Instant::now();
            let _held = table.read().await;
            let waited = started.elapsed();
            table.rebuild(false);
            waited
        };
        let waited = tokio::select! {
            biased;
            waited = reader => waited,
            never = table.maintain() => match never {},
        };
        assert!(waited > PAGE * 10, "{waited:?}");
        let started = Instant::now();
        drop(table.read().await);
        assert!(started.elapsed() < PAGE);
    }
}
