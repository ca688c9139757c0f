//! Backups of a server at work, restores into fresh and into used databases of both kinds, and every way in which one of
//! them comes to nothing.

mod cut_short;
mod target;
mod whole;

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use mainstay_store::{Bind, Database, sql};
use serde_json::{Value, json};

use crate::harness::{Instance, mainstay};

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
