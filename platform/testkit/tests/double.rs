//! The simulated server does what PostgreSQL does: each of these is asked of both.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{future::Future, time::Duration};

use futures::{FutureExt, future::LocalBoxFuture};
use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_store::{Database, Migration, Statement, StoreErrorKind, Transaction, Wakes, sql};
use mainstay_testkit::simulation::{Ground, Setting, simulate};

const HARBOUR: &[Migration] = &[Migration {
    module: "harbour",
    version: 1,
    name: "boats",
    sql: "CREATE TABLE harbour_boat (\n    id TEXT NOT NULL PRIMARY KEY,\n    crew BIGINT NOT NULL,\n    berth TEXT,\n    \
          afloat BOOLEAN NOT NULL\n);\nCREATE UNIQUE INDEX harbour_boat_berth ON harbour_boat (berth) \
          WHERE berth IS NOT NULL AND afloat;\n\
          CREATE TABLE harbour_log (\n    boat TEXT NOT NULL,\n    line TEXT NOT NULL\n);\n",
}];

/// Two processes and what a case asks of them.
type Case = fn(Database, Database) -> LocalBoxFuture<'static, ()>;

/// Asks the same of the simulated server and of a real one.
fn on_both(case: Case) {
    let ground = Ground::new(HARBOUR);
    for seed in 0..20 {
        simulate(&ground, seed, Setting::server(), |simulation| async move {
            let (first, second) = (simulation.machine("first").boot(), simulation.machine("second").boot());
            case(first.database.clone(), second.database.clone()).await;
        });
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let Some(real) = mainstay_testkit::postgres(HARBOUR).await else {
                return;
            };
            let second = Database::open(real.config()).await.unwrap();
            case((*real).clone(), second).await;
        });
}

async fn boat(database: &Database, id: &str, crew: i64) {
    database.execute(launch(id, crew, None)).await.unwrap();
}

fn launch(id: &str, crew: i64, berth: Option<&str>) -> Statement {
    sql("INSERT INTO harbour_boat (id, crew, berth, afloat) VALUES ($1, $2, $3, TRUE)")
        .bind(id)
        .bind(crew)
        .bind(berth.map(ToOwned::to_owned))
}

fn hire(id: &str) -> Statement {
    sql("UPDATE harbour_boat SET crew = crew + 1 WHERE id = $1").bind(id)
}

async fn crew(database: &Database, id: &str) -> Option<i64> {
    let row = database
        .fetch_optional(sql("SELECT crew FROM harbour_boat WHERE id = $1").bind(id))
        .await
        .unwrap();
    row.map(|row| row.get("crew").unwrap())
}

async fn crew_in(tx: &mut Transaction, id: &str) -> Option<i64> {
    let row = tx
        .fetch_optional(sql("SELECT crew FROM harbour_boat WHERE id = $1").bind(id))
        .await
        .unwrap();
    row.map(|row| row.get("crew").unwrap())
}

/// Whether something is still not done after a while in which it could have been.
async fn waits<T>(work: &mut (impl Future<Output = T> + Unpin)) -> bool {
    tokio::time::timeout(Duration::from_millis(300), work).await.is_err()
}

#[test]
fn a_change_is_seen_by_others_from_its_commit_on() {
    on_both(|first, second| {
        async move {
            boat(&first, "ark", 1).await;
            let mut writing = first.begin().await.unwrap();
            let mut reading = second.begin().await.unwrap();
            writing.execute(hire("ark")).await.unwrap();
            assert_eq!(crew_in(&mut writing, "ark").await, Some(2));
            assert_eq!(crew_in(&mut reading, "ark").await, Some(1));
            assert_eq!(crew(&second, "ark").await, Some(1));
            writing.commit().await.unwrap();
            assert_eq!(
                crew_in(&mut reading, "ark").await,
                Some(2),
                "each statement sees what was committed before it"
            );
            assert_eq!(crew(&second, "ark").await, Some(2));
        }
        .boxed_local()
    });
}

#[test]
fn a_transaction_that_is_dropped_or_rolled_back_leaves_nothing() {
    on_both(|first, second| {
        async move {
            boat(&first, "ark", 1).await;
            let mut dropped = first.begin().await.unwrap();
            dropped.execute(hire("ark")).await.unwrap();
            drop(dropped);
            let mut undone = first.begin().await.unwrap();
            undone.execute(hire("ark")).await.unwrap();
            undone.rollback().await.unwrap();
            second.execute(hire("ark")).await.unwrap();
            assert_eq!(crew(&first, "ark").await, Some(2));
        }
        .boxed_local()
    });
}

