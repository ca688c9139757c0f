//! Starting, stopping, being killed, and starting again.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Instance, instances, mainstay, signal};

#[tokio::test]
async fn a_first_start_serves_health_metrics_and_a_document() {
    for instance in instances("").await {
        let running = instance.start().await;
        for path in [
            "/live",
            "/health",
            "/health/live",
            "/ready",
            "/readiness",
            "/health/ready",
        ] {
            assert_eq!(running.try_get(path).await.0, 200, "{path}");
        }
        let metrics = running.get("/metrics").await;
        assert!(metrics.as_str().unwrap().contains("process_resident_memory_bytes"));
        let document = running.get("/openapi.json").await;
        assert!(document["paths"]["/api/v1/services"]["get"].is_object());
        assert!(running.get("/").await.as_str().unwrap().contains("Mainstay"));
        assert_eq!(running.try_get("/api/v1/nonsense").await.0, 404);
        let meta = running.get("/api/v1/meta").await;
        assert_eq!(meta["counts"]["services"], 0);
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    for instance in instances("").await {
        let running = instance.start().await;
        running
            .post(
                "/api/v1/services",
                &json!({ "name": "payments-api", "tier": "critical", "owner": "payments" }),
            )
            .await;
        let check = running
            .post(
                "/api/v1/checks",
                &json!({ "name": "port", "service": "payments-api", "target": "127.0.0.1:1", "interval_ms": 60000 }),
            )
            .await;
        running.kill();
        let running = instance.start().await;
        assert_eq!(running.get("/api/v1/services/payments-api").await["owner"], "payments");
        let id = check["id"].as_str().unwrap();
        assert_eq!(
            running.get(&format!("/api/v1/checks/{id}")).await["service"],
            "payments-api"
        );
    }
}

#[tokio::test]
async fn sigterm_ends_it_in_order_even_with_a_browser_listening() {
    let instance = Instance::sqlite("");
    let running = instance.start().await;
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", instance.port)).unwrap();
    std::io::Write::write_all(&mut stream, b"GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").unwrap();
    let mut buffer = [0; 512];
    assert!(std::io::Read::read(&mut stream, &mut buffer).unwrap() > 0);
    let (took, code) = running.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn sighup_imports_the_configured_files_again() {
    let mut instance = Instance::sqlite("");
    let fleet = instance.write("fleet.yaml", &service("one"));
    instance.toml = format!("[catalog]\nimport = [\"{}\"]\n", fleet.display());
    let running = instance.start().await;
    running
        .until("/api/v1/services", |list| list["items"].as_array().unwrap().len() == 1)
        .await;
    std::fs::write(&fleet, format!("{}---\n{}", service("one"), service("two"))).unwrap();
    signal(running.pid(), "HUP");
    running
        .until("/api/v1/services", |list| list["items"].as_array().unwrap().len() == 2)
        .await;
}

#[tokio::test]
async fn its_own_traces_leave_over_otlp_when_an_endpoint_is_configured() {
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/traces", collector.local_addr().unwrap());
    let received = std::thread::spawn(move || {
        let (mut stream, _) = collector.accept().unwrap();
        let mut request = vec![0; 65_536];
        let read = std::io::Read::read(&mut stream, &mut request).unwrap();
        let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    let instance = Instance::sqlite(&format!("[telemetry]\notlp_endpoint = \"{endpoint}\"\n"));
    let running = instance.start().await;
    running.get("/api/v1/meta").await;
    assert_eq!(running.terminate().1, Some(0));
    let request = received.join().unwrap();
    assert!(request.starts_with("POST /v1/traces HTTP/1.1"), "{request}");
    assert!(
        request.to_ascii_lowercase().contains("application/x-protobuf"),
        "{request}"
    );
}

fn service(name: &str) -> String {
    format!("apiVersion: mainstay/v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  owner: team\n")
}

#[test]
fn offline_verbs_need_no_server() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("fleet.yaml"), service("one")).unwrap();
    let output = mainstay(
        folder.path(),
        &["import", "--dry-run", "--output", "json", "fleet.yaml"],
    );
    assert!(output.status.success(), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["services"], 1);
    let output = mainstay(folder.path(), &["config", "check", "--output", "json"]);
    assert!(output.status.success());
    assert!(mainstay(folder.path(), &["openapi"]).status.success());
    assert!(mainstay(folder.path(), &["completions", "bash"]).status.success());
    let output = mainstay(folder.path(), &["ready", "--server", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(1));
}
