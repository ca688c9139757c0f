//! The endpoints through the real router.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use jiff::SignedDuration;
use mainstay_catalog::ServiceName;
use mainstay_http::EventHub;
use mainstay_kernel::{Environment, ManualClock};
use mainstay_testkit::{START, TestDatabase, sqlite, world};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::routes;
use crate::{
    MIGRATIONS,
    model::{CheckFacts, Observation, Outcome, SECOND},
    service::{Objectives, Settings},
    signal::{Signal, SignalSink},
    testing::fleets,
};

struct Nobody;

impl SignalSink for Nobody {
    fn signal(&self, _: Signal) {}
}

struct App {
    slo: Objectives,
    router: Router,
    clock: Arc<ManualClock>,
    _db: TestDatabase,
}

impl App {
    async fn new() -> Self {
        let db = sqlite(MIGRATIONS).await;
        let (world, clock) = world();
        let slo = Objectives::new(
            db.clone(),
            world,
            EventHub::new(),
            Settings::default(),
            Arc::new(Nobody),
            fleets("api dying fine hurt payments-api quiet web"),
        );
        slo.open().await.unwrap();
        slo.load_now().await.unwrap();
        let (router, _) = routes().with_state(slo.clone()).split_for_parts();
        Self {
            slo,
            router,
            clock,
            _db: db,
        }
    }

