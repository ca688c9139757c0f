//! The clock of the machine a service believes to run on, and how far a request's time stamp may be from it.
//!
//! Everything a service says about time comes from here: its log, its spans, its tokens and the stamps on its requests.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use http::HeaderName;
use jiff::{SignedDuration, Timestamp};
use mainstay_kernel::{Clock, SystemClock, World};

/// The header that says when a request was sent, in milliseconds since 1970 (UTC).
pub const SENT_AT: HeaderName = HeaderName::from_static("x-sent-at");
/// The greatest distance of a stamp from the receiver's clock, so that a recorded request cannot be sent again later.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

/// The machine's clock, with what it is off by.
#[derive(Debug, Default)]
pub struct DriftingClock {
    off_by_micros: AtomicI64,
}

impl DriftingClock {
    /// A world with this clock, and chance of its own.
    pub fn world(self: &Arc<Self>) -> World {
        World::simulated(Arc::clone(self) as Arc<dyn Clock>, World::system().random())
    }

    /// Sets how far the clock is from the true time; negative is behind.
    pub fn set_off_by(&self, off_by: SignedDuration) {
        let micros = i64::try_from(off_by.as_micros()).unwrap_or_default();
        self.off_by_micros.store(micros, Ordering::Relaxed);
    }
}

impl Clock for DriftingClock {
    fn now(&self) -> Timestamp {
        let now = SystemClock.now();
        let off_by = SignedDuration::from_micros(self.off_by_micros.load(Ordering::Relaxed));
        now.checked_add(off_by).unwrap_or(now)
    }
}

/// A request that was stamped too long before or after it arrived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the request is stamped {stamp}, {} s {} the clock here; {} s are accepted", distance.as_secs().abs(), if distance.is_negative() { "behind" } else { "ahead of" }, TOLERANCE.as_secs())]
pub struct Stale {
    stamp: Timestamp,
    distance: SignedDuration,
}

/// Compares the stamp of a request with the time of its arrival; one that is no number is let pass as if it were not
/// there, because strangers send what they like.
///
/// # Errors
/// [`Stale`] when they are too far apart.
pub fn judge(stamp: &str, now: Timestamp) -> Result<(), Stale> {
    let Some(stamp) = stamp.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()) else {
        return Ok(());
    };
    let distance = stamp.duration_since(now);
    if distance.abs() > TOLERANCE {
        return Err(Stale { stamp, distance });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_behind_stamps_what_others_refuse() {
        let clock = Arc::new(DriftingClock::default());
        let now = SystemClock.now();
        let stamp = || clock.world().now().as_millisecond().to_string();
        judge(&stamp(), now).unwrap();
        clock.set_off_by(SignedDuration::from_secs(-200));
        let error = judge(&stamp(), now).unwrap_err().to_string();
        assert!(error.contains("s behind the clock here; 30 s are accepted"), "{error}");
        judge("yesterday", now).unwrap();
    }
}
