//! The supervisor of the demo fleet: gives each service of a registry a process and free ports, restarts what exits,
//! arranges and removes conditions, and leaves nothing running behind.
//!
//! It knows processes and files. It must not know what a service does, nor that anybody watches the fleet.

pub mod control;
mod member;
mod ports;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use futures::future::try_join_all;
use http::{Method, header};
use mainstay_kernel::World;
use serde_json::{Value, json};
use tokio::{
    sync::Mutex,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use self::member::{Member, Order};
use super::{
    cause::Cause,
    client::{Answer, Call},
    registry::Registry,
    service::{
        self, Files,
        release::{Change, Release},
    },
};

/// How long the services may take until each answers.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long they may take to stop before they are killed.
const STOP_LIMIT: Duration = Duration::from_secs(4);
/// How many times longer the services of a recorded fleet wait for each other: nobody watches, and a machine that records
/// does other work, too, which must not look like a failure.
const RECORDED_PATIENCE: u32 = 3;
/// How often a start is tried again with other ports when somebody else took one meanwhile.
const PORT_ATTEMPTS: usize = 3;

/// What a fleet is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be watched while it runs: the services send themselves what customers would, and nobody keeps their spans.
    Show,
    /// To be watched while a story is told of it, which ends with what the services wrote: the same, with their spans.
    Story,
    /// To be looked at afterwards: customers come from outside, and every service writes its spans to a file.
    Record,
}

/// A running fleet. Dropping it kills every service; [`Fleet::stop`] lets them finish.
#[derive(Debug)]
pub struct Fleet {
    registry: Registry,
    registry_file: PathBuf,
    folder: PathBuf,
    control_token: String,
    members: BTreeMap<String, Member>,
    supervisors: Mutex<JoinSet<()>>,
}

impl Fleet {
    /// Starts every service of `registry` under `folder` with the program at `program`, which must understand
    /// `demo-service`, and waits until each says that it is ready.
    ///
    /// # Errors
    /// When a service does not come up; the last lines of its log are in the message.
    pub async fn start(
        program: &Path,
        registry: &Registry,
        folder: &Path,
        purpose: Purpose,
        world: &World,
    ) -> Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::start_once(program, registry, folder, purpose, world).await {
                Err(error) if error.is::<PortTaken>() && attempt < PORT_ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    /// The registry with the addresses the services really have, as a file.
    pub fn registry_file(&self) -> &Path {
        &self.registry_file
    }

    /// The registry with the addresses the services really have.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The file a service logs to.
    pub fn log_file(&self, service: &str) -> PathBuf {
        log_file(&self.folder, service)
    }

    /// The file a service writes its spans to, when the fleet is recorded.
    pub fn spans_file(&self, service: &str) -> PathBuf {
        spans_file(&self.folder, service)
    }

    /// The configuration file of a service.
    pub fn settings_file(&self, service: &str) -> PathBuf {
        Files::of(&state_folder(&self.folder, service)).settings
    }

    /// Brings about a condition in a service.
    ///
    /// # Errors
    /// When there is no such service, or it refuses because the condition makes no sense for it.
    pub async fn inject(&self, service: &str, cause: Cause) -> Result<()> {
        let member = self.member(service)?;
        match cause {
            Cause::DependencyDown => {
                let called = self.registry.calls(service);
                let Some(first) = called.first() else {
                    bail!("{service} calls no other service, so none of its dependencies can be stopped");
                };
                self.halt(first).await
            }
            Cause::BadDeploy => {
                let release = Release {
                    version: "1.5.0".to_owned(),
                    commit: "e07b3fa".to_owned(),
                    changes: BTreeSet::from([Change::AnswerHistory]),
                };
                self.deploy(service, &release).await
            }
            _ => {
                let answer = self.control(member, Method::PUT, &format!("/causes/{cause}")).await?;
                accepted(service, &answer)
            }
        }
    }

    /// Stops a service until it is healed, or deployed to.
    ///
    /// # Errors
    /// When there is no such service.
    pub async fn halt(&self, service: &str) -> Result<()> {
        self.member(service)?.order(Order::Stop).await
    }

    /// Puts a version in the place of the one that runs: its process is stopped and another started.
    ///
    /// # Errors
    /// When there is no such service, or its folder cannot be written.
    pub async fn deploy(&self, service: &str, release: &Release) -> Result<()> {
        let member = self.member(service)?;
        release.deploy_to(&state_folder(&self.folder, service))?;
        member.order(Order::Stop).await?;
        member.order(Order::Start).await
    }

    /// Removes every condition from a service, mends its files, and starts what was stopped.
    ///
    /// # Errors
    /// When there is no such service, or its files cannot be written.
    pub async fn heal(&self, service: &str) -> Result<()> {
        let member = self.member(service)?;
        if let Ok(answer) = self.control(member, Method::DELETE, "/causes").await {
            accepted(service, &answer)?;
        } else {
            // The process is not there to mend its own files.
            service::mend_files(&state_folder(&self.folder, service), &self.registry, service)?;
        }
        if Release::in_folder(&state_folder(&self.folder, service))? != Release::first() {
            self.deploy(service, &Release::first()).await?;
        }
        for name in self.registry.calls(service).into_iter().chain([service]) {
            self.member(name)?.order(Order::Start).await?;
        }
        Ok(())
    }

    /// Writes down in `fleet.json` how the fleet is reached and controlled, readable by its owner alone.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn describe(&self, control: SocketAddr) -> Result<Value> {
        let services: serde_json::Map<_, _> = self
            .registry
            .services()
            .iter()
            .map(|(name, entry)| {
                let control = self.members.get(name).map(Member::control_url);
                let log = self.log_file(name);
                (
                    name.clone(),
                    json!({ "base_url": entry.base_url, "control_url": control, "log": log }),
                )
            })
            .collect();
        let description = json!({
            "registry": self.registry_file,
            "control_url": format!("http://{control}"),
            "control_token": self.control_token,
            "services": services,
        });
        private_file(&self.folder.join("fleet.json"), &format!("{description:#}\n"))?;
        Ok(description)
    }

