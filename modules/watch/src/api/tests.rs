//! Watch through its real router.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_testkit::{TestDatabase, sqlite};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    MIGRATIONS, Watch,
    service::tests::{Target, TestCatalog, open, service, state, until},
};

struct Api {
    router: Router,
    watch: Watch,
    tasks: Tasks,
    target: Target,
    _database: TestDatabase,
}

/// `data` and `web`, which needs it, both on one real target.
async fn api() -> Api {
    let database = sqlite(MIGRATIONS).await;
    let tasks = Tasks::new(World::system());
    let target = Target::start(&tasks).await;
    let catalog = TestCatalog::of(vec![
        service("data", target.port, &[]),
        service("web", target.port, &["data"]),
    ]);
    let watch = open(&database, &catalog).await;
    watch.start(&tasks).await.unwrap();
    Api {
        router: Watch::routes().with_state(watch.clone()).split_for_parts().0,
        watch,
        tasks,
        target,
        _database: database,
    }
}

impl Api {
    async fn call(&self, method: Method, path: &str, body: Value, if_match: Option<&str>) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(etag) = if_match {
            request = request.header(header::IF_MATCH, etag);
        }
        let request = if body.is_null() {
            request.body(Body::empty())
        } else {
            let request = request.header(header::CONTENT_TYPE, "application/json");
            request.body(Body::from(body.to_string()))
        };
        let response = self.router.clone().oneshot(request.unwrap()).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, Value::Null, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn refused(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let (status, body) = self.call(method, path, body, None).await;
        (status.as_u16(), body["code"].as_str().unwrap_or_default().to_owned())
    }
}

