//! Watch: probes every check, decides states, keeps history.
//!
//! Owns checks, probes, the states that follow from them, their history and maintenance windows. Never knows what was
//! promised about a service or who is told when it fails: those listen.

mod api;
mod declared_windows;
mod engine;
mod error;
mod events;
mod generate;
mod history;
mod model;
mod probe;
mod schedule;
mod service;
mod share;
mod store;
mod view;

pub use declared_windows::MaintenanceValidator;
pub use error::WatchError;
pub use events::ProbeListener;
pub use history::{FlushParticipant, Retention};
pub use model::{
    assertion::Assertion,
    check::{Check, CheckId, CheckKind, CheckManager, CheckRole, CheckSpec, Header, HeaderValue},
    draft::{CheckDraft, Defaults, HeaderDraft},
    failure::{Failure, FailureKind},
    health::{DependencyHealth, HealthReport},
    maintenance::{Maintenance, MaintenanceId},
    probe::{Attempt, Phases, Probe, ProbeEvent},
    service_state::{Cause, CheckCounts, ServiceState, ServiceStateChange, State, root_cause},
};
pub use probe::{InvalidPlan, ProbeOnceError, ProberConfig, Reach, SimulatedTargets, UntrustedFile, probe_once};
pub use service::{CheckValidator, FleetSource, HistoryQuery, NewMaintenance, StripQuery, Watch, WatchConfig};
pub use share::Share;
pub use store::MIGRATIONS;
pub use view::{HeaderBody, PhasesBody, ProbeBody};
