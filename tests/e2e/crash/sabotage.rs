//! Stores that are broken on purpose while real processes work on them: the check must find exactly that.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use mainstay_kernel::uuid::Uuid;
use mainstay_store::sql;

use super::{FAIL_OVER_WHEN_BUSY, checker::violations, day::Day, fleet::Kind, limits, record::Record, words};

/// After so long some probes are certainly flushed: the longest that the check allows, and a few rounds of probes more.
const LONG_FLUSHED: Duration = Duration::from_secs(8);

/// Lets the load go on until there is something to break.
async fn until_much_has_happened(day: &Day) {
    crate::harness::eventually("an alert opens and things are written", || {
        let happened = day.load.note();
        happened.writes.len() > 15 && !happened.acknowledged.is_empty() && happened.shown.len() > 20
    })
    .await;
}

/// Asserts that these promises are broken, and no others.
fn assert_broken(record: &Record, promises: &[&str]) {
    let found = violations(record, limits(FAIL_OVER_WHEN_BUSY));
    let names: BTreeSet<&str> = found.iter().map(|one| one.promise).collect();
    assert_eq!(names, promises.iter().copied().collect(), "{}", words(&found));
}

/// Copies the database with its log.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["mainstay.db", "mainstay.db-wal"] {
        let _ = std::fs::remove_file(to.join(name));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
    let _ = std::fs::remove_file(to.join("mainstay.db-shm"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_committed_row_that_vanishes_between_kill_and_start_is_missed() {
    let day = Day::begin(Kind::Sqlite, 1, None).await.unwrap();
    until_much_has_happened(&day).await;
    day.fleet.kill(0);
    let path = {
        let happened = day.load.note();
        let kept = happened
            .writes
            .iter()
            .find(|(path, fields)| path.contains("/slos/") && fields.is_some());
        kept.map(|(path, _)| path.clone()).expect("a promise was made")
    };
    let id: Uuid = path.rsplit('/').next().unwrap().parse().unwrap();
    let deleted = day
        .load
        .database
        .execute(sql("DELETE FROM slo_objective WHERE id = $1").bind(id))
        .await;
    assert_eq!(deleted.unwrap(), 1);
    day.fleet.start(0).await;
    let record = day.end().await;
    let found = violations(&record, limits(FAIL_OVER_WHEN_BUSY));
    assert_eq!(found.len(), 1, "{}", words(&found));
    assert_eq!(found[0].promise, "acknowledged-write");
    assert!(found[0].words.contains(&path), "{}", found[0].words);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_of_the_database_is_noticed() {
    let mut day = Day::begin(Kind::Sqlite, 1, None).await.unwrap();
    let data = day.fleet.instance(0).data();
    let aside = data.with_file_name("aside");
    tokio::time::sleep(Duration::from_secs(3)).await;
    day.fleet.kill(0);
    copy(&data, &aside);
    day.fleet.start(0).await;
    let started = Instant::now();
    until_much_has_happened(&day).await;
    // Nobody misses probes that may not have been flushed, so some must be older than that.
    tokio::time::sleep(LONG_FLUSHED.saturating_sub(started.elapsed())).await;
    // Nobody may be in the middle of something that the older copy makes impossible.
    day.rest().await;
    day.fleet.kill(0);
    copy(&aside, &data);
    day.fleet.start(0).await;
    let record = day.end().await;
    let found = violations(&record, limits(FAIL_OVER_WHEN_BUSY));
    let names: BTreeSet<&str> = found.iter().map(|one| one.promise).collect();
    for promise in ["acknowledged-write", "shown-probe", "flushed-probe", "jobs-end"] {
        assert!(names.contains(promise), "{promise} was not missed:\n{}", words(&found));
    }
    // It is older, and sound.
    for promise in [
        "effects-once",
        "counts-equal-rows",
        "minutes-equal-rows",
        "sound-file",
        "one-prober",
    ] {
        assert!(!names.contains(promise), "{}", words(&found));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_drops_rows_is_noticed() {
    let Some(day) = Day::begin(Kind::Postgres, 1, None).await else {
        return;
    };
    let database = &day.load.database;
    for statement in [
        "CREATE FUNCTION forget_some() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN IF NEW.check_key % 5 = 0 AND NEW.outcome = 0 THEN RETURN NULL; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER forget_some BEFORE INSERT ON watch_probe FOR EACH ROW EXECUTE FUNCTION forget_some()",
    ] {
        database.execute(sql(statement)).await.unwrap();
    }
    until_much_has_happened(&day).await;
    day.fleet.kill(0);
    day.fleet.start(0).await;
    assert_broken(&day.end().await, &["counts-equal-rows", "flushed-probe"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_doubles_is_noticed_as_a_second_page() {
    let Some(day) = Day::begin(Kind::Postgres, 2, None).await else {
        return;
    };
    let database = &day.load.database;
    for statement in [
        "CREATE FUNCTION page_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF NEW.event = 'alert.opened' AND NEW.once_key NOT LIKE '%-again' THEN \
         INSERT INTO slo_delivery SELECT (jsonb_populate_record(NEW, jsonb_build_object( \
         'id', gen_random_uuid(), 'once_key', NEW.once_key || '-again'))).*; END IF; RETURN NULL; END $$",
        "CREATE TRIGGER page_again AFTER INSERT ON slo_delivery FOR EACH ROW EXECUTE FUNCTION page_again()",
    ] {
        database.execute(sql(statement)).await.unwrap();
    }
    until_much_has_happened(&day).await;
    day.fleet.kill(0);
    day.fleet.start(0).await;
    assert_broken(&day.end().await, &["one-page"]);
}
