//! One process: every module, wired as the app wires them, on a simulated machine.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_catalog::{
    Catalog, Declaration, Dependency, DependencyKind, Endpoint, EndpointKind, NewService, ServiceName, Source, Tier,
};
use mainstay_http::EventHub;
use mainstay_kernel::{Actor, Environment, Scope};
use mainstay_runtime::Tasks;
use mainstay_slo::{
    Objectives, Shared, Slo, SloConfig,
    model::{Draft, DraftWindow},
};
use mainstay_store::{GroupCommit, StoreError, sql};
use mainstay_testkit::simulation::{Chance, Log, Node, Process};
use mainstay_watch::{MaintenanceValidator, NewMaintenance, Reach, Retention, Share, Watch, WatchConfig};
use mainstay_work::{
    Introduction, Job, JobContext, Jobs, Leases, Outbox, Pattern, Placement, Role, reconcile::reconcile,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    pace,
    receiver::{Receiver, URL},
    record::Record,
    targets::{DOMAIN, Targets},
    truth::{HEALTH, MAINTAINED, READINESS, SERVICES, Truth},
};

/// Services with a readiness endpoint beside that of their health.
const WITH_READINESS: [&str; 2] = ["api", "web"];

/// What all processes of a simulation have in common.
#[derive(Debug, Clone)]
pub struct Common {
    pub truth: Arc<Truth>,
    pub began: Instant,
    pub record: Record,
    pub log: Log,
    pub retention: Retention,
    /// Machines whose replica does not put its work down when it is cut off: the code broken on purpose.
    pub stubborn: Option<usize>,
}

/// Comes again every hour, and leaves a row.
#[derive(Debug, Serialize, Deserialize)]
struct Hourly {}

impl Job for Hourly {
    const KIND: &'static str = "sim.hourly";
    const ATTEMPTS: u32 = 60;
}

/// What runs in a process once it has started.
#[derive(Clone)]
pub struct Parts {
    pub catalog: Catalog,
    pub watch: Watch,
    pub objectives: Objectives,
}

/// A process.
pub struct Replica {
    pub process: Process,
    machine: usize,
    chance: Chance,
    common: Common,
    parts: OnceLock<Parts>,
}

impl Replica {
    /// A process in which nothing works yet.
    pub fn new(machine: usize, process: Process, common: &Common) -> Self {
        Self {
            chance: Chance::new(process.world.random()),
            process,
            machine,
            common: common.clone(),
            parts: OnceLock::new(),
        }
    }

    /// What runs in it, once it has started.
    pub fn parts(&self) -> Option<&Parts> {
        self.parts.get()
    }

    /// Writes a line about it into the log.
    pub fn say(&self, words: &str) {
        self.common.log.line(&format!("{} {words}", self.process.name));
    }

    /// Wires the modules as the app does, and starts them.
    async fn take_part(&self) -> Result<(), String> {
        let Process {
            tasks,
            world,
            wakes,
            database,
            name,
            ..
        } = &self.process;
        let group = GroupCommit::start(database.clone(), tasks);
        let leases = Leases::new(
            database.clone(),
            world.clone(),
            wakes.clone(),
            self.introduction(),
            self.timing(),
        );
        let outbox = Outbox::new(database.clone(), world.clone(), wakes.clone());
        let jobs = Jobs::new(
            database.clone(),
            world.clone(),
            wakes.clone(),
            group.clone(),
            leases.clone(),
        );
        let hub = EventHub::new();
        let catalog = Catalog::new(database.clone(), world.clone(), hub.clone())
            .await
            .map_err(words)?;
        let watch = Watch::shared(
            database.clone(),
            world.clone(),
            hub.clone(),
            catalog.clone(),
            self.watch_config(&leases),
            Share::new(&leases, wakes, database),
        )
        .await
        .map_err(words)?;
        let receiver = Receiver {
            chance: self.chance.fork(),
            record: self.common.record.clone(),
            log: self.common.log.clone(),
        };
        let shared = Shared {
            leases: leases.clone(),
            wakes: wakes.clone(),
            outbox: outbox.clone(),
            group,
        };
        let config = SloConfig {
            webhooks: vec![pager()],
            ..SloConfig::default()
        };
        let slo = Slo::new(
            database.clone(),
            world.clone(),
            hub,
            catalog.clone(),
            watch.clone(),
            Arc::new(receiver),
            config,
            shared,
        )
        .await
        .map_err(words)?;
        catalog.add_validator(watch.declaration_validator());
        catalog.add_validator(Arc::new(MaintenanceValidator));
        for validator in slo.declaration_validators() {
            catalog.add_validator(validator);
        }
        watch.add_listener(slo.probe_listener());
        watch.add_participant(slo.flush_participant());
        come_hourly(&jobs).map_err(words)?;

        catalog.start(tasks);
        slo.start(tasks).await.map_err(words)?;
        forget_events(tasks, &leases, outbox.clone());
        wakes.listen(database, tasks);
        leases.start(tasks).await.map_err(words)?;
        outbox.start(tasks, &leases).await.map_err(words)?;
        jobs.start(tasks).await.map_err(words)?;
        watch.start(tasks).await.map_err(words)?;
        let parts = Parts {
            catalog,
            watch,
            objectives: slo.objectives().clone(),
        };
        self.parts.get_or_init(|| parts);
        self.common.record.begins(name, self.machine);
        Ok(())
    }

