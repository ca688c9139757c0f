//! Durable work put together: what replicas share, and the upkeep that belongs to no module.

use std::time::Duration;

use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_store::{Database, GroupCommit, Presence, StoreError, Wakes};
use mainstay_work::{Introduction, Jobs, Leases, Outbox, Placement, Role, Timing, reconcile::reconcile};

use crate::config::Config;

/// From one forgetting of old events to the next.
const FORGET_EVERY: Duration = Duration::from_hours(1);

/// What modules share work with.
#[derive(Debug, Clone)]
pub struct Work {
    /// Who waits for what others wrote.
    pub wakes: Wakes,
    /// Small urgent writes.
    pub group: GroupCommit,
    /// Which replica does what.
    pub leases: Leases,
    /// What happened.
    pub outbox: Outbox,
    /// What is to be done.
    pub jobs: Jobs,
}

impl Work {
    /// Puts it together; only the writing of groups begins.
    pub fn new(
        database: &Database,
        world: &World,
        presence: Presence,
        config: &Config,
        tasks: &Tasks,
    ) -> anyhow::Result<Self> {
        let wakes = Wakes::new();
        let group = GroupCommit::start(database.clone(), tasks);
        let introduction = Introduction {
            name: name(config),
            roles: config.roles()?,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            presence: Some(presence),
        };
        let (database, world) = (database.clone(), world.clone());
        let timing = Timing::default();
        let leases = Leases::new(database.clone(), world.clone(), wakes.clone(), introduction, timing);
        Ok(Self {
            outbox: Outbox::new(database.clone(), world.clone(), wakes.clone()),
            jobs: Jobs::new(database, world, wakes.clone(), group.clone(), leases.clone()),
            wakes,
            group,
            leases,
        })
    }

    /// Takes part. Every lease, handler and kind of job is declared by now.
    pub async fn start(&self, database: &Database, tasks: &Tasks) -> Result<(), StoreError> {
        let outbox = self.outbox.clone();
        let placement = Placement {
            role: Role::Work,
            spread: true,
        };
        reconcile(
            tasks,
            &self.leases,
            "work.forget-events",
            placement,
            FORGET_EVERY,
            None,
            move || {
                let outbox = outbox.clone();
                async move { Ok::<_, StoreError>(format!("{} old events forgotten", outbox.forget().await?)) }
            },
        );
        self.wakes.listen(database, tasks);
        self.leases.start(tasks).await?;
        self.outbox.start(tasks, &self.leases).await?;
        self.jobs.start(tasks).await
    }
}

/// Where people find this process: the host and the port it listens on.
fn name(config: &Config) -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    match host.trim() {
        "" => config.listen.to_string(),
        host => format!("{host}:{}", config.listen.port()),
    }
}
