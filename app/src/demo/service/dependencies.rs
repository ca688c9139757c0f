//! Calls to other services: a deadline each, few attempts, a bounded number at once, and what came of the last one.
//!
//! Also finds out whether a configured address belongs to the service it is configured for. A dependency that does not
//! answer is its own trouble; one that answers with another name is a mistake of this service's configuration.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderName, Method, StatusCode};
use serde_json::Value;
use tokio::{sync::Semaphore, time::sleep};

use super::{failure::NOT_FOUND, settings::Settings};
use crate::demo::client::{Answer, Call, CallError};

/// Calls in flight at once, over all dependencies.
const CALLS_AT_ONCE: usize = 64;
/// The header that follows a request through the fleet.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A dependency did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DependencyError {
    /// The configuration has no address for it.
    #[error("the configuration names no address for {0}")]
    Unconfigured(String),
    /// Too many calls wait already.
    #[error("{CALLS_AT_ONCE} calls to other services are in flight already, so {0} was not called")]
    Busy(String),
    /// It gave no answer.
    #[error("{dependency} gave no answer after {attempts} attempts: {last}")]
    NoAnswer {
        /// Who was called.
        dependency: String,
        /// How often.
        attempts: u32,
        /// What happened the last time.
        last: CallError,
    },
    /// It knows nothing under that path.
    #[error("{dependency} has nothing at {path}: {detail}")]
    NotThere {
        /// Who was called.
        dependency: String,
        /// What for.
        path: String,
        /// What it said about it.
        detail: String,
    },
    /// It answered with an error.
    #[error("{dependency} answered {status} to {path}: {detail}")]
    Refused {
        /// Who was called.
        dependency: String,
        /// What for.
        path: String,
        /// Its answer.
        status: StatusCode,
        /// What it said about it.
        detail: String,
    },
}

impl DependencyError {
    /// A word for metrics.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Unconfigured(_) => "unconfigured",
            Self::Busy(_) => "busy",
            Self::NoAnswer { .. } => "no-answer",
            Self::NotThere { .. } => "not-there",
            Self::Refused { .. } => "refused",
        }
    }
}

/// The services this one calls.
#[derive(Debug)]
pub struct Dependencies {
    state: Mutex<State>,
    in_flight: Semaphore,
}

#[derive(Debug)]
struct State {
    settings: Arc<Settings>,
    known: BTreeMap<String, Known>,
}

#[derive(Debug, Default, Clone)]
struct Known {
    answered: Option<bool>,
    identity: Identity,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum Identity {
    #[default]
    Unproven,
    Proven,
    Another(String),
}

impl Dependencies {
    /// The dependencies named by `settings`.
    pub fn new(settings: Settings) -> Self {
        Self {
            state: Mutex::new(State {
                settings: Arc::new(settings),
                known: BTreeMap::new(),
            }),
            in_flight: Semaphore::new(CALLS_AT_ONCE),
        }
    }

    /// Uses other settings from now on; what was known about addresses is forgotten.
    pub fn configure(&self, settings: Settings) {
        let mut state = self.state();
        state.settings = Arc::new(settings);
        state.known.clear();
    }

    /// The settings in force.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.state().settings)
    }

