//! The shapes in which checks, probes and states are shown, in answers and in live events alike.

use jiff::Timestamp;
use mainstay_catalog::{ServiceName, Source};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    engine::CheckView,
    model::{
        assertion::Assertion,
        check::{CheckId, CheckKind, CheckManager, CheckRole, Header, HeaderValue},
        failure::Failure,
        health::HealthReport,
        maintenance::{Maintenance, MaintenanceId},
        probe::{Attempt, Phases, Probe},
        service_state::{Cause, CheckCounts, ServiceState, State},
    },
};

/// A check as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Check)]
pub struct CheckBody {
    /// Identifies the check.
    #[schema(value_type = String, format = "uuid")]
    id: CheckId,
    /// Unique among the service's checks.
    name: String,
    /// The service it speaks for.
    #[schema(value_type = String)]
    service: ServiceName,
    /// The protocol.
    kind: CheckKind,
    /// What passing says about the service.
    role: CheckRole,
    /// A URL, or `host:port`.
    target: String,
    /// The HTTP method.
    method: String,
    /// Headers sent; a secret one has no value here.
    headers: Vec<HeaderBody>,
    /// The request's body.
    body: Option<String>,
    /// What must hold of the answer.
    assertions: Vec<Assertion>,
    /// Milliseconds from one probe to the next.
    interval_ms: u32,
    /// Milliseconds for the whole probe.
    timeout_ms: u32,
    /// Failures in a row before it is down.
    failures_before_down: u32,
    /// Successes in a row before it is up again.
    successes_before_up: u32,
    /// Milliseconds to the next attempt while undecided.
    retry_ms: u32,
    /// Whether redirects are followed.
    follow_redirects: bool,
    /// Whether any certificate is accepted.
    insecure: bool,
    /// Whether it is paused.
    paused: bool,
    /// Where it is edited.
    managed_by: CheckManager,
    /// The file it comes from.
    source: Option<Source>,
    /// Fields of a generated check that a person changed.
    edited: Vec<String>,
    /// Grows by one with every change; the `ETag`.
    version: i64,
    /// What is known of it.
    state: CheckStateWord,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// The last probe.
    last: Option<ProbeBody>,
    /// Failures in a row.
    failing_streak: u32,
}

/// The state of a check as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CheckState)]
pub enum CheckStateWord {
    /// It passes.
    Up,
    /// It fails.
    Down,
    /// Not enough probes have answered.
    Unknown,
    /// It is not probed.
    Paused,
    /// Its service is in a maintenance window.
    Maintenance,
}

/// A header as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CheckHeader)]
pub struct HeaderBody {
    /// Its name.
    name: String,
    /// Its value; null when it is secret.
    value: Option<String>,
    /// The file in the secrets folder that holds it.
    value_file: Option<String>,
    /// Whether it is never shown.
    secret: bool,
}

/// A probe as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Probe)]
pub struct ProbeBody {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Whether the check passed.
    ok: bool,
    /// Milliseconds it took.
    duration_ms: f64,
    /// Where the time went.
    phases: PhasesBody,
    /// The status of the HTTP answer.
    status: Option<u16>,
    /// Why it failed.
    failure: Option<Failure>,
    /// The address connected to.
    address: Option<String>,
    /// Bytes of the answer's body.
    body_bytes: Option<u64>,
    /// What the body says about health; kept in history only when it says something uncommon.
    health: Option<HealthReport>,
    /// Whole days until the certificate expires.
    tls_days_left: Option<i64>,
    /// Why it was made then.
    attempt: Attempt,
}

/// The phases of a probe in milliseconds; a phase that was not reached or not needed is null.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ProbePhases)]
#[expect(clippy::struct_field_names, reason = "numbers carry their unit in the answer")]
pub struct PhasesBody {
    /// Finding the address.
    resolve_ms: Option<f64>,
    /// The TCP handshake.
    connect_ms: Option<f64>,
    /// The TLS handshake.
    tls_ms: Option<f64>,
    /// From the request to the head of the answer.
    first_byte_ms: Option<f64>,
    /// From the head to the last byte.
    body_ms: Option<f64>,
}

/// The state of a service as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ServiceState)]
pub struct ServiceStateBody {
    /// The service.
    #[schema(value_type = String)]
    service: ServiceName,
    /// Its state.
    state: State,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Why, in words.
    reason: Option<String>,
    /// The service behind it, when it is another one.
    cause: Option<Cause>,
    /// Its checks.
    checks: CheckCounts,
    /// 95 of 100 probes of the last minutes took at most this; null in live events.
    pub latency_p95_ms: Option<f64>,
    /// Good probes among all outside maintenance in the last 24 hours; null in live events.
    pub uptime_24h_ratio: Option<f64>,
}

