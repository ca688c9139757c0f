//! Several replicas on one PostgreSQL database: they share the probing, one pages, and when one dies the others go on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    harness::{Instance, PATIENCE, Running, eventually, instances},
    servers::{Receiver, Target},
};

/// What a check's interval is in these tests.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a dead replica's work may lie still.
const FAIL_OVER: Duration = Duration::from_secs(10);

/// So many instances on one PostgreSQL schema; `None` when there is no PostgreSQL.
async fn fleet(count: usize) -> Option<Vec<Instance>> {
    let first = instances("[egress]\nallow_loopback = true\n")
        .await
        .into_iter()
        .find(|one| one.schema.is_some())?;
    let others: Vec<Instance> = (1..count).map(|_| Instance::sqlite(&first.toml)).collect();
    Some(std::iter::once(first).chain(others).collect())
}

async fn start(instances: &[Instance]) -> Vec<Option<Running>> {
    let mut running = Vec::new();
    for instance in instances {
        running.push(Some(instance.start().await));
    }
    running
}

fn any(running: &[Option<Running>]) -> &Running {
    running.iter().flatten().next().unwrap()
}

/// Waits until every target has been asked again, and says how long the slowest took.
async fn until_all_are_asked(targets: &[Target]) -> Duration {
    let before: Vec<u64> = targets.iter().map(Target::hits).collect();
    let started = Instant::now();
    eventually("every check is probed", || {
        targets
            .iter()
            .zip(&before)
            .all(|(target, before)| target.hits() > *before)
    })
    .await;
    started.elapsed()
}

/// The replica that probes each share of the checks, by name.
async fn lease_holders(running: &Running) -> Vec<Value> {
    let page = running.get("/api/v1/admin/replicas").await;
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn three_replicas_share_the_probing_and_two_go_on_when_one_is_killed() {
    let Some(instances) = fleet(3).await else { return };
    let mut running = start(&instances).await;
    let targets: Vec<Target> = (0..24).map(|_| Target::start()).collect();
    for (number, target) in targets.iter().enumerate() {
        // Edits arrive at every replica, wherever they were made.
        let replica = running[number % 3].as_ref().unwrap();
        replica.watch(&format!("service-{number}"), &target.url()).await;
    }
    for replica in running.iter().flatten() {
        for number in 0..targets.len() {
            replica.until_state(&format!("service-{number}"), "up").await;
        }
        assert_eq!(lease_holders(replica).await.len(), 3);
    }
    // Nobody is probed by two.
    let before: Vec<u64> = targets.iter().map(Target::hits).collect();
    tokio::time::sleep(INTERVAL * 5).await;
    for (number, (target, before)) in targets.iter().zip(before).enumerate() {
        let hits = target.hits() - before;
        assert!(
            (3..=7).contains(&hits),
            "service-{number} was probed {hits} times in five intervals"
        );
    }
    // One dies.
    running[1].take().unwrap().kill();
    let took = until_all_are_asked(&targets).await;
    assert!(took < FAIL_OVER, "the work of the dead replica lay still for {took:?}");
    // The states go on, too.
    targets[5].set_well(false);
    for replica in running.iter().flatten() {
        replica.until_state("service-5", "down").await;
    }
    // It comes back and takes its share.
    running[1] = Some(instances[1].start().await);
    until_all_are_asked(&targets).await;
    running[1].as_ref().unwrap().until_state("service-5", "down").await;
    for replica in running.into_iter().flatten() {
        assert_eq!(replica.terminate().1, Some(0));
    }
}

#[tokio::test]
async fn of_an_alert_with_three_replicas_one_page_leaves_whoever_dies() {
    let Some(instances) = fleet(3).await else { return };
    let mut running = start(&instances).await;
    let (target, receiver) = (Target::start(), Receiver::start(0));
    any(&running).watch("shop", &target.url()).await;
    any(&running)
        .post("/api/v1/webhooks", &json!({ "name": "pager", "url": receiver.url() }))
        .await;
    for replica in running.iter().flatten() {
        replica.until_state("shop", "up").await;
    }
    for round in 0..6 {
        target.set_well(round % 2 == 1);
        let state = if round % 2 == 1 { "up" } else { "down" };
        // A different one dies each time, sooner or later than the page.
        tokio::time::sleep(Duration::from_millis(400 * (round as u64 + 1))).await;
        let victim = round % 3;
        running[victim].take().unwrap().kill();
        for replica in running.iter().flatten() {
            replica.until_state("shop", state).await;
        }
        running[victim] = Some(instances[victim].start().await);
    }
    target.set_well(true);
    let witness = any(&running);
    witness.until_state("shop", "up").await;
    witness
        .until("/api/v1/alerts?state=open", |page| page["items"] == json!([]))
        .await;
    let alerts = witness.get("/api/v1/alerts?limit=1000").await;
    let alerts: Vec<Value> = alerts["items"].as_array().unwrap().clone();
    assert!(!alerts.is_empty(), "nothing ever opened");
    for alert in &alerts {
        for event in ["alert.opened", "alert.resolved"] {
            let subject = (alert["id"].as_str().unwrap().to_owned(), event.to_owned());
            eventually("every alert is told", || receiver.accepted().contains_key(&subject)).await;
        }
    }
    for (subject, ids) in receiver.ids() {
        assert_eq!(ids.len(), 1, "{subject:?} was told under several ids: {ids:?}");
    }
    // Acknowledging works through any replica, also one that does not page.
    target.set_well(false);
    let open = witness
        .until("/api/v1/alerts?state=open", |page| page["items"] != json!([]))
        .await;
    let id = open["items"][0]["id"].as_str().unwrap().to_owned();
    for replica in running.iter().flatten() {
        let (status, body) = replica
            .send(
                "POST",
                &format!("/api/v1/alerts/{id}/acknowledge"),
                &json!({ "by": "ada" }),
            )
            .await;
        assert_eq!(status, 200, "{body}");
    }
    let started = Instant::now();
    for replica in running.iter().flatten() {
        replica
            .until(&format!("/api/v1/alerts/{id}"), |alert| {
                alert["acknowledged_by"] == "ada"
            })
            .await;
    }
    assert!(started.elapsed() < PATIENCE);
}

#[tokio::test]
async fn a_service_made_at_one_replica_can_be_spoken_of_at_another_at_once() {
    let Some(instances) = fleet(2).await else { return };
    let running = start(&instances).await;
    let target = Target::start();
    let [one, other] = [0, 1].map(|replica| running[replica].as_ref().unwrap());
    for number in 0..5 {
        let name = format!("fresh-{number}");
        one.post("/api/v1/services", &json!({ "name": name })).await;
        other
            .post("/api/v1/slos", &json!({ "service": name, "objective": 99 }))
            .await;
        other.check(&name, &target.url()).await;
        assert_eq!(other.get(&format!("/api/v1/services/{name}")).await["name"], *name);
    }
}
