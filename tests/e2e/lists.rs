//! The lists on the command line: every noun lists alone and with `list`, people read relative times and programs exact ones.

use serde_json::{Value, json};

use crate::harness::{Instance, Running, mainstay};

const NOUNS: [&str; 7] = [
    "services",
    "checks",
    "slo",
    "alerts",
    "silences",
    "maintenance",
    "webhooks",
];

fn listed(instance: &Instance, running: &Running, arguments: &[&str]) -> String {
    let mut all = arguments.to_vec();
    all.extend(["--server", &running.base]);
    let output = mainstay(instance.directory.path(), &all);
    assert!(output.status.success(), "{all:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn every_noun_lists_alone_and_with_list() {
    let instance = Instance::sqlite("");
    let running = instance.start().await;
    for noun in NOUNS {
        let alone = listed(&instance, &running, &[noun]);
        assert!(alone.starts_with("No "), "{noun}: {alone}");
        assert_eq!(listed(&instance, &running, &[noun, "list"]), alone, "{noun}");
        let machine = listed(&instance, &running, &[noun, "list", "--output", "json"]);
        assert_eq!(serde_json::from_str::<Value>(&machine).unwrap(), json!([]), "{noun}");
    }
}

#[tokio::test]
async fn people_read_relative_times_and_programs_exact_ones() {
    let instance = Instance::sqlite("");
    let running = instance.start().await;
    running.watch("shop", "http://127.0.0.1:1/health").await;
    running.until_state("shop", "down").await;
    running
        .post("/api/v1/slos", &json!({ "service": "shop", "objective": 99 }))
        .await;
    running
        .post(
            "/api/v1/silences",
            &json!({ "service": "shop", "reason": "new disks", "ends_at": "2999-01-01T00:00:00Z" }),
        )
        .await;
    let services = listed(&instance, &running, &["services"]);
    assert!(services.contains(" s ago") || services.contains("now"), "{services}");
    assert!(!services.contains("T0") && !services.contains('Z'), "{services}");
    let exact: Value = serde_json::from_str(&listed(&instance, &running, &["services", "--output", "json"])).unwrap();
    assert_eq!(exact[0]["service"]["name"], "shop");
    assert!(exact[0]["state"]["since"].as_str().unwrap().ends_with('Z'), "{exact}");
    running
        .until("/api/v1/alerts", |page| !page["items"].as_array().unwrap().is_empty())
        .await;
    let alerts = listed(&instance, &running, &["alerts"]);
    assert!(alerts.contains("shop is down"), "{alerts}");
    assert!(listed(&instance, &running, &["silences"]).contains("new disks"));
    assert!(listed(&instance, &running, &["slo"]).contains("99"));
}
