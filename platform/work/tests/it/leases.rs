//! Who does what, and what happens when somebody dies.

use mainstay_store::StoreErrorKind;
use mainstay_work::{Placement, Role};

use crate::harness::{QUICK, Replica, databases, until};

const SHARD: Placement = Placement {
    role: Role::Watch,
    spread: true,
};
const SHARDS: usize = 16;

async fn replica(database: &mainstay_testkit::TestDatabase, roles: &[Role]) -> Replica {
    let replica = Replica::with_roles(database.config(), roles).await;
    replica
        .leases
        .declare((0..SHARDS).map(|number| format!("watch/{number:02}")), SHARD);
    replica.start().await;
    replica
}

fn held(replica: &Replica) -> usize {
    replica.leases.held().get().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_holds_everything_its_roles_allow() {
    for database in databases().await {
        let alone = replica(&database, &[Role::Watch]).await;
        until("it holds everything", || async { held(&alone) == SHARDS }).await;
        alone.stop().await;
        let idle = replica(&database, &[Role::Api]).await;
        assert_eq!(held(&idle), 0);
        idle.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_and_take_over_from_the_dead() {
    for database in databases().await.into_iter().filter(|database| database.is_shared()) {
        let first = replica(&database, &Role::ALL).await;
        until("the first holds everything", || async { held(&first) == SHARDS }).await;
        let (second, third) = (
            replica(&database, &Role::ALL).await,
            replica(&database, &Role::ALL).await,
        );
        until("all three share", || async {
            held(&first) + held(&second) + held(&third) == SHARDS && held(&second) > 0 && held(&third) > 0
        })
        .await;

        let lost = second.leases.held().get().values().next().cloned().unwrap();
        second.kill().await;
        let killed = tokio::time::Instant::now();
        until("the others take over", || async {
            held(&first) + held(&third) == SHARDS
        })
        .await;
        assert!(killed.elapsed() >= QUICK.silence / 2, "nobody is buried alive");

        // The dead replica's token is worth nothing now.
        let mut tx = first.database.begin().await.unwrap();
        let error = first.leases.guard(&mut tx, &lost).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Fenced);
        drop(tx);

        third.stop().await;
        until("a replica that leaves hands over at once", || async {
            held(&first) == SHARDS
        })
        .await;
        first.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guarded_lease_does_not_change_hands_before_the_commit() {
    for database in databases().await.into_iter().filter(|database| database.is_shared()) {
        let first = replica(&database, &Role::ALL).await;
        until("it holds everything", || async { held(&first) == SHARDS }).await;
        let lease = first.leases.lease("watch/00").unwrap();
        let mut tx = first.database.begin().await.unwrap();
        first.leases.guard(&mut tx, &lease).await.unwrap();
        let second = Replica::open(database.config()).await;
        let other = second.database.clone();
        let taking = other.execute(
            mainstay_store::sql("UPDATE work_lease SET holder = NULL, token = token + 1 WHERE name = $1")
                .bind("watch/00"),
        );
        let mut taking = Box::pin(taking);
        let early = tokio::time::timeout(std::time::Duration::from_millis(200), taking.as_mut()).await;
        assert!(early.is_err(), "the lease was taken from under an open transaction");
        tx.commit().await.unwrap();
        assert_eq!(taking.await.unwrap(), 1);
        second.stop().await;
        first.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_taken_for_dead_joins_anew() {
    for database in databases().await.into_iter().filter(|database| database.is_shared()) {
        let first = replica(&database, &Role::ALL).await;
        until("it holds everything", || async { held(&first) == SHARDS }).await;
        let before = first.leases.me().unwrap();
        first
            .database
            .execute(mainstay_store::sql("DELETE FROM work_replica"))
            .await
            .unwrap();
        until("it has a new id and its work back", || async {
            first.leases.me().is_some_and(|me| me != before) && held(&first) == SHARDS
        })
        .await;
        first.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_and_leases_are_seen_with_those_who_hold_them() {
    for database in databases().await {
        let replica = Replica::with_roles(database.config(), &[Role::Watch, Role::Api]).await;
        let declare = |name: &str, role| {
            let placement = Placement { role, spread: true };
            replica.leases.declare([name.to_owned()], placement);
        };
        declare("watch/00", Role::Watch);
        declare("reconcile/tidy", Role::Work);
        replica.start().await;
        until("it holds what it may", || async {
            replica.leases.lease("watch/00").is_some()
        })
        .await;
        let me = replica.leases.me().unwrap();
        let everybody = replica.leases.everybody().await.unwrap();
        assert_eq!(everybody.iter().map(|member| member.id).collect::<Vec<_>>(), [me]);
        let leases = replica.leases.all().await.unwrap();
        let seen: Vec<_> = leases
            .iter()
            .map(|lease| (lease.name.as_str(), lease.role.as_str(), lease.holder))
            .collect();
        assert_eq!(
            seen,
            [("reconcile/tidy", "work", None), ("watch/00", "watch", Some(me))]
        );
        replica.stop().await;
    }
}
