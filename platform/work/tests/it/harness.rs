//! Replicas within one test process, each with its own tasks and its own connections to one database.

use std::{future::Future, time::Duration};

use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_store::{Database, DatabaseConfig, GroupCommit, Migration, Wakes};
use mainstay_testkit::TestDatabase;
use mainstay_work::{Introduction, Jobs, Leases, MIGRATIONS, Outbox, Role, Timing};

/// How long a condition may take to come true.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A table for what handlers and jobs do.
pub const EFFECTS: Migration = Migration {
    module: "effects",
    version: 1,
    name: "effects",
    sql: "CREATE TABLE effects_row (\n    position BIGINT NOT NULL,\n    what TEXT NOT NULL\n);\n",
};

pub async fn databases() -> Vec<TestDatabase> {
    mainstay_testkit::databases(&[MIGRATIONS, &[EFFECTS]].concat()).await
}

/// Quick enough for a test.
pub const QUICK: Timing = Timing {
    beat: Duration::from_millis(100),
    silence: Duration::from_millis(600),
    absence: Duration::from_millis(300),
    margin: Duration::from_millis(200),
    look: Duration::from_secs(1),
};

/// One replica.
pub struct Replica {
    pub database: Database,
    pub tasks: Tasks,
    pub group: GroupCommit,
    pub leases: Leases,
    pub outbox: Outbox,
    pub jobs: Jobs,
}

impl Replica {
    pub async fn open(config: &DatabaseConfig) -> Self {
        Self::with_roles(config, &Role::ALL).await
    }

    pub async fn with_roles(config: &DatabaseConfig, roles: &[Role]) -> Self {
        let (database, world) = (Database::open(config).await.unwrap(), World::system());
        let (tasks, wakes) = (Tasks::new(world.clone()), Wakes::new());
        wakes.listen(&database, &tasks);
        let group = GroupCommit::start(database.clone(), &tasks);
        let introduction = Introduction {
            name: "test".to_owned(),
            roles: roles.iter().copied().collect(),
            version: "0".to_owned(),
            presence: None,
        };
        let leases = Leases::new(database.clone(), world.clone(), wakes.clone(), introduction, QUICK);
        Self {
            outbox: Outbox::new(database.clone(), world.clone(), wakes.clone()),
            jobs: Jobs::new(database.clone(), world, wakes.clone(), group.clone(), leases.clone()),
            database,
            tasks,
            group,
            leases,
        }
    }

    pub async fn start(&self) {
        self.leases.start(&self.tasks).await.unwrap();
        self.outbox.start(&self.tasks, &self.leases).await.unwrap();
        self.jobs.start(&self.tasks).await.unwrap();
    }

    /// Leaves in order.
    pub async fn stop(self) {
        let stubborn = self.tasks.stop_and_wait(PATIENCE).await;
        assert!(stubborn.is_empty(), "{stubborn:?} did not stop");
        self.database.close().await;
    }

    /// Ends where it stands, as a killed process would.
    pub async fn kill(self) {
        self.tasks.abort();
        self.tasks.stop_and_wait(PATIENCE).await;
        self.database.close().await;
    }
}

/// Waits until a condition holds.
pub async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let started = tokio::time::Instant::now();
    while !condition().await {
        assert!(started.elapsed() < PATIENCE, "{what} did not come true");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What was written into the table of effects, in order.
pub async fn effects(database: &Database) -> Vec<String> {
    database
        .fetch_all(mainstay_store::sql("SELECT what FROM effects_row ORDER BY position"))
        .await
        .unwrap()
        .iter()
        .map(|row| row.get("what").unwrap())
        .collect()
}