/// A maintenance window as it is shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Maintenance)]
pub struct MaintenanceBody {
    /// Identifies the window.
    #[schema(value_type = String, format = "uuid")]
    id: MaintenanceId,
    /// The service; null for every service of the environment.
    #[schema(value_type = Option<String>)]
    service: Option<ServiceName>,
    /// Why.
    reason: String,
    /// Its first moment.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// The first moment after it.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// The file that declares it, and in which it is changed; null for one that a person planned.
    source: Option<String>,
}

/// Microseconds as milliseconds.
pub fn millis(micros: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "durations stay far below 2^53 microseconds, which is 285 years"
    )]
    let micros = micros as f64;
    micros / 1000.0
}

impl From<&Header> for HeaderBody {
    fn from(header: &Header) -> Self {
        let (value, value_file) = match &header.value {
            HeaderValue::Plain(value) => (Some(value.clone()), None),
            HeaderValue::Secret(_) => (None, None),
            HeaderValue::File(file) => (None, Some(file.clone())),
        };
        Self {
            name: header.name.clone(),
            value,
            value_file,
            secret: header.value.is_secret(),
        }
    }
}

impl From<CheckView> for CheckBody {
    fn from(view: CheckView) -> Self {
        let (check, spec) = (view.check, view.spec);
        Self {
            id: check.id,
            name: check.name,
            service: check.service,
            kind: spec.kind,
            role: spec.role,
            target: spec.target,
            method: spec.method,
            headers: spec.headers.iter().map(HeaderBody::from).collect(),
            body: spec.body,
            assertions: spec.assertions,
            interval_ms: spec.interval_ms,
            timeout_ms: spec.timeout_ms,
            failures_before_down: spec.failures_before_down,
            successes_before_up: spec.successes_before_up,
            retry_ms: spec.retry_ms,
            follow_redirects: spec.follow_redirects,
            insecure: spec.insecure,
            paused: check.paused,
            managed_by: check.managed_by,
            source: check.source,
            edited: check.edited,
            version: check.version,
            state: view.word,
            since: view.state.since,
            last: view.last.as_ref().map(ProbeBody::from),
            failing_streak: view.state.failing_streak,
        }
    }
}

impl From<&Probe> for ProbeBody {
    fn from(probe: &Probe) -> Self {
        Self {
            at: probe.at,
            ok: probe.ok(),
            duration_ms: millis(probe.duration_us),
            phases: PhasesBody::from(probe.phases),
            status: probe.status,
            failure: probe.failure.clone(),
            address: probe.address.map(|address| address.to_string()),
            body_bytes: probe.body_bytes,
            health: probe.health.clone(),
            tls_days_left: probe.tls_days_left,
            attempt: probe.attempt,
        }
    }
}

impl From<Phases> for PhasesBody {
    fn from(phases: Phases) -> Self {
        let shown = |micros: Option<u32>| micros.map(|micros| millis(u64::from(micros)));
        Self {
            resolve_ms: shown(phases.resolve_us),
            connect_ms: shown(phases.connect_us),
            tls_ms: shown(phases.tls_us),
            first_byte_ms: shown(phases.first_byte_us),
            body_ms: shown(phases.body_us),
        }
    }
}

impl From<ServiceState> for ServiceStateBody {
    fn from(state: ServiceState) -> Self {
        Self {
            service: state.service,
            state: state.state,
            since: state.since,
            reason: state.reason,
            cause: state.cause,
            checks: state.checks,
            latency_p95_ms: None,
            uptime_24h_ratio: None,
        }
    }
}

impl From<Maintenance> for MaintenanceBody {
    fn from(window: Maintenance) -> Self {
        Self {
            id: window.id,
            service: window.service,
            reason: window.reason,
            starts_at: window.starts_at,
            ends_at: window.ends_at,
            source: window
                .declared
                .map(|declared| declared.file.unwrap_or_else(|| "a file".to_owned())),
        }
    }
}

/// The data of a live `probe` event.
pub fn live_probe(check: CheckId, service: &ServiceName, probe: &Probe) -> Value {
    serde_json::json!({
        "check_id": check, "service": service, "at": probe.at, "ok": probe.ok(),
        "duration_ms": millis(probe.duration_us), "failure": probe.failure,
    })
}
