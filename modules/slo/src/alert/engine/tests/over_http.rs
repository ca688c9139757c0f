//! Alerts, silences, webhooks and deliveries through the real router.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

async fn call(app: &Router, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path);
    let request = match body {
        None => request.body(Body::empty()),
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string())),
    };
    let response = app.clone().oneshot(request.unwrap()).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

fn app(process: &Process) -> Router {
    crate::api::alert_routes()
        .with_state(process.alerts.clone())
        .split_for_parts()
        .0
}

#[tokio::test]
async fn a_webhooks_secret_is_shown_once_and_its_test_is_delivered() {
    for db in databases().await {
        let receiver = Receiver::start([]).await;
        let process = Process::start(&db, "api").await;
        let app = app(&process);
        let new = json!({"name": "pager", "url": receiver.url});
        let (status, webhook) = call(&app, Method::POST, "/api/v1/webhooks", Some(new.clone())).await;
        assert_eq!(status, StatusCode::CREATED, "{webhook}");
        let secret = webhook["secret"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("whsec_"));
        let (_, list) = call(&app, Method::GET, "/api/v1/webhooks", None).await;
        assert_eq!(list["items"][0]["secret_set"], true);
        assert!(!list.to_string().contains(&secret));

        let (status, taken) = call(&app, Method::POST, "/api/v1/webhooks", Some(new)).await;
        assert_eq!(
            (status, &taken["code"]),
            (StatusCode::CONFLICT, &json!("already-exists"))
        );

        let id = webhook["id"].as_str().unwrap();
        let (status, test) = call(&app, Method::POST, &format!("/api/v1/webhooks/{id}/test"), None).await;
        assert_eq!((status, &test["status"]), (StatusCode::OK, &json!("delivered")));
        assert_eq!(receiver.accepts(1).await[0].json()["type"], "test");
        let delivery = test["id"].as_str().unwrap();
        let (_, detail) = call(&app, Method::GET, &format!("/api/v1/deliveries/{delivery}"), None).await;
        assert_eq!(detail["attempts"][0]["status"], 204);
        assert_eq!(detail["body"].as_str(), Some(receiver.received()[0].body.as_str()));
        let (status, again) = call(
            &app,
            Method::POST,
            &format!("/api/v1/deliveries/{delivery}/redeliver"),
            None,
        )
        .await;
        assert_eq!((status, &again["attempts"]), (StatusCode::OK, &json!(2)));

        let (status, _) = call(&app, Method::DELETE, &format!("/api/v1/webhooks/{id}"), None).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let (_, list) = call(&app, Method::GET, "/api/v1/deliveries?status=delivered", None).await;
        assert_eq!(list["items"][0]["webhook_name"], "");
        process.stop().await;
    }
}

