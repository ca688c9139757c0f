//! `/api/v1/checks/{id}/history`: results of a check, added up.

use axum::{Json, extract::State};
use jiff::Timestamp;
use mainstay_http::{ApiPath, ApiQuery, ApiResult, ProblemBody};
use mainstay_kernel::{from_micros, to_micros};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    model::{check::CheckId, rollup::Resolution},
    service::{History, HistoryQuery, Watch},
    view::millis,
};

pub(super) fn routes() -> OpenApiRouter<Watch> {
    OpenApiRouter::new().routes(routes!(get_check_history))
}

/// The length of a bucket.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
enum ResolutionWord {
    /// What suits the span: at most about 400 points.
    #[serde(rename = "auto")]
    Auto,
    /// A minute.
    #[serde(rename = "1m")]
    Minute,
    /// Five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// An hour.
    #[serde(rename = "1h")]
    Hour,
}

/// Which part of the past is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SpanQuery {
    /// The beginning; a day before the end when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// The end; now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// The length of a bucket; `auto` when absent.
    #[param(inline)]
    resolution: Option<ResolutionWord>,
}

/// The past of a check.
#[derive(Debug, Serialize, ToSchema)]
struct CheckHistory {
    /// Seconds in a bucket.
    resolution_s: i64,
    /// The buckets, oldest first; one without probes is absent.
    points: Vec<HistoryPoint>,
}

/// One bucket.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryPoint {
    /// Its start.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// All probes.
    total: i64,
    /// Failed ones outside maintenance.
    failed: i64,
    /// Ones during maintenance.
    maintenance: i64,
    /// Half took at most this; percentiles are exact to 1/32.
    p50_ms: Option<f64>,
    /// 95 of 100 took at most this.
    p95_ms: Option<f64>,
    /// 99 of 100 took at most this.
    p99_ms: Option<f64>,
    /// The slowest.
    max_ms: f64,
}

/// Read a check's history
///
/// Probes added up by minute, five minutes or hour.
#[utoipa::path(
    get, path = "/api/v1/checks/{id}/history", operation_id = "get_check_history", tag = "watch",
    params(("id" = String, Path, description = "The check's id", format = "uuid"), SpanQuery),
    responses(
        (status = 200, description = "The buckets", body = CheckHistory),
        (status = 404, description = "There is no such check", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:read")))
)]
async fn get_check_history(
    State(watch): State<Watch>,
    ApiPath(id): ApiPath<CheckId>,
    ApiQuery(query): ApiQuery<SpanQuery>,
) -> ApiResult<Json<CheckHistory>> {
    let query = HistoryQuery {
        from: query.from.map(to_micros),
        to: query.to.map(to_micros),
        resolution: query.resolution.and_then(|word| match word {
            ResolutionWord::Auto => None,
            ResolutionWord::Minute => Some(Resolution::Minute),
            ResolutionWord::FiveMinutes => Some(Resolution::FiveMinutes),
            ResolutionWord::Hour => Some(Resolution::Hour),
        }),
    };
    Ok(Json(shown(watch.history(id, query).await?)))
}

fn shown(history: History) -> CheckHistory {
    CheckHistory {
        resolution_s: history.resolution.seconds(),
        points: history
            .buckets
            .into_iter()
            .map(|(at, rollup)| {
                let percentile = |per_mille| rollup.durations.percentile(per_mille).map(millis);
                HistoryPoint {
                    at: from_micros(at),
                    total: rollup.total,
                    failed: rollup.failed,
                    maintenance: rollup.maintenance,
                    p50_ms: percentile(500),
                    p95_ms: percentile(950),
                    p99_ms: percentile(990),
                    max_ms: millis(u64::try_from(rollup.max_us).unwrap_or_default()),
                }
            })
            .collect(),
    }
}
