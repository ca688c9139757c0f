//! Extractors whose refusals are problems a person can act on.

use std::convert::Infallible;

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{header, request::Parts},
};
use bytes::Bytes;
use mainstay_kernel::{Actor, Cursor, Environment, PageRequest, Problem, ProblemKind, Scope};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

use crate::error::{ApiError, sentence};

/// A JSON body. What is not JSON is 400; JSON of another shape, unknown fields included, is 422 naming the field.
#[derive(Debug, Clone)]
pub struct ApiJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                let essence = value.split(';').next().unwrap_or_default().trim();
                essence.eq_ignore_ascii_case("application/json") || essence.to_ascii_lowercase().ends_with("+json")
            });
        if !json {
            return Err(Problem::new(
                ProblemKind::Malformed,
                "not-json",
                "The body must be JSON. Send it with the header `content-type: application/json`.",
            )
            .into());
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| body_problem(&rejection))?;
        parse_json(&bytes).map(Self)
    }
}

fn body_problem(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(
            ProblemKind::TooLarge,
            "too-large",
            "The body is larger than this endpoint accepts.",
        )
        .into()
    } else {
        Problem::new(
            ProblemKind::Malformed,
            "unreadable-body",
            "The body could not be read to its end. Send it again.",
        )
        .into()
    }
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => {
                let message = without_position(&inner.to_string());
                let detail = if path == "." {
                    sentence(&message)
                } else {
                    sentence(&format!("the field `{path}` is wrong: {message}"))
                };
                Problem::invalid("invalid-body", detail).field(path, message)
            }
            _ => Problem::new(
                ProblemKind::Malformed,
                "malformed-json",
                sentence(&format!("the body is not valid JSON: {inner}")),
            ),
        }
    })?;
    deserializer.end().map_err(|error| {
        Problem::new(
            ProblemKind::Malformed,
            "malformed-json",
            sentence(&format!("the body is not valid JSON: {error}")),
        )
    })?;
    Ok(value)
}

fn without_position(message: &str) -> String {
    message
        .rfind(" at line ")
        .map_or(message, |at| &message[..at])
        .to_owned()
}

/// Query parameters; a wrong one is 422 naming it.
#[derive(Debug, Clone)]
pub struct ApiQuery<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let deserializer = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(deserializer)
            .map(Self)
            .map_err(|error| {
                let field = error.path().to_string();
                let message = error.into_inner().to_string();
                Problem::invalid(
                    "invalid-query",
                    sentence(&format!("the query parameter `{field}` is wrong: {message}")),
                )
                .field(field, message)
                .into()
            })
    }
}

/// Path parameters; one that does not parse is 404, for no such thing can exist.
#[derive(Debug, Clone)]
pub struct ApiPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for ApiPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::not_found(format_args!("such thing at `{}`", parts.uri.path())).into()),
        }
    }
}

/// The `environment` query parameter.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EnvironmentParameter {
    /// The environment that is meant; `production` when absent.
    #[param(value_type = Option<String>, pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", example = "production")]
    environment: Option<Environment>,
}

/// Whose rows and which environment's the request is about, from the query parameter `environment`.
#[derive(Debug, Clone)]
pub struct ScopeQuery(pub Scope);

impl<S: Send + Sync> FromRequestParts<S> for ScopeQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let ApiQuery(parameter) = ApiQuery::<EnvironmentParameter>::from_request_parts(parts, state).await?;
        Ok(Self(Scope::of(parameter.environment.unwrap_or_default())))
    }
}

impl IntoParams for ScopeQuery {
    fn into_params(
        provider: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        EnvironmentParameter::into_params(provider)
    }
}

/// The `limit` and `cursor` query parameters of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageParameters {
    /// At most this many items, 1 to 10000; 100 when absent.
    #[param(minimum = 1, maximum = 10_000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which page of a list is wanted, from the query parameters `limit` and `cursor`.
#[derive(Debug, Clone)]
pub struct PageQuery(pub PageRequest);

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let ApiQuery(parameters) = ApiQuery::<PageParameters>::from_request_parts(parts, state).await?;
        let limit = parameters.limit.unwrap_or(100);
        if !(1..=10_000).contains(&limit) {
            let message = "must be between 1 and 10000";
            return Err(Problem::invalid(
                "invalid-query",
                format!("The query parameter `limit` {message}, not {limit}."),
            )
            .field("limit", message)
            .into());
        }
        Ok(Self(PageRequest {
            limit: limit as usize,
            cursor: parameters.cursor.as_deref().map(Cursor::decode).transpose()?,
        }))
    }
}

impl IntoParams for PageQuery {
    fn into_params(
        provider: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        PageParameters::into_params(provider)
    }
}

/// Who makes the request: the [`Actor`] that the gate in front of the routes put among its extensions. Where there is no gate,
/// everybody who reaches the loopback address is [`Actor::Local`].
#[derive(Debug, Clone)]
pub struct Caller(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get().cloned().unwrap_or(Actor::Local)))
    }
}

/// The version a change was based on, from `If-Match`; absent means "whatever is there".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        text.trim_matches('"').parse().map(|version| Self(Some(version))).map_err(|_| {
            Problem::new(
                ProblemKind::Stale,
                "stale",
                "The `If-Match` header does not hold an ETag of this object. Read the object again and repeat the change.",
            )
            .into()
        })
    }
}

impl IfMatch {
    /// Compares with the version that is stored now.
    ///
    /// # Errors
    /// When the caller's copy is out of date.
    pub fn check(self, stored: i64) -> Result<(), Problem> {
        match self.0 {
            Some(version) if version != stored => Err(Problem::new(
                ProblemKind::Stale,
                "stale",
                "Somebody changed this since you read it. Read it again and repeat your change.",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only its parsing is tested")]
        window: Window,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Window {
        #[expect(dead_code, reason = "only its parsing is tested")]
        seconds: u32,
    }

    fn refusal(text: &str) -> Problem {
        parse_json::<Body>(text.as_bytes()).unwrap_err().0
    }

    #[test]
    fn a_wrong_field_is_named_by_its_path() {
        let problem = refusal(r#"{"window":{"seconds":"long"}}"#);
        assert_eq!(
            (problem.kind, problem.errors[0].field.as_str()),
            (ProblemKind::Invalid, "window.seconds")
        );
        let problem = refusal(r#"{"window":{"seconds":1,"colour":"red"}}"#);
        assert_eq!(problem.errors[0].field, "window.colour");
        assert!(problem.detail.contains("unknown field"), "{}", problem.detail);
    }

    #[test]
    fn what_is_not_json_is_malformed_with_its_position() {
        let problem = refusal("{\"window\":");
        assert_eq!(problem.kind, ProblemKind::Malformed);
        assert!(problem.detail.contains("line 1 column"), "{}", problem.detail);
        assert_eq!(refusal(r#"{"window":{"seconds":1}} x"#).kind, ProblemKind::Malformed);
    }
}
