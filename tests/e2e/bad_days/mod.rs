//! Days on which the machine, the database or another process misbehaves.

mod clock;
mod crashes;
mod database;
mod disk;
mod input;
mod targets;

use mainstay_store::{Database, DatabaseConfig, DatabaseUrl, sql};
use serde_json::json;

use crate::harness::{Instance, instances, signal};

#[tokio::test]
async fn a_second_mainstay_on_the_same_data_is_refused() {
    let instance = Instance::sqlite("");
    let running = instance.start().await;
    let other = Instance {
        port: crate::harness::free_port(),
        ..Instance::sqlite("")
    };
    let other = Instance {
        toml: format!(
            "[database]\nurl = \"sqlite://{}\"\n",
            instance.data().join("mainstay.db").display()
        ),
        ..other
    };
    let (code, said) = other.start_refused();
    assert_eq!(code, 2);
    assert!(said.contains(&format!("process {}", running.pid())), "{said}");
    assert_eq!(running.try_get("/ready").await.0, 200);
}

#[tokio::test]
async fn a_database_with_a_newer_schema_is_refused_with_its_version() {
    let instance = Instance::sqlite("");
    let running = instance.start().await;
    running.terminate();
    let database = Database::open(&DatabaseConfig::new(DatabaseUrl::Sqlite(
        instance.data().join("mainstay.db"),
    )))
    .await
    .unwrap();
    database
        .execute(sql(
            "INSERT INTO store_migration (module, version, name, checksum, applied_at) VALUES ('slo', 999, 'future', 'x', 0)",
        ))
        .await
        .unwrap();
    database.close().await;
    let (code, said) = instance.start_refused();
    assert_eq!(code, 2);
    assert!(said.contains("slo 999 (future)"), "{said}");
}

#[tokio::test]
async fn a_taken_port_and_a_foreign_address_are_refused_with_advice() {
    let instance = Instance::sqlite("");
    let _running = instance.start().await;
    let other = Instance {
        port: instance.port,
        ..Instance::sqlite("")
    };
    let (code, said) = other.start_refused();
    assert_eq!(code, 2);
    assert!(said.contains("--listen"), "{said}");
    let output = crate::harness::mainstay(other.directory.path(), &["up", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no TLS yet"));
}

#[tokio::test]
async fn bad_input_is_refused_by_name_and_changes_nothing() {
    for instance in instances("").await {
        let running = instance.start().await;
        let cases = [
            ("/api/v1/services", json!({ "name": "Bad Name!" })),
            ("/api/v1/services", json!({ "name": "good", "colour": "red" })),
            (
                "/api/v1/checks",
                json!({ "name": "x", "service": "nobody", "target": "ftp://x" }),
            ),
            (
                "/api/v1/slos",
                json!({ "name": "x", "service": "nobody", "objective": 100 }),
            ),
            ("/api/v1/webhooks", json!({ "name": "x", "url": "not a url" })),
        ];
        for (path, body) in cases {
            let (status, problem) = running.send("POST", path, &body).await;
            assert!(status == 422 || status == 404, "{path} {body}: {status} {problem}");
            assert!(problem["detail"].as_str().unwrap().len() > 10, "{problem}");
        }
        assert_eq!(
            running.get("/api/v1/meta").await["counts"],
            json!({ "services": 0, "checks": 0, "slos": 0, "open_alerts": 0 })
        );
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let instance = Instance::sqlite("");
    let running = instance.start().await;
    signal(running.pid(), "TERM");
    signal(running.pid(), "INT");
    let (took, _) = running.terminate();
    assert!(took.as_secs() < 3, "{took:?}");
}
