//! What happens to every request around its handler: admission, request id, metrics, log.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::HeaderValue;
use serde_json::json;
use tokio::time::Instant;

use super::{chassis::Chassis, dependencies::REQUEST_ID, failure::Failure};

/// Of requests that went well, one in this many is logged.
const SAMPLED: u64 = 20;

/// The id under which a request is found in every log it touches.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// What is counted for a request whose caller went away; the status is never sent.
const CALLER_GONE: u16 = 499;

/// Whoever asked. When it hangs up, the handler is dropped where it stands, and this is what notices.
struct Caller<'a> {
    chassis: &'a Chassis,
    method: &'a str,
    route: &'a str,
    id: &'a str,
    started: Instant,
    waits: bool,
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        if !self.waits {
            return;
        }
        let took = self.started.elapsed();
        self.chassis
            .metrics
            .answered(self.method, self.route, CALLER_GONE, took);
        let fields = json!({ "request_id": self.id, "http.method": self.method, "http.route": self.route, "duration_ms": took.as_millis() });
        self.chassis
            .log
            .warn("the caller went away before it had an answer", fields);
    }
}

/// Admits, numbers, measures and logs a request to the service's own API.
pub async fn observe(State(chassis): State<Arc<Chassis>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().to_string();
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("unmatched", MatchedPath::as_str).to_owned();
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = given.map_or_else(|| format!("{:016x}", chassis.world.random()), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));

    let mut caller = Caller {
        chassis: &chassis,
        method: &method,
        route: &route,
        id: &id,
        started,
        waits: true,
    };
    let mut response = match chassis.admission.try_acquire() {
        Ok(_admitted) => next.run(request).await,
        Err(_) => Failure::overloaded("too many requests are being handled; try again").into_response(),
    };

    caller.waits = false;
    drop(caller);
    let took = started.elapsed();
    let status = response.status().as_u16();
    chassis.metrics.answered(&method, &route, status, took);
    let mut fields = json!({ "request_id": id, "http.method": method, "http.route": route, "http.status": status, "duration_ms": took.as_millis() });
    if let Some(failure) = response.extensions().get::<Failure>() {
        fields["error"] = failure.code.into();
        if failure.status.is_server_error() {
            chassis.log.error(&failure.detail, fields);
        } else {
            chassis.log.warn(&failure.detail, fields);
        }
    } else if chassis.world.random().is_multiple_of(SAMPLED) {
        fields["sampled"] = SAMPLED.into();
        chassis.log.info("request answered", fields);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
