//! What is looked at. It must not know how.

use serde::Serialize;

/// What is looked at, one mechanism seen through one modality each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Feature {
    /// Use of the processor above normal.
    Cpu,
    /// Use of memory above normal.
    Memory,
    /// Latency above normal.
    Latency,
    /// Calls that are slow for the caller and not for the callee, by series of edges.
    Edge,
    /// Availability below or errors above normal.
    Error,
    /// Fewer requests than normal.
    TrafficDown,
    /// More requests than normal.
    TrafficUp,
    /// Events of visits that are new or gone.
    Events,
    /// The same, as far as callees' events are new or gone in the same traces.
    EventsBelow,
    /// More visits that take long by themselves.
    Slow,
    /// More calls that take long between caller and callee, by visits.
    Wire,
    /// A road rather than a component: 1.
    Address,
    /// Neither where the symptom was noticed nor below it in the call graph: 1.
    Unreachable,
    /// The symptom is one of availability: 1.
    AvailabilityTold,
    /// Changed shortly before the onset.
    Change,
    /// Lines that tell of errors are new or burst, in logs that belong to no visit.
    LogErrors,
    /// A limited resource is used up.
    Saturation,
    /// Calls of it that nobody answered.
    Unanswered,
    /// Calls of it to what others reach, that nobody answered.
    CutOff,
    /// Its clock contradicts those of its neighbours.
    Clock,
}

/// How many features there are.
pub const FEATURES: usize = 20;

impl Feature {
    /// All of them, in the order of a row.
    pub const ALL: [Self; FEATURES] = [
        Self::Cpu,
        Self::Memory,
        Self::Latency,
        Self::Edge,
        Self::Error,
        Self::TrafficDown,
        Self::TrafficUp,
        Self::Events,
        Self::EventsBelow,
        Self::Slow,
        Self::Wire,
        Self::Address,
        Self::Unreachable,
        Self::AvailabilityTold,
        Self::Change,
        Self::LogErrors,
        Self::Saturation,
        Self::Unanswered,
        Self::CutOff,
        Self::Clock,
    ];

    pub(super) const fn bit(self) -> u32 {
        1 << self as u8
    }
}