#[test]
fn a_snapshot_sees_one_moment() {
    on_both(|first, second| {
        async move {
            boat(&first, "ark", 1).await;
            boat(&first, "bark", 1).await;
            let mut snapshot = second.begin_snapshot().await.unwrap();
            // A real one begins with its first statement.
            assert_eq!(crew_in(&mut snapshot, "ark").await, Some(1));
            first.execute(hire("ark")).await.unwrap();
            first.execute(hire("ark")).await.unwrap();
            first
                .execute(sql("DELETE FROM harbour_boat WHERE id = 'bark'"))
                .await
                .unwrap();
            boat(&first, "cutter", 1).await;
            assert_eq!(crew_in(&mut snapshot, "ark").await, Some(1));
            assert_eq!(crew_in(&mut snapshot, "bark").await, Some(1));
            assert_eq!(crew_in(&mut snapshot, "cutter").await, None);
            assert_eq!(crew(&second, "ark").await, Some(3), "others see what is committed");
            snapshot.rollback().await.unwrap();
            assert_eq!(crew(&second, "bark").await, None);
        }
        .boxed_local()
    });
}

#[test]
fn rows_without_a_key_are_told_apart() {
    on_both(|first, second| {
        async move {
            let note = || sql("INSERT INTO harbour_log (boat, line) VALUES ('ark', 'sailed'), ('ark', 'sailed')");
            let count = async |database: &Database| {
                let row = database
                    .fetch_one(sql("SELECT COUNT(*) AS number FROM harbour_log"))
                    .await
                    .unwrap();
                row.get::<i64>("number").unwrap()
            };
            let mut one = first.begin().await.unwrap();
            let mut other = second.begin().await.unwrap();
            one.execute(note()).await.unwrap();
            other.execute(note()).await.unwrap();
            one.commit().await.unwrap();
            assert_eq!(count(&second).await, 2);
            other.commit().await.unwrap();
            assert_eq!(count(&first).await, 4);
            first
                .execute(sql("UPDATE harbour_log SET line = 'sank' WHERE boat = 'ark'"))
                .await
                .unwrap();
            let sunk = sql("DELETE FROM harbour_log WHERE line = 'sank'");
            assert_eq!(second.execute(sunk).await.unwrap(), 4);
        }
        .boxed_local()
    });
}

#[test]
fn a_second_change_of_a_row_waits_and_builds_on_the_first() {
    on_both(|first, second| {
        async move {
            boat(&first, "ark", 1).await;
            let mut tx = first.begin().await.unwrap();
            tx.execute(hire("ark")).await.unwrap();
            let mut second_change = Box::pin(second.execute(hire("ark")));
            assert!(waits(&mut second_change).await);
            tx.commit().await.unwrap();
            assert_eq!(second_change.await.unwrap(), 1);
            assert_eq!(crew(&first, "ark").await, Some(3));
        }
        .boxed_local()
    });
}

#[test]
fn a_change_that_waited_looks_at_the_row_as_it_is_then() {
    on_both(|first, second| {
        async move {
            boat(&first, "ark", 1).await;
            let mut tx = first.begin().await.unwrap();
            tx.execute(hire("ark")).await.unwrap();
            let scuttle = sql("UPDATE harbour_boat SET crew = 0 WHERE id = $1 AND crew = 1").bind("ark");
            let mut scuttled = Box::pin(second.execute(scuttle));
            assert!(waits(&mut scuttled).await);
            tx.commit().await.unwrap();
            assert_eq!(scuttled.await.unwrap(), 0, "by then it had a crew of two");
        }
        .boxed_local()
    });
}

#[test]
fn locked_rows_are_passed_over_by_those_who_skip() {
    on_both(|first, second| {
        async move {
            boat(&first, "ark", 1).await;
            boat(&first, "bark", 1).await;
            let select = || sql("SELECT id FROM harbour_boat WHERE crew = $1 ORDER BY id FOR UPDATE SKIP LOCKED").bind(1_i64);
            let board = || {
                sql("UPDATE harbour_boat SET crew = 5 WHERE id IN (SELECT id FROM harbour_boat WHERE crew = $1 ORDER BY id \
                     LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id")
                .bind(1_i64)
            };
            let mut tx = first.begin().await.unwrap();
            assert_eq!(tx.fetch_all(board()).await.unwrap()[0].get::<String>("id").unwrap(), "ark");
            let mut other = second.begin().await.unwrap();
            let left = other.fetch_all(select()).await.unwrap();
            assert_eq!(left.len(), 1);
            assert_eq!(left[0].get::<String>("id").unwrap(), "bark");
            assert!(tx.fetch_all(board()).await.unwrap().is_empty(), "both are taken");
            other.rollback().await.unwrap();
            assert_eq!(tx.fetch_all(board()).await.unwrap()[0].get::<String>("id").unwrap(), "bark");
        }
        .boxed_local()
    });
}

