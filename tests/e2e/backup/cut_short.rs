//! Backups and restores that are killed or run out of disk: what was there before is there after.

use std::process::Stdio;

use mainstay_store::sql;

use super::{open, run, services, text, used, verb, verified};
use crate::{
    harness::{Instance, eventually, instances},
    mounts::Mount,
};

/// Kills a restore as soon as `moment` has come; answers whether it had not ended before.
async fn kill_at(mut restore: std::process::Child, what: &str, moment: impl Fn() -> bool) -> bool {
    let child = std::cell::RefCell::new(&mut restore);
    eventually(what, || child.borrow_mut().try_wait().unwrap().is_some() || moment()).await;
    let running = restore.try_wait().unwrap().is_none();
    restore.kill().unwrap();
    restore.wait().unwrap();
    running
}

#[tokio::test]
async fn a_restore_killed_at_any_point_leaves_a_whole_sqlite_database() {
    let instance = Instance::sqlite("");
    let file = instance.directory.path().join("new.backup");
    used(&instance, "new", 60_000).await;
    run(&instance, &["backup", text(&file)], 0);
    let size = std::fs::metadata(instance.data().join("mainstay.db")).unwrap().len();
    std::fs::remove_file(instance.data().join("mainstay.db")).unwrap();
    used(&instance, "old", 1_000).await;
    let unfinished = instance.data().join("mainstay.db.restoring");
    let written = || std::fs::metadata(&unfinished).map_or(0, |file| file.len());
    let kept = || {
        let names = std::fs::read_dir(instance.data()).unwrap();
        names
            .filter(|name| {
                let name = name.as_ref().unwrap().file_name().into_string().unwrap();
                name.contains("before-restore")
            })
            .count()
    };
    let mut killed = 0;
    for (part, whole) in [(0, 4), (1, 4), (2, 4), (3, 4), (9, 10), (1, 1)] {
        let restore = verb(&instance, &["restore", text(&file)])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let threshold = (size * part / whole).max(1);
        let in_time = kill_at(restore, "the restore gets so far", || {
            written() >= threshold || kept() > 0
        })
        .await;
        let database = open(&instance).await;
        let found = services(&database).await;
        let sound = database.fetch_one(sql("PRAGMA integrity_check")).await.unwrap();
        assert_eq!(sound.get::<String>("integrity_check").unwrap(), "ok");
        database.close().await;
        if found == ["new"] {
            // It had come to its end after all.
            assert!(!in_time || kept() > 0, "the old database is gone before the end");
            std::fs::remove_file(instance.data().join("mainstay.db")).unwrap();
            used(&instance, "old", 1_000).await;
        } else {
            assert_eq!(found, ["old"]);
            killed += u32::from(in_time);
        }
    }
    assert!(killed >= 3, "only {killed} restores were killed in their midst");
    let running = instance.start().await;
    running.get("/api/v1/services/old").await;
    running.terminate();
    run(&instance, &["restore", text(&file)], 0);
    assert!(!unfinished.exists());
    let running = instance.start().await;
    running.get("/api/v1/services/new").await;
}

#[tokio::test]
async fn a_restore_killed_in_its_midst_leaves_postgresql_as_it_was() {
    for instance in instances("").await.into_iter().skip(1) {
        let file = instance.directory.path().join("new.backup");
        used(&instance, "new", 30_000).await;
        run(&instance, &["backup", text(&file)], 0);
        let database = open(&instance).await;
        database
            .execute(sql("UPDATE catalog_service SET name = 'old'"))
            .await
            .unwrap();
        let restore = verb(&instance, &["restore", "--force", text(&file)]).spawn().unwrap();
        let emptied = sql(
            "SELECT COUNT(*) AS n FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' \
             AND relation = 'watch_probe'::regclass",
        );
        let mut restore = restore;
        while database
            .fetch_one(emptied.clone())
            .await
            .unwrap()
            .get::<i64>("n")
            .unwrap()
            == 0
        {
            assert!(
                restore.try_wait().unwrap().is_none(),
                "it ended before it could be killed"
            );
        }
        restore.kill().unwrap();
        restore.wait().unwrap();
        assert_eq!(services(&database).await, ["old"]);
        run(&instance, &["restore", "--force", text(&file)], 0);
        assert_eq!(services(&database).await, ["new"]);
    }
}

#[tokio::test]
async fn a_full_disk_ends_a_backup_and_leaves_the_earlier_one() {
    let instance = Instance::sqlite("");
    used(&instance, "shop", 100_000).await;
    let folder = instance.directory.path().join("backups");
    let Some(mount) = Mount::small(&folder, 4) else { return };
    let file = folder.join("nightly.backup");
    run(&instance, &["backup", text(&file)], 0);
    let earlier = std::fs::read(&file).unwrap();
    mount.fill();
    let words = run(&instance, &["backup", "--force", text(&file)], 2);
    assert!(words.contains("the disk is full"), "{words}");
    assert_eq!(std::fs::read(&file).unwrap(), earlier);
    mount.relieve();
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    verified(&file);
}

#[tokio::test]
async fn a_full_disk_ends_a_restore_and_leaves_the_database_as_it_was() {
    let large = Instance::sqlite("");
    used(&large, "new", 100_000).await;
    let file = large.directory.path().join("large.backup");
    run(&large, &["backup", text(&file)], 0);
    let instance = Instance::sqlite("");
    let Some(_mount) = Mount::small(&instance.data(), 8) else {
        return;
    };
    used(&instance, "old", 10).await;
    let words = run(&instance, &["restore", text(&file)], 2);
    assert!(words.contains("is full"), "{words}");
    let names: Vec<String> = std::fs::read_dir(instance.data())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("restor"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
    let running = instance.start().await;
    running.get("/api/v1/services/old").await;
}
