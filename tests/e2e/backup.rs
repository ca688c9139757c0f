//! Backups of a server at work, restores into fresh and into used databases of both kinds, and every way in which one of
//! them comes to nothing.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use mainstay_store::{Bind, Database, DatabaseConfig, DatabaseUrl, sql, sql_owned};
use serde_json::{Value, json};

use crate::{
    harness::{Instance, eventually, instances, mainstay},
    mounts::Mount,
    servers::Target,
};

/// The verb of an instance, on its own database.
fn verb(instance: &Instance, arguments: &[&str]) -> Command {
    let config = instance.write("mainstay.toml", &instance.toml);
    let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    command.args(arguments).arg("--config").arg(config).stdin(Stdio::null());
    // Where the configuration names the database, the flag would name another.
    if instance.schema.is_none() {
        command.arg("--data").arg(instance.data());
    }
    command
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs the verb; fails the test unless it ends with `code`. Answers what it said.
fn run(instance: &Instance, arguments: &[&str], code: i32) -> String {
    let output = verb(instance, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
    said(&output)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What `--verify` finds in a file that is whole.
fn verified(file: &Path) -> Value {
    let output = mainstay(Path::new("."), &["backup", "--verify", "--output", "json", text(file)]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn open(instance: &Instance) -> Database {
    Database::open(&instance.database()).await.unwrap()
}

async fn services(database: &Database) -> Vec<String> {
    let rows = database
        .fetch_all(sql("SELECT name FROM catalog_service ORDER BY name"))
        .await
        .unwrap();
    rows.iter().map(|row| row.get("name").unwrap()).collect()
}

/// Made-up history, so that a backup takes a while.
async fn add_history(database: &Database, rows: i64) {
    let mut tx = database.begin().await.unwrap();
    let probes = (0..rows).map(|number| {
        vec![
            (number % 100).into_value(),
            (1_700_000_000_000_000 + number * 1_000).into_value(),
            number.into_value(),
            (number * 7_919 % 100_000).into_value(),
            0_i64.into_value(),
            0_i64.into_value(),
            Some(200_i64).into_value(),
            number.to_be_bytes().to_vec().into_value(),
        ]
    });
    let insert = "INSERT INTO watch_probe (check_key, at, flush, duration_us, outcome, marks, status, facts) VALUES";
    tx.insert_many(insert, "", probes).await.unwrap();
    tx.commit().await.unwrap();
}

/// An instance that was used and stopped: one service of that name, and some history.
async fn used(instance: &Instance, service: &str, history: i64) {
    let running = instance.start().await;
    running.post("/api/v1/services", &json!({ "name": service })).await;
    running.terminate();
    let database = open(instance).await;
    add_history(&database, history).await;
    database.close().await;
}

#[tokio::test]
async fn a_backup_of_a_server_at_work_holds_everything_it_had_acknowledged() {
    for instance in instances("").await {
        let targets: Vec<Target> = (0..5).map(|_| Target::start()).collect();
        let running = instance.start().await;
        for (number, target) in targets.iter().enumerate() {
            running.watch(&format!("probed-{number}"), &target.url()).await;
            running.until_state(&format!("probed-{number}"), "up").await;
            // A state is decided before its probe is stored, at most a second later.
            let checks = running.get(&format!("/api/v1/checks?service=probed-{number}")).await;
            let id = checks["items"][0]["id"].as_str().unwrap();
            let stored = |page: &Value| !page["items"].as_array().unwrap().is_empty();
            running.until(&format!("/api/v1/checks/{id}/probes"), stored).await;
        }
        let file = instance.directory.path().join("work.backup");
        let acknowledged = std::sync::Mutex::new(Vec::new());
        let done = AtomicBool::new(false);
        let edits = async {
            for number in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let name = format!("made-{number}");
                running.post("/api/v1/services", &json!({ "name": name })).await;
                acknowledged.lock().unwrap().push(name);
            }
        };
        let backup = async {
            while acknowledged.lock().unwrap().len() < 20 {
                tokio::task::yield_now().await;
            }
            let before = acknowledged.lock().unwrap().clone();
            let mut command = verb(&instance, &["backup", text(&file)]);
            let output = tokio::task::spawn_blocking(move || command.output().unwrap());
            let output = output.await.unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", said(&output));
            // It must not have been in anybody's way.
            let during = acknowledged.lock().unwrap().len();
            while acknowledged.lock().unwrap().len() == during {
                tokio::task::yield_now().await;
            }
            done.store(true, Ordering::Relaxed);
            before
        };
        let ((), before) = tokio::join!(edits, backup);
        running.until_ready_says(200, "\"ready\"").await;
        drop(running);

        let fresh = Instance::sqlite("");
        run(&fresh, &["restore", text(&file)], 0);
        let restored = fresh.start().await;
        restored.until_ready_says(200, "\"ready\"").await;
        for name in &before {
            restored.get(&format!("/api/v1/services/{name}")).await;
        }
        for number in 0..targets.len() {
            let service = format!("probed-{number}");
            restored.until_state(&service, "up").await;
            let checks = restored.get(&format!("/api/v1/checks?service={service}")).await;
            let id = checks["items"][0]["id"].as_str().unwrap();
            let probes = restored.get(&format!("/api/v1/checks/{id}/probes")).await;
            assert!(!probes["items"].as_array().unwrap().is_empty(), "{service}: {probes}");
        }
    }
}

#[tokio::test]
async fn sqlite_to_postgresql_and_back_gives_identical_content() {
    let all = instances("").await;
    let [small, large] = all.as_slice() else { return };
    let target = Target::start();
    let running = small.start().await;
    running.watch("shop", &target.url()).await;
    running.until_state("shop", "up").await;
    let slo = json!({ "name": "shop-works", "service": "shop", "objective": 99.9 });
    running.post("/api/v1/slos", &slo).await;
    target.set_well(false);
    running.until_state("shop", "down").await;
    running
        .until("/api/v1/alerts", |page| !page["items"].as_array().unwrap().is_empty())
        .await;
    running.terminate();

    let [first, second, third] = ["1", "2", "3"].map(|name| small.directory.path().join(name));
    run(small, &["backup", text(&first)], 0);
    run(large, &["restore", text(&first)], 0);
    run(large, &["backup", text(&second)], 0);
    let back = Instance::sqlite("");
    run(&back, &["restore", text(&second)], 0);
    run(&back, &["backup", text(&third)], 0);
    let tables = verified(&first)["tables"].clone();
    assert_eq!(verified(&second)["tables"], tables);
    assert_eq!(verified(&third)["tables"], tables);

    // Row by row: nothing is in one and not in the other.
    let database = open(small).await;
    let attach = format!("ATTACH '{}' AS other", back.data().join("mainstay.db").display());
    database.execute(sql_owned(attach)).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    for table in tables.as_array().unwrap() {
        let name = table["table"].as_str().unwrap();
        for (one, two) in [("main", "other"), ("other", "main")] {
            let text =
                format!("SELECT COUNT(*) AS n FROM (SELECT * FROM {one}.{name} EXCEPT SELECT * FROM {two}.{name})");
            let rows = tx.fetch_all(sql_owned(text)).await.unwrap();
            assert_eq!(rows[0].get::<i64>("n").unwrap(), 0, "{name} differs");
        }
    }
    drop(tx);
    let running = large.start().await;
    running.until_ready_says(200, "\"ready\"").await;
    running.get("/api/v1/services/shop").await;
}

#[tokio::test]
async fn a_restore_is_refused_while_a_server_runs_and_changes_nothing() {
    for instance in instances("").await {
        let file = instance.directory.path().join("early.backup");
        let running = instance.start().await;
        run(&instance, &["backup", text(&file)], 0);
        running.post("/api/v1/services", &json!({ "name": "late" })).await;
        let refusal = run(&instance, &["restore", "--force", text(&file)], 2);
        assert!(refusal.contains("Mainstay") && refusal.contains("Stop"), "{refusal}");
        running.get("/api/v1/services/late").await;
        running.terminate();
        run(&instance, &["restore", "--force", text(&file)], 0);
        let running = instance.start().await;
        assert_eq!(running.try_get("/api/v1/services/late").await.0, 404);
    }
}

#[tokio::test]
async fn what_a_restore_replaces_is_kept_on_sqlite_and_asked_about_on_postgresql() {
    for instance in instances("").await {
        let folder = instance.directory.path();
        let (empty, file) = (folder.join("empty.backup"), folder.join("full.backup"));
        instance.start().await.terminate();
        run(&instance, &["backup", text(&empty)], 0);
        // Nobody has used it yet, so there is nothing to ask about.
        run(&instance, &["restore", text(&empty)], 0);
        used(&instance, "dear", 10).await;
        run(&instance, &["backup", text(&file)], 0);
        if instance.schema.is_some() {
            let refusal = run(&instance, &["restore", text(&empty)], 2);
            assert!(refusal.contains("holds 1 service, 0 checks"), "{refusal}");
            assert!(refusal.contains("--force"), "{refusal}");
            let database = open(&instance).await;
            assert_eq!(services(&database).await, ["dear"]);
            run(&instance, &["restore", "--force", text(&empty)], 0);
            assert!(services(&database).await.is_empty());
        } else {
            let words = run(&instance, &["restore", text(&empty), "--output", "json"], 0);
            let report: Value = serde_json::from_str(&words).unwrap();
            assert!(services(&open(&instance).await).await.is_empty());
            let kept = DatabaseUrl::Sqlite(report["kept"].as_str().unwrap().into());
            let kept = Database::open(&DatabaseConfig::new(kept)).await.unwrap();
            assert_eq!(services(&kept).await, ["dear"]);
        }
    }
}

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

#[tokio::test]
async fn a_damaged_file_is_an_answer_of_its_own_and_makes_no_folder() {
    let instance = Instance::sqlite("");
    used(&instance, "shop", 10).await;
    let file = instance.directory.path().join("whole.backup");
    run(&instance, &["backup", text(&file)], 0);
    assert_eq!(verified(&file)["restorable"], true);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    let damaged = instance.write("damaged.backup", "");
    std::fs::write(&damaged, &bytes).unwrap();
    let folder = instance.directory.path();
    let output = mainstay(folder, &["backup", "--verify", text(&damaged)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("damaged"), "{}", said(&output));
    let output = mainstay(folder, &["backup", "--verify", "absent.backup"]);
    assert_eq!(output.status.code(), Some(2));
    let output = mainstay(folder, &["restore", "--data", "nowhere", text(&damaged)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.join("nowhere").exists());
}

#[tokio::test]
async fn a_restore_refuses_when_flag_and_configuration_name_two_databases() {
    for instance in instances("").await {
        used(&instance, "dear", 10).await;
        let folder = instance.directory.path();
        let (file, proof) = (folder.join("dear.backup"), folder.join("proof"));
        run(&instance, &["backup", text(&file)], 0);
        let mut configured = Instance::sqlite(&instance.toml);
        if instance.schema.is_none() {
            let url = format!("sqlite://{}", instance.data().join("mainstay.db").display());
            configured.toml = format!("[database]\nurl = \"{url}\"\n");
        }
        let config = configured.write("mainstay.toml", &configured.toml);
        for force in [false, true] {
            let mut arguments = vec!["restore", text(&file), "--data", text(&proof)];
            arguments.extend(force.then_some("--force"));
            // The configuration of the folder it runs in counts, too.
            for named in [vec!["--config", text(&config)], Vec::new()] {
                let output = mainstay(configured.directory.path(), &[arguments.clone(), named].concat());
                assert_eq!(output.status.code(), Some(2), "{}", said(&output));
                let words = said(&output);
                assert!(
                    words.contains("not clear which database") && words.contains("mainstay.toml:"),
                    "{words}"
                );
                assert!(words.contains("--data") && words.contains("`database.url`"), "{words}");
            }
        }
        let database = open(&instance).await;
        assert_eq!(services(&database).await, ["dear"]);
        database.close().await;
        assert!(!proof.exists());
        let kept = std::fs::read_dir(instance.data()).unwrap().flatten();
        assert!(
            kept.map(|entry| entry.file_name())
                .all(|name| !name.to_string_lossy().contains("before-restore"))
        );
        // Either alone is clear.
        let other = Instance::sqlite("");
        let output = mainstay(
            other.directory.path(),
            &["restore", text(&file), "--data", text(&proof)],
        );
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let output = mainstay(configured.directory.path(), &["restore", "--force", text(&file)]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
}

#[tokio::test]
async fn a_variable_that_names_another_database_is_named_in_the_refusal() {
    let instance = Instance::sqlite("");
    used(&instance, "dear", 10).await;
    let file = instance.directory.path().join("dear.backup");
    run(&instance, &["backup", text(&file)], 0);
    let output = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .current_dir(instance.directory.path())
        .args(["restore", text(&file), "--data", "proof"])
        .env(
            "MAINSTAY_DATABASE__URL",
            "postgresql://mainstay:hush@db.invalid/mainstay",
        )
        .output()
        .unwrap();
    let words = said(&output);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(
        words.contains("MAINSTAY_DATABASE__URL") && words.contains("db.invalid"),
        "{words}"
    );
    assert!(!words.contains("hush"), "{words}");
}
