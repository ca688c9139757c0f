//! What watch announces inside the process, synchronously, on the event that decides.

use crate::model::{probe::ProbeEvent, service_state::ServiceStateChange};

/// Hears of every counted probe and every change of a service's state, in order, before anything is written. Called on the
/// path that decides, so it must not block and must not probe, pause or edit anything.
pub trait ProbeListener: Send + Sync {
    /// A probe was counted; the states already include it, unless it was late.
    fn on_probe(&self, event: &ProbeEvent);

    /// A service's state or its cause changed.
    fn on_service_state(&self, change: &ServiceStateChange);
}
