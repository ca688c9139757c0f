//! The catalog through its real router.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
    response::Response,
};
use mainstay_http::EventHub;
use mainstay_store::Database;
use mainstay_testkit::TestDatabase;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{Catalog, MIGRATIONS};

async fn app(database: &TestDatabase) -> Router {
    let (world, _) = mainstay_testkit::world();
    let catalog = Catalog::new(Database::clone(database), world, EventHub::new())
        .await
        .unwrap();
    Catalog::routes().with_state(catalog).split_for_parts().0
}

struct Answer {
    status: StatusCode,
    etag: Option<String>,
    location: Option<String>,
    body: Value,
}

async fn read(response: Response) -> Answer {
    let header = |name| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let (etag, location) = (header(header::ETAG), header(header::LOCATION));
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes).unwrap()
    };
    Answer {
        status,
        etag,
        location,
        body,
    }
}

async fn call(app: &Router, method: Method, path: &str, body: Value, if_match: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(etag) = if_match {
        request = request.header(header::IF_MATCH, etag);
    }
    let request = if body.is_null() {
        request.body(Body::empty())
    } else {
        request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
    };
    read(app.clone().oneshot(request.unwrap()).await.unwrap()).await
}

async fn get(app: &Router, path: &str) -> Answer {
    call(app, Method::GET, path, Value::Null, None).await
}

async fn post(app: &Router, path: &str, body: Value) -> Answer {
    call(app, Method::POST, path, body, None).await
}

#[tokio::test]
async fn a_service_is_created_read_changed_and_deleted() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let app = app(&database).await;
        let body = json!({"name": "Payments_API", "tier": "critical", "owner": "payments",
            "endpoints": [{"kind": "health", "url": "http://payments:8001/health"}]});
        let created = post(&app, "/api/v1/services", body).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
        assert_eq!(created.location.as_deref(), Some("/api/v1/services/payments-api"));
        assert_eq!(created.etag.as_deref(), Some("\"1\""));
        assert_eq!(created.body["managed_by"], "api");
        assert_eq!(created.body["source"], Value::Null);
        assert_eq!(created.body["created_at"], "2026-03-01T12:00:00Z");

        let path = "/api/v1/services/payments-api";
        let found = get(&app, path).await;
        assert_eq!((found.status, &found.body), (StatusCode::OK, &created.body));
        let listed = get(&app, "/api/v1/services?limit=1").await;
        assert_eq!(listed.body, json!({"items": [created.body], "next_cursor": null}));

        let edit = json!({"tier": "high", "owner": null});
        let stale = call(&app, Method::PUT, path, edit.clone(), Some("\"7\"")).await;
        assert_eq!(
            (stale.status, &stale.body["code"]),
            (StatusCode::PRECONDITION_FAILED, &json!("stale"))
        );
        let changed = call(&app, Method::PUT, path, edit, found.etag.as_deref()).await;
        assert_eq!(
            (changed.status, changed.etag.as_deref()),
            (StatusCode::OK, Some("\"2\"")),
            "{}",
            changed.body
        );
        assert_eq!(changed.body["owner"], Value::Null);
        assert_eq!(changed.body["endpoints"], json!([]));

        let gone = call(&app, Method::DELETE, path, Value::Null, Some("\"2\"")).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        let missing = get(&app, path).await;
        assert_eq!(
            (missing.status, &missing.body["code"]),
            (StatusCode::NOT_FOUND, &json!("not-found"))
        );
    }
}