#[test]
fn sharing_a_row_keeps_it_from_being_changed_and_not_from_being_shared() {
    on_both(|first, second| {
        async move {
            boat(&first, "ark", 1).await;
            let share = || sql("SELECT crew FROM harbour_boat WHERE id = $1 FOR SHARE").bind("ark");
            let mut one = first.begin().await.unwrap();
            let mut other = second.begin().await.unwrap();
            assert_eq!(one.fetch_all(share()).await.unwrap().len(), 1);
            assert_eq!(other.fetch_all(share()).await.unwrap().len(), 1);
            other.commit().await.unwrap();
            let mut change = Box::pin(second.execute(hire("ark")));
            assert!(waits(&mut change).await);
            one.rollback().await.unwrap();
            change.await.unwrap();
        }
        .boxed_local()
    });
}

#[test]
fn a_key_that_is_being_inserted_is_waited_for() {
    on_both(|first, second| {
        async move {
            let mut tx = first.begin().await.unwrap();
            tx.execute(launch("ark", 1, Some("pier"))).await.unwrap();
            let mut same_key = Box::pin(second.execute(launch("ark", 2, None)));
            assert!(waits(&mut same_key).await);
            tx.rollback().await.unwrap();
            assert_eq!(same_key.await.unwrap(), 1);

            let mut tx = first.begin().await.unwrap();
            tx.execute(launch("bark", 1, Some("pier"))).await.unwrap();
            let quiet = sql(
                "INSERT INTO harbour_boat (id, crew, berth, afloat) VALUES ('cutter', 1, 'pier', TRUE) \
                 ON CONFLICT (berth) WHERE berth IS NOT NULL AND afloat DO NOTHING",
            );
            let mut same_berth = Box::pin(second.execute(quiet));
            assert!(waits(&mut same_berth).await);
            tx.commit().await.unwrap();
            assert_eq!(same_berth.await.unwrap(), 0);
            let error = second.execute(launch("dory", 1, Some("pier"))).await.unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Conflict);
        }
        .boxed_local()
    });
}

#[test]
fn a_failed_statement_dooms_its_transaction() {
    on_both(|first, second| {
        async move {
            boat(&first, "ark", 1).await;
            let mut tx = first.begin().await.unwrap();
            tx.execute(launch("bark", 1, None)).await.unwrap();
            let error = tx.execute(launch("ark", 1, None)).await.unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Conflict);
            let error = tx.execute(launch("cutter", 1, None)).await.unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Other);
            // PostgreSQL answers a commit with ROLLBACK, which is no error to the driver.
            tx.commit().await.unwrap();
            assert_eq!(crew(&second, "bark").await, None);
        }
        .boxed_local()
    });
}

#[test]
fn a_deadlock_ends_one_of_the_two() {
    on_both(|first, second| {
        async move {
            boat(&first, "ark", 1).await;
            boat(&first, "bark", 1).await;
            let mut one = first.begin().await.unwrap();
            let mut other = second.begin().await.unwrap();
            one.execute(hire("ark")).await.unwrap();
            other.execute(hire("bark")).await.unwrap();
            let finish = async |mut tx: Transaction, id: &str| {
                tx.execute(hire(id)).await?;
                tx.commit().await
            };
            let ends = futures::join!(finish(one, "bark"), finish(other, "ark"));
            let failed: Vec<_> = [ends.0, ends.1].into_iter().filter_map(Result::err).collect();
            assert_eq!(failed.len(), 1);
            assert_eq!(failed[0].kind, StoreErrorKind::Busy);
            assert_eq!(crew(&first, "ark").await, Some(2));
        }
        .boxed_local()
    });
}

#[test]
fn a_bell_rings_everywhere_at_the_commit_and_not_before() {
    on_both(|first, second| {
        async move {
            let tasks = Tasks::new(World::system());
            let wakes = Wakes::new();
            let mut bell = wakes.bell("boats");
            wakes.listen(&second, &tasks);
            // The listener rings everything when it begins to listen, so that nothing rung before is missed.
            tokio::time::timeout(Duration::from_secs(1), bell.rung()).await.ok();
            let mut tx = first.begin().await.unwrap();
            Wakes::ring_on_commit(&mut tx, "boats").await.unwrap();
            let mut rung = Box::pin(bell.rung());
            assert!(waits(&mut rung).await);
            tx.commit().await.unwrap();
            tokio::time::timeout(Duration::from_secs(5), rung).await.unwrap();
            tasks.stop_and_wait(Duration::from_secs(1)).await;
        }
        .boxed_local()
    });
}