    /// Asks every service to finish and waits for it, for a few seconds at most.
    pub async fn stop(&self) {
        for member in self.members.values() {
            // A supervisor that has ended has no process either.
            let _ended = member.order(Order::Quit).await;
        }
        let mut supervisors = self.supervisors.lock().await;
        let all = async { while supervisors.join_next().await.is_some() {} };
        let _killed_on_drop = timeout(STOP_LIMIT, all).await;
    }

    async fn start_once(
        program: &Path,
        registry: &Registry,
        folder: &Path,
        purpose: Purpose,
        world: &World,
    ) -> Result<Self> {
        for part in ["logs", "state", "traces"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        }
        let names: Vec<_> = registry.services().keys().cloned().collect();
        let mut reserved = ports::reserve(names.len() * 2, world)?;
        let ports = reserved.numbers();
        let (serving, controlling) = ports.split_at(names.len());
        let addresses = names
            .iter()
            .cloned()
            .zip(serving.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))));
        let registry = registry.relocated(&addresses.collect())?;
        let registry_file = folder.join("service_registry.json");
        fs::write(&registry_file, registry.to_text())
            .with_context(|| format!("cannot write {}", registry_file.display()))?;
        let control_token = format!("{:016x}{:016x}", world.random(), world.random());

        // From here on the ports are free for the services, and for anybody else for a few milliseconds.
        reserved.release();
        let mut supervisors = JoinSet::new();
        let mut members = BTreeMap::new();
        for ((name, port), control_port) in names.iter().zip(serving).zip(controlling) {
            let plan = member::Plan {
                program: program.to_owned(),
                name: name.clone(),
                registry: registry_file.clone(),
                state: state_folder(folder, name),
                log: log_file(folder, name),
                port: *port,
                control_port: *control_port,
                control_token: control_token.clone(),
                spans: (purpose != Purpose::Show).then(|| spans_file(folder, name)),
                patience: if purpose == Purpose::Record {
                    RECORDED_PATIENCE
                } else {
                    1
                },
                without_customers: purpose == Purpose::Record,
            };
            members.insert(name.clone(), Member::start(plan, &mut supervisors));
        }
        let fleet = Self {
            registry,
            registry_file,
            folder: folder.to_owned(),
            control_token,
            members,
            supervisors: Mutex::new(supervisors),
        };
        fleet.wait_until_ready().await?;
        Ok(fleet)
    }

    async fn wait_until_ready(&self) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        let waits = self.registry.services().iter().map(|(name, entry)| async move {
            let ready = format!("{}/ready", entry.base_url);
            loop {
                if Call::get(&ready)
                    .send()
                    .await
                    .is_ok_and(|answer| answer.status.is_success())
                {
                    return Ok(());
                }
                if let Some(code) = self.member(name)?.last_exit() {
                    if code == i32::from(service::PORT_TAKEN) {
                        return Err(PortTaken.into());
                    }
                    return Err(self.did_not_start(name, &format!("it exited with code {code}")));
                }
                if Instant::now() > deadline {
                    return Err(self.did_not_start(name, "it was not ready within 30 s"));
                }
                sleep(Duration::from_millis(40)).await;
            }
        });
        try_join_all(waits).await?;
        Ok(())
    }

    fn did_not_start(&self, service: &str, why: &str) -> anyhow::Error {
        let log = fs::read_to_string(self.log_file(service)).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(3)..].join("\n  ");
        anyhow!("the demo's service {service} did not start: {why}. Its log ends with:\n  {tail}")
    }

    fn member(&self, service: &str) -> Result<&Member> {
        self.members.get(service).with_context(|| {
            let known: Vec<_> = self.members.keys().map(String::as_str).collect();
            format!(
                "the demo fleet has no service called {service}: it has {}",
                known.join(", ")
            )
        })
    }

    async fn control(&self, member: &Member, method: Method, path: &str) -> Result<Answer> {
        let call = Call::new(method, format!("{}{path}", member.control_url()))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.control_token));
        Ok(call.send().await?)
    }
}

/// Somebody else took a port between its choice and its use.
#[derive(Debug, thiserror::Error)]
#[error("another program took one of the ports chosen for the demo fleet; start it again")]
struct PortTaken;

/// Writes a file that only its owner may read.
///
/// # Errors
/// When it cannot be written.
pub fn private_file(path: &Path, text: &str) -> Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let file = fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn accepted(service: &str, answer: &Answer) -> Result<()> {
    if answer.status.is_success() {
        return Ok(());
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    bail!(
        "{service} refused: {}",
        body["detail"].as_str().unwrap_or("no reason given")
    );
}

fn state_folder(folder: &Path, service: &str) -> PathBuf {
    folder.join("state").join(service)
}

fn spans_file(folder: &Path, service: &str) -> PathBuf {
    folder.join("traces").join(format!("{service}.jsonl"))
}

fn log_file(folder: &Path, service: &str) -> PathBuf {
    folder.join("logs").join(format!("{service}.log"))
}
