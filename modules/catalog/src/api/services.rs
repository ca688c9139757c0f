//! `/api/v1/services`: the services of an environment.

use axum::{extract::State, http::StatusCode};
use mainstay_http::{
    ApiJson, ApiPath, ApiResult, Caller, Created, IfMatch, PageQuery, Paged, ProblemBody, ScopeQuery, Tagged,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    model::{Dependency, Endpoint, Link, Service, ServiceName, Tier},
    service::{Catalog, NewService, ServiceEdit},
};

pub(super) fn routes() -> OpenApiRouter<Catalog> {
    OpenApiRouter::new()
        .routes(routes!(list_services, create_service))
        .routes(routes!(get_service, put_service, delete_service))
}

/// A service to be created. What is left out is left to later imports.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateService {
    /// Its name, unique in the environment; `_` and capitals become `-` and lower case.
    name: ServiceName,
    /// What it does, in a sentence or two.
    description: Option<String>,
    /// The team or person that answers for it.
    owner: Option<String>,
    /// How much it matters; `standard` when nobody says.
    tier: Option<Tier>,
    /// Pages about it.
    links: Option<Vec<Link>>,
    /// Where it can be reached; at most one of each kind.
    endpoints: Option<Vec<Endpoint>>,
    /// What it needs; each a service of the same environment.
    dependencies: Option<Vec<Dependency>>,
}

/// What the service shall be from now on; what is left out is emptied.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutService {
    /// What it does, in a sentence or two.
    description: Option<String>,
    /// The team or person that answers for it.
    owner: Option<String>,
    /// How much it matters.
    #[serde(default)]
    tier: Tier,
    /// Pages about it.
    #[serde(default)]
    links: Vec<Link>,
    /// Where it can be reached; at most one of each kind.
    #[serde(default)]
    endpoints: Vec<Endpoint>,
    /// What it needs; each a service of the same environment.
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

/// List services
///
/// By name.
#[utoipa::path(
    get, path = "/api/v1/services", operation_id = "list_services", tag = "catalog",
    params(ScopeQuery, PageQuery),
    responses(
        (status = 200, description = "A page of services", body = Paged<Service>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("catalog:read")))
)]
async fn list_services(
    State(catalog): State<Catalog>,
    ScopeQuery(scope): ScopeQuery,
    PageQuery(page): PageQuery,
) -> ApiResult<Paged<Service>> {
    Ok(catalog.services(&scope, &page)?.into())
}

/// Create a service
#[utoipa::path(
    post, path = "/api/v1/services", operation_id = "create_service", tag = "catalog",
    params(ScopeQuery, ("Idempotency-Key" = Option<String>, Header, description = "Repeats the first answer to the same request")),
    request_body = CreateService,
    responses(
        (status = 201, description = "The new service", body = Service),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("catalog:write")))
)]
async fn create_service(
    State(catalog): State<Catalog>,
    ScopeQuery(scope): ScopeQuery,
    Caller(actor): Caller,
    ApiJson(body): ApiJson<CreateService>,
) -> ApiResult<Created<Service>> {
    let new = NewService {
        name: body.name,
        description: body.description,
        owner: body.owner,
        tier: body.tier,
        links: body.links,
        endpoints: body.endpoints,
        dependencies: body.dependencies,
    };
    let service = catalog.create(&scope, &actor, new).await?;
    Ok(Created {
        location: format!("/api/v1/services/{}", service.name),
        version: Some(service.version),
        body: service,
    })
}

/// Read a service
#[utoipa::path(
    get, path = "/api/v1/services/{name}", operation_id = "get_service", tag = "catalog",
    params(("name" = ServiceName, Path, description = "The service's name"), ScopeQuery),
    responses(
        (status = 200, description = "The service; its version is the ETag", body = Service),
        (status = 404, description = "There is no such service", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("catalog:read")))
)]
async fn get_service(
    State(catalog): State<Catalog>,
    ApiPath(name): ApiPath<ServiceName>,
    ScopeQuery(scope): ScopeQuery,
) -> ApiResult<Tagged<Service>> {
    let service = catalog.service(&scope, &name)?;
    Ok(Tagged(service.version, service))
}

/// Change a service
///
/// The body is the whole service. Each field it changes becomes a person's word, which wins over every file, now and after
/// every later import; a field changed back to what the files say is the files' again.
#[utoipa::path(
    put, path = "/api/v1/services/{name}", operation_id = "put_service", tag = "catalog",
    params(
        ("name" = ServiceName, Path, description = "The service's name"), ScopeQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is based on"),
    ),
    request_body = PutService,
    responses(
        (status = 200, description = "The changed service", body = Service),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such service", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A file manages the service", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "The service was changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("catalog:write")))
)]
async fn put_service(
    State(catalog): State<Catalog>,
    ApiPath(name): ApiPath<ServiceName>,
    ScopeQuery(scope): ScopeQuery,
    Caller(actor): Caller,
    IfMatch(based_on): IfMatch,
    ApiJson(body): ApiJson<PutService>,
) -> ApiResult<Tagged<Service>> {
    let edit = ServiceEdit {
        description: body.description,
        owner: body.owner,
        tier: body.tier,
        links: body.links,
        endpoints: body.endpoints,
        dependencies: body.dependencies,
    };
    let service = catalog.replace(&scope, &actor, &name, based_on, edit).await?;
    Ok(Tagged(service.version, service))
}

/// Delete a service
///
/// Files that know the service do not bring it back; creating it again does.
#[utoipa::path(
    delete, path = "/api/v1/services/{name}", operation_id = "delete_service", tag = "catalog",
    params(
        ("name" = ServiceName, Path, description = "The service's name"), ScopeQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag that the deletion is based on"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such service", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A file manages the service", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "The service was changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("catalog:write")))
)]
async fn delete_service(
    State(catalog): State<Catalog>,
    ApiPath(name): ApiPath<ServiceName>,
    ScopeQuery(scope): ScopeQuery,
    Caller(actor): Caller,
    IfMatch(based_on): IfMatch,
) -> ApiResult<StatusCode> {
    catalog.delete(&scope, &actor, &name, based_on).await?;
    Ok(StatusCode::NO_CONTENT)
}
