//! How quickly everything goes: a month of looks a second apart would be hundreds of millions of statements that find nothing.
//!
//! So replicas look by themselves only every ten seconds, and fall silent in proportion. Rings come when they always come, so
//! whatever a ring starts is as quick as in a fleet that people run.

use std::time::Duration;

use mainstay_watch::Defaults;
use mainstay_work::Timing;

/// Ten times the usual.
pub const TIMING: Timing = Timing {
    beat: Duration::from_secs(10),
    silence: Duration::from_secs(50),
    absence: Duration::from_secs(15),
    margin: Duration::from_secs(10),
    look: Duration::from_secs(10),
};

/// From one probe of a check to the next.
pub const INTERVAL: Duration = Duration::from_mins(1);

/// What checks are made with.
pub fn defaults() -> Defaults {
    Defaults {
        interval: INTERVAL,
        timeout: Duration::from_secs(2),
        retry: Duration::from_secs(2),
        ..Defaults::default()
    }
}

/// Until others have a lost replica's work: its silence, a beat until that is seen, one until shares are moved, and as much as a
/// look and its statements take.
pub const FAIL_OVER: Duration = Duration::from_secs(50 + 10 + 10 + 20);
