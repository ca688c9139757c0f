//! One case from start to stop: a fleet of its own, customers, whoever looks, and what happens when.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Result;
use jiff::Timestamp;
use mainstay_kernel::World;
use tokio::time::{Instant, sleep_until};

use super::{
    deployments::{Deployments, next_release},
    dice::Dice,
    files,
    kind::Distraction,
    label::{self, Label},
    machine::Neighbour,
    observations::Observations,
    plan::{Case, Fault},
    traffic,
    watch::Watch,
};
use crate::demo::{
    cause::Cause,
    fleet::{Fleet, Purpose},
    registry::Registry,
    service::release::{Change, Release},
};

/// Customers come for this long before anybody looks, so that no first request is in the recording.
const WARM_UP: Duration = Duration::from_secs(4);
/// The stream of the dice that versions are drawn from.
const STREAM: u64 = 1 << 34;

/// Something that happens at a time of its own.
#[derive(Debug, Clone)]
enum Turn {
    Breaks(Fault),
    Deploys(String),
    NeighbourArrives,
    NeighbourLeaves,
}

/// One case that is being recorded.
pub struct Stage<'a> {
    /// What is planned.
    pub case: &'a Case,
    /// The program that contains the services.
    pub program: &'a Path,
    /// The services.
    pub registry: &'a Registry,
    /// Time and chance.
    pub world: &'a World,
}

