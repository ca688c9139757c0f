//! What a handler answers when it cannot do its work, and how that is written down once.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::json;

use super::{dependencies::DependencyError, documents::Refused, journal::JournalError, pool::Exhausted};

/// The code of an answer that the thing asked for does not exist.
pub const NOT_FOUND: &str = "not-found";

/// A request that failed; the middleware logs it with its route and request id.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Status of the answer.
    pub status: StatusCode,
    /// A stable word for the kind of failure.
    pub code: &'static str,
    /// What happened, in a sentence.
    pub detail: String,
}

impl Failure {
    /// The caller asked for something that is not there.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, NOT_FOUND, what)
    }

    /// The caller may not.
    pub fn forbidden(why: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", why)
    }

    /// The service does more than it can already.
    pub fn overloaded(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail)
    }

    /// The service's own code cannot go on with what it was given.
    pub fn internal(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, detail)
    }

    /// The request's time stamp is too far from this service's clock.
    pub fn stale(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "stale-request", detail)
    }

    /// A dependency answered something that cannot be used.
    pub fn unusable_answer(dependency: &str, field: &str) -> Self {
        let detail = format!("the answer of {dependency} has no usable `{field}`");
        Self::new(StatusCode::BAD_GATEWAY, "dependency-answer", detail)
    }

    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
        }
    }
}

impl From<Exhausted> for Failure {
    fn from(error: Exhausted) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "no-connection", error.to_string())
    }
}

impl From<Refused> for Failure {
    fn from(error: Refused) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "memory-limit", error.to_string())
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "journal", error.to_string())
    }
}

impl From<DependencyError> for Failure {
    fn from(error: DependencyError) -> Self {
        match error {
            DependencyError::NotThere { detail, .. } => Self::not_found(detail),
            other => Self::new(StatusCode::BAD_GATEWAY, "dependency", other.to_string()),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code, "detail": self.detail });
        let mut response = (self.status, Json(body)).into_response();
        response.extensions_mut().insert(self);
        response
    }
}
