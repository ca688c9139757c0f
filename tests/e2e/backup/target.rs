//! Which database a restore goes into, when it is refused, and what becomes of what was there.

use std::process::Command;

use mainstay_store::{Database, DatabaseConfig, DatabaseUrl};
use serde_json::{Value, json};

use super::{open, run, said, services, text, used};
use crate::harness::{Instance, instances, mainstay};

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
