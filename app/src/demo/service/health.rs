//! `/health`, `/ready`, `/live` and `/metrics`, in the shapes the template, the identity service and the others of such
//! fleets really answer with.
//!
//! Health speaks of the service's **own** ability: its database connections, journal, memory and configuration. A
//! dependency that is down does not make its callers unhealthy; it is only mentioned.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header};
use jiff::{Timestamp, tz::TimeZone};
use mainstay_kernel::from_micros;
use serde_json::{Map, Value, json};

use super::chassis::Chassis;

/// The routes.
pub fn routes() -> Router<Arc<Chassis>> {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/live", get(live))
        .route("/metrics", get(metrics))
}

/// One thing the service needs of itself, and what is wrong with it.
struct Component {
    name: &'static str,
    trouble: Option<String>,
}

async fn health(State(chassis): State<Arc<Chassis>>) -> Response {
    let components = examine(&chassis).await;
    let trouble = troubles(&components);
    if trouble.is_empty() {
        return Json(well(&chassis)).into_response();
    }
    chassis.log.error("health check failed", json!({ "reasons": trouble }));
    let listed: Map<String, Value> = components
        .iter()
        .map(|component| {
            let state = match &component.trouble {
                Some(detail) => json!({ "status": "unhealthy", "detail": detail }),
                None => json!({ "status": "healthy" }),
            };
            (component.name.to_owned(), state)
        })
        .collect();
    let body = json!({
        "status": "unhealthy",
        "service": chassis.name,
        "timestamp": timestamp(&chassis),
        "version": chassis.release.version,
        "detail": trouble.join("; "),
        "components": listed,
    });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

async fn ready(State(chassis): State<Arc<Chassis>>) -> Response {
    let components = examine(&chassis).await;
    let trouble = troubles(&components);
    if !trouble.is_empty() {
        let body = json!({ "detail": format!("Service not ready: {}", trouble.join("; ")), "service": chassis.name, "reasons": trouble });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    }
    let outcomes = chassis.dependencies.last_outcomes();
    let mut body = json!({ "status": "ready", "service": chassis.name });
    if chassis.name == "main" {
        body["monitor_connected"] = (outcomes.get("monitor") == Some(&"up")).into();
    } else {
        body["timestamp"] = timestamp(&chassis);
        body["dependencies"] = json!(outcomes);
    }
    Json(body).into_response()
}

async fn live(State(chassis): State<Arc<Chassis>>) -> Json<Value> {
    Json(json!({ "status": "alive", "service": chassis.name, "timestamp": timestamp(&chassis) }))
}

async fn metrics(State(chassis): State<Arc<Chassis>>) -> Response {
    let page = chassis.metrics_page();
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        page,
    )
        .into_response()
}

async fn examine(chassis: &Chassis) -> [Component; 4] {
    let (database, journal) = tokio::join!(
        chassis.pool.acquire("health check"),
        chassis.journal.append("health check")
    );
    let mistaken = chassis.dependencies.mistaken_addresses();
    let component = |name, trouble| Component { name, trouble };
    [
        component("database", database.err().map(|error| error.to_string())),
        component("journal", journal.err().map(|error| error.to_string())),
        component("memory", chassis.documents.probe().err().map(|error| error.to_string())),
        component("configuration", (!mistaken.is_empty()).then(|| mistaken.join("; "))),
    ]
}

fn troubles(components: &[Component]) -> Vec<&str> {
    components
        .iter()
        .filter_map(|component| component.trouble.as_deref())
        .collect()
}

fn well(chassis: &Chassis) -> Value {
    let name = chassis.name.as_str();
    match name {
        "auth" => json!({
            "status": "ok",
            "service": name,
            "version": chassis.release.version,
            "started_at": from_micros(chassis.started_micros).to_string(),
            "access_ttl_min": 15,
            "refresh_ttl_min": 10_080,
            "passkey_enabled": false,
        }),
        "main" => json!({ "status": "healthy", "service": name }),
        "execution" => json!({ "status": "healthy", "service": name, "timestamp": timestamp(chassis) }),
        "ai" => json!({
            "status": "healthy",
            "service": name,
            "timestamp": timestamp(chassis),
            "version": chassis.release.version,
            "gpu_available": false,
        }),
        _ => {
            json!({ "status": "healthy", "service": name, "timestamp": timestamp(chassis), "version": chassis.release.version })
        }
    }
}

/// Services after the Python template tell the time without a zone, those after the Rust one in Unix seconds.
fn timestamp(chassis: &Chassis) -> Value {
    let now: Timestamp = chassis.world.now();
    match chassis.name.as_str() {
        "execution" | "main" => now.as_second().into(),
        _ => now.to_zoned(TimeZone::UTC).datetime().to_string().into(),
    }
}
