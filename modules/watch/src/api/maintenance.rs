//! `/api/v1/maintenance`: times in which services may be away on purpose.

use axum::{extract::State, http::StatusCode};
use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_http::{ApiJson, ApiPath, ApiResult, Caller, Created, PageQuery, Paged, ProblemBody, ScopeQuery};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    model::maintenance::MaintenanceId,
    service::{NewMaintenance, Watch},
    view::MaintenanceBody,
};

pub(super) fn routes() -> OpenApiRouter<Watch> {
    OpenApiRouter::new()
        .routes(routes!(list_maintenance, create_maintenance))
        .routes(routes!(delete_maintenance))
}

/// A window to be planned.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateMaintenance {
    /// The service; every service of the environment when absent.
    #[schema(value_type = Option<String>)]
    service: Option<ServiceName>,
    /// Why, for those who see the window.
    reason: String,
    /// Its first moment.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// The first moment after it.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

/// List maintenance windows
///
/// The last to end first, past ones included.
#[utoipa::path(
    get, path = "/api/v1/maintenance", operation_id = "list_maintenance", tag = "watch",
    params(ScopeQuery, PageQuery),
    responses(
        (status = 200, description = "A page of windows", body = Paged<MaintenanceBody>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:read")))
)]
async fn list_maintenance(
    State(watch): State<Watch>,
    ScopeQuery(scope): ScopeQuery,
    PageQuery(page): PageQuery,
) -> ApiResult<Paged<MaintenanceBody>> {
    Ok(watch
        .maintenance(&scope, &page)
        .await?
        .map(MaintenanceBody::from)
        .into())
}

/// Plan a maintenance window
///
/// Probes go on and are marked; failures in the window burn no budget and alert nobody.
#[utoipa::path(
    post, path = "/api/v1/maintenance", operation_id = "create_maintenance", tag = "watch",
    params(ScopeQuery, ("Idempotency-Key" = Option<String>, Header, description = "Repeats the first answer to the same request")),
    request_body = CreateMaintenance,
    responses(
        (status = 201, description = "The new window", body = MaintenanceBody),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The Idempotency-Key was used for another request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:write")))
)]
async fn create_maintenance(
    State(watch): State<Watch>,
    ScopeQuery(scope): ScopeQuery,
    Caller(actor): Caller,
    ApiJson(body): ApiJson<CreateMaintenance>,
) -> ApiResult<Created<MaintenanceBody>> {
    let new = NewMaintenance {
        service: body.service,
        reason: body.reason,
        starts_at: body.starts_at,
        ends_at: body.ends_at,
    };
    let window = watch.plan_maintenance(&scope, &actor, new).await?;
    Ok(Created {
        location: format!("/api/v1/maintenance/{}", window.id),
        version: None,
        body: window.into(),
    })
}

/// Delete a maintenance window
///
/// One that is open ends now.
#[utoipa::path(
    delete, path = "/api/v1/maintenance/{id}", operation_id = "delete_maintenance", tag = "watch",
    params(("id" = String, Path, description = "The window's id", format = "uuid")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such window", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A file declares it", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:write")))
)]
async fn delete_maintenance(State(watch): State<Watch>, ApiPath(id): ApiPath<MaintenanceId>) -> ApiResult<StatusCode> {
    watch.delete_maintenance(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
