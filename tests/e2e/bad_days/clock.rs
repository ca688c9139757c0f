//! The wall clock is put back an hour while it runs. Every decision about a clock is tested in its module with a clock made by
//! hand; here the real binary lives through it, where a library that lies about the time is installed.

use std::path::PathBuf;

use serde_json::json;

use crate::{
    harness::{Instance, eventually},
    servers::{Receiver, Target},
};

/// The library, which Debian's `faketime` package brings and `make test` installs. Where libraries are, Debian says by the
/// machine's architecture.
fn library() -> Option<PathBuf> {
    let by_architecture = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with("-linux-gnu"));
    let folders = ["/usr/lib", "/usr/local/lib"].map(PathBuf::from);
    let found = by_architecture
        .chain(folders)
        .map(|folder| folder.join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists());
    if found.is_none() {
        eprintln!("SKIPPED: this test needs libfaketime (Debian package `faketime`)");
    }
    found
}

/// Replaced as a whole, so that nobody reads half of it.
fn set_clock(instance: &Instance, offset: &str) {
    let next = instance.write("clock.next", offset);
    std::fs::rename(next, instance.directory.path().join("clock")).unwrap();
}

fn an_hour_after(at: &str) -> String {
    let at: jiff::Timestamp = at.parse().unwrap();
    (at + jiff::SignedDuration::from_hours(1)).to_string()
}

#[tokio::test]
async fn a_clock_put_back_an_hour_neither_stops_probes_nor_alerts_nor_takes_counts_back() {
    let Some(library) = library() else { return };
    let instance = Instance::sqlite("[egress]\nallow_loopback = true\n");
    let clock = instance.write("clock", "-7200");
    let (target, receiver) = (Target::start(), Receiver::start(0));
    let running = instance
        .start_with(&[
            ("LD_PRELOAD", &library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", &clock.display().to_string()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ])
        .await;
    let check = running.watch("shop", &target.url()).await;
    let slo = running
        .post("/api/v1/slos", &json!({ "service": "shop", "objective": 99 }))
        .await;
    let made_at = an_hour_after(slo["created_at"].as_str().unwrap());
    let slo = format!("/api/v1/slos/{}", slo["id"].as_str().unwrap());
    running
        .post("/api/v1/webhooks", &json!({ "name": "pager", "url": receiver.url() }))
        .await;
    let count = |slo: &serde_json::Value| slo["budget"]["total"].as_u64().unwrap();
    running.until(&slo, |slo| count(slo) >= 1).await;
    set_clock(&instance, "+0");
    let ahead = |check: &serde_json::Value| check["last"]["at"].as_str() > Some(made_at.as_str());
    let first_at = running.until(&format!("/api/v1/checks/{check}"), ahead).await["last"]["at"].clone();
    let before = count(&running.until(&slo, |slo| count(slo) >= 3).await);

    set_clock(&instance, "-3600");
    running
        .until(&format!("/api/v1/checks/{check}"), |check| {
            check["last"]["at"].as_str() < first_at.as_str()
        })
        .await;
    running.until(&slo, |slo| count(slo) > before).await;
    target.set_well(false);
    running.until_state("shop", "down").await;
    eventually("the alert is told", || !receiver.arrived().is_empty()).await;
    target.set_well(true);
    running.until_state("shop", "up").await;
    eventually("its end is told", || {
        receiver.ids().keys().any(|(_, event)| event == "alert.resolved")
    })
    .await;
    running.until_ready_says(200, "\"ready\"").await;
    assert_eq!(running.terminate().1, Some(0));
}
