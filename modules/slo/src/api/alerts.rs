//! `/api/v1/alerts`: what is or was wrong, and who has taken it on.

use axum::{
    Json,
    extract::{FromRef, State},
};
use mainstay_catalog::ServiceName;
use mainstay_http::{ApiJson, ApiPath, ApiQuery, ApiResult, Caller, PageQuery, Paged, ProblemBody, ScopeQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::text::short;
use crate::alert::{
    Alerts,
    model::{Alert, AlertId, Condition, TimelineEntry},
    store::AlertFilter,
};

pub(super) fn routes<S>() -> OpenApiRouter<S>
where
    Alerts: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    OpenApiRouter::new()
        .routes(routes!(list_alerts))
        .routes(routes!(get_alert))
        .routes(routes!(acknowledge_alert))
        .routes(routes!(unacknowledge_alert))
}

/// Which alerts a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Shown {
    /// Those whose condition holds.
    Open,
    /// Those that are over.
    Resolved,
    /// Open ones that are folded under the alert of their cause.
    Folded,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AlertQuery {
    /// Only these; all when absent.
    #[param(inline)]
    state: Option<Shown>,
    /// Only alerts about this service.
    #[param(value_type = Option<String>)]
    service: Option<ServiceName>,
}

/// An alert and what happened to it.
#[derive(Debug, Serialize, ToSchema)]
struct AlertDetail {
    #[serde(flatten)]
    alert: Alert,
    /// What happened, oldest first.
    timeline: Vec<TimelineEntry>,
}

/// Somebody takes an alert on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acknowledgement {
    /// Who; the caller when left out.
    #[schema(max_length = 200)]
    by: Option<String>,
    /// Why, or what is being done.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// List alerts
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/v1/alerts", operation_id = "list_alerts", tag = "alerts",
    params(ScopeQuery, PageQuery, AlertQuery),
    responses(
        (status = 200, description = "A page of alerts", body = Paged<Alert>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("alert:read")))
)]
async fn list_alerts(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    PageQuery(page): PageQuery,
    ApiQuery(query): ApiQuery<AlertQuery>,
) -> ApiResult<Paged<Alert>> {
    let filter = AlertFilter {
        state: query.state.map(|state| match state {
            Shown::Open | Shown::Folded => Condition::Open,
            Shown::Resolved => Condition::Resolved,
        }),
        folded: query.state == Some(Shown::Folded),
        service: query.service,
    };
    Ok(alerts.list(&scope, &filter, &page).await?.into())
}

/// Read an alert
///
/// With its timeline.
#[utoipa::path(
    get, path = "/api/v1/alerts/{id}", operation_id = "get_alert", tag = "alerts",
    params(ScopeQuery, ("id" = String, Path, description = "The alert's id")),
    responses(
        (status = 200, description = "The alert", body = AlertDetail),
        (status = 404, description = "No such alert", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("alert:read")))
)]
async fn get_alert(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    ApiPath(id): ApiPath<AlertId>,
) -> ApiResult<Json<AlertDetail>> {
    let (alert, timeline) = alerts.find(&scope, id).await?;
    Ok(Json(AlertDetail { alert, timeline }))
}

/// Acknowledge an alert
///
/// Somebody takes it on. It stays open until its condition is over.
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/acknowledge", operation_id = "acknowledge_alert", tag = "alerts",
    params(ScopeQuery, ("id" = String, Path, description = "The alert's id")),
    request_body = Acknowledgement,
    responses(
        (status = 200, description = "The alert", body = Alert),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such alert", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is resolved already", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("alert:acknowledge")))
)]
async fn acknowledge_alert(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    ApiPath(id): ApiPath<AlertId>,
    Caller(actor): Caller,
    ApiJson(body): ApiJson<Acknowledgement>,
) -> ApiResult<Json<Alert>> {
    let by = short("by", body.by.as_deref(), 200)?.unwrap_or_else(|| actor.label());
    let note = short("note", body.note.as_deref(), 2000)?;
    Ok(Json(alerts.acknowledge(&scope, id, by, note).await?))
}

/// Give an alert back
#[utoipa::path(
    post, path = "/api/v1/alerts/{id}/unacknowledge", operation_id = "unacknowledge_alert", tag = "alerts",
    params(ScopeQuery, ("id" = String, Path, description = "The alert's id")),
    responses(
        (status = 200, description = "The alert", body = Alert),
        (status = 404, description = "No such alert", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is resolved already", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("alert:acknowledge")))
)]
async fn unacknowledge_alert(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    ApiPath(id): ApiPath<AlertId>,
    Caller(actor): Caller,
) -> ApiResult<Json<Alert>> {
    Ok(Json(alerts.unacknowledge(&scope, id, actor.label()).await?))
}