#[tokio::test]
async fn wrong_bodies_are_refused_with_the_field_and_change_nothing() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let app = app(&database).await;
    for (body, field) in [
        (json!({}), "."),
        (json!({"name": "a b"}), "name"),
        (json!({"name": "a", "colour": "red"}), "colour"),
        (json!({"name": "a", "tier": "urgent"}), "tier"),
        (json!({"name": "a", "owner": ""}), "owner"),
        (
            json!({"name": "a", "endpoints": [{"kind": "health", "url": "health"}]}),
            "endpoints[0].url",
        ),
        (
            json!({"name": "a", "dependencies": [{"service": "b", "kind": "hard"}]}),
            "dependencies[0].service",
        ),
        (json!({"name": "a", "description": "nul \u{0}"}), "description"),
    ] {
        let answer = post(&app, "/api/v1/services", body.clone()).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{body}: {}",
            answer.body
        );
        assert_eq!(answer.body["errors"][0]["field"], field, "{body}: {}", answer.body);
    }
    assert_eq!(get(&app, "/api/v1/services").await.body["items"], json!([]));
    assert_eq!(
        get(&app, "/api/v1/services?environment=Not%20One").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        get(&app, "/api/v1/services?cursor=zz").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        get(&app, "/api/v1/services?cursor=2d2d").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        get(&app, "/api/v1/imports?cursor=2d2d").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    for path in [
        "/api/v1/services/a%20b",
        "/api/v1/services/nobody/facts",
        "/api/v1/imports/1",
    ] {
        assert_eq!(get(&app, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn an_import_is_reported_kept_and_shows_in_services_facts_and_dependencies() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let app = app(&database).await;
        let registry = r#"{
  "version": "1.0",
  "services": {
    "fks_api": {"name": "fks_api", "port": 8001, "health_url": "http://fks-api:8001/health", "dependencies": ["fks_data"]},
    "fks_data": {"name": "fks_data", "port": 8003, "health_url": "http://fks-data:8003/health", "dependencies": []}
  }
}"#;
        let files = json!([{"path": "registry.json", "content": registry}, {"path": "notes.txt", "content": "hello"}]);
        let answer = post(&app, "/api/v1/imports", json!({"files": files})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        assert_eq!(answer.body["dry_run"], false);
        assert_eq!(answer.body["files"][1]["status"], "read");
        assert_eq!(answer.body["summary"]["services"], 2);
        assert_eq!(answer.body["changes"][0]["change"], "added");
        let again = get(&app, &answer.location.unwrap()).await;
        assert_eq!(again.body, answer.body);
        assert_eq!(
            get(&app, "/api/v1/imports?limit=1000").await.body["items"],
            json!([answer.body])
        );

        let graph = get(&app, "/api/v1/dependencies").await.body;
        assert_eq!(graph["cycles"], json!([]));
        let edge = &graph["edges"][0];
        assert_eq!(
            (&edge["from"], &edge["to"], &edge["kind"]),
            (&json!("fks-api"), &json!("fks-data"), &json!("hard"))
        );
        assert_eq!(
            (&edge["source"]["file"], &edge["source"]["line"]),
            (&json!("registry.json"), &json!(4))
        );

        let facts = get(&app, "/api/v1/services/fks_api/facts").await.body;
        let port = facts["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|fact| fact["field"] == "port")
            .unwrap();
        assert_eq!((&port["value"], &port["wins"]), (&json!(8001), &json!(true)));
    }
}

#[tokio::test]
async fn what_was_not_sent_is_listed_and_a_wrong_list_is_refused() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let app = app(&database).await;
    let left = json!({"path": "a/dump.sql", "kind": "too-large", "note": "it is larger than 4 MiB"});
    let answer = post(&app, "/api/v1/imports", json!({"files": [], "left_out": [left]})).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let listed = &answer.body["files"][0];
    assert_eq!(
        (&listed["path"], &listed["status"], &listed["note"]),
        (&json!("a/dump.sql"), &json!("unknown"), &left["note"])
    );
    assert_eq!(answer.body["summary"]["files"], 1);
    for (field, value) in [("path", json!("")), ("note", json!("\u{7}")), ("line", json!(0))] {
        let mut wrong = left.clone();
        wrong[field] = value;
        let body = json!({"files": [], "left_out": [left, wrong]});
        let answer = post(&app, "/api/v1/imports", body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
        let fields: Vec<&Value> = answer.body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| &error["field"])
            .collect();
        assert!(
            fields.contains(&&json!(format!("left_out[1].{field}"))),
            "{}",
            answer.body
        );
    }
}

/// The size of a large fleet: imported, imported again without a change, and read page by page.
#[tokio::test]
async fn ten_thousand_services_are_imported_and_imported_again() {
    const SERVICES: usize = 10_000;
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let app = app(&database).await;
    let entries: serde_json::Map<String, Value> = (0..SERVICES)
        .map(|at| {
            let name = format!("service_{at}");
            let needs: Vec<String> = [at / 2, at / 3]
                .into_iter()
                .filter(|other| *other < at)
                .map(|other| format!("service_{other}"))
                .collect();
            let host = format!("http://service-{at}:{}", 1024 + at);
            let entry = json!({"name": name, "port": 1024 + at, "owner": format!("team-{}", at % 50), "base_url": host,
                "health_url": format!("{host}/health"), "dependencies": needs});
            (name, entry)
        })
        .collect();
    let registry = serde_json::to_string_pretty(&json!({"version": "1.0", "services": entries})).unwrap();
    let body = json!({"files": [{"path": "service_registry.json", "content": registry}]});
    for changes in [SERVICES, 0] {
        let started = std::time::Instant::now();
        let answer = post(&app, "/api/v1/imports", body.clone()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        assert_eq!(answer.body["changes"].as_array().unwrap().len(), changes);
        assert_eq!(answer.body["findings"], json!([]));
        eprintln!("{changes} changes in {:?}", started.elapsed());
    }
    let page = get(&app, "/api/v1/services?limit=1000").await.body;
    assert_eq!(page["items"].as_array().unwrap().len(), 1000);
    let graph = get(&app, "/api/v1/dependencies").await.body;
    assert!(graph["edges"].as_array().unwrap().len() > SERVICES);
}

#[tokio::test]
async fn a_malformed_file_is_a_finding_and_the_others_are_imported() {
    let database = mainstay_testkit::sqlite(MIGRATIONS).await;
    let app = app(&database).await;
    let files = json!([
        {"path": "broken.json", "content": "{\"services\": {\n  \"a\": }}"},
        {"path": "compose.yml", "content": "services:\n  data:\n    image: data\n"},
    ]);
    let answer = post(&app, "/api/v1/imports", json!({"files": files, "dry_run": true})).await;
    let finding = &answer.body["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["line"]),
        (&json!("unreadable"), &json!(2)),
        "{}",
        answer.body
    );
    assert_eq!(finding["excerpt"][1]["text"], "  \"a\": }}");
    assert_eq!(answer.body["changes"][0]["service"], "data");
    assert_eq!(get(&app, "/api/v1/services").await.body["items"], json!([]));
}

#[test]
fn every_operation_names_its_permission() {
    let document = serde_json::to_value(Catalog::routes().split_for_parts().1).unwrap();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let expected = if method == "get" {
                "catalog:read"
            } else {
                "catalog:write"
            };
            assert_eq!(operation["x-permission"], expected, "{method} {path}");
            operations += 1;
        }
    }
    assert_eq!(operations, 10);
}
