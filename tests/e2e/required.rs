//! `[auth] required = true` with the real binary: the first start prints a link, and every request is held to what its caller may.

use mainstay_store::{Database, sql};
use serde_json::{Value, json};

use crate::{
    accounts::{PASSWORD, parsed, redeem, run, said},
    harness::{Instance, Running, instances},
};

const REQUIRED: &str = "[auth]\nrequired = true\n";

/// What is in the quotes behind `--link`.
pub fn link(told: &str) -> &str {
    let (_, behind) = told.split_once("mainstay login --link '").expect(told);
    behind.split_once('\'').unwrap().0
}

fn secret(link: &str) -> &str {
    link.split_once("/welcome#").unwrap().1
}

/// What a request with a token is answered: the status and the code of the problem.
async fn answered(running: &Running, token: &str, method: &str, path: &str) -> (u16, String) {
    let (status, body) = running
        .send_as(token, method, path, &json!({ "name": "payments" }))
        .await;
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// Whoever comes without a token: health is everybody's, and nothing else.
async fn strangers_see_health_alone(running: &Running) {
    for public in ["/live", "/ready", "/health", "/openapi.json", "/api/v1/auth/config"] {
        assert_eq!(running.try_get(public).await.0, 200, "{public}");
    }
    for guarded in ["/api/v1/services", "/api/v1/events", "/api/v1/meta", "/metrics"] {
        let (status, problem) = running.try_get(guarded).await;
        assert_eq!(
            (status, &problem["code"]),
            (401, &json!("not-signed-in")),
            "{guarded}: {problem}"
        );
        assert!(problem["detail"].as_str().unwrap().contains("`mainstay login`"));
    }
    let (status, _) = running
        .send("POST", "/api/v1/services", &json!({ "name": "payments" }))
        .await;
    assert_eq!(status, 401);
}

/// The tokens of an administrator's program and of a viewer, made from the first link.
async fn people(instance: &Instance, running: &Running, first: &str) -> (String, String) {
    let home = instance.directory.path();
    let server = ["--server", running.base.as_str()];
    let call = |arguments: &[&str], input: &str| run(home, &[arguments, &server[..]].concat(), input, None);
    let sign_in = ["login", "--password-stdin", "--link", first];
    assert!(said(&call(&sign_in, &format!("{PASSWORD}\n"))).contains("signed in as admin"));
    assert!(
        !call(&sign_in, &format!("{PASSWORD}\n")).status.success(),
        "it works once"
    );
    let made = parsed(&call(
        &[
            "token",
            "create",
            "deploy",
            "--scope",
            "catalog:read,catalog:write,watch:read",
            "--output",
            "json",
        ],
        "",
    ));
    let ada = parsed(&call(
        &["user", "add", "ada", "--role", "viewer", "--output", "json"],
        "",
    ));
    let (status, session) = redeem(running, ada["link"]["secret"].as_str().unwrap()).await;
    assert_eq!(status, 200, "{session}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["secret"]), text(&session["access_token"]))
}

/// What a stranger makes of a token that they have seen: another signature, and none.
fn forged(token: &str) -> [String; 2] {
    let mut parts: Vec<&str> = token.split('.').collect();
    let signature = "A".repeat(parts[2].len());
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    parts[2] = &signature;
    [parts.join("."), unsigned]
}

async fn expire_tokens(instance: &Instance) {
    let database = Database::open(&instance.database()).await.unwrap();
    database
        .execute(sql("UPDATE auth_token SET expires_at = created_at"))
        .await
        .unwrap();
    database.close().await;
}

#[tokio::test]
async fn every_request_is_held_to_what_its_caller_may() {
    for instance in instances(REQUIRED).await {
        let running = instance.start().await;
        strangers_see_health_alone(&running).await;
        let told = instance.printed();
        let (program, viewer) = people(&instance, &running, link(&told)).await;
        let services = "/api/v1/services";

        assert_eq!(answered(&running, &viewer, "GET", services).await.0, 200);
        let forbidden = (403, "forbidden".to_owned());
        assert_eq!(answered(&running, &viewer, "POST", services).await, forbidden);
        assert_eq!(answered(&running, &program, "POST", services).await.0, 201);
        assert_eq!(
            answered(&running, &program, "POST", services).await.0,
            201,
            "the first answer again"
        );
        assert_eq!(
            answered(&running, &viewer, "POST", services).await,
            forbidden,
            "not even an answer that is remembered"
        );
        assert_eq!(
            answered(&running, &program, "GET", "/api/v1/slos").await,
            forbidden,
            "a token can do what it was made for"
        );
        let invalid = (401, "invalid-token".to_owned());
        for forged in forged(&viewer) {
            assert_eq!(answered(&running, &forged, "GET", services).await, invalid);
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let list = ["services", "--server", running.base.as_str()];
        assert!(said(&run(elsewhere.path(), &list, "", Some(&program))).contains("payments"));
        let refused = run(elsewhere.path(), &list, "", None);
        assert_eq!(refused.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("`mainstay login`"));

        let log = running.log();
        for hidden in [secret(link(&told)), &program, &viewer, "/welcome#", PASSWORD] {
            assert!(!log.contains(hidden), "a secret is in the log");
        }
        running.terminate();
        expire_tokens(&instance).await;
        let running = instance.start().await;
        assert_eq!(instance.printed(), "", "the first link is printed once");
        assert_eq!(
            answered(&running, &program, "GET", services).await.0,
            401,
            "it has expired"
        );
    }
}

#[tokio::test]
async fn nothing_is_asked_for_and_nothing_printed_unless_it_is_required() {
    let instance = Instance::sqlite("");
    let running = instance.start().await;
    running.get("/api/v1/services").await;
    assert_eq!(instance.printed(), "");
}
