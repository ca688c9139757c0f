//! The kit through a real router: what a client sees of refusals, retries and panics.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop loudly")]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
    middleware,
    routing::{get, post},
};
use mainstay_http::{ApiJson, ApiResult, Created, Idempotency, PageQuery, ScopeQuery, idempotency, observe};
use mainstay_kernel::Actor;
use mainstay_store::MIGRATIONS;
use mainstay_testkit::{databases, world};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tower::ServiceExt;
use uuid::Uuid;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Boat {
    name: String,
}

async fn app() -> (Vec<(Router, Arc<AtomicU32>)>, Vec<mainstay_testkit::TestDatabase>) {
    let (world, _) = world();
    let databases = databases(MIGRATIONS).await;
    let routers = databases
        .iter()
        .map(|db| {
            let made = Arc::new(AtomicU32::new(0));
            let counter = made.clone();
            let router = Router::new()
                .route(
                    "/boats",
                    post(move |ApiJson(boat): ApiJson<Boat>| {
                        let number = counter.fetch_add(1, Ordering::SeqCst);
                        async move {
                            Created {
                                location: format!("/boats/{number}"),
                                version: Some(1),
                                body: json!({ "name": boat.name, "number": number }),
                            }
                        }
                    }),
                )
                .route(
                    "/page",
                    get(|PageQuery(page): PageQuery, ScopeQuery(scope): ScopeQuery| async move {
                        ApiResult::Ok(format!("{} {}", page.limit, scope.environment))
                    }),
                )
                .route("/panic", get(|| async { panic!("boom") as String }))
                .layer(middleware::from_fn_with_state(
                    Idempotency {
                        database: (**db).clone(),
                        world: world.clone(),
                    },
                    idempotency,
                ))
                .layer(middleware::from_fn_with_state(world.clone(), observe));
            (router, made)
        })
        .collect();
    (routers, databases)
}

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, Value, axum::http::HeaderMap) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let value =
        serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8(bytes.to_vec()).unwrap()));
    (parts.status, value, parts.headers)
}

fn launch(key: Option<&str>, body: &'static str) -> Request<Body> {
    let mut request = Request::post("/boats").header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    request.body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn a_retried_request_happens_once_and_gets_the_first_answer() {
    let (routers, _databases) = app().await;
    for (router, made) in routers {
        let key = Some("key-00000001");
        let (first_status, first, first_headers) = send(&router, launch(key, r#"{"name":"Argo"}"#)).await;
        let (status, again, headers) = send(&router, launch(key, r#"{"name":"Argo"}"#)).await;
        assert_eq!((first_status, &first), (StatusCode::CREATED, &again));
        assert_eq!(status, StatusCode::CREATED);
        assert_eq!(headers["x-idempotency-replayed"], "true");
        assert_eq!(
            (&headers["location"], &headers["etag"]),
            (&first_headers["location"], &first_headers["etag"])
        );
        assert_eq!(made.load(Ordering::SeqCst), 1);

        let (status, problem, _) = send(&router, launch(key, r#"{"name":"Other"}"#)).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("idempotency-key-reused"))
        );
        send(&router, launch(None, r#"{"name":"Argo"}"#)).await;
        assert_eq!(made.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn nobody_gets_the_answer_to_somebody_else() {
    let (routers, _databases) = app().await;
    let person = |id: u128| Actor::Person {
        id: Uuid::from_u128(id),
        name: "ada".to_owned(),
    };
    let program = |owner: u128| Actor::Token {
        name: "deploy".to_owned(),
        owner: Uuid::from_u128(owner),
        owner_name: "ada".to_owned(),
    };
    for (router, made) in routers {
        let ask = async |actor: Option<Actor>| {
            let mut request = launch(Some("key-00000002"), r#"{"name":"Argo"}"#);
            if let Some(actor) = actor {
                request.extensions_mut().insert(actor);
            }
            let (status, answer, headers) = send(&router, request).await;
            assert_eq!(status, StatusCode::CREATED, "{answer}");
            (answer["number"].clone(), headers.contains_key("x-idempotency-replayed"))
        };
        assert_eq!(ask(None).await, (json!(0), false));
        assert_eq!(ask(Some(person(1))).await, (json!(1), false));
        assert_eq!(ask(Some(person(2))).await, (json!(2), false));
        assert_eq!(ask(Some(person(1))).await, (json!(1), true));
        assert_eq!(ask(Some(program(2))).await, (json!(2), true), "their own program");
        assert_eq!(ask(None).await, (json!(0), true));
        assert_eq!(made.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn a_refused_request_lets_go_of_its_key() {
    let (routers, _databases) = app().await;
    for (router, made) in routers {
        let key = Some("key-00000002");
        let (status, problem, headers) = send(&router, launch(key, r#"{"name":"Argo","colour":"red"}"#)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(problem["errors"][0]["field"], "colour");
        assert_eq!(
            send(&router, launch(key, r#"{"name":"Argo"}"#)).await.0,
            StatusCode::CREATED
        );
        assert_eq!(made.load(Ordering::SeqCst), 1);
        assert_eq!(
            send(&router, launch(Some("short"), "{}")).await.0,
            StatusCode::BAD_REQUEST
        );
    }
}

#[tokio::test]
async fn queries_have_defaults_limits_and_clear_refusals() {
    let (routers, _databases) = app().await;
    let router = &routers[0].0;
    let get = |uri: &str| Request::get(uri.to_owned()).body(Body::empty()).unwrap();
    assert_eq!(send(router, get("/page")).await.1, json!("100 production"));
    assert_eq!(
        send(router, get("/page?limit=7&environment=eu-1")).await.1,
        json!("7 eu-1")
    );
    for bad in [
        "/page?limit=0",
        "/page?limit=many",
        "/page?environment=NO",
        "/page?cursor=zz",
    ] {
        let (status, problem, _) = send(router, get(bad)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
        assert!(
            !problem["errors"][0]["field"].as_str().unwrap().is_empty(),
            "{bad}: {problem}"
        );
    }
}

#[tokio::test]
async fn a_panic_becomes_a_problem_and_every_answer_has_its_ids() {
    let (routers, _databases) = app().await;
    let request = Request::get("/panic")
        .header("x-request-id", "abc")
        .body(Body::empty())
        .unwrap();
    let (status, problem, headers) = send(&routers[0].0, request).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &json!("internal"))
    );
    assert_eq!(headers["x-request-id"], "abc");
    assert!(headers["traceparent"].to_str().unwrap().starts_with("00-"));
}