#[tokio::test]
async fn a_check_is_created_read_changed_paused_run_and_deleted() {
    let api = api().await;
    let target = format!("http://127.0.0.1:{}/", api.target.port);
    let body = json!({"name": "home", "service": "web", "target": target,
        "headers": [{"name": "x-key", "value": "hush", "secret": true}], "assertions": [{"on": "status", "is": "200"}]});
    let (status, made) = api.call(Method::POST, "/api/v1/checks", body, None).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(
        (&made["state"], &made["managed_by"], &made["last"]),
        (&json!("unknown"), &json!("api"), &Value::Null)
    );
    assert_eq!(
        made["headers"],
        json!([{"name": "x-key", "value": null, "value_file": null, "secret": true}])
    );
    let path = format!("/api/v1/checks/{}", made["id"].as_str().unwrap());

    let edit = json!({"target": target, "interval_ms": 5000, "headers": [{"name": "x-key", "secret": true}]});
    let (status, changed) = api.call(Method::PUT, &path, edit.clone(), Some("\"1\"")).await;
    assert_eq!(
        (status, &changed["interval_ms"], &changed["version"]),
        (StatusCode::OK, &json!(5000), &json!(2))
    );
    let (status, _) = api.call(Method::PUT, &path, edit, Some("\"1\"")).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);

    let (_, probe) = api.call(Method::POST, &format!("{path}/run"), Value::Null, None).await;
    assert_eq!(
        (&probe["ok"], &probe["attempt"], &probe["status"]),
        (&json!(true), &json!("manual"), &json!(200))
    );
    assert!(probe["phases"]["connect_ms"].is_f64() && probe["phases"]["tls_ms"].is_null());
    let (_, listed) = api
        .call(Method::GET, &format!("{path}/probes"), Value::Null, None)
        .await;
    let by_hand = |probe: &Value| probe["attempt"] == "manual";
    assert!(listed["items"].as_array().unwrap().iter().any(by_hand), "{listed}");
    let (_, paused) = api
        .call(Method::POST, &format!("{path}/pause"), Value::Null, None)
        .await;
    assert_eq!((&paused["state"], &paused["paused"]), (&json!("paused"), &json!(true)));
    let (_, resumed) = api
        .call(Method::POST, &format!("{path}/resume"), Value::Null, None)
        .await;
    assert_eq!(resumed["paused"], json!(false));
    let (status, _) = api.call(Method::DELETE, &path, Value::Null, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(
        api.refused(Method::GET, &path, Value::Null).await,
        (404, "not-found".to_owned())
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_by_field() {
    let api = api().await;
    let post = |body| api.call(Method::POST, "/api/v1/checks", body, None);
    let (status, problem) = post(json!({"name": "x", "service": "web", "target": "http://a/", "colour": 1})).await;
    assert_eq!(
        (status.as_u16(), &problem["errors"][0]["field"]),
        (422, &json!("colour"))
    );
    let (_, problem) = post(json!({"name": "x", "service": "web", "target": "http://a/", "timeout_ms": 1})).await;
    assert_eq!(problem["errors"][0]["field"], json!("timeout_ms"));
    let taken = json!({"name": "health", "service": "web", "target": "http://a/"});
    assert_eq!(
        api.refused(Method::POST, "/api/v1/checks", taken).await,
        (409, "already-exists".to_owned())
    );
    let generated = api.get("/api/v1/checks?service=web").await["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/checks/{generated}");
    assert_eq!(
        api.refused(Method::DELETE, &path, Value::Null).await,
        (409, "generated".to_owned())
    );
    for (path, code) in [
        ("/api/v1/checks/nonsense", 404),
        ("/api/v1/checks?cursor=zz", 422),
        ("/api/v1/checks?cursor=00", 422),
        ("/api/v1/service-states/nobody", 404),
        ("/api/v1/services/nobody/strip", 404),
        ("/api/v1/strips?hours=0", 422),
        ("/api/v1/strips?slots=501", 422),
        ("/api/v1/trends", 422),
        ("/api/v1/trends?service=Not%20a%20name", 422),
        ("/api/v1/trends?service=web&hours=2161", 422),
        ("/api/v1/trends?service=web&hours=1&slots=61", 422),
        ("/api/v1/trends?service=web&hours=2160&slots=501", 422),
        (&format!("/api/v1/trends?service={}", ["web"; 101].join(",")), 422),
        ("/api/v1/maintenance?cursor=00", 422),
        (&format!("{path}/probes?outcome=odd"), 422),
        (
            &format!("{path}/history?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"),
            422,
        ),
        (&format!("{path}/history?from=2020-01-02T00:00:00Z&resolution=1m"), 422),
        (
            &format!("{path}/history?from=-009999-01-02T01:59:59Z&to=9999-01-01T00:00:00Z"),
            422,
        ),
    ] {
        let (status, body) = api.call(Method::GET, path, Value::Null, None).await;
        assert_eq!(status.as_u16(), code, "{path}: {body}");
    }
}

#[tokio::test]
async fn states_strips_probes_and_history_show_an_outage() {
    let api = api().await;
    until("web is up", || state(&api.watch, "web") == crate::State::Up).await;
    api.target.set(false);
    until("web is down", || state(&api.watch, "web") == crate::State::Down).await;
    let states = api.get("/api/v1/service-states").await;
    let web = &states["items"][1];
    assert_eq!(
        (&web["service"], &web["state"], &web["checks"]["down"]),
        (&json!("web"), &json!("down"), &json!(1))
    );
    assert!(
        web["reason"].as_str().unwrap().starts_with("health: answered 503"),
        "{web}"
    );
    api.tasks.stop_and_wait(std::time::Duration::from_secs(10)).await;

    let checks = api.get("/api/v1/checks?limit=1").await;
    assert_eq!(checks["items"][0]["service"], json!("data"));
    let next = checks["next_cursor"].as_str().unwrap();
    let rest = api.get(&format!("/api/v1/checks?limit=1&cursor={next}")).await;
    assert_eq!(
        (&rest["items"][0]["service"], &rest["next_cursor"]),
        (&json!("web"), &Value::Null)
    );
    let path = format!("/api/v1/checks/{}", rest["items"][0]["id"].as_str().unwrap());

    let failed = api.get(&format!("{path}/probes?outcome=failed&limit=2")).await;
    assert_eq!(failed["items"].as_array().unwrap().len(), 2);
    let failure = &failed["items"][0];
    assert_eq!(
        (&failure["failure"]["kind"], &failure["health"]["status"]),
        (&json!("assertion"), &json!("down"))
    );
    let older = api
        .get(&format!(
            "{path}/probes?outcome=failed&cursor={}",
            failed["next_cursor"].as_str().unwrap()
        ))
        .await;
    assert!(!older["items"].as_array().unwrap().is_empty());
    let all = api.get(&format!("{path}/probes?limit=1000")).await["items"]
        .as_array()
        .unwrap()
        .len();
    let history = api.get(&format!("{path}/history?resolution=5m")).await;
    assert_eq!(history["resolution_s"], json!(300));
    let points = history["points"].as_array().unwrap();
    let total: u64 = points.iter().map(|point| point["total"].as_u64().unwrap()).sum();
    assert_eq!(usize::try_from(total).unwrap(), all);
    assert!(points[0]["p95_ms"].is_f64());
    let trends = api.get("/api/v1/trends?service=web,nobody&hours=1&slots=12").await;
    assert_eq!(trends["items"].as_array().unwrap().len(), 1, "{trends}");
    let trend = &trends["items"][0];
    assert_eq!((&trend["service"], &trend["slot_s"]), (&json!("web"), &json!(300.0)));
    let lately = |what: &str| {
        trend[what]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .find(|slot| !slot.is_null())
            .cloned()
    };
    assert!(lately("availability_ratio").unwrap().as_f64().unwrap() < 1.0, "{trend}");
    assert!(lately("latency_p95_ms").unwrap().is_f64(), "{trend}");
    assert_eq!(
        (&trend["availability_ratio"][0], &trend["counted"][0]),
        (&Value::Null, &json!(0))
    );
    let counted: u64 = trend["counted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slot| slot.as_u64().unwrap())
        .sum();
    assert_eq!(usize::try_from(counted).unwrap(), all);
    let strip = api.get("/api/v1/services/web/strip?hours=1&slots=6").await;
    assert_eq!((&strip["slots"][5], &strip["slot_s"]), (&json!("down"), &json!(600.0)));
    assert_eq!(
        api.get("/api/v1/strips").await["items"][1]["slots"]
            .as_array()
            .unwrap()
            .len(),
        48
    );
}

#[tokio::test]
async fn a_window_is_planned_listed_and_deleted() {
    let api = api().await;
    let body = json!({"service": "data", "reason": "upgrade", "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2090-01-01T00:00:00Z"});
    let (status, window) = api.call(Method::POST, "/api/v1/maintenance", body, None).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(
        api.get("/api/v1/service-states/data").await["state"],
        json!("maintenance")
    );
    assert_eq!(api.get("/api/v1/maintenance").await["items"][0], window);
    let path = format!("/api/v1/maintenance/{}", window["id"].as_str().unwrap());
    let (status, _) = api.call(Method::DELETE, &path, Value::Null, None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(
        api.refused(Method::DELETE, &path, Value::Null).await,
        (404, "not-found".to_owned())
    );
    let wrong = json!({"reason": "", "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"});
    assert_eq!(
        api.refused(Method::POST, "/api/v1/maintenance", wrong).await,
        (422, "invalid-body".to_owned())
    );
}

#[test]
fn every_operation_says_which_permission_it_needs() {
    let document = serde_json::to_value(Watch::routes().into_openapi()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["x-permission"].is_string(), "{method} {path}");
        }
    }
}
