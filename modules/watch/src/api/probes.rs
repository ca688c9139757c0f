//! `/api/v1/checks/{id}/probes`: single probes of a check.

use axum::extract::State;
use mainstay_http::{ApiPath, ApiQuery, ApiResult, PageQuery, Paged, ProblemBody};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{model::check::CheckId, service::Watch, view::ProbeBody};

pub(super) fn routes() -> OpenApiRouter<Watch> {
    OpenApiRouter::new().routes(routes!(list_probes))
}

/// How a probe ended.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ProbeOutcome {
    /// The check passed.
    Ok,
    /// The check failed.
    Failed,
}

/// Which probes are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ProbeQuery {
    /// Only those that ended so.
    #[param(inline)]
    outcome: Option<ProbeOutcome>,
}

/// List probes
///
/// Newest first. A probe appears here within about a second of its end.
#[utoipa::path(
    get, path = "/api/v1/checks/{id}/probes", operation_id = "list_probes", tag = "watch",
    params(("id" = String, Path, description = "The check's id", format = "uuid"), ProbeQuery, PageQuery),
    responses(
        (status = 200, description = "A page of probes", body = Paged<ProbeBody>),
        (status = 404, description = "There is no such check", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:read")))
)]
async fn list_probes(
    State(watch): State<Watch>,
    ApiPath(id): ApiPath<CheckId>,
    ApiQuery(query): ApiQuery<ProbeQuery>,
    PageQuery(page): PageQuery,
) -> ApiResult<Paged<ProbeBody>> {
    let ok = query.outcome.map(|outcome| matches!(outcome, ProbeOutcome::Ok));
    let probes = watch.probes(id, ok, &page).await?;
    Ok(probes.map(|probe| ProbeBody::from(&probe)).into())
}
