//! Mainstay itself as a child process, and what the narrator reads from its HTTP API.
//!
//! The views hold only what the story needs; a field that is absent reads as unknown, never as success.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use super::client::{Call, CallError};

/// How long Mainstay may take to be ready.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// A running Mainstay. Dropping it kills the process.
#[derive(Debug)]
pub struct Mainstay {
    child: Child,
    log: PathBuf,
    /// Its API.
    pub api: Api,
}

/// Mainstay's API at one address.
#[derive(Debug, Clone)]
pub struct Api {
    /// `http://host:port`.
    pub base: String,
}

/// A list as the API answers it.
#[derive(Debug, Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

/// How a service is.
#[derive(Debug, Clone, Deserialize)]
pub struct ServiceState {
    /// Its name.
    pub service: String,
    /// `up`, `degraded`, `down`, `unknown` or `maintenance`.
    pub state: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why, in words.
    pub reason: Option<String>,
    /// Whose failure it suffers from.
    pub cause: Option<Cause>,
}

/// The failure another service suffers from.
#[derive(Debug, Clone, Deserialize)]
pub struct Cause {
    /// The failing service.
    pub service: String,
    /// How it is reached from the suffering one.
    #[serde(default)]
    pub path: Vec<String>,
}

/// A check and its last probe.
#[derive(Debug, Clone, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// The service it is about.
    pub service: String,
    /// `up`, `down` and others.
    pub state: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The last probe.
    pub last: Option<Probe>,
}

/// One attempt.
#[derive(Debug, Clone, Deserialize)]
pub struct Probe {
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// Why a probe failed.
#[derive(Debug, Clone, Deserialize)]
pub struct Failure {
    /// In words.
    pub message: String,
}

/// A promise and what is left of its budget.
#[derive(Debug, Clone, Deserialize)]
pub struct Slo {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its service.
    pub service: String,
    /// What is left.
    pub budget: Budget,
}

/// A budget.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Budget {
    /// Events in the window.
    pub total: u64,
    /// Bad ones.
    pub bad: u64,
    /// What is left, 1 is everything; negative when overspent.
    pub remaining_ratio: Option<f64>,
    /// How many times faster than allowed it is spent.
    pub burn_rate: Option<f64>,
}

/// An alert.
#[derive(Debug, Clone, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: String,
    /// `service-down`, `burn-rate` or `budget-spent`.
    pub kind: String,
    /// `open` or `resolved`.
    pub state: String,
    /// Its service.
    pub service: String,
    /// In a line.
    pub title: String,
    /// When it opened.
    pub opened_at: Timestamp,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// The alert it is part of.
    pub folded_under: Option<Value>,
    /// Whether a webhook has accepted its opening.
    #[serde(default)]
    pub delivered: bool,
}

/// A time that a person set apart: maintenance, or a silence.
#[derive(Debug, Clone, Deserialize)]
pub struct Window {
    /// The service; every one when absent.
    pub service: Option<String>,
    /// Why.
    pub reason: String,
    /// Its first moment.
    pub starts_at: Timestamp,
    /// The first moment after it.
    pub ends_at: Timestamp,
}

/// A dependency between two services.
#[derive(Debug, Clone, Deserialize)]
struct Edge {
    from: String,
    to: String,
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Edges {
    edges: Vec<Edge>,
}

impl Mainstay {
    /// Starts `program` with a configuration and waits until it is ready.
    ///
    /// # Errors
    /// When it exits or is not ready in time; the end of its log is in the message.
    pub async fn start(program: &Path, configuration: &Path, base: String, log: PathBuf) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&log)?;
        let child = Command::new(program)
            .arg("up")
            .arg("--config")
            .arg(configuration)
            .arg("--until-stdin-closes")
            .stdin(Stdio::piped())
            .stdout(file.try_clone()?)
            .stderr(file)
            // Ctrl-C is for the demo, which stops Mainstay after the story's last line.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut mainstay = Self {
            child,
            log,
            api: Api { base },
        };
        mainstay.wait_until_ready().await?;
        Ok(mainstay)
    }

    /// Lets it finish, for a few seconds at most.
    pub async fn stop(mut self) {
        drop(self.child.stdin.take());
        let _killed_on_drop = timeout(STOP_LIMIT, self.child.wait()).await;
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let ready = format!("{}/ready", self.api.base);
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if Call::get(&ready)
                .send()
                .await
                .is_ok_and(|answer| answer.status.is_success())
            {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("Mainstay did not start ({status}). {}", self.log_end());
            }
            if Instant::now() > deadline {
                bail!(
                    "Mainstay was not ready within {} s. {}",
                    START_LIMIT.as_secs(),
                    self.log_end()
                );
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn log_end(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(8)..].join("\n  ");
        format!("Its log ends with:\n  {tail}")
    }
}