impl Stage<'_> {
    /// Records the case into `folder`, which it makes, and answers what it was.
    ///
    /// # Errors
    /// When the fleet does not start, refuses what is planned, or a file cannot be written.
    pub async fn record(&self, folder: &Path) -> Result<Label> {
        let home = tempfile::Builder::new().prefix("fleet-").tempdir()?;
        let start = Fleet::start(self.program, self.registry, home.path(), Purpose::Record, self.world);
        let fleet = Arc::new(start.await?);
        let outcome = self.perform(&fleet, folder).await;
        fleet.stop().await;
        outcome
    }

    async fn perform(&self, fleet: &Fleet, folder: &Path) -> Result<Label> {
        files::make_folders(folder)?;
        let registry = fleet.registry();
        let seen = Arc::new(Observations::default());
        let began = Instant::now() + WARM_UP;
        let began_at = self.world.now() + WARM_UP;
        let case = Arc::new(self.case.clone());
        let customers = traffic::send(case, registry.clone(), Arc::clone(&seen), began);
        let (broke_at, watch) = tokio::select! {
            outcome = self.play(fleet, folder, &seen, began) => outcome?,
            () = customers => anyhow::bail!("the customers stayed away"),
        };
        watch.stop().await?;
        files::keep(fleet, folder)?;
        let first = self.case.faults.iter().map(|fault| fault.at).min_by(f64::total_cmp);
        let noticed = first.and_then(|broke| seen.noticed(broke));
        let unrest = seen.unrest(first.unwrap_or(self.case.ends));
        Ok(self.label(began_at, &broke_at, noticed, unrest))
    }

    /// Lets everything happen in its time and answers when each fault really began, while the watch goes on.
    async fn play(
        &self,
        fleet: &Fleet,
        folder: &Path,
        seen: &Arc<Observations>,
        began: Instant,
    ) -> Result<(Vec<Timestamp>, Watch)> {
        sleep_until(began).await;
        let registry = fleet.registry();
        let dice = Dice::new(self.case.seed, STREAM + self.case.number);
        let names: Vec<_> = registry.services().keys().map(String::as_str).collect();
        let log = folder.join("deploys.jsonl");
        let mut deployments = Deployments::create(&log, &names, &dice, self.world.now())?;
        let watch = Watch::start(self.case, registry, folder, seen, began, self.world)?;
        files::keep_settings(fleet, &folder.join("config").join("before"))?;
        let mut neighbour = None;
        let mut broke_at = Vec::new();
        for (at, turn) in self.turns() {
            sleep_until(began + Duration::from_secs_f64(at)).await;
            match turn {
                Turn::NeighbourArrives => neighbour = Some(Neighbour::arrive()),
                Turn::NeighbourLeaves => neighbour = None,
                Turn::Deploys(service) => self.deploy(fleet, &mut deployments, &service, None, &dice).await?,
                Turn::Breaks(fault) => {
                    broke_at.push(self.world.now());
                    self.break_one(fleet, &mut deployments, &fault, &dice).await?;
                }
            }
        }
        sleep_until(began + Duration::from_secs_f64(self.case.ends)).await;
        drop(neighbour);
        Ok((broke_at, watch))
    }

    async fn break_one(&self, fleet: &Fleet, log: &mut Deployments, fault: &Fault, dice: &Dice) -> Result<()> {
        match fault.cause {
            Cause::BadDeploy => self.deploy(fleet, log, &fault.service, fault.change, dice).await,
            // The plan names the service that is gone, where the demo names the one that misses it.
            Cause::DependencyDown => fleet.halt(&fault.service).await,
            cause => fleet.inject(&fault.service, cause).await,
        }
    }

    async fn deploy(
        &self,
        fleet: &Fleet,
        log: &mut Deployments,
        service: &str,
        change: Option<Change>,
        dice: &Dice,
    ) -> Result<()> {
        let (release, summary) = next_release(change, dice);
        log.add(self.world.now(), service, &Release::first().version, &release, summary)?;
        fleet.deploy(service, &release).await
    }

    /// Everything that happens, in its order.
    fn turns(&self) -> Vec<(f64, Turn)> {
        let faults = self.case.faults.iter();
        let mut turns: Vec<_> = faults.map(|fault| (fault.at, Turn::Breaks(fault.clone()))).collect();
        for herring in &self.case.red_herrings {
            match (herring.kind, &herring.service) {
                (Distraction::UnrelatedDeploy, Some(service)) => {
                    turns.push((herring.at, Turn::Deploys(service.clone())));
                }
                (Distraction::NoisyNeighbour, _) => {
                    turns.push((herring.at, Turn::NeighbourArrives));
                    turns.push((herring.until, Turn::NeighbourLeaves));
                }
                // Customers know by themselves when to come.
                (Distraction::TrafficBurst | Distraction::UnrelatedDeploy, _) => {}
            }
        }
        turns.sort_by(|left, right| left.0.total_cmp(&right.0));
        turns
    }

    fn label(&self, began_at: Timestamp, broke_at: &[Timestamp], noticed: Option<f64>, unrest: f64) -> Label {
        let text = |at: Timestamp| format!("{at:.6}");
        let after = |seconds: f64| text(began_at + Duration::from_secs_f64(seconds.max(0.0)));
        let faults: Vec<_> = self
            .case
            .faults
            .iter()
            .zip(broke_at)
            .map(|(fault, at)| label::Fault {
                service: fault.service.clone(),
                cause: fault.cause.to_string(),
                change: fault.change.and_then(|change| serde_json::to_value(change).ok()),
                began_at: text(*at),
            })
            .collect();
        let red_herrings = self.case.red_herrings.iter().map(|herring| label::RedHerring {
            kind: herring.kind,
            service: herring.service.clone(),
            began_at: after(herring.at),
            ended_at: after(herring.until),
        });
        Label {
            case: self.case.case.clone(),
            seed: self.case.seed,
            kind: self.case.kind,
            services: self.case.faults.iter().map(|fault| fault.service.clone()).collect(),
            red_herrings: red_herrings.collect(),
            recorded_from: text(began_at),
            began_at: broke_at.first().map(|at| text(*at)),
            noticed_at: noticed.map(after),
            unrest: (unrest * 1_000.0).round() / 1_000.0,
            recorded_until: text(self.world.now()),
            faults,
        }
    }
}
