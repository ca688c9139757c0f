//! The database is away for a while, and comes back.

use serde_json::json;

use crate::{
    harness::{Instance, eventually, signal},
    postgres::Server,
    servers::{Receiver, Target},
};

#[tokio::test]
async fn nothing_is_lost_and_all_is_told_once_when_the_database_was_gone_for_a_while() {
    let Some(server) = Server::start() else { return };
    let instance = Instance::sqlite(&format!(
        "[database]\nurl = \"{}\"\n[egress]\nallow_loopback = true\n",
        server.url()
    ));
    let (target, receiver) = (Target::start(), Receiver::start(0));
    let running = instance.start().await;
    let check = running.watch("shop", &target.url()).await;
    running
        .post("/api/v1/webhooks", &json!({ "name": "pager", "url": receiver.url() }))
        .await;
    running.until_state("shop", "up").await;

    server.crash();
    let said = running.until_ready_says(503, "database").await;
    assert!(said.contains("not-ready"), "{said}");
    assert_eq!(running.try_get("/live").await.0, 200);
    assert_eq!(running.try_get("/health").await.0, 200);
    let (status, problem) = running
        .send("POST", "/api/v1/services", &json!({ "name": "other" }))
        .await;
    assert_eq!(
        (status, &problem["code"]),
        (503, &json!("database-unavailable")),
        "{problem}"
    );
    target.set_well(false);
    let before = target.hits();
    eventually("probes go on without the database", || target.hits() > before + 4).await;
    assert!(receiver.arrived().is_empty(), "told before it was written down");
    let probed = target.hits();

    server.resume();
    running.until_ready_says(200, "\"ready\"").await;
    eventually("the alert that opened meanwhile is told", || {
        !receiver.arrived().is_empty()
    })
    .await;
    target.set_well(true);
    eventually("the end of the alert is told", || receiver.ids().len() == 2).await;
    // The outage loses no probe: as many rows as were answered before the database came back, at least.
    running
        .until(&format!("/api/v1/checks/{check}/probes?limit=1000"), |page| {
            u64::try_from(page["items"].as_array().unwrap().len()).unwrap() >= probed
        })
        .await;
    running
        .until("/api/v1/deliveries", |page| {
            let items = page["items"].as_array().unwrap();
            items.len() == 2 && items.iter().all(|delivery| delivery["status"] == "delivered")
        })
        .await;
    assert!(
        receiver.accepted().values().all(|times| times.len() == 1),
        "{:?}",
        receiver.arrived()
    );
    let events: Vec<String> = receiver.accepted().into_keys().map(|(_, event)| event).collect();
    assert_eq!(events, ["alert.opened", "alert.resolved"]);
}

#[tokio::test]
async fn a_database_that_becomes_read_only_is_said_in_words_and_forgiven() {
    let Some(server) = Server::start() else { return };
    let instance = Instance::sqlite(&format!("[database]\nurl = \"{}\"\n", server.url()));
    let target = Target::start();
    let running = instance.start().await;
    let check = running.watch("shop", &target.url()).await;
    running.until_state("shop", "up").await;

    server.sql("ALTER SYSTEM SET default_transaction_read_only = on");
    server.sql("SELECT pg_reload_conf()");
    running.until_ready_says(200, "read-only").await;
    let (status, problem) = running
        .send("POST", "/api/v1/services", &json!({ "name": "other" }))
        .await;
    assert_eq!((status, &problem["code"]), (503, &json!("read-only")), "{problem}");
    assert_eq!(running.get("/api/v1/services/shop").await["name"], "shop");
    let before = target.hits();
    eventually("probes go on", || target.hits() > before + 1).await;
    let probed = target.hits();

    server.sql("ALTER SYSTEM RESET default_transaction_read_only");
    server.sql("SELECT pg_reload_conf()");
    running.until_ready_says(200, "\"ready\"").await;
    running
        .until(&format!("/api/v1/checks/{check}/probes?limit=1000"), |page| {
            u64::try_from(page["items"].as_array().unwrap().len()).unwrap() >= probed
        })
        .await;
}

#[tokio::test]
async fn an_end_without_the_database_is_orderly_and_a_start_without_it_is_refused_in_words() {
    let Some(server) = Server::start() else { return };
    let url = server.url().replace("postgres@", "postgres:hunter2@");
    let instance = Instance::sqlite(&format!("[database]\nurl = \"{url}\"\n"));
    let target = Target::start();
    let running = instance.start().await;
    running.watch("shop", &target.url()).await;
    running.until_state("shop", "up").await;
    server.crash();
    running.until_ready_says(503, "database").await;
    signal(running.pid(), "TERM");
    let (took, code, log) = running.wait_with_log();
    assert_eq!(code, Some(0), "{log}");
    assert!(took.as_secs() < 25, "{took:?}");
    assert!(!log.contains("hunter2"), "{log}");

    let (code, said) = instance.start_refused();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("database"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    server.resume();
    let running = instance.start().await;
    running.until_state("shop", "up").await;
}