impl Api {
    /// Every service the catalog knows.
    ///
    /// # Errors
    /// When the API gives no usable answer; so do all the others.
    pub async fn service_names(&self) -> Result<BTreeSet<String>, CallError> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let services: Items<Named> = self.get("/api/v1/services?limit=1000").await?;
        Ok(services.items.into_iter().map(|service| service.name).collect())
    }

    /// How every service is.
    ///
    /// # Errors
    /// As [`Api::service_names`].
    pub async fn service_states(&self) -> Result<Vec<ServiceState>, CallError> {
        Ok(self.get::<Items<_>>("/api/v1/service-states?limit=1000").await?.items)
    }

    /// Every check.
    ///
    /// # Errors
    /// As [`Api::service_names`].
    pub async fn checks(&self) -> Result<Vec<Check>, CallError> {
        Ok(self.get::<Items<_>>("/api/v1/checks?limit=1000").await?.items)
    }

    /// Every promise.
    ///
    /// # Errors
    /// As [`Api::service_names`].
    pub async fn slos(&self) -> Result<Vec<Slo>, CallError> {
        Ok(self.get::<Items<_>>("/api/v1/slos?limit=1000").await?.items)
    }

    /// Every alert, newest first.
    ///
    /// # Errors
    /// As [`Api::service_names`].
    pub async fn alerts(&self) -> Result<Vec<Alert>, CallError> {
        Ok(self.get::<Items<_>>("/api/v1/alerts?limit=1000").await?.items)
    }

    /// Announced maintenance, past windows included.
    ///
    /// # Errors
    /// As [`Api::service_names`].
    pub async fn maintenance(&self) -> Result<Vec<Window>, CallError> {
        Ok(self.get::<Items<_>>("/api/v1/maintenance?limit=1000").await?.items)
    }

    /// Silences.
    ///
    /// # Errors
    /// As [`Api::service_names`].
    pub async fn silences(&self) -> Result<Vec<Window>, CallError> {
        Ok(self.get::<Items<_>>("/api/v1/silences?limit=1000").await?.items)
    }

    /// The services that need `service`, directly or through others.
    ///
    /// # Errors
    /// As [`Api::service_names`].
    pub async fn dependants(&self, service: &str) -> Result<BTreeSet<String>, CallError> {
        let Edges { edges } = self.get("/api/v1/dependencies").await?;
        Ok(dependants(&edges, service))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        let url = format!("{}{path}", self.base);
        Call::get(&url).within(Duration::from_secs(5)).send().await?.json(&url)
    }
}

fn dependants(edges: &[Edge], service: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![service.to_owned()];
    while let Some(needed) = open.pop() {
        let needing = edges
            .iter()
            .filter(|edge| edge.kind == "hard" && edge.to == needed && edge.from != service);
        for edge in needing {
            if found.insert(edge.from.clone()) {
                open.push(edge.from.clone());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependants_follow_hard_edges_through_others_and_end_in_cycles() {
        let edge = |from: &str, to: &str, kind: &str| Edge {
            from: from.to_owned(),
            to: to.to_owned(),
            kind: kind.to_owned(),
        };
        let edges = [
            edge("web", "api", "hard"),
            edge("api", "data", "hard"),
            edge("data", "web", "hard"),
            edge("monitor", "data", "soft"),
            edge("main", "monitor", "hard"),
        ];
        let expected: BTreeSet<_> = ["api", "web"].map(str::to_owned).into();
        assert_eq!(dependants(&edges, "data"), expected);
    }
}
