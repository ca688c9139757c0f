//! The prober: one attempt at a check, over real sockets, under one deadline, with the reason of a failure in words.
//!
//! Knows nothing of schedules, states or storage.

mod connect;
mod egress;
mod http;
mod plan;
mod reach;
mod secrets;
mod tls;

#[cfg(test)]
mod tests;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use mainstay_kernel::World;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio::time::Instant;

use self::{
    connect::Connector,
    plan::{Action, Place},
    secrets::Secrets,
    tls::TlsConfigs,
};
pub use self::{
    plan::{InvalidPlan, ProbePlan},
    reach::{Reach, SimulatedTargets},
};
use crate::model::{
    assertion::{Answer, Expectation, judge},
    check::CheckSpec,
    failure::{Failure, FailureKind, bytes_in_words, seconds_in_words},
    probe::{Attempt, Phases, Probe},
};

/// What probes need from the machine.
#[derive(Debug, Clone, Default)]
pub struct ProberConfig {
    /// The folder with the files that headers take their values from.
    pub secrets_folder: Option<PathBuf>,
    /// PEM files with certificates to trust beside the operating system's.
    pub trusted_certificates: Vec<PathBuf>,
}

impl ProberConfig {
    /// Whether every trusted certificate can be read.
    ///
    /// # Errors
    /// The first file that cannot.
    pub fn check(&self) -> Result<(), UntrustedFile> {
        self.trusted_roots().map(drop)
    }

    fn trusted_roots(&self) -> Result<Vec<CertificateDer<'static>>, UntrustedFile> {
        let mut roots = Vec::new();
        for path in &self.trusted_certificates {
            let file = |why| UntrustedFile {
                path: path.display().to_string(),
                why,
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(file)? {
                roots.push(certificate.map_err(file)?);
            }
        }
        Ok(roots)
    }
}

/// A trusted certificate could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the trusted certificate file {path} cannot be read as PEM: {why}")]
pub struct UntrustedFile {
    path: String,
    why: rustls_pki_types::pem::Error,
}

/// Makes probes.
#[derive(Debug)]
pub struct Prober {
    world: World,
    reach: Reach,
    connector: Connector,
    kit: RwLock<Arc<Kit>>,
}

/// What the configuration gives to probes.
#[derive(Debug)]
struct Kit {
    tls: TlsConfigs,
    secrets: Secrets,
}

impl Kit {
    fn new(config: &ProberConfig) -> Result<Self, UntrustedFile> {
        Ok(Self {
            tls: TlsConfigs::new(config.trusted_roots()?),
            secrets: Secrets::new(config.secrets_folder.clone()),
        })
    }
}

/// What became known on the way, kept when the deadline cuts the way short.
#[derive(Debug)]
pub(crate) struct Trace {
    deadline: Instant,
    stage: Stage,
    phases: Phases,
    address: Option<SocketAddr>,
    status: Option<u16>,
    body_bytes: Option<u64>,
    tls_days_left: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Prepare,
    Resolve,
    Connect,
    Tls,
    FirstByte,
    Body,
}

impl Trace {
    fn new(deadline: Instant) -> Self {
        Self {
            deadline,
            stage: Stage::Prepare,
            phases: Phases::default(),
            address: None,
            status: None,
            body_bytes: None,
            tls_days_left: None,
        }
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// Forgets the hop before a redirect.
    fn start_hop(&mut self) {
        *self = Self::new(self.deadline);
    }
}

/// Microseconds since `began`.
fn micros32(began: Instant) -> u32 {
    u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)
}

impl Prober {
    /// A prober.
    ///
    /// # Errors
    /// When a trusted certificate cannot be read.
    pub fn new(world: World, reach: Reach, config: &ProberConfig) -> Result<Self, UntrustedFile> {
        Ok(Self {
            world,
            reach,
            connector: Connector::new(),
            kit: RwLock::new(Arc::new(Kit::new(config)?)),
        })
    }

    /// Makes further probes with other secrets and certificates, which are read again.
    ///
    /// # Errors
    /// When a trusted certificate cannot be read; then nothing has changed.
    pub fn equip(&self, config: &ProberConfig) -> Result<(), UntrustedFile> {
        let kit = Arc::new(Kit::new(config)?);
        *self.kit.write().unwrap_or_else(PoisonError::into_inner) = kit;
        Ok(())
    }