    /// Calls `path` of `dependency` with `headers`; reads are attempted again while that may help, writes are not.
    ///
    /// # Errors
    /// [`DependencyError`] when no usable answer came.
    pub async fn call(
        &self,
        dependency: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(HeaderName, String)],
    ) -> Result<Value, DependencyError> {
        let settings = self.settings();
        let Some(base) = settings.dependencies.get(dependency) else {
            return Err(DependencyError::Unconfigured(dependency.to_owned()));
        };
        let Ok(_in_flight) = self.in_flight.try_acquire() else {
            return Err(DependencyError::Busy(dependency.to_owned()));
        };
        let attempts = if method == Method::GET { settings.attempts } else { 1 };
        let mut call = Call::new(method, format!("{base}{path}")).within(Duration::from_millis(settings.timeout_ms));
        for (name, value) in headers {
            call = call.header(name.clone(), value);
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        let mut attempt = 1;
        let outcome = loop {
            let outcome = call.send().await;
            if attempt >= attempts || !worth_another(&outcome) {
                break outcome;
            }
            sleep(Duration::from_millis(40) * attempt).await;
            attempt += 1;
        };
        let unusable = matches!(&outcome, Ok(answer) if answer.status.is_server_error());
        self.answered(dependency, outcome.is_ok() && !unusable);
        let answer = outcome.map_err(|last| DependencyError::NoAnswer {
            dependency: dependency.to_owned(),
            attempts: attempt,
            last,
        })?;
        usable(dependency, path, &answer)
    }

    /// Asks every dependency whose identity is not proven yet for its name.
    pub async fn prove_identities(&self) {
        let settings = self.settings();
        for (name, base) in &settings.dependencies {
            if self.identity(name) == Identity::Proven {
                continue;
            }
            let url = format!("{base}/live");
            let answer = Call::get(&url)
                .within(Duration::from_millis(settings.timeout_ms))
                .send()
                .await;
            let Ok(said) = answer.and_then(|answer| answer.json::<Value>(&url)) else {
                continue;
            };
            let identity = match said["service"].as_str() {
                Some(service) if service == name => Identity::Proven,
                Some(service) => Identity::Another(format!("{service} answers at {base}, where {name} is expected")),
                None => continue,
            };
            if Arc::ptr_eq(&settings, &self.settings()) {
                self.state().known.entry(name.clone()).or_default().identity = identity;
            }
        }
    }

    /// Addresses that turned out to belong to another service, in words.
    pub fn mistaken_addresses(&self) -> Vec<String> {
        let state = self.state();
        let mistaken = state.known.values().filter_map(|known| match &known.identity {
            Identity::Another(what) => Some(what.clone()),
            Identity::Unproven | Identity::Proven => None,
        });
        mistaken.collect()
    }

    /// What the last call to each dependency came to: `up`, `down`, or `unknown` before the first.
    pub fn last_outcomes(&self) -> BTreeMap<String, &'static str> {
        let state = self.state();
        let word = |name: &String| match state.known.get(name).and_then(|known| known.answered) {
            Some(true) => "up",
            Some(false) => "down",
            None => "unknown",
        };
        let names = state.settings.dependencies.keys();
        names.map(|name| (name.clone(), word(name))).collect()
    }

    fn answered(&self, dependency: &str, well: bool) {
        self.state().known.entry(dependency.to_owned()).or_default().answered = Some(well);
    }

    fn identity(&self, dependency: &str) -> Identity {
        let state = self.state();
        state
            .known
            .get(dependency)
            .map(|known| known.identity.clone())
            .unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn worth_another(outcome: &Result<Answer, CallError>) -> bool {
    match outcome {
        // 503 is the dependency's own trouble; 502 and 504 come from behind it, where it has tried again itself.
        Ok(answer) => answer.status == StatusCode::SERVICE_UNAVAILABLE,
        // A deadline that passed has cost the caller enough.
        Err(error) => matches!(error, CallError::Connect { .. } | CallError::Broken { .. }),
    }
}

fn usable(dependency: &str, path: &str, answer: &Answer) -> Result<Value, DependencyError> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status.is_success() {
        return Ok(body);
    }
    let detail = body["detail"].as_str().unwrap_or("no detail given").to_owned();
    // A bare 404 may come from a server that is no such service at all; only its own word for it is believed.
    if answer.status == StatusCode::NOT_FOUND && body["error"] == NOT_FOUND {
        return Err(DependencyError::NotThere {
            dependency: dependency.to_owned(),
            path: path.to_owned(),
            detail,
        });
    }
    Err(DependencyError::Refused {
        dependency: dependency.to_owned(),
        path: path.to_owned(),
        status: answer.status,
        detail,
    })
}
