//! A machine's wall clock: the simulation's time, and how wrong it is there.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use mainstay_kernel::{Clock, Micros, from_micros};
use tokio::time::Instant;

use crate::START;

/// A clock that goes with the simulation's time and can be set wrong.
#[derive(Debug)]
pub struct SimulatedClock {
    began: Instant,
    wrong_by: AtomicI64,
}

impl SimulatedClock {
    /// A clock that is right. `began` is when the simulation began.
    pub fn right(began: Instant) -> Arc<Self> {
        Arc::new(Self {
            began,
            wrong_by: AtomicI64::new(0),
        })
    }

    /// Moves the clock forward, or back when negative.
    pub fn jump(&self, by: SignedDuration) {
        let micros = Micros::try_from(by.as_micros()).unwrap_or_default();
        self.wrong_by.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets the clock ahead of the true time, or behind it when negative.
    pub fn set_wrong_by(&self, by: SignedDuration) {
        let micros = Micros::try_from(by.as_micros()).unwrap_or_default();
        self.wrong_by.store(micros, Ordering::SeqCst);
    }

    /// How far it is ahead of the true time; negative when it is behind.
    pub fn wrong_by(&self) -> SignedDuration {
        SignedDuration::from_micros(self.wrong_by.load(Ordering::SeqCst))
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        let passed = Micros::try_from(self.began.elapsed().as_micros()).unwrap_or(Micros::MAX);
        from_micros(START + passed + self.wrong_by.load(Ordering::SeqCst))
    }
}
