//! `/api/v1/checks`: what is probed.

use axum::{extract::State, http::StatusCode};
use mainstay_catalog::ServiceName;
use mainstay_http::{
    ApiJson, ApiPath, ApiQuery, ApiResult, Created, IfMatch, PageQuery, Paged, ProblemBody, ScopeQuery, Tagged,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    engine::CheckView,
    model::{check::CheckId, draft::CheckDraft},
    service::Watch,
    view::{CheckBody, ProbeBody},
};

pub(super) fn routes() -> OpenApiRouter<Watch> {
    OpenApiRouter::new()
        .routes(routes!(list_checks, create_check))
        .routes(routes!(get_check, put_check, delete_check))
        .routes(routes!(pause_check))
        .routes(routes!(resume_check))
        .routes(routes!(run_check))
}

/// Which checks are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CheckQuery {
    /// Only the checks of this service.
    #[param(value_type = Option<String>)]
    service: Option<ServiceName>,
}

fn tagged(view: CheckView) -> Tagged<CheckBody> {
    Tagged(view.check.version, view.into())
}

/// List checks
///
/// By service and name.
#[utoipa::path(
    get, path = "/api/v1/checks", operation_id = "list_checks", tag = "watch",
    params(ScopeQuery, CheckQuery, PageQuery),
    responses(
        (status = 200, description = "A page of checks", body = Paged<CheckBody>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:read")))
)]
async fn list_checks(
    State(watch): State<Watch>,
    ScopeQuery(scope): ScopeQuery,
    ApiQuery(query): ApiQuery<CheckQuery>,
    PageQuery(page): PageQuery,
) -> ApiResult<Paged<CheckBody>> {
    Ok(watch
        .checks(&scope, query.service.as_ref(), &page)?
        .map(CheckBody::from)
        .into())
}

/// Create a check
///
/// `name`, `service` and `target` are needed; everything else has a default.
#[utoipa::path(
    post, path = "/api/v1/checks", operation_id = "create_check", tag = "watch",
    params(ScopeQuery, ("Idempotency-Key" = Option<String>, Header, description = "Repeats the first answer to the same request")),
    request_body = CheckDraft,
    responses(
        (status = 201, description = "The new check", body = CheckBody),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:write")))
)]
async fn create_check(
    State(watch): State<Watch>,
    ScopeQuery(scope): ScopeQuery,
    ApiJson(body): ApiJson<CheckDraft>,
) -> ApiResult<Created<CheckBody>> {
    let view = watch.create_check(&scope, body).await?;
    Ok(Created {
        location: format!("/api/v1/checks/{}", view.check.id),
        version: Some(view.check.version),
        body: view.into(),
    })
}

/// Read a check
#[utoipa::path(
    get, path = "/api/v1/checks/{id}", operation_id = "get_check", tag = "watch",
    params(("id" = String, Path, description = "The check's id", format = "uuid")),
    responses(
        (status = 200, description = "The check; its version is the ETag", body = CheckBody),
        (status = 404, description = "There is no such check", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:read")))
)]
async fn get_check(State(watch): State<Watch>, ApiPath(id): ApiPath<CheckId>) -> ApiResult<Tagged<CheckBody>> {
    Ok(tagged(watch.check(id)?))
}

/// Change a check
///
/// The body is the whole check; what is left out takes its default, except `name`, `service`, `paused` and the values of
/// secret headers, which stay. Of a check made from an endpoint, the fields that change become a person's word and stay when
/// the catalog changes.
#[utoipa::path(
    put, path = "/api/v1/checks/{id}", operation_id = "put_check", tag = "watch",
    params(
        ("id" = String, Path, description = "The check's id", format = "uuid"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read"),
    ),
    request_body = CheckDraft,
    responses(
        (status = 200, description = "The changed check", body = CheckBody),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such check", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A file manages it, or the name is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:write")))
)]
async fn put_check(
    State(watch): State<Watch>,
    ApiPath(id): ApiPath<CheckId>,
    based_on: IfMatch,
    ApiJson(body): ApiJson<CheckDraft>,
) -> ApiResult<Tagged<CheckBody>> {
    Ok(tagged(watch.replace_check(id, based_on, body).await?))
}

/// Delete a check
#[utoipa::path(
    delete, path = "/api/v1/checks/{id}", operation_id = "delete_check", tag = "watch",
    params(
        ("id" = String, Path, description = "The check's id", format = "uuid"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = 204, description = "It is gone; its history goes with retention"),
        (status = 404, description = "There is no such check", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A file or the catalog makes it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:write")))
)]
async fn delete_check(
    State(watch): State<Watch>,
    ApiPath(id): ApiPath<CheckId>,
    based_on: IfMatch,
) -> ApiResult<StatusCode> {
    watch.delete_check(id, based_on).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pause a check
///
/// It is not probed and says nothing about its service until it is resumed.
#[utoipa::path(
    post, path = "/api/v1/checks/{id}/pause", operation_id = "pause_check", tag = "watch",
    params(
        ("id" = String, Path, description = "The check's id", format = "uuid"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = 200, description = "The paused check", body = CheckBody),
        (status = 404, description = "There is no such check", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:write")))
)]
async fn pause_check(
    State(watch): State<Watch>,
    ApiPath(id): ApiPath<CheckId>,
    based_on: IfMatch,
) -> ApiResult<Tagged<CheckBody>> {
    Ok(tagged(watch.pause_check(id, based_on, true).await?))
}

/// Resume a check
#[utoipa::path(
    post, path = "/api/v1/checks/{id}/resume", operation_id = "resume_check", tag = "watch",
    params(
        ("id" = String, Path, description = "The check's id", format = "uuid"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = 200, description = "The resumed check", body = CheckBody),
        (status = 404, description = "There is no such check", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:write")))
)]
async fn resume_check(
    State(watch): State<Watch>,
    ApiPath(id): ApiPath<CheckId>,
    based_on: IfMatch,
) -> ApiResult<Tagged<CheckBody>> {
    Ok(tagged(watch.pause_check(id, based_on, false).await?))
}

/// Run a check now
///
/// Waits for the probe. Of a paused check the result is only shown.
#[utoipa::path(
    post, path = "/api/v1/checks/{id}/run", operation_id = "run_check", tag = "watch",
    params(("id" = String, Path, description = "The check's id", format = "uuid")),
    responses(
        (status = 200, description = "What the probe found", body = ProbeBody),
        (status = 404, description = "There is no such check", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Nothing is probed at the moment", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:write")))
)]
async fn run_check(State(watch): State<Watch>, ApiPath(id): ApiPath<CheckId>) -> ApiResult<axum::Json<ProbeBody>> {
    Ok(axum::Json(ProbeBody::from(&watch.run_check(id).await?)))
}
