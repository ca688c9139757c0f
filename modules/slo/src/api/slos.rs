//! `/api/v1/slos`: promises, their budgets, and how those went.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use mainstay_http::{
    ApiJson, ApiPath, ApiQuery, ApiResult, Created, IfMatch, PageQuery, Paged, ProblemBody, ScopeQuery, Tagged,
};
use mainstay_kernel::{Cursor, Page, PageRequest, Problem, from_micros};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    input::SloInput,
    shapes::{BurnDownBody, EventBody, PointBody, SloBody, ValidationBody},
};
use crate::{
    ledger::Standing,
    model::{Draft, SloId, Validated},
    objective::Promise,
    service::Objectives,
};

const MOST_POINTS: u32 = 2_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only SLOs about this service.
    service: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Range {
    /// The beginning; that of the window when absent or earlier.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// The end; now when absent or later.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// At most this many points, 1 to 2000; 300 when absent.
    #[param(minimum = 1, maximum = 2000)]
    points: Option<u32>,
}

/// List SLOs
///
/// Worst first: exhausted, burning, warning, at risk, ok, without data; within each the smallest remaining budget first.
#[utoipa::path(
    get, path = "/api/v1/slos", operation_id = "list_slos", tag = "slo",
    params(ScopeQuery, Filter, PageQuery),
    responses((status = 200, description = "A page of SLOs", body = Paged<SloBody>), (status = 422, description = "A parameter is wrong", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("slo:read")))
)]
pub(crate) async fn list_slos(
    State(slo): State<Objectives>,
    ScopeQuery(scope): ScopeQuery,
    ApiQuery(filter): ApiQuery<Filter>,
    PageQuery(page): PageQuery,
) -> ApiResult<Paged<SloBody>> {
    let mut standings = slo.standings(&scope.environment);
    if let Some(service) = &filter.service {
        standings.retain(|(promise, _)| promise.definition.service.as_str() == service);
    }
    let page = worst_first(standings, &page)?;
    Ok(page.map(|(promise, standing)| SloBody::new(&promise, &standing)).into())
}

/// Create an SLO
#[utoipa::path(
    post, path = "/api/v1/slos", operation_id = "create_slo", tag = "slo",
    params(ScopeQuery, ("Idempotency-Key" = Option<String>, Header, description = "Repeats the first answer to the same request")),
    request_body = SloInput,
    responses(
        (status = 201, description = "The new SLO", body = SloBody),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The SLO is wrong", body = ProblemBody, content_type = "application/problem+json")
    ),
    extensions(("x-permission" = json!("slo:write")))
)]
pub(crate) async fn create_slo(
    State(slo): State<Objectives>,
    ScopeQuery(scope): ScopeQuery,
    ApiJson(input): ApiJson<SloInput>,
) -> ApiResult<Created<SloBody>> {
    let promise = slo
        .create(&Draft::from(input), &scope.environment)
        .await
        .map_err(Problem::from)?;
    let body = read(&slo, promise.id)?;
    Ok(Created {
        location: format!("/api/v1/slos/{}", promise.id),
        version: Some(body.version()),
        body,
    })
}

/// Check an SLO
///
/// Takes the same body as creating one, keeps nothing, and answers the budget and the alerts it would have.
#[utoipa::path(
    post, path = "/api/v1/slos/validate", operation_id = "validate_slo", tag = "slo", params(ScopeQuery),
    request_body = SloInput,
    responses(
        (status = 200, description = "It can be promised", body = ValidationBody),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The SLO is wrong", body = ProblemBody, content_type = "application/problem+json")
    ),
    extensions(("x-permission" = json!("slo:read")))
)]
pub(crate) async fn validate_slo(
    State(slo): State<Objectives>,
    ScopeQuery(scope): ScopeQuery,
    ApiJson(input): ApiJson<SloInput>,
) -> ApiResult<Json<ValidationBody>> {
    let Validated { definition, warnings } = slo
        .validate(&Draft::from(input), &scope.environment)
        .map_err(Problem::from)?;
    Ok(Json(ValidationBody::new(
        &definition,
        warnings,
        slo.inner.world.now_micros(),
    )))
}

/// Read an SLO
#[utoipa::path(
    get, path = "/api/v1/slos/{id}", operation_id = "get_slo", tag = "slo",
    params(("id" = String, Path, format = "uuid")),
    responses((status = 200, description = "The SLO", body = SloBody), (status = 404, description = "There is none", body = ProblemBody, content_type = "application/problem+json")),
    extensions(("x-permission" = json!("slo:read")))
)]
pub(crate) async fn get_slo(State(slo): State<Objectives>, ApiPath(id): ApiPath<SloId>) -> ApiResult<Tagged<SloBody>> {
    let body = read(&slo, id)?;
    Ok(Tagged(body.version(), body))
}

