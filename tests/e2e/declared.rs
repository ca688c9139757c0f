//! What files declare beside services is in force like what people make, and changes and goes with its file.

use jiff::{SignedDuration, Timestamp};
use mainstay_kernel::{World, from_micros, to_micros};
use serde_json::json;

use crate::{
    harness::{eventually, instances, mainstay, signal},
    servers::{Receiver, Target},
};

fn window(name: &str, service: &str, from: Timestamp, to: Timestamp) -> String {
    format!(
        "---\napiVersion: mainstay/v1\nkind: Maintenance\nmetadata:\n  name: {name}\nspec:\n  service: {service}\n  \
         reason: The move to the new disks\n  starts_at: {from}\n  ends_at: {to}\n"
    )
}

#[tokio::test]
async fn a_declared_maintenance_window_covers_its_service_and_goes_with_its_file() {
    for mut instance in instances("").await {
        let target = Target::start();
        target.set_well(false);
        let service = format!(
            "apiVersion: mainstay/v1\nkind: Service\nmetadata:\n  name: shop\nspec:\n  owner: team\n  endpoints:\n    health: {}\n",
            target.url()
        );
        let now = World::system().now();
        let hour = SignedDuration::from_hours(1);
        let open = window("move", "shop", now - hour, now + hour);
        let over = window("before", "shop", now - hour * 3, now - hour * 2);
        let fleet = instance.write("fleet.yaml", &format!("{service}{open}{over}"));
        instance.toml = format!(
            "[watch]\ndefault_interval_ms = 1000\nretry_ms = 100\n[catalog]\nimport = [\"{}\"]\n{}",
            fleet.display(),
            instance.toml
        );
        let running = instance.start().await;
        running.until_state("shop", "maintenance").await;
        let list = running.get("/api/v1/maintenance").await;
        let windows = list["items"].as_array().unwrap();
        assert_eq!(windows.len(), 1, "one that is over is not made: {list}");
        assert_eq!(windows[0]["reason"], "The move to the new disks");
        assert!(windows[0]["source"].as_str().unwrap().ends_with("fleet.yaml"), "{list}");
        let id = windows[0]["id"].as_str().unwrap().to_owned();
        let (status, refusal) = running
            .send("DELETE", &format!("/api/v1/maintenance/{id}"), &json!({}))
            .await;
        assert_eq!((status, &refusal["code"]), (409, &json!("file-managed")), "{refusal}");

        // A later end is the same window; without the document there is none, and the failures count.
        let longer = window("move", "shop", now - hour, now + hour * 2);
        std::fs::write(&fleet, format!("{service}{longer}")).unwrap();
        signal(running.pid(), "HUP");
        // Kept to the microsecond.
        let end = from_micros(to_micros(now + hour * 2)).to_string();
        let list = running
            .until("/api/v1/maintenance", |list| list["items"][0]["ends_at"] == end)
            .await;
        assert_eq!(list["items"][0]["id"], id);
        std::fs::write(&fleet, &service).unwrap();
        signal(running.pid(), "HUP");
        running.until_state("shop", "down").await;
        let list = running.get("/api/v1/maintenance").await;
        assert!(list["items"].as_array().unwrap().is_empty(), "{list}");
    }
}

#[test]
fn a_declared_window_that_makes_no_sense_is_an_error_of_the_dry_run() {
    let folder = tempfile::tempdir().unwrap();
    let now = World::system().now();
    let hour = SignedDuration::from_hours(1);
    let text = format!(
        "apiVersion: mainstay/v1\nkind: Service\nmetadata: {{name: shop}}\nspec: {{}}\n{}",
        window("move", "shop", now, now - hour)
    );
    std::fs::write(folder.path().join("fleet.yaml"), text).unwrap();
    let output = mainstay(folder.path(), &["import", "--dry-run", "--strict", "fleet.yaml"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.starts_with("Errors (1)") && said.contains("must be after `starts_at`"),
        "{said}"
    );
}

#[tokio::test]
async fn a_declared_silence_keeps_an_alert_back_until_its_document_is_gone() {
    for mut instance in instances("").await {
        let (target, receiver) = (Target::start(), Receiver::start(0));
        target.set_well(false);
        let service = format!(
            "apiVersion: mainstay/v1\nkind: Service\nmetadata:\n  name: shop\nspec:\n  owner: team\n  endpoints:\n    health: {}\n",
            target.url()
        );
        let now = World::system().now();
        let silence = format!(
            "---\napiVersion: mainstay/v1\nkind: Silence\nmetadata:\n  name: known\nspec:\n  service: shop\n  kind: service-down\n  \
             reason: Being rebuilt\n  starts_at: {now}\n  ends_at: {}\n",
            now + SignedDuration::from_hours(1)
        );
        let fleet = instance.write("fleet.yaml", &format!("{service}{silence}"));
        instance.toml = format!(
            "[watch]\ndefault_interval_ms = 1000\nretry_ms = 100\n[egress]\nallow_loopback = true\n[catalog]\nimport = [\"{}\"]\n\
             [[webhook]]\nname = \"chat\"\nurl = \"{}\"\n{}",
            fleet.display(),
            receiver.url(),
            instance.toml
        );
        let running = instance.start().await;
        let silences = running
            .until("/api/v1/silences", |list| list["items"][0]["reason"] == "Being rebuilt")
            .await;
        assert!(
            silences["items"][0]["source"].as_str().unwrap().ends_with("fleet.yaml"),
            "{silences}"
        );
        running
            .until("/api/v1/alerts", |list| list["items"][0]["silenced"] == true)
            .await;
        let output = mainstay(instance.directory.path(), &["alerts", "--server", &running.base]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("silenced"), "{said}");
        let id = silences["items"][0]["id"].as_str().unwrap();
        let (status, refusal) = running
            .send("DELETE", &format!("/api/v1/silences/{id}"), &json!({}))
            .await;
        assert_eq!((status, &refusal["code"]), (409, &json!("file-managed")), "{refusal}");
        assert!(receiver.arrived().is_empty(), "{:?}", receiver.arrived());

        std::fs::write(&fleet, &service).unwrap();
        signal(running.pid(), "HUP");
        eventually("the alert is told", || !receiver.arrived().is_empty()).await;
        let list = running.get("/api/v1/silences").await;
        assert!(list["items"].as_array().unwrap().is_empty(), "{list}");
    }
}
