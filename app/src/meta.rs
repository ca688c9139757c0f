//! What Mainstay says of itself over its API: version, database, background tasks, metrics, the OpenAPI document.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use mainstay_http::{ApiResult, Paged, ProblemBody, ScopeQuery};
use mainstay_runtime::{TaskState, TaskStatus};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::wiring::Parts;

/// What these endpoints are served from.
#[derive(Clone)]
pub struct Meta {
    /// Everything that was built.
    pub parts: Parts,
    /// When the process began to serve.
    pub started_at: Timestamp,
    /// Whether this is the demo.
    pub demo: bool,
    /// Rendered by `/metrics`.
    pub metrics: mainstay_telemetry::Metrics,
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<Arc<Meta>> {
    OpenApiRouter::new()
        .routes(routes!(get_meta))
        .routes(routes!(list_tasks))
        .routes(routes!(get_metrics))
}

/// What is running here.
#[derive(Debug, Serialize, ToSchema)]
struct MetaBody {
    /// Version of Mainstay.
    version: &'static str,
    /// When this process began to serve.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// `sqlite` or `postgresql`.
    database: &'static str,
    /// The environment the request was about.
    environment: String,
    /// Environments that have services.
    environments: Vec<String>,
    /// Whether this is the demo.
    demo: bool,
    /// When the first of the environment's services became known: nothing that is shown of them is older. Null without services.
    #[schema(value_type = Option<String>, format = DateTime)]
    first_service_at: Option<Timestamp>,
    /// How much there is.
    counts: Counts,
}

/// How much there is.
#[derive(Debug, Serialize, ToSchema)]
struct Counts {
    /// Services in the environment.
    services: usize,
    /// Checks in all environments, paused ones included.
    checks: usize,
    /// Objectives in the environment.
    slos: usize,
    /// Open alerts in all environments, folded ones included.
    open_alerts: usize,
}

/// What is running here?
#[utoipa::path(
    get, path = "/api/v1/meta", operation_id = "get_meta", tag = "mainstay", params(ScopeQuery),
    responses(
        (status = 200, description = "Version, database and counts", body = MetaBody),
        (status = 422, description = "The query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("meta:read")))
)]
async fn get_meta(State(meta): State<Arc<Meta>>, ScopeQuery(scope): ScopeQuery) -> ApiResult<Json<MetaBody>> {
    let parts = &meta.parts;
    let fleets = parts.catalog.fleets().get();
    let fleet = fleets.get(&scope.environment);
    Ok(Json(MetaBody {
        version: env!("CARGO_PKG_VERSION"),
        started_at: meta.started_at,
        database: parts.database.dialect().name(),
        demo: meta.demo,
        environments: fleets.keys().map(ToString::to_string).collect(),
        first_service_at: fleet.and_then(|fleet| fleet.services().map(|service| service.created_at).min()),
        counts: Counts {
            services: fleet.map_or(0, |fleet| fleet.services().len()),
            checks: parts.watch.check_count(),
            slos: parts.slo.objective_count(&scope.environment),
            open_alerts: usize::try_from(parts.slo.open_alert_count().await?).unwrap_or_default(),
        },
        environment: scope.environment.to_string(),
    }))
}

/// One background task.
#[derive(Debug, Serialize, ToSchema)]
struct TaskBody {
    /// Its unique name.
    name: String,
    /// `running`, `failed` (alive, but its last run failed), `finished` (it has done all it was started for) or `stopped`.
    #[schema(value_type = String, example = "running")]
    state: TaskState,
    /// When it was started.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it last finished a run.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_run_at: Option<Timestamp>,
    /// The last failure, until the next success.
    last_error: Option<String>,
    /// Finished runs.
    runs: u64,
    /// What the last run said of itself.
    detail: Option<String>,
}

impl From<TaskStatus> for TaskBody {
    fn from(status: TaskStatus) -> Self {
        Self {
            name: status.name,
            state: status.state,
            started_at: status.started_at,
            last_run_at: status.last_run_at,
            last_error: status.last_error,
            runs: status.runs,
            detail: status.detail,
        }
    }
}

/// Background tasks and how they fare
#[utoipa::path(
    get, path = "/api/v1/admin/tasks", operation_id = "list_tasks", tag = "mainstay",
    responses((status = 200, description = "Every task by name", body = Paged<TaskBody>)),
    extensions(("x-permission" = json!("admin:read")))
)]
async fn list_tasks(State(meta): State<Arc<Meta>>) -> Paged<TaskBody> {
    Paged {
        items: meta
            .parts
            .tasks
            .statuses_snapshot()
            .into_iter()
            .map(TaskBody::from)
            .collect(),
        next_cursor: None,
    }
}

/// Mainstay's own metrics
#[utoipa::path(
    get, path = "/metrics", operation_id = "get_metrics", tag = "mainstay",
    responses((status = 200, description = "Prometheus text format", body = String, content_type = "text/plain")),
    extensions(("x-permission" = json!("metrics:read")))
)]
async fn get_metrics(State(meta): State<Arc<Meta>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], meta.metrics.render()).into_response()
}
