//! SIGHUP: a changed configuration is in force without a restart, a wrong one changes nothing, and what needs a restart says so.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    harness::{Instance, Running, eventually, instances, signal},
    servers::{Receiver, Target},
};

/// Writes the instance's configuration and sends SIGHUP.
fn reload(instance: &Instance, running: &Running) {
    instance.write("mainstay.toml", &instance.toml);
    signal(running.pid(), "HUP");
}

/// Waits until the task of reloads says so.
async fn until_it_says(running: &Running, words: &str) -> Value {
    let task = |body: &Value| {
        let mut tasks = body["items"].as_array().unwrap().iter();
        tasks.find(|task| task["name"] == "config.reload").cloned()
    };
    let said = |body: &Value| task(body).is_some_and(|task| task.to_string().contains(words));
    task(&running.until("/api/v1/admin/tasks", said).await).unwrap()
}

fn fleet(name: &str, url: &str) -> String {
    format!(
        "apiVersion: mainstay/v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  owner: team\n  endpoints:\n    health: {url}\n"
    )
}

fn interval(body: &Value) -> &Value {
    &body["items"][0]["interval_ms"]
}

#[tokio::test]
async fn a_changed_configuration_is_in_force_after_sighup() {
    for mut instance in instances("").await {
        let database = instance.toml.clone();
        let (target, heart, receiver) = (Target::start(), Target::start(), Receiver::start(0));
        let shop = instance.write("shop.yaml", &fleet("shop", &target.url()));
        let till = instance.write("till.yaml", &fleet("till", &target.url()));
        let secret = instance.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        instance.toml = format!(
            "[watch]\ndefault_interval_ms = 60000\n[watch.retention]\nfive_minutes_days = 100\n[catalog]\nimport = [{shop:?}]\n{database}"
        );
        let running = instance.start().await;
        let minutely = |body: &Value| interval(body) == 60_000;
        running.until("/api/v1/checks?service=shop", minutely).await;
        let promise = json!({
            "service": "shop", "objective": 99.0, "window": { "kind": "rolling", "seconds": 200 * 86_400 },
        });
        assert_eq!(running.send("POST", "/api/v1/slos", &promise).await.0, 422);
        let since = running.get("/api/v1/meta").await["started_at"].clone();

        instance.toml = format!(
            "public_url = \"https://mainstay.example\"\n[log]\nfilter = \"info,mainstay_store=debug\"\nformat = \"text\"\n\
             [watch]\ndefault_interval_ms = 2000\n[catalog]\nimport = [{shop:?}, {till:?}]\n\
             [egress]\nallow_loopback = true\n[heartbeat]\nurl = \"{}?token=hush\"\ninterval_s = 1\n\
             [[webhook]]\nname = \"chat\"\nurl = \"{}\"\nformat = \"alertmanager\"\nsecret_file = {secret:?}\n{database}",
            heart.url(),
            receiver.url(),
        );
        reload(&instance, &running);
        let task = until_it_says(&running, "watch.default_interval_ms").await;
        let frequently = |body: &Value| interval(body) == 2000;
        running.until("/api/v1/checks?service=shop", frequently).await;
        running.until("/api/v1/checks?service=till", frequently).await;
        eventually("three probes at the new interval", || target.hits() >= 6).await;
        eventually("two heartbeats", || heart.hits() >= 2).await;
        running.post("/api/v1/slos", &promise).await;
        let webhooks = running
            .until("/api/v1/webhooks", |body| body["items"][0]["name"] == "chat")
            .await;
        let id = webhooks["items"][0]["id"].as_str().unwrap();
        running.post(&format!("/api/v1/webhooks/{id}/test"), &json!({})).await;
        let message = receiver.arrived()[0].body.to_string();
        assert!(message.contains("https://mainstay.example"), "{message}");

        assert_eq!(
            running.get("/api/v1/meta").await["started_at"],
            since,
            "it was restarted"
        );
        let log = running.log();
        let line = log.lines().find(|line| line.contains("heartbeat.url")).unwrap();
        assert!(
            line.contains("is in force") && line.contains("mainstay.toml:"),
            "{line}"
        );
        assert!(!line.starts_with('{'), "the format is still JSON: {line}");
        assert!(!log.contains("hush") && !task.to_string().contains("hush"), "{log}");

        // Back again, which takes the webhook and the heartbeat away.
        instance.toml = format!("[watch]\ndefault_interval_ms = 60000\n[catalog]\nimport = [{shop:?}]\n{database}");
        reload(&instance, &running);
        running.until("/api/v1/checks?service=shop", minutely).await;
        running
            .until("/api/v1/webhooks", |body| body["items"].as_array().unwrap().is_empty())
            .await;
        running
            .until("/api/v1/heartbeat", |body| body["configured"] == false)
            .await;
        assert_eq!(running.terminate().1, Some(0));
    }
}

