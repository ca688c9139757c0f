//! `/api/v1/service-states`: how the services are.

use axum::{Json, extract::State};
use mainstay_catalog::ServiceName;
use mainstay_http::{ApiPath, ApiResult, PageQuery, Paged, ProblemBody, ScopeQuery};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{service::Watch, view::ServiceStateBody};

pub(super) fn routes() -> OpenApiRouter<Watch> {
    OpenApiRouter::new()
        .routes(routes!(list_service_states))
        .routes(routes!(get_service_state))
}

/// List the states of services
///
/// By name; up to 10,000 at once.
#[utoipa::path(
    get, path = "/api/v1/service-states", operation_id = "list_service_states", tag = "watch",
    params(ScopeQuery, PageQuery),
    responses(
        (status = 200, description = "A page of states", body = Paged<ServiceStateBody>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:read")))
)]
async fn list_service_states(
    State(watch): State<Watch>,
    ScopeQuery(scope): ScopeQuery,
    PageQuery(page): PageQuery,
) -> ApiResult<Paged<ServiceStateBody>> {
    Ok(watch.state_page(&scope, &page).await?.into())
}

/// Read the state of a service
#[utoipa::path(
    get, path = "/api/v1/service-states/{name}", operation_id = "get_service_state", tag = "watch",
    params(("name" = ServiceName, Path, description = "The service's name"), ScopeQuery),
    responses(
        (status = 200, description = "The state", body = ServiceStateBody),
        (status = 404, description = "There is no such service", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:read")))
)]
async fn get_service_state(
    State(watch): State<Watch>,
    ApiPath(name): ApiPath<ServiceName>,
    ScopeQuery(scope): ScopeQuery,
) -> ApiResult<Json<ServiceStateBody>> {
    Ok(Json(watch.state_shown(&scope, &name).await?))
}