/// Replace an SLO
///
/// A change of the objective or the window keeps the counts; a change of what is measured begins to count anew.
#[utoipa::path(
    put, path = "/api/v1/slos/{id}", operation_id = "update_slo", tag = "slo",
    params(("id" = String, Path, format = "uuid"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")), request_body = SloInput,
    responses(
        (status = 200, description = "The SLO", body = SloBody),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A file manages it, or the name is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It was changed in between", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The SLO is wrong", body = ProblemBody, content_type = "application/problem+json")
    ),
    extensions(("x-permission" = json!("slo:write")))
)]
pub(crate) async fn update_slo(
    State(slo): State<Objectives>,
    ApiPath(id): ApiPath<SloId>,
    IfMatch(expected): IfMatch,
    ApiJson(input): ApiJson<SloInput>,
) -> ApiResult<Tagged<SloBody>> {
    slo.change(id, expected, &Draft::from(input))
        .await
        .map_err(Problem::from)?;
    let body = read(&slo, id)?;
    Ok(Tagged(body.version(), body))
}

/// Delete an SLO
#[utoipa::path(
    delete, path = "/api/v1/slos/{id}", operation_id = "delete_slo", tag = "slo",
    params(("id" = String, Path, format = "uuid"), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A file manages it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It was changed in between", body = ProblemBody, content_type = "application/problem+json")
    ),
    extensions(("x-permission" = json!("slo:write")))
)]
pub(crate) async fn delete_slo(
    State(slo): State<Objectives>,
    ApiPath(id): ApiPath<SloId>,
    IfMatch(expected): IfMatch,
) -> ApiResult<StatusCode> {
    slo.delete(id, expected).await.map_err(Problem::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// How the budget went
///
/// The remaining part of the present window's budget, step by step; empty without events.
#[utoipa::path(
    get, path = "/api/v1/slos/{id}/burn-down", operation_id = "slo_burn_down", tag = "slo",
    params(("id" = String, Path, format = "uuid"), Range),
    responses(
        (status = 200, description = "The series, and what explains it", body = BurnDownBody),
        (status = 404, description = "There is no such SLO", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is wrong", body = ProblemBody, content_type = "application/problem+json")
    ),
    extensions(("x-permission" = json!("slo:read")))
)]
pub(crate) async fn slo_burn_down(
    State(slo): State<Objectives>,
    ApiPath(id): ApiPath<SloId>,
    ApiQuery(range): ApiQuery<Range>,
) -> ApiResult<Json<BurnDownBody>> {
    let points = range.points.unwrap_or(300);
    if !(1..=MOST_POINTS).contains(&points) {
        let message = format!("must be between 1 and {MOST_POINTS}");
        let problem = Problem::invalid(
            "invalid-query",
            format!("The query parameter `points` {message}, not {points}."),
        );
        return Err(problem.field("points", message).into());
    }
    let history = slo
        .history(id, range.from, range.to, points as usize)
        .await
        .map_err(Problem::from)?;
    Ok(Json(BurnDownBody {
        points: history
            .points
            .iter()
            .map(|point| PointBody {
                at: from_micros(point.at),
                remaining_ratio: point.remaining_ratio,
                total: point.counts.total,
                bad: point.counts.bad,
            })
            .collect(),
        events: history
            .events
            .into_iter()
            .map(|event| EventBody {
                at: event.at,
                kind: event.kind.as_str(),
                title: event.title,
                id: event.id,
            })
            .collect(),
    }))
}

fn read(slo: &Objectives, id: SloId) -> Result<SloBody, Problem> {
    let (promise, standing) = slo.standing(id)?;
    Ok(SloBody::new(&promise, &standing))
}

/// Sorted worst first, and the page after the cursor. The key holds the remaining budget as it was, so an SLO that moves
/// between two pages may be seen twice or not at all; the dashboard asks for all of them at once.
fn worst_first(
    standings: Vec<(std::sync::Arc<Promise>, Standing)>,
    page: &PageRequest,
) -> Result<Page<(std::sync::Arc<Promise>, Standing)>, mainstay_http::ApiError> {
    let mut keyed: Vec<_> = standings
        .into_iter()
        .map(|item| (sort_key(&item.0, &item.1), item))
        .collect();
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    let after: Option<SortKey> = match &page.cursor {
        None => None,
        Some(cursor) => Some((cursor.part(0)?, cursor.part(1)?, cursor.part(2)?, cursor.part(3)?)),
    };
    let items: Vec<_> = keyed
        .into_iter()
        .filter(|(key, _)| after.as_ref().is_none_or(|after| key > after))
        .take(page.limit + 1)
        .collect();
    let page = Page::from_overfetch(items, page.limit, |((state, left, name, id), _)| {
        Cursor(vec![state.to_string(), left.to_string(), name.clone(), id.to_string()])
    });
    Ok(page.map(|(_, item)| item))
}

/// State, remaining budget in millionths, name, id.
type SortKey = (u8, i64, String, SloId);

fn sort_key(promise: &Promise, standing: &Standing) -> SortKey {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, which keeps the order")]
    let left = (standing.budget.remaining_ratio.unwrap_or(1.0) * 1e6) as i64;
    (standing.state as u8, left, promise.definition.name.clone(), promise.id)
}
