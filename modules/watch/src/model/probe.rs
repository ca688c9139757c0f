//! What one probe found.

use std::{net::SocketAddr, sync::Arc};

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, Micros};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    check::{CheckId, CheckRole},
    failure::Failure,
    health::HealthReport,
};

/// Why a probe was made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Attempt {
    /// It was its turn.
    Scheduled,
    /// The result before left the state undecided, or another part of Mainstay asked for a fresh answer.
    Retry,
    /// A person asked.
    Manual,
}

impl Attempt {
    /// The number a raw row stores.
    pub fn code(self) -> i64 {
        match self {
            Self::Scheduled => 0,
            Self::Retry => 1,
            Self::Manual => 2,
        }
    }

    /// The attempt a raw row stores as `code`.
    pub fn from_code(code: i64) -> Self {
        match code {
            1 => Self::Retry,
            2 => Self::Manual,
            _ => Self::Scheduled,
        }
    }
}

/// How long each phase took, in microseconds; absent phases were not reached or not needed. After redirects, the last
/// hop's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Phases {
    /// Finding the address; absent when the target is one.
    pub resolve_us: Option<u32>,
    /// The TCP handshake.
    pub connect_us: Option<u32>,
    /// The TLS handshake.
    pub tls_us: Option<u32>,
    /// From the request's first byte out to the answer's head in.
    pub first_byte_us: Option<u32>,
    /// From the answer's head to its last byte.
    pub body_us: Option<u32>,
}

/// One attempt at a check.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// When it began.
    pub at: Timestamp,
    /// Microseconds it took, by the monotonic clock.
    pub duration_us: u64,
    /// Where the time went.
    pub phases: Phases,
    /// The status of the HTTP answer.
    pub status: Option<u16>,
    /// Why it failed; absent when it did not.
    pub failure: Option<Failure>,
    /// The address connected to.
    pub address: Option<SocketAddr>,
    /// Bytes of the answer's body.
    pub body_bytes: Option<u64>,
    /// What the body says about health.
    pub health: Option<HealthReport>,
    /// Whole days until the certificate expires.
    pub tls_days_left: Option<i64>,
    /// Why it was made now.
    pub attempt: Attempt,
}

impl Probe {
    /// Whether the check passed.
    pub fn ok(&self) -> bool {
        self.failure.is_none()
    }

    /// When it ended.
    pub fn finished_at(&self) -> Timestamp {
        self.at
            .checked_add(std::time::Duration::from_micros(self.duration_us))
            .unwrap_or(self.at)
    }
}

/// A counted probe, as other modules see it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeEvent {
    /// The check.
    pub check: CheckId,
    /// The check's name, unique among its service's.
    pub check_name: Arc<str>,
    /// What the check says about the service.
    pub role: CheckRole,
    /// The service.
    pub service: ServiceName,
    /// Where it runs.
    pub environment: Environment,
    /// When the probe began.
    pub at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// Microseconds it took.
    pub duration_us: i64,
    /// Whether the check passed.
    pub ok: bool,
    /// Whether the service was in a maintenance window when the probe began.
    pub in_maintenance: bool,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Where the time went.
    pub phases: Phases,
    /// The flush by which another replica stored it; absent when this replica probed. Flushes of all replicas have one order,
    /// so whoever counts from a snapshot in which [`crate::Watch::last_flush_in`] answered `f` counts from then on those that
    /// are newer than `f`.
    pub foreign: Option<Micros>,
}
