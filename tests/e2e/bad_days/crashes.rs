//! It is ended in order again and again at moments nobody chose: what it said was done is still done afterwards. What kills do
//! is the matter of `crash`.

use std::collections::BTreeMap;

use mainstay_kernel::World;
use serde_json::json;

use super::disk::assert_sound;
use crate::{
    harness::{Instance, Running, instances, signal},
    servers::Target,
};

const ROUNDS: usize = 10;

/// A moment nobody chose: how many writes are acknowledged before the end.
fn moment(world: &World) -> usize {
    usize::try_from(world.random() % 30).unwrap()
}

/// Writes services, and ends it in the middle of that; answers the names that were acknowledged.
async fn write_until_ended(running: Running, round: usize, after: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if number == after {
            signal(running.pid(), "TERM");
        }
        let name = format!("round-{round}-{number}");
        let (status, _) = running
            .try_send("POST", "/api/v1/services", &json!({ "name": name }))
            .await;
        if status != 201 {
            assert!(number >= after, "status {status} before its end:\n{}", running.log());
            break;
        }
        acknowledged.push(name);
    }
    let (took, code) = running.wait();
    assert_eq!(code, Some(0), "an orderly end");
    assert!(took.as_secs() < 10, "{took:?}");
    acknowledged
}

/// When the newest stored probe of each check was.
async fn newest(running: &Running, checks: &[String]) -> BTreeMap<String, String> {
    let mut newest = BTreeMap::new();
    for check in checks {
        let page = running.get(&format!("/api/v1/checks/{check}/probes?limit=1")).await;
        if let Some(at) = page["items"][0]["at"].as_str() {
            newest.insert(check.clone(), at.to_owned());
        }
    }
    newest
}

async fn assert_still_there(running: &Running, names: &[String], probes: &BTreeMap<String, String>) {
    for name in names {
        running.get(&format!("/api/v1/services/{name}")).await;
    }
    for (check, at) in probes {
        let page = running.get(&format!("/api/v1/checks/{check}/probes?limit=1000")).await;
        let kept = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|probe| probe["at"] == **at);
        assert!(kept, "the probe of {check} at {at} was shown before and is gone");
    }
}

async fn loop_of_ends(instance: &Instance) {
    let world = World::system();
    let target = Target::start();
    let mut running = instance.start().await;
    running.post("/api/v1/services", &json!({ "name": "counted" })).await;
    let slo = json!({ "service": "counted", "objective": 99 });
    let slo = running.post("/api/v1/slos", &slo).await;
    if instance.schema.is_some() {
        // Where there may be other replicas, a new SLO counts once all have heard of it.
        tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    }
    let mut checks = vec![running.check("counted", &target.url()).await];
    for number in 1..20 {
        checks.push(running.watch(&format!("watched-{number}"), &target.url()).await);
    }
    for round in 0..ROUNDS {
        let probes = newest(&running, &checks).await;
        let names = write_until_ended(running, round, moment(&world)).await;
        running = instance.start().await;
        assert_still_there(&running, &names, &probes).await;
    }
    // What the promise counted is what the history holds: nothing was written by half or counted twice.
    running
        .post(&format!("/api/v1/checks/{}/pause", checks[0]), &json!({}))
        .await;
    let history = format!("/api/v1/checks/{}/probes?limit=1000", checks[0]);
    let slo = format!("/api/v1/slos/{}", slo["id"].as_str().unwrap());
    let mut counted = (0, 1);
    for _ in 0..200 {
        let slo = running.get(&slo).await;
        let rows = running.get(&history).await["items"].as_array().unwrap().len();
        counted = (slo["budget"]["total"].as_u64().unwrap(), rows as u64);
        if counted.0 == counted.1 && slo["budget"]["loaded"] == true {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(counted.0, counted.1, "events counted, and rows stored");
    assert!(counted.0 > 0);
    assert_eq!(running.terminate().1, Some(0));
}

#[tokio::test]
async fn ten_orderly_ends_during_flushes_lose_nothing_that_was_acknowledged() {
    for instance in instances("").await {
        loop_of_ends(&instance).await;
        if instance.schema.is_none() {
            assert_sound(&instance).await;
        }
    }
}