#[tokio::test]
async fn a_wrong_configuration_changes_nothing_and_is_shown_until_it_is_mended() {
    let mut instance = Instance::sqlite("[watch]\nretry_ms = 500\n");
    let running = instance.start().await;
    for (wrong, said) in [
        (
            "[watch]\nretry_ms = 200\ndefault_interval_ms = 5\n",
            "mainstay.toml:3: `watch.default_interval_ms` is 5",
        ),
        ("[watch\nretry_ms = 200\n", "mainstay.toml:1: this is no TOML"),
        (
            "[watch]\nretry_ms = 200\nconcurrency = \"many\"\n",
            "mainstay.toml:3: `watch.concurrency`",
        ),
        (
            "listen = \"0.0.0.0:80\"\n[watch]\nretry_ms = 200\n[log]\nfilter = \"a=b=c\"\n",
            "`log.filter` cannot be used",
        ),
    ] {
        instance.toml = wrong.to_owned();
        reload(&instance, &running);
        let ready = running.until_ready_says(200, said).await;
        assert!(
            ready.contains("degraded") && ready.contains("the one before stays in force"),
            "{ready}"
        );
    }
    std::fs::remove_file(instance.directory.path().join("mainstay.toml")).unwrap();
    signal(running.pid(), "HUP");
    running.until_ready_says(200, "cannot be read").await;
    running.post("/api/v1/services", &json!({ "name": "shop" })).await;
    let check = |name: &str| json!({ "name": name, "service": "shop", "target": "127.0.0.1:1" });
    assert_eq!(running.post("/api/v1/checks", &check("a")).await["retry_ms"], 500);

    instance.toml = "[watch]\nretry_ms = 200\n".to_owned();
    reload(&instance, &running);
    running.until_ready_says(200, "\"ready\"").await;
    assert_eq!(running.post("/api/v1/checks", &check("b")).await["retry_ms"], 200);
    assert!(
        running.log().contains("the one before stays in force"),
        "{}",
        running.log()
    );
}

#[tokio::test]
async fn what_needs_a_restart_says_so_until_it_is_as_it_was() {
    let mut instance = Instance::sqlite("");
    let url = instance.write("url", "sqlite://data/mainstay.db");
    instance.toml = format!("[database]\nurl_file = {url:?}\n");
    let started = instance.toml.clone();
    let running = instance.start().await;
    let fleet = instance.write("fleet.yaml", &fleet("shop", "http://127.0.0.1:1/"));
    instance.toml = format!(
        "environment = \"staging\"\nroles = [\"api\"]\n[catalog]\nimport = [{fleet:?}]\n{started}connections = 7\n"
    );
    reload(&instance, &running);
    let task = until_it_says(&running, "needs a restart: database.connections, environment, roles").await;
    assert!(
        task["detail"]
            .as_str()
            .unwrap()
            .starts_with("in force: catalog.import;"),
        "{task}"
    );
    // What was imported belongs to the environment of the start.
    running
        .until("/api/v1/services/shop", |body| body["environment"] == "production")
        .await;
    let log = running.log();
    let line = log
        .lines()
        .find(|line| line.contains("needs a restart") && line.contains("environment"))
        .unwrap();
    assert!(line.contains("mainstay.toml:1"), "{line}");

    instance.toml.clone_from(&started);
    reload(&instance, &running);
    let task = until_it_says(&running, "\"runs\":2").await;
    assert!(!task.to_string().contains("restart"), "{task}");
    std::fs::write(&url, "sqlite://elsewhere/mainstay.db").unwrap();
    reload(&instance, &running);
    until_it_says(&running, "needs a restart: database.url_file").await;
    assert!(!instance.directory.path().join("elsewhere").exists());
}

