//! Files and requests that are wrong on purpose.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::{Instance, Running, mainstay};

/// Nine levels of ten aliases each: a billion strings, were they written out.
fn bomb() -> String {
    let mut yaml =
        "apiVersion: mainstay/v1\nkind: Service\nmetadata: { name: bomb }\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..10 {
        let below = format!("*a{}", level - 1);
        writeln!(yaml, "a{level}: &a{level} [{}]", vec![below; 10].join(",")).unwrap();
    }
    yaml
}

/// Three services that wait for each other.
fn cycle() -> String {
    let service = |name: &str, port: u16, needs: &str| {
        json!({ "name": name, "port": port, "base_url": format!("http://{name}:{port}"),
                "health_url": format!("http://{name}:{port}/health"), "dependencies": [needs] })
    };
    json!({ "version": "1.2", "services": {
        "hen": service("hen", 9001, "egg"), "egg": service("egg", 9002, "nest"), "nest": service("nest", 9003, "hen"),
    }})
    .to_string()
}

const GOOD: &str = "apiVersion: mainstay/v1\nkind: Service\nmetadata: { name: good }\nspec: { owner: team }\n";

fn codes(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().filter_map(|finding| finding["code"].as_str()).collect()
}

fn assert_bomb_and_cycle(report: &Value) {
    let codes = codes(report);
    assert!(codes.contains(&"unreadable"), "{codes:?}");
    assert!(codes.contains(&"dependency-cycle"), "{codes:?}");
    assert_eq!(report["summary"]["services"], 4, "the good ones are taken: {report}");
}

#[tokio::test]
async fn a_bomb_and_a_cycle_are_findings_of_an_import_and_the_rest_is_imported() {
    let running = Instance::sqlite("").start().await;
    let files = json!({ "files": [
        { "path": "bomb.yaml", "content": bomb() },
        { "path": "registry.json", "content": cycle() },
        { "path": "good.yaml", "content": GOOD },
    ]});
    let report = running.post("/api/v1/imports", &files).await;
    assert_bomb_and_cycle(&report);
    let dependencies = running.get("/api/v1/dependencies").await;
    assert_eq!(dependencies["cycles"].as_array().unwrap().len(), 1, "{dependencies}");
    assert!(running.memory_mib() < 150, "{} MiB", running.memory_mib());
}

#[test]
fn a_bomb_and_a_cycle_are_findings_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("bomb.yaml", bomb()),
        ("registry.json", cycle()),
        ("good.yaml", GOOD.to_owned()),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let arguments = ["import", "--dry-run", "--strict", "--output", "json", "."];
    let output = mainstay(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_bomb_and_cycle(&serde_json::from_slice(&output.stdout).unwrap());
}

/// Sends exactly these bytes as JSON.
async fn raw(running: &Running, path: &str, body: impl Into<String>) -> (u16, Value) {
    running.send_raw("POST", path, body.into()).await
}

#[tokio::test]
async fn requests_that_are_wrong_on_purpose_are_refused_with_the_right_status() {
    let running = Instance::sqlite("").start().await;
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let name = "n".repeat(1 << 20);
    let cases = [
        ("/api/v1/services", "{".to_owned(), 400, "malformed-json"),
        ("/api/v1/services", String::new(), 400, "malformed-json"),
        ("/api/v1/services", "{} {}".to_owned(), 422, "invalid-body"),
        ("/api/v1/services", "[1, 2]".to_owned(), 422, "invalid-body"),
        ("/api/v1/services", nested(1000), 422, ""),
        ("/api/v1/imports", nested(100_000), 422, ""),
        ("/api/v1/imports", format!("{{\"files\": {}}}", nested(1000)), 422, ""),
        (
            "/api/v1/imports",
            "{\"files\": [], \"colour\": 1}".to_owned(),
            422,
            "invalid-body",
        ),
        ("/api/v1/services", format!("{{\"name\": \"{name}\"}}"), 422, ""),
        (
            "/api/v1/services",
            "{\"name\": \"good\", \"description\": \"\\u0000\"}".to_owned(),
            422,
            "",
        ),
        (
            "/api/v1/services",
            "{\"name\": \"good\", \"tier\": 1e999}".to_owned(),
            400,
            "",
        ),
        (
            "/api/v1/services",
            format!("{{\"name\": \"good\", \"description\": \"{name}\"}}"),
            422,
            "",
        ),
        (
            "/api/v1/checks",
            format!("{{\"name\": \"{name}\", \"service\": \"x\", \"target\": \"http://x\"}}"),
            422,
            "",
        ),
        (
            "/api/v1/slos",
            format!("{{\"name\": \"{name}\", \"service\": \"x\", \"objective\": 99}}"),
            422,
            "",
        ),
        (
            "/api/v1/webhooks",
            format!("{{\"name\": \"{name}\", \"url\": \"http://example.org\"}}"),
            422,
            "",
        ),
    ];
    for (path, body, expected, code) in cases {
        let start: String = body.chars().take(60).collect();
        let (status, problem) = raw(&running, path, body).await;
        let shown: String = problem.to_string().chars().take(400).collect();
        assert_eq!(status, expected, "{path} {start}: {shown}");
        assert!(code.is_empty() || problem["code"] == code, "{path} {start}: {shown}");
        assert!(
            problem["detail"].as_str().unwrap().len() < 2000,
            "{path} {start}: {shown}"
        );
    }
    assert_eq!(running.get("/api/v1/meta").await["counts"]["services"], 0);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_and_not_kept_in_memory() {
    let running = Instance::sqlite("").start().await;
    let huge = format!(
        "{{\"files\": [{{\"path\": \"a\", \"content\": \"{}\"}}]}}",
        "x".repeat(65 << 20)
    );
    let (status, problem) = raw(&running, "/api/v1/imports", huge).await;
    assert_eq!((status, &problem["code"]), (413, &json!("too-large")), "{problem}");
    assert_eq!(running.try_get("/ready").await.0, 200);
}

#[tokio::test]
async fn a_deep_file_is_a_finding_and_not_a_crash() {
    let running = Instance::sqlite("").start().await;
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let files = json!({ "files": [
        { "path": "deep.json", "content": format!("{{\"services\": {}}}", deep("[", "]")) },
        { "path": "deep.yaml", "content": format!("apiVersion: mainstay/v1\nkind: Service\nspec: {}", deep("{a: ", "}")) },
        { "path": "deep.toml", "content": format!("[monitor]\na = {}", deep("[", "]")) },
        { "path": "good.yaml", "content": GOOD },
    ]});
    let report = running.post("/api/v1/imports", &files).await;
    assert_eq!(report["summary"]["services"], 1, "{report}");
    assert!(report["summary"]["errors"].as_u64().unwrap() >= 2, "{report}");
}