#[tokio::test]
async fn a_webhook_into_the_network_is_refused_with_the_way_to_allow_it() {
    let db = sqlite().await;
    let process = Process::start(&db, "api").await;
    let app = app(&process);
    for url in [
        "http://10.0.0.7/hook",
        "http://169.254.169.254/",
        "ftp://example.org/",
        "not a url",
    ] {
        let body = json!({"name": "pager", "url": url});
        let (status, problem) = call(&app, Method::POST, "/api/v1/webhooks", Some(body)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        assert_eq!(problem["errors"][0]["field"], "url");
    }
    let body = json!({"name": "pager", "url": "http://10.0.0.7/hook"});
    let (_, problem) = call(&app, Method::POST, "/api/v1/webhooks", Some(body)).await;
    assert!(
        problem["detail"].as_str().unwrap().contains("egress.allow"),
        "{problem}"
    );
    process.stop().await;
}

#[tokio::test]
async fn alerts_are_listed_by_state_and_service_and_read_with_their_timeline() {
    for db in databases().await {
        let process = Process::start(&db, "web>data shop").await;
        let app = app(&process);
        process.down("data");
        process.down("web");
        process.down("shop");
        process.until_alerts(|alerts| alerts.len() == 3).await;
        process.up("shop");
        process
            .until_alerts(|alerts| alerts.iter().any(|alert| alert.resolved_at.is_some()))
            .await;
        let services = async |query: &str| {
            let (status, list) = call(&app, Method::GET, &format!("/api/v1/alerts?{query}"), None).await;
            assert_eq!(status, StatusCode::OK, "{list}");
            let mut names: Vec<String> = list["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|alert| alert["service"].as_str().unwrap().to_owned())
                .collect();
            names.sort();
            names
        };
        assert_eq!(services("state=open").await, ["data", "web"]);
        assert_eq!(services("state=folded").await, ["web"]);
        assert_eq!(services("state=resolved").await, ["shop"]);
        assert_eq!(services("service=data").await, ["data"]);
        assert_eq!(services("environment=staging").await, [""; 0]);

        let (_, first) = call(&app, Method::GET, "/api/v1/alerts?limit=2", None).await;
        let cursor = first["next_cursor"].as_str().unwrap();
        assert_eq!(services(&format!("limit=2&cursor={cursor}")).await.len(), 1);

        let id = first["items"][0]["id"].as_str().unwrap();
        let (_, detail) = call(&app, Method::GET, &format!("/api/v1/alerts/{id}"), None).await;
        assert_eq!(detail["timeline"][0]["what"], "opened");
        let path = format!("/api/v1/alerts/{id}/acknowledge?environment=staging");
        let (status, _) = call(&app, Method::POST, &path, Some(json!({}))).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "another environment's alert");
        let (status, _) = call(&app, Method::GET, "/api/v1/alerts?state=wrong", None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        process.stop().await;
    }
}

#[tokio::test]
async fn silences_are_made_listed_and_lifted_and_senseless_ones_refused() {
    for db in databases().await {
        let process = Process::start(&db, "api").await;
        let app = app(&process);
        let body = json!({"service": "API", "reason": "moving house", "ends_at": "2026-03-01T13:00:00Z"});
        let (status, silence) = call(&app, Method::POST, "/api/v1/silences", Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{silence}");
        assert_eq!(
            (&silence["service"], &silence["created_by"]),
            (&json!("api"), &json!("local user"))
        );
        for (body, field) in [
            (json!({"reason": "x", "ends_at": "2026-03-01T11:00:00Z"}), "ends_at"),
            (json!({"reason": " ", "ends_at": "2026-03-01T13:00:00Z"}), "reason"),
            (
                json!({"reason": "x", "ends_at": "2026-03-01T13:00:00Z", "until": 1}),
                "until",
            ),
        ] {
            let (status, problem) = call(&app, Method::POST, "/api/v1/silences", Some(body)).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(problem["errors"][0]["field"], field);
        }
        let path = format!("/api/v1/silences/{}", silence["id"].as_str().unwrap());
        assert_eq!(call(&app, Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
        assert_eq!(call(&app, Method::DELETE, &path, None).await.0, StatusCode::NOT_FOUND);
        let (_, list) = call(&app, Method::GET, "/api/v1/silences", None).await;
        assert_eq!(list["items"], json!([]));
        process.stop().await;
    }
}

#[tokio::test]
async fn every_operation_names_its_permission() {
    let db = sqlite().await;
    let process = Process::start(&db, "api").await;
    let document = crate::api::alert_routes::<crate::alert::Alerts>().split_for_parts().1;
    let document = serde_json::to_value(document).unwrap();
    let mut operations = 0;
    for path in document["paths"].as_object().unwrap().values() {
        for operation in path.as_object().unwrap().values() {
            assert!(operation["x-permission"].is_string(), "{operation}");
            operations += 1;
        }
    }
    assert_eq!(operations, 17);
    process.stop().await;
}

#[tokio::test]
async fn a_silence_of_a_service_that_nobody_knows_is_refused_with_the_name_that_was_meant() {
    let db = sqlite().await;
    let process = Process::start(&db, "payments-api>ledger").await;
    let app = app(&process);
    let silence = |service: &str| json!({"service": service, "reason": "moving house", "ends_at": process.now() + SignedDuration::from_hours(1)});
    let (status, problem) = call(&app, Method::POST, "/api/v1/silences", Some(silence("legder"))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert_eq!(
        problem["errors"],
        json!([{"field": "service", "message": "there is no service `legder` in production (did you mean `ledger`?)"}])
    );
    assert_eq!(
        problem["detail"],
        "The silence cannot be made. `service`: there is no service `legder` in production (did you mean `ledger`?)."
    );
    let (status, _) = call(&app, Method::POST, "/api/v1/silences", Some(silence("ledger"))).await;
    assert_eq!(status, StatusCode::CREATED);
    process.stop().await;
}
