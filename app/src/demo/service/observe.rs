//! What happens to every request around its handler: admission, request id, metrics, log.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    chassis::Chassis,
    clock::{self, SENT_AT},
    dependencies::REQUEST_ID,
    failure::Failure,
    spans::{Context, Kind, Span, TRACEPARENT},
};

/// Of requests that went well, one in this many is logged.
const SAMPLED: u64 = 5;

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
    span: Option<Span>,
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        let Some(span) = self.span.take() else { return };
        let took = self.started.elapsed();
        self.chassis
            .metrics
            .answered(self.method, self.route, CALLER_GONE, took);
        let fields = json!({ "request_id": self.id, "trace_id": span.context.trace_id, "span_id": span.context.span_id, "http.method": self.method, "http.route": self.route, "duration_ms": took.as_millis() });
        let attributes = attributes(self.method, self.route, CALLER_GONE);
        self.chassis.spans.end(span, &attributes, Some("the caller went away"));
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
    let given = text(&request, &REQUEST_ID);
    let id = given.map_or_else(|| format!("{:016x}", chassis.world.random()), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let parent = text(&request, &TRACEPARENT).and_then(Context::parse);
    let stamp = text(&request, &SENT_AT);
    let stamped = stamp.map_or(Ok(()), |stamp| clock::judge(stamp, chassis.world.now()));
    let span = chassis.spans.begin(Kind::Server, format!("{method} {route}"), parent);
    let context = span.context.clone();

    let mut caller = Caller {
        chassis: &chassis,
        method: &method,
        route: &route,
        id: &id,
        started,
        span: Some(span),
    };
    let mut response = match (stamped, chassis.admission.try_acquire()) {
        (Err(stale), _) => Failure::stale(stale.to_string()).into_response(),
        (Ok(()), Ok(_admitted)) => context.clone().during(next.run(request)).await,
        (Ok(()), Err(_)) => Failure::overloaded("too many requests are being handled; try again").into_response(),
    };

    let span = caller.span.take();
    drop(caller);
    let took = started.elapsed();
    let status = response.status().as_u16();
    chassis.metrics.answered(&method, &route, status, took);
    let mut fields = json!({ "request_id": id, "trace_id": context.trace_id, "span_id": context.span_id, "http.method": method, "http.route": route, "http.status": status, "duration_ms": took.as_millis() });
    let failure = response.extensions().get::<Failure>();
    if let Some(failure) = failure {
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
    if let Some(span) = span {
        // By the conventions for HTTP spans, what the caller did wrong is no error of the server.
        let error = failure.filter(|failure| failure.status.is_server_error());
        let error = error.map(|failure| failure.detail.as_str());
        chassis.spans.end(span, &attributes(&method, &route, status), error);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn text<'a>(request: &'a Request, name: &HeaderName) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Attributes by the OpenTelemetry semantic conventions for HTTP servers.
fn attributes(method: &str, route: &str, status: u16) -> Value {
    json!({ "http.request.method": method, "http.route": route, "http.response.status_code": status })
}
