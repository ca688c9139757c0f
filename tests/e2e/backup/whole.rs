//! What is in a backup: all that was acknowledged, the same on databases of both kinds, and a damaged one is told from a whole.

use std::sync::atomic::{AtomicBool, Ordering};

use mainstay_store::sql_owned;
use serde_json::{Value, json};

use super::{open, run, said, text, used, verb, verified};
use crate::{
    harness::{Instance, instances, mainstay},
    servers::Target,
};

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
