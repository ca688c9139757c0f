//! The disk under the data directory is full or read-only.

use mainstay_store::{Database, DatabaseConfig, DatabaseUrl, sql};
use serde_json::json;

use crate::{
    harness::{Instance, Running, eventually, signal},
    mounts::Mount,
    servers::Target,
};

/// Makes services until one is refused; answers how many were acknowledged before, and the refusal.
async fn until_refused(running: &Running) -> (usize, u16, serde_json::Value) {
    for made in 0..5000 {
        let service = json!({ "name": format!("made-{made}"), "description": "x".repeat(2000) });
        let (status, body) = running.send("POST", "/api/v1/services", &service).await;
        if status != 201 {
            return (made, status, body);
        }
    }
    panic!("a full disk took everything");
}

#[tokio::test]
async fn a_full_disk_is_said_in_words_loses_nothing_acknowledged_and_is_recovered_from() {
    let instance = Instance::sqlite("");
    let Some(mount) = Mount::small(&instance.data(), 16) else {
        return;
    };
    let target = Target::start();
    let running = instance.start().await;
    let check = running.watch("shop", &target.url()).await;
    running.until_state("shop", "up").await;

    mount.fill();
    let (made, status, problem) = until_refused(&running).await;
    assert_eq!((status, &problem["code"]), (503, &json!("disk-full")), "{problem}");
    running.until_ready_says(200, "full").await;
    assert_eq!(running.try_get("/live").await.0, 200);
    let before = target.hits();
    eventually("probes go on", || target.hits() > before + 2).await;
    let probed = target.hits();
    for number in 0..made {
        running.get(&format!("/api/v1/services/made-{number}")).await;
    }
    let tasks = running.get("/api/v1/admin/tasks").await;
    let flush = tasks["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|task| task["name"] == "watch.flush")
        .unwrap()
        .clone();
    assert_eq!(flush["state"], "failed", "{flush}");
    assert!(
        flush["last_error"].as_str().unwrap().contains("0 were dropped"),
        "{flush}"
    );

    mount.relieve();
    running.until_ready_says(200, "\"ready\"").await;
    running
        .until(&format!("/api/v1/checks/{check}/probes?limit=1000"), |page| {
            u64::try_from(page["items"].as_array().unwrap().len()).unwrap() >= probed
        })
        .await;
    running.post("/api/v1/services", &json!({ "name": "after" })).await;
    running.kill();

    let running = instance.start().await;
    for number in 0..made {
        running.get(&format!("/api/v1/services/made-{number}")).await;
    }
    running.get("/api/v1/services/after").await;
    running.terminate();
    assert_sound(&instance).await;
}

/// SQLite's own opinion of its file.
pub async fn assert_sound(instance: &Instance) {
    let path = instance.data().join("mainstay.db");
    let database = Database::open(&DatabaseConfig::new(DatabaseUrl::Sqlite(path)))
        .await
        .unwrap();
    let row = database.fetch_one(sql("PRAGMA integrity_check")).await.unwrap();
    assert_eq!(row.get::<String>("integrity_check").unwrap(), "ok");
    database.close().await;
}

#[tokio::test]
async fn an_end_on_a_full_disk_is_orderly_and_says_how_many_results_are_lost() {
    let instance = Instance::sqlite("");
    let Some(mount) = Mount::small(&instance.data(), 16) else {
        return;
    };
    let target = Target::start();
    let running = instance.start().await;
    running.watch("shop", &target.url()).await;
    running.until_state("shop", "up").await;
    mount.fill();
    until_refused(&running).await;
    running.until_ready_says(200, "full").await;
    signal(running.pid(), "TERM");
    let (took, code, log) = running.wait_with_log();
    assert_eq!(code, Some(0), "{log}");
    assert!(took.as_secs() < 20, "{took:?}");
    assert!(
        log.contains("could not be written before the end and are lost"),
        "{log}"
    );
    mount.relieve();
    let running = instance.start().await;
    running.until_state("shop", "up").await;
    running.terminate();
    assert_sound(&instance).await;
}

#[tokio::test]
async fn a_disk_without_room_at_the_start_is_refused_in_words() {
    let instance = Instance::sqlite("");
    let Some(mount) = Mount::small(&instance.data(), 1) else {
        return;
    };
    mount.fill();
    let (code, said) = instance.start_refused();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    assert!(said.contains("--data"), "{said}");
}

#[tokio::test]
async fn a_read_only_data_directory_is_refused_in_words() {
    let instance = Instance::sqlite("");
    let Some(mount) = Mount::small(&instance.data(), 16) else {
        return;
    };
    assert_eq!(instance.start().await.terminate().1, Some(0));
    mount.make_read_only();
    let (code, said) = instance.start_refused();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
    assert!(said.contains(&instance.data().display().to_string()), "{said}");
}
