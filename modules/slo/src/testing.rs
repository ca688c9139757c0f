//! Small fleets, and what replicas share, for tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use mainstay_catalog::{Dependency, DependencyKind, Fleet, Fleets, ManagedBy, Service, ServiceName, Tier};
use mainstay_kernel::{Environment, World};
use mainstay_runtime::Tasks;
use mainstay_store::{Database, GroupCommit, Wakes};
use mainstay_testkit::TestDatabase;
use mainstay_work::{Introduction, Leases, Outbox, Role, Timing};

use crate::Shared;

/// Replicas that notice each other's silence quickly enough for a test.
const QUICK: Timing = Timing {
    beat: Duration::from_millis(100),
    silence: Duration::from_millis(600),
    absence: Duration::from_millis(300),
    margin: Duration::from_millis(200),
    look: Duration::from_secs(1),
};

/// A fresh database of each kind with everything the module needs.
pub(crate) async fn databases() -> Vec<TestDatabase> {
    mainstay_testkit::databases(&[mainstay_work::MIGRATIONS, crate::MIGRATIONS].concat()).await
}

/// The same on SQLite alone.
pub(crate) async fn sqlite() -> TestDatabase {
    mainstay_testkit::sqlite(&[mainstay_work::MIGRATIONS, crate::MIGRATIONS].concat()).await
}

/// The same on PostgreSQL alone; `None` when that is left out.
pub(crate) async fn postgres() -> Option<TestDatabase> {
    mainstay_testkit::postgres(&[mainstay_work::MIGRATIONS, crate::MIGRATIONS].concat()).await
}

/// What one process shares with others. It takes part once its leases are started.
pub(crate) fn shared(db: &Database, world: &World, tasks: &Tasks, roles: &[Role]) -> Shared {
    let wakes = Wakes::new();
    let introduction = Introduction {
        name: "test".to_owned(),
        roles: roles.iter().copied().collect(),
        version: "0".to_owned(),
        presence: None,
    };
    Shared {
        leases: Leases::new(db.clone(), world.clone(), wakes.clone(), introduction, QUICK),
        outbox: Outbox::new(db.clone(), world.clone(), wakes.clone()),
        group: GroupCommit::start(db.clone(), tasks),
        wakes,
    }
}

pub(crate) fn name(text: &str) -> ServiceName {
    ServiceName::parse(text).unwrap()
}

/// A fleet out of `"web>api api>data"`; every service is critical unless its name begins with `low-`.
pub(crate) fn fleet(edges: &str) -> Arc<BTreeMap<Environment, Arc<Fleet>>> {
    let mut needs: BTreeMap<ServiceName, BTreeSet<ServiceName>> = BTreeMap::new();
    for edge in edges.split_whitespace() {
        let (from, to) = edge.split_once('>').unwrap_or((edge, ""));
        let below = needs.entry(name(from)).or_default();
        if !to.is_empty() {
            below.insert(name(to));
            needs.entry(name(to)).or_default();
        }
    }
    let services = needs.into_iter().map(|(service, needs)| Service {
        tier: if service.as_str().starts_with("low-") {
            Tier::Low
        } else {
            Tier::Critical
        },
        name: service,
        description: None,
        owner: None,
        environment: Environment::production(),
        links: Vec::new(),
        endpoints: Vec::new(),
        dependencies: needs
            .into_iter()
            .map(|service| Dependency {
                service,
                kind: DependencyKind::Hard,
            })
            .collect(),
        managed_by: ManagedBy::Api,
        source: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        version: 1,
    });
    let environment = Environment::production();
    let fleet = Fleet::new(environment.clone(), 1, services.collect());
    Arc::new(BTreeMap::from([(environment, Arc::new(fleet))]))
}

/// The same, as the catalog announces it.
pub(crate) fn fleets(edges: &str) -> mainstay_runtime::Follower<Fleets> {
    mainstay_runtime::Latest::new(fleet(edges)).follow()
}