    fn introduction(&self) -> Introduction {
        Introduction {
            // The next process of a machine has the name of the one before.
            name: self.process.name.split('.').next().unwrap_or_default().to_owned(),
            roles: Role::ALL.into(),
            version: "0".to_owned(),
            presence: Some(self.process.presence),
        }
    }

    fn timing(&self) -> mainstay_work::Timing {
        if self.common.stubborn == Some(self.machine) {
            return mainstay_work::Timing {
                silence: std::time::Duration::from_hours(1),
                ..pace::TIMING
            };
        }
        pace::TIMING
    }

    fn watch_config(&self, leases: &Leases) -> WatchConfig {
        let targets = Targets {
            truth: Arc::clone(&self.common.truth),
            began: self.common.began,
            chance: self.chance.fork(),
            record: self.common.record.clone(),
            process: self.process.name.as_str().into(),
            world: self.process.world.clone(),
            leases: leases.clone(),
        };
        WatchConfig {
            defaults: pace::defaults(),
            retention: self.common.retention,
            reach: Reach::Simulated(Arc::new(targets)),
            ..WatchConfig::default()
        }
    }
}

/// One replica at a time forgets events that all have handled.
fn forget_events(tasks: &Tasks, leases: &Leases, outbox: Outbox) {
    let placement = Placement {
        role: Role::Work,
        spread: true,
    };
    let hour = std::time::Duration::from_hours(1);
    reconcile(tasks, leases, "work.forget-events", placement, hour, None, move || {
        let outbox = outbox.clone();
        async move { Ok::<_, StoreError>(format!("{} old events forgotten", outbox.forget().await?)) }
    });
}

#[async_trait]
impl Node for Replica {
    fn process(&self) -> &Process {
        &self.process
    }

    async fn start(&self) -> Result<(), String> {
        self.take_part().await
    }

    fn ended(&self) {
        self.common.record.ends(&self.process.name);
    }
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn pager() -> Declaration {
    Declaration {
        kind: "webhook".to_owned(),
        name: "pager".to_owned(),
        environment: Environment::production(),
        body: json!({ "url": URL }),
        source: Source::person(),
    }
}

fn come_hourly(jobs: &Jobs) -> Result<(), StoreError> {
    let pattern = Pattern::new("0 * * * *", "UTC")
        .map_err(|error| StoreError::corrupt(format_args!("the pattern of a schedule: {error}")))?;
    jobs.schedule("hourly", pattern, &Hourly {})?;
    jobs.register(|_: Hourly, context: JobContext| async move {
        let mut tx = context.database().begin().await?;
        tx.execute(
            sql("INSERT INTO sim_hour (id, at) VALUES ($1, $2)")
                .bind(context.world().uuid())
                .bind(context.world().now_micros()),
        )
        .await?;
        Ok(context.commit(tx, None).await?)
    });
    Ok(())
}

/// What somebody does in the first minutes: says which services there are, what is promised of them, and what is maintained.
///
/// # Errors
/// What did not work, in words; what worked is left out when it is done again.
pub async fn set_up(parts: &Parts, maintenance: (Timestamp, Timestamp)) -> Result<(), String> {
    let (scope, environment) = (Scope::default(), Environment::production());
    let there: BTreeSet<String> = parts
        .catalog
        .fleet(&environment)
        .services()
        .map(|service| service.name.to_string())
        .collect();
    for (name, needs) in SERVICES.iter().filter(|(name, _)| !there.contains(*name)) {
        let service = new_service(name, needs)?;
        parts
            .catalog
            .create(&scope, &Actor::Local, service)
            .await
            .map_err(words)?;
    }
    for (name, _) in SERVICES {
        let draft = Draft {
            service: Some(name.to_owned()),
            objective: Some(99.5),
            // One of them forgets its counts within the month.
            window: (name == MAINTAINED).then_some(DraftWindow::Rolling(7 * 86_400)),
            ..Draft::default()
        };
        match parts.objectives.create(&draft, &environment).await {
            Ok(_) | Err(mainstay_slo::SloError::NameTaken(_)) => {}
            Err(error) => return Err(words(error)),
        }
    }
    let window = NewMaintenance {
        service: Some(ServiceName::parse(MAINTAINED).map_err(words)?),
        reason: "a larger disk".to_owned(),
        starts_at: maintenance.0,
        ends_at: maintenance.1,
    };
    parts
        .watch
        .plan_maintenance(&scope, &Actor::Local, window)
        .await
        .map(drop)
        .map_err(words)
}

fn new_service(name: &str, needs: &[&str]) -> Result<NewService, String> {
    let endpoint = |kind, port: u16, path: &str| Endpoint {
        kind,
        url: format!("http://{name}{DOMAIN}:{port}/{path}"),
    };
    let mut endpoints = vec![endpoint(EndpointKind::Health, HEALTH, "health")];
    if WITH_READINESS.contains(&name) {
        endpoints.push(endpoint(EndpointKind::Readiness, READINESS, "ready"));
    }
    let dependencies = needs.iter().map(|need| {
        Ok(Dependency {
            service: ServiceName::parse(need).map_err(words)?,
            kind: DependencyKind::Hard,
        })
    });
    Ok(NewService {
        name: ServiceName::parse(name).map_err(words)?,
        description: None,
        owner: None,
        tier: Some(Tier::Critical),
        links: None,
        endpoints: Some(endpoints),
        dependencies: Some(dependencies.collect::<Result<_, String>>()?),
    })
}