    fn kit(&self) -> Arc<Kit> {
        Arc::clone(&self.kit.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes one attempt. Never fails itself: a probe that could not be made is a failed probe.
    pub async fn probe(&self, plan: &ProbePlan, attempt: Attempt) -> Probe {
        let at = self.world.now();
        let began = Instant::now();
        let mut trace = Trace::new(began + plan.timeout);
        let work = self.run(plan, began, &mut trace);
        let outcome = match tokio::time::timeout_at(began + plan.timeout, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(out_of_time(&trace, plan.timeout)),
        };
        let (health, failure) = match outcome {
            Ok((health, judged)) => (
                health,
                judged.err().map(|words| Failure::new(FailureKind::Assertion, words)),
            ),
            Err(failure) => (None, Some(failure)),
        };
        Probe {
            at,
            duration_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            phases: trace.phases,
            status: trace.status,
            failure,
            address: trace.address,
            body_bytes: trace.body_bytes,
            health,
            tls_days_left: trace.tls_days_left,
            attempt,
        }
    }

    async fn run(
        &self,
        plan: &ProbePlan,
        began: Instant,
        trace: &mut Trace,
    ) -> Result<(Option<crate::model::health::HealthReport>, Result<(), String>), Failure> {
        if let Reach::Simulated(targets) = &self.reach {
            return answer_of(&**targets, plan, began, trace).await;
        }
        match &plan.action {
            Action::Tcp(place) => {
                drop(self.connector.connect(place, trace).await?);
                Ok((None, judge_latency(&plan.expectations, began)))
            }
            Action::Http(request) => {
                let received = self.http(request, trace).await?;
                let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                let answer = Answer::new(
                    received.status.as_u16(),
                    &received.headers,
                    &received.body,
                    took,
                    trace.tls_days_left,
                );
                let health = answer.health();
                let judged = judge(&plan.expectations, plan.role, &answer, health.as_ref());
                Ok((health, judged))
            }
        }
    }
}

/// What a simulated target answers, judged like any other answer.
async fn answer_of(
    targets: &dyn SimulatedTargets,
    plan: &ProbePlan,
    began: Instant,
    trace: &mut Trace,
) -> Result<(Option<crate::model::health::HealthReport>, Result<(), String>), Failure> {
    trace.enter(Stage::FirstByte);
    let Place { host, port } = plan.place();
    let status = targets.answer(&host.to_string(), *port).await?;
    if matches!(plan.action, Action::Tcp(_)) {
        return Ok((None, judge_latency(&plan.expectations, began)));
    }
    trace.status = Some(status);
    let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let headers = ::http::HeaderMap::new();
    let answer = Answer::new(status, &headers, &[], took, None);
    Ok((None, judge(&plan.expectations, plan.role, &answer, None)))
}

/// A TCP check receives nothing that could be judged but its time.
fn judge_latency(expectations: &[Expectation], began: Instant) -> Result<(), String> {
    let took = began.elapsed();
    expectations.iter().try_for_each(|expectation| match expectation {
        Expectation::LatencyBelow(millis) if took >= Duration::from_millis(u64::from(*millis)) => Err(format!(
            "took {} ms to accept a connection where less than {millis} ms was expected",
            took.as_micros().div_ceil(1000)
        )),
        _ => Ok(()),
    })
}

fn out_of_time(trace: &Trace, timeout: Duration) -> Failure {
    let time = seconds_in_words(timeout);
    let (kind, message) = match trace.stage {
        Stage::Prepare => (FailureKind::Timeout, format!("was not asked within {time}")),
        Stage::Resolve => (
            FailureKind::Resolve,
            format!("its name did not resolve within {time}; {}", connect::CHECK_THE_NAME),
        ),
        Stage::Connect => return connect::not_accepted(timeout),
        Stage::Tls => (
            FailureKind::Tls,
            format!("accepted the connection but did not finish the TLS handshake within {time}"),
        ),
        Stage::FirstByte => (
            FailureKind::Timeout,
            format!("accepted the connection but did not answer within {time}"),
        ),
        Stage::Body => (
            FailureKind::Timeout,
            format!(
                "began to answer but did not finish within {time} ({} of its body came)",
                bytes_in_words(trace.body_bytes.unwrap_or_default())
            ),
        ),
    };
    Failure::new(kind, message)
}

/// Why a single probe could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeOnceError {
    /// The specification makes no sense.
    #[error(transparent)]
    Plan(#[from] InvalidPlan),
    /// A trusted certificate could not be read.
    #[error(transparent)]
    Certificates(#[from] UntrustedFile),
}

/// Probes a target once, without a database: what `mainstay check` does.
///
/// # Errors
/// When the probe cannot be made at all; a target that does not answer is a [`Probe`] with a failure.
pub async fn probe_once(world: &World, config: &ProberConfig, spec: &CheckSpec) -> Result<Probe, ProbeOnceError> {
    let plan = ProbePlan::compile(spec)?;
    let prober = Prober::new(world.clone(), Reach::Sockets, config)?;
    Ok(prober.probe(&plan, Attempt::Manual).await)
}
