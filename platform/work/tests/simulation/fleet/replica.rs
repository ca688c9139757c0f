//! One process: the crate's real leases, outbox, jobs and group commit, on a simulated machine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use mainstay_runtime::TaskContext;
use mainstay_store::{GroupCommit, StoreError, sql};
use mainstay_testkit::simulation::{Node, Process};
use mainstay_work::{Announcement, Introduction, Jobs, Lease, Leases, Outbox, Pattern, Placement, Role, Timing};

use super::{
    Record,
    handlers::{Alerted, Log, Pager, Sailed},
    jobs::{self, Tick},
};

/// Shares of the work that are spread over all replicas.
const SHARES: usize = 6;

/// A process of the fleet.
pub struct Replica {
    pub process: Process,
    pub group: GroupCommit,
    pub leases: Leases,
    pub outbox: Outbox,
    pub jobs: Jobs,
    record: Record,
    probe_every: Duration,
    ready: AtomicBool,
}

impl Replica {
    /// A process that has not begun to take part.
    pub fn boot(process: Process, timing: Timing, record: &Record, probe_every: Duration) -> Self {
        let (database, world, wakes) = (process.database.clone(), process.world.clone(), process.wakes.clone());
        wakes.listen(&database, &process.tasks);
        let group = GroupCommit::start(database.clone(), &process.tasks);
        let introduction = Introduction {
            // The next process of a machine has the name of the one before.
            name: process.name.split('.').next().unwrap_or_default().to_owned(),
            roles: Role::ALL.into(),
            version: "0".to_owned(),
            presence: Some(process.presence),
        };
        let leases = Leases::new(database.clone(), world.clone(), wakes.clone(), introduction, timing);
        let jobs = Jobs::new(
            database.clone(),
            world.clone(),
            wakes.clone(),
            group.clone(),
            leases.clone(),
        );
        let replica = Self {
            outbox: Outbox::new(database, world, wakes),
            process,
            group,
            leases,
            jobs,
            record: record.clone(),
            probe_every,
            ready: AtomicBool::new(false),
        };
        replica.say_what_to_do();
        replica
    }

    fn say_what_to_do(&self) {
        let (role, world) = (Role::Watch, &self.process.world);
        let placement = |spread| Placement { role, spread };
        self.leases
            .declare((0..SHARES).map(|number| format!("watch/{number}")), placement(true));
        self.leases.declare(["reconcile/tidy".to_owned()], placement(false));
        let log = |name, topics, refuses| {
            Arc::new(Log {
                name,
                topics,
                refuses,
                world: world.clone(),
                record: self.record.clone(),
            })
        };
        self.outbox
            .add_handler(log("everything", &[Sailed::TOPIC, Alerted::TOPIC], false));
        self.outbox.add_handler(log("unwilling", &[Sailed::TOPIC], true));
        self.outbox.add_handler(Arc::new(Pager {
            world: world.clone(),
            jobs: self.jobs.clone(),
        }));
        jobs::register(&self.jobs, &self.process.name, &self.record);
        self.jobs.set_concurrency(<jobs::Tidy as mainstay_work::Job>::QUEUE, 2);
    }

    /// Begins to take part.
    async fn take_part(&self) -> Result<(), StoreError> {
        let every_minute = Pattern::new("* * * * *", "UTC")
            .map_err(|error| StoreError::corrupt(format_args!("the pattern of a schedule: {error}")))?;
        self.jobs.schedule("tick", every_minute, &Tick {})?;
        let tasks = &self.process.tasks;
        self.leases.start(tasks).await?;
        self.outbox.start(tasks, &self.leases).await?;
        self.jobs.start(tasks).await?;
        self.observe_leases();
        let probing = Probing {
            database: self.process.database.clone(),
            world: self.process.world.clone(),
            leases: self.leases.clone(),
            every: self.probe_every,
        };
        tasks.spawn("sim.probe", |context| async move { probing.run(&context).await });
        self.ready.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Whether clients can ask it for something.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }

    /// Has the observer know what this process believes to hold.
    fn observe_leases(&self) {
        let (mut held, mut members) = (self.leases.held(), self.leases.members());
        let (name, record) = (self.process.name.clone(), self.record.clone());
        self.process.tasks.spawn_keeper("sim.observe", |context| async move {
            loop {
                record.believes(&name, &held.get(), members.get().len() <= 1);
                tokio::select! {
                    biased;
                    () = held.changed() => {}
                    () = members.changed() => {}
                    () = context.stopping() => break,
                }
            }
            record.process_ended(&name);
            Ok::<_, std::convert::Infallible>(())
        });
    }
}

#[async_trait]
impl Node for Replica {
    fn process(&self) -> &Process {
        &self.process
    }

    /// When the database is away it cannot, and ends, as the real one does.
    async fn start(&self) -> Result<(), String> {
        self.take_part().await.map_err(|error| error.to_string())
    }

    fn ended(&self) {
        self.record.process_ended(&self.process.name);
    }
}

/// Does what leases let it do.
struct Probing {
    database: mainstay_store::Database,
    world: mainstay_kernel::World,
    leases: Leases,
    every: Duration,
}

impl Probing {
    async fn run(&self, context: &TaskContext) -> Result<(), std::convert::Infallible> {
        while context.sleep(self.every).await {
            let held = self.leases.held().get();
            for lease in held.values() {
                // Whoever was fenced or cut off tries again at the next turn.
                drop(self.probe(lease).await);
            }
        }
        Ok(())
    }

    async fn probe(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        self.leases.guard(&mut tx, lease).await?;
        tx.execute(
            sql("INSERT INTO sim_probe (id, lease, token) VALUES ($1, $2, $3)")
                .bind(self.world.uuid())
                .bind(&*lease.name)
                .bind(lease.token),
        )
        .await?;
        tx.commit().await
    }
}
