//! What happens around every request: an id, a trace context, one log line, metrics, and no panic that ends a connection.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use mainstay_kernel::{Problem, ProblemKind, World};
use tokio::time::Instant;
use tracing::Instrument;

use crate::ApiError;

/// Requests slower than this are logged as warnings.
const SLOW: Duration = Duration::from_secs(2);

/// The id of a request, in its `x-request-id` header and in every log line about it.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Middleware around every route.
pub async fn observe(State(world): State<World>, mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get("x-request-id")
        .and_then(|value| value.to_str().ok())
        .filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()))
        .map_or_else(|| world.uuid().simple().to_string(), str::to_owned);
    let trace = TraceParent::continue_or_begin(request.headers(), &world);
    let method = request.method().clone();
    // The pattern, not the path: a metric per service name would never end.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", request.id = id, trace.id = trace.trace_id, http.method = %method, http.route = route);

    let started = Instant::now();
    let mut response = AssertUnwindSafe(next.run(request).instrument(span.clone()))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| {
            span.in_scope(|| tracing::error!("a request handler panicked"));
            ApiError(Problem::new(
                ProblemKind::Internal,
                "internal",
                "Mainstay could not do this because of a defect of its own. Its log has the details under this request id.",
            ))
            .into_response()
        });
    let took = started.elapsed();

    let status = response.status();
    span.in_scope(|| {
        let duration_ms = took.as_secs_f64() * 1_000.0;
        if status.is_server_error() || took > SLOW {
            tracing::warn!(
                http.status = status.as_u16(),
                http.duration_ms = duration_ms,
                "answered"
            );
        } else {
            tracing::debug!(
                http.status = status.as_u16(),
                http.duration_ms = duration_ms,
                "answered"
            );
        }
    });
    let labels = [
        ("method", method.to_string()),
        ("route", route),
        ("status", status.as_u16().to_string()),
    ];
    metrics::histogram!("mainstay_http_request_duration_seconds", &labels).record(took.as_secs_f64());

    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::try_from(id) {
        headers.insert("x-request-id", value);
    }
    if let Ok(value) = HeaderValue::try_from(trace.header()) {
        headers.insert("traceparent", value);
    }
    response
}

/// W3C Trace Context, level 1, section 3.2: `00-{trace id}-{span id}-{flags}`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TraceParent {
    trace_id: String,
    span_id: String,
    sampled: bool,
}

impl TraceParent {
    fn continue_or_begin(headers: &HeaderMap, world: &World) -> Self {
        let span_id = format!("{:016x}", world.random() | 1);
        let parent = headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok())
            .and_then(Self::parse);
        match parent {
            Some(parent) => Self { span_id, ..parent },
            None => Self {
                trace_id: world.uuid().simple().to_string(),
                span_id,
                sampled: false,
            },
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, length| {
            text.len() == length
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        let nonzero = |text: &str| text.bytes().any(|byte| byte != b'0');
        let valid = hex(version, 2)
            && version != "ff"
            && hex(trace_id, 32)
            && nonzero(trace_id)
            && hex(span_id, 16)
            && nonzero(span_id)
            && hex(flags, 2);
        valid.then(|| Self {
            trace_id: trace_id.to_owned(),
            span_id: span_id.to_owned(),
            sampled: u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1),
        })
    }

    fn header(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_trace_is_continued_with_a_span_of_our_own() {
        let world = World::system();
        let mut headers = HeaderMap::new();
        let theirs = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        headers.insert("traceparent", theirs.parse().unwrap());
        let ours = TraceParent::continue_or_begin(&headers, &world).header();
        assert!(ours.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && ours.ends_with("-01"));
        assert_ne!(ours, theirs);
    }

    #[test]
    fn an_invalid_trace_is_not_continued() {
        for bad in [
            "",
            "00-0-0-0",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceParent::parse(bad), None, "{bad}");
        }
    }
}