    async fn call(&self, method: Method, path: &str, if_match: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(etag) = if_match {
            request = request.header(header::IF_MATCH, etag);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let etag = response
            .headers()
            .get(header::ETAG)
            .map(|etag| etag.to_str().unwrap().to_owned());
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 22).await.unwrap();
        Answer {
            status,
            etag,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.call(Method::GET, path, None, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    async fn create(&self, body: Value) -> Answer {
        self.call(Method::POST, "/api/v1/slos", None, Some(body)).await
    }

    /// A probe of each service every 15 s for an hour; the last `bad` of them failed.
    fn hour_of_probes(&self, service: &str, bad: i64) {
        let service = ServiceName::parse(service).unwrap();
        for index in 1..=240 {
            let probe = Observation {
                check: CheckFacts {
                    name: "health",
                    role: "health",
                },
                at: START + index * 15 * SECOND,
                duration_us: 20_000,
                outcome: if index > 240 - bad {
                    Outcome::NoAnswer
                } else {
                    Outcome::Good
                },
            };
            self.slo
                .inner
                .ledger
                .observe(&Environment::production(), &service, &probe, &Nobody);
        }
    }
}

struct Answer {
    status: StatusCode,
    etag: Option<String>,
    body: Value,
}

#[tokio::test]
async fn an_slo_is_created_read_replaced_and_deleted() {
    let app = App::new().await;
    let made = app.create(json!({"service": "payments_api", "objective": 99.9})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.body["name"], "payments-api-availability");
    assert_eq!(made.body["objective"], 99.9);
    assert_eq!(made.body["budget"]["state"], "no-data");
    assert_eq!(made.body["budget"]["allowed_minutes"], 43.2);
    assert_eq!(made.body["budget"]["remaining_ratio"], Value::Null);
    assert_eq!(made.body["alerts"][0]["factor"], 14.4);
    assert_eq!(made.body["alerts"][0]["long_s"], 3600.0);
    let path = format!("/api/v1/slos/{}", made.body["id"].as_str().unwrap());
    let change = json!({"service": "payments-api", "objective": 99.5, "window": {"kind": "calendar", "unit": "month", "time_zone": "Europe/Berlin"}});
    let changed = app
        .call(Method::PUT, &path, made.etag.as_deref(), Some(change.clone()))
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_eq!(changed.body["window"], change["window"]);
    let stale = app.call(Method::PUT, &path, made.etag.as_deref(), Some(change)).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(app.get(&path).await["version"], 2);
    let gone = app.call(Method::DELETE, &path, changed.etag.as_deref(), None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(
        app.call(Method::GET, &path, None, None).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_wrong_slo_is_refused_by_field() {
    let app = App::new().await;
    for (body, field) in [
        (json!({"service": "api", "objective": 100}), "objective"),
        (json!({"service": "api", "objective": 90}), "objective"),
        (json!({"service": "a b", "objective": 99.9}), "service"),
        (json!({"service": "nobody", "objective": 99.9}), "service"),
        (
            json!({"service": "api", "objective": 99.9, "window": {"kind": "rolling", "seconds": 5}}),
            "window.seconds",
        ),
        (json!({"service": "api", "objective": 99.9, "colour": "red"}), "colour"),
        (
            json!({"service": "api", "objective": 99.9, "sli": {"kind": "latency"}}),
            "sli.threshold_ms",
        ),
    ] {
        for path in ["/api/v1/slos", "/api/v1/slos/validate"] {
            let answer = app.call(Method::POST, path, None, Some(body.clone())).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            assert_eq!(answer.body["errors"][0]["field"], field, "{}", answer.body);
        }
    }
    app.create(json!({"service": "api", "objective": 99.9})).await;
    let taken = app.create(json!({"service": "api", "objective": 99.0})).await;
    assert_eq!(
        (taken.status, &taken.body["code"]),
        (StatusCode::CONFLICT, &json!("name-taken"))
    );
}

#[tokio::test]
async fn a_promise_about_a_service_that_nobody_knows_is_refused_with_the_name_that_was_meant() {
    let app = App::new().await;
    let refused = app.create(json!({"service": "paymnets-api", "objective": 99.9})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        refused.body["errors"],
        json!([{"field": "service", "message": "there is no service `paymnets-api` in production (did you mean `payments-api`?)"}])
    );
    let elsewhere = json!({"service": "api", "objective": 99.9});
    let answer = app
        .call(Method::POST, "/api/v1/slos?environment=staging", None, Some(elsewhere))
        .await;
    assert_eq!(
        answer.body["errors"][0]["message"],
        "there is no service `api` in staging"
    );
    let made = app.create(json!({"service": "api", "objective": 99.9})).await;
    let path = format!("/api/v1/slos/{}", made.body["id"].as_str().unwrap());
    let moved = json!({"service": "mail", "objective": 99.9});
    let moved = app.call(Method::PUT, &path, None, Some(moved)).await;
    assert_eq!(moved.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn validation_answers_the_budget_and_keeps_nothing() {
    let app = App::new().await;
    let body = json!({"service": "api", "objective": 99.9, "window": {"kind": "rolling", "seconds": 604_800}});
    let answer = app.call(Method::POST, "/api/v1/slos/validate", None, Some(body)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["budget"]["allowed_minutes"], 10.08);
    assert_eq!(answer.body["alerts"].as_array().unwrap().len(), 4);
    assert_eq!(app.get("/api/v1/slos").await["items"], json!([]));
}

#[tokio::test]
async fn the_list_is_worst_first_and_paged() {
    let app = App::new().await;
    for (service, bad) in [("fine", 0), ("dying", 60), ("hurt", 1), ("quiet", 0)] {
        assert_eq!(
            app.create(json!({"service": service, "objective": 99.9})).await.status,
            StatusCode::CREATED
        );
        if service != "quiet" {
            app.hour_of_probes(service, bad);
        }
    }
    app.clock.advance(SignedDuration::from_hours(1));
    let services = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["service"].as_str().unwrap().to_owned())
            .collect()
    };
    let whole = app.get("/api/v1/slos").await;
    assert_eq!(services(&whole), ["dying", "hurt", "fine", "quiet"]);
    assert_eq!(whole["items"][0]["budget"]["total"], 240);
    assert_eq!(whole["items"][0]["budget"]["bad"], 60);
    let first = app.get("/api/v1/slos?limit=3").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.get(&format!("/api/v1/slos?limit=3&cursor={cursor}")).await;
    assert_eq!([services(&first), services(&second)].concat(), services(&whole));
    assert_eq!(services(&app.get("/api/v1/slos?service=hurt").await), ["hurt"]);
    assert_eq!(services(&app.get("/api/v1/slos?environment=staging").await), [""; 0]);
}

#[tokio::test]
async fn an_objective_that_burns_before_any_rule_fires_is_at_risk_and_says_how_fast() {
    let app = App::new().await;
    let made = app.create(json!({"service": "api", "objective": 95})).await;
    app.hour_of_probes("api", 3);
    app.clock.advance(SignedDuration::from_hours(1));
    let path = format!("/api/v1/slos/{}", made.body["id"].as_str().unwrap());
    let budget = app.get(&path).await["budget"].clone();
    assert_eq!(budget["state"], "at-risk");
    let recent = &budget["recent"];
    assert_eq!(
        [&recent["window_s"], &recent["total"], &recent["bad"]],
        [&json!(300.0), &json!(20), &json!(3)]
    );
    assert!((recent["burn_rate"].as_f64().unwrap() - 3.0).abs() < 1e-9);
    assert_eq!(
        budget["summary"],
        "Almost the whole budget is left. It burns 3 times too fast: 3 of 20 probes failed in the last 5 min. No alert is due yet."
    );
}

#[tokio::test]
async fn a_burn_down_ends_at_the_budget_that_is_left_and_names_what_happened() {
    let app = App::new().await;
    let made = app
        .create(json!({"service": "api", "objective": 99.9, "window": {"kind": "rolling", "seconds": 3600}}))
        .await;
    app.hour_of_probes("api", 2);
    app.clock.advance(SignedDuration::from_hours(1));
    let path = format!("/api/v1/slos/{}", made.body["id"].as_str().unwrap());
    let budget = app.get(&path).await["budget"].clone();
    let history = app.get(&format!("{path}/burn-down?points=60")).await;
    let points = history["points"].as_array().unwrap();
    assert!(points.len() <= 61, "{}", points.len());
    assert_eq!(points[0]["remaining_ratio"], 1.0);
    let last = points.last().unwrap()["remaining_ratio"].as_f64().unwrap();
    assert!((last - budget["remaining_ratio"].as_f64().unwrap()).abs() < 1e-9);
    assert_eq!(history["events"][0]["kind"], "change");
    let refused = app
        .call(Method::GET, &format!("{path}/burn-down?points=0"), None, None)
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}