#[tokio::test]
async fn secrets_are_read_again() {
    let mut instance = Instance::sqlite("");
    let (target, receiver) = (Target::start(), Receiver::start(0));
    let running = instance.start().await;
    running.post("/api/v1/services", &json!({ "name": "shop" })).await;
    let check = json!({
        "name": "page", "service": "shop", "role": "health", "target": target.url(), "interval_ms": 1000, "retry_ms": 100,
        "headers": [{ "name": "authorization", "value_file": "token" }],
    });
    running.post("/api/v1/checks", &check).await;
    running.until_state("shop", "down").await;
    assert_eq!(target.hits(), 0, "it was asked without the secret");
    instance.write("token", "Bearer hush");
    let secret = instance.directory.path().join("signing");
    instance.toml = format!(
        "[watch]\nsecrets_folder = {:?}\n[egress]\nallow_loopback = true\n[[webhook]]\nname = \"chat\"\nurl = \"{}\"\nsecret_file = {secret:?}\n",
        instance.directory.path(),
        receiver.url(),
    );
    reload(&instance, &running);
    running.until_state("shop", "up").await;
    running.until_ready_says(200, "declared-webhooks").await;
    // The same configuration once more: what it names is there now.
    instance.write("signing", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    signal(running.pid(), "HUP");
    running
        .until("/api/v1/webhooks", |body| body["items"][0]["name"] == "chat")
        .await;
}

#[tokio::test]
async fn sighup_during_a_shutdown_disturbs_nothing() {
    let instance = Instance::sqlite("");
    let running = instance.start().await;
    // A request whose body is still to come holds the shutdown up.
    let mut stream = TcpStream::connect(("127.0.0.1", instance.port)).unwrap();
    let body = br#"{ "name": "late" }"#;
    write!(
        stream,
        "POST /api/v1/services HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(&body[..5]).unwrap();
    running.get("/api/v1/meta").await;
    signal(running.pid(), "TERM");
    eventually("it stops", || running.log().contains("a second signal stops at once")).await;
    for _ in 0..5 {
        signal(running.pid(), "HUP");
    }
    stream.write_all(&body[5..]).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 201");
    drop(stream);
    let (_, code, log) = running.wait_with_log();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("Mainstay has stopped"), "{log}");
}

#[tokio::test]
async fn a_storm_of_sighups_ends_with_the_last_configuration() {
    let mut instance = Instance::sqlite("");
    let target = Target::start();
    let shop = instance.write("shop.yaml", &fleet("shop", &target.url()));
    let with = |interval: u64| format!("[watch]\ndefault_interval_ms = {interval}\n[catalog]\nimport = [{shop:?}]\n");
    instance.toml = with(30_000);
    let running = instance.start().await;
    for round in 0..200 {
        instance.toml = match round % 3 {
            0 => "[watch".to_owned(),
            1 => with(40_000),
            _ => with(50_000 + round),
        };
        reload(&instance, &running);
    }
    instance.toml = with(1000);
    reload(&instance, &running);
    running
        .until("/api/v1/checks?service=shop", |body| interval(body) == 1000)
        .await;
    running.until_ready_says(200, "\"ready\"").await;
    let before = target.hits();
    eventually("it goes on probing", || target.hits() >= before + 2).await;
    let started = std::time::Instant::now();
    assert_eq!(running.terminate().1, Some(0));
    assert!(started.elapsed() < Duration::from_secs(5));
}
