//! `/api/v1/dependencies`: the dependency graph of an environment.

use axum::{Json, extract::State};
use mainstay_http::{ApiResult, ProblemBody, ScopeQuery};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    model::{DependencyKind, ServiceName, Source},
    service::Catalog,
};

pub(super) fn routes() -> OpenApiRouter<Catalog> {
    OpenApiRouter::new().routes(routes!(list_dependencies))
}

/// The dependency graph.
#[derive(Debug, Serialize, ToSchema)]
struct Dependencies {
    /// Every dependency in force, by name; `to` may be a name that is no service.
    edges: Vec<DependencyEdge>,
    /// Groups of services that need each other in a circle, each as the names along its shortest circle.
    cycles: Vec<Vec<ServiceName>>,
}

/// One service needs another.
#[derive(Debug, Serialize, ToSchema)]
struct DependencyEdge {
    /// The service that needs.
    from: ServiceName,
    /// The service that is needed.
    to: ServiceName,
    /// How badly.
    kind: DependencyKind,
    /// Who says so.
    source: Option<Source>,
}

/// Read the dependency graph
#[utoipa::path(
    get, path = "/api/v1/dependencies", operation_id = "list_dependencies", tag = "catalog",
    params(ScopeQuery),
    responses(
        (status = 200, description = "All dependencies in force, and their cycles", body = Dependencies),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("catalog:read")))
)]
async fn list_dependencies(
    State(catalog): State<Catalog>,
    ScopeQuery(scope): ScopeQuery,
) -> ApiResult<Json<Dependencies>> {
    let edges = catalog.edges(&scope).into_iter().map(|edge| DependencyEdge {
        from: edge.from,
        to: edge.to,
        kind: edge.kind,
        source: edge.source,
    });
    Ok(Json(Dependencies {
        edges: edges.collect(),
        cycles: catalog.fleet(&scope.environment).cycles().to_vec(),
    }))
}
