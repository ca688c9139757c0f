//! `/api/v1/services/{name}/facts`: every value that every source gives for a service.

use axum::extract::State;
use mainstay_http::{ApiPath, ApiResult, Paged, ProblemBody, ScopeQuery};
use mainstay_kernel::Page;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    model::{Fact, ServiceName},
    service::Catalog,
};

pub(super) fn routes() -> OpenApiRouter<Catalog> {
    OpenApiRouter::new().routes(routes!(list_facts))
}

/// List a service's facts
///
/// Every value that every source gives, by field, the winner of each field first. There is always one page.
#[utoipa::path(
    get, path = "/api/v1/services/{name}/facts", operation_id = "list_facts", tag = "catalog",
    params(("name" = ServiceName, Path, description = "The service's name"), ScopeQuery),
    responses(
        (status = 200, description = "All facts", body = Paged<Fact>),
        (status = 404, description = "There is no such service", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("catalog:read")))
)]
async fn list_facts(
    State(catalog): State<Catalog>,
    ApiPath(name): ApiPath<ServiceName>,
    ScopeQuery(scope): ScopeQuery,
) -> ApiResult<Paged<Fact>> {
    Ok(Page::whole(catalog.facts(&scope, &name).await?).into())
}
