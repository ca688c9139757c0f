//! `/api/v1/silences`: alerts that nobody is told of for a while.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
};
use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_http::{ApiJson, ApiPath, ApiResult, Caller, Created, PageQuery, Paged, ProblemBody, ScopeQuery};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::text::short;
use crate::{
    alert::{
        Alerts,
        model::{Kind, Silence, SilenceId},
    },
    model::SloId,
};

pub(super) fn routes<S>() -> OpenApiRouter<S>
where
    Alerts: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    OpenApiRouter::new()
        .routes(routes!(list_silences, create_silence))
        .routes(routes!(delete_silence))
}

/// A silence to be made. What is left out matches everything.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateSilence {
    /// Only alerts about this service.
    service: Option<ServiceName>,
    /// Only alerts about this objective.
    #[schema(value_type = Option<String>, format = "uuid")]
    slo_id: Option<SloId>,
    /// Only alerts of this kind.
    kind: Option<Kind>,
    /// Why, for those who find it.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
    /// Who; the caller when left out.
    #[schema(max_length = 200)]
    created_by: Option<String>,
    /// From when on; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

/// List silences
///
/// Newest first, ended ones included.
#[utoipa::path(
    get, path = "/api/v1/silences", operation_id = "list_silences", tag = "alerts",
    params(ScopeQuery, PageQuery),
    responses(
        (status = 200, description = "A page of silences", body = Paged<Silence>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("alert:read")))
)]
async fn list_silences(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    PageQuery(page): PageQuery,
) -> ApiResult<Paged<Silence>> {
    Ok(alerts.list_silences(&scope, &page).await?.into())
}

/// Silence alerts
///
/// Alerts that match go on being opened and resolved, but are not delivered. One that is still open when the silence ends is
/// delivered then.
#[utoipa::path(
    post, path = "/api/v1/silences", operation_id = "create_silence", tag = "alerts",
    params(ScopeQuery, ("Idempotency-Key" = Option<String>, Header, description = "Repeats the first answer to the same request")),
    request_body = CreateSilence,
    responses(
        (status = 201, description = "The new silence", body = Silence),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The Idempotency-Key was used for another request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("alert:silence")))
)]
async fn create_silence(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    Caller(actor): Caller,
    ApiJson(body): ApiJson<CreateSilence>,
) -> ApiResult<Created<Silence>> {
    let world = &alerts.inner.world;
    let silence = Silence {
        source: None,
        declared_as: None,
        id: world.id(),
        service: body.service,
        slo_id: body.slo_id,
        kind: body.kind,
        reason: short("reason", Some(&body.reason), 2000)?.unwrap_or_default(),
        created_by: short("created_by", body.created_by.as_deref(), 200)?.unwrap_or_else(|| actor.label()),
        starts_at: body.starts_at.unwrap_or_else(|| world.now()),
        ends_at: body.ends_at,
    };
    let silence = alerts.silence(&scope, silence).await?;
    Ok(Created {
        location: format!("/api/v1/silences/{}", silence.id),
        version: None,
        body: silence,
    })
}

/// Lift a silence
///
/// What it kept back and is still open is delivered at once.
#[utoipa::path(
    delete, path = "/api/v1/silences/{id}", operation_id = "delete_silence", tag = "alerts",
    params(ScopeQuery, ("id" = String, Path, description = "The silence's id")),
    responses(
        (status = 204, description = "It is lifted"),
        (status = 404, description = "No such silence", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A file declares it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("alert:silence")))
)]
async fn delete_silence(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    ApiPath(id): ApiPath<SilenceId>,
) -> ApiResult<StatusCode> {
    alerts.lift_silence(&scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
