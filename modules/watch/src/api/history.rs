//! `/api/v1/checks/{id}/history` and `/api/v1/trends`: results of a check, and of all checks of services, added up.

use axum::{Json, extract::State};
use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_http::{ApiPath, ApiQuery, ApiResult, Paged, ProblemBody, ScopeQuery};
use mainstay_kernel::{Page, from_micros, to_micros};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::WatchError,
    model::{
        check::CheckId,
        rollup::{Resolution, Rollup},
    },
    service::{History, HistoryQuery, StripQuery, Watch},
    view::millis,
};

pub(super) fn routes() -> OpenApiRouter<Watch> {
    OpenApiRouter::new()
        .routes(routes!(get_check_history))
        .routes(routes!(list_trends))
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

/// Which services, and how much of their past.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TrendQuery {
    /// The names of up to 100 services, separated by commas.
    #[param(example = "api,web")]
    service: String,
    /// Hours back from now; 24 when absent.
    #[param(minimum = 1, maximum = 2160)]
    hours: Option<u32>,
    /// Parts they are cut into, each at least a minute long; 24 when absent.
    #[param(minimum = 1, maximum = 500)]
    slots: Option<u32>,
}

/// How a service did lately.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceTrend {
    /// The service.
    #[schema(value_type = String)]
    service: ServiceName,
    /// Where the first slot begins. The last one ends with the current minute, five minutes or hour, whichever fits a slot.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Seconds in a slot.
    slot_s: f64,
    /// How many probes there were outside maintenance, for each slot.
    counted: Vec<i64>,
    /// Good probes among those, for each slot; null where there were none.
    availability_ratio: Vec<Option<f64>>,
    /// 95 of 100 probes took at most this, for each slot; null where there were none.
    latency_p95_ms: Vec<Option<f64>>,
}

/// List how services did lately
///
/// The results of all checks of each service in slots, in the order the services are named. A name that no service has is left
/// out.
#[utoipa::path(
    get, path = "/api/v1/trends", operation_id = "list_trends", tag = "watch",
    params(ScopeQuery, TrendQuery),
    responses(
        (status = 200, description = "The slots of the named services", body = Paged<ServiceTrend>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:read")))
)]
async fn list_trends(
    State(watch): State<Watch>,
    ScopeQuery(scope): ScopeQuery,
    ApiQuery(query): ApiQuery<TrendQuery>,
) -> ApiResult<Paged<ServiceTrend>> {
    let services = query
        .service
        .split(',')
        .map(|name| name.trim().parse())
        .collect::<Result<Vec<ServiceName>, _>>()
        .map_err(|error| WatchError::field("service", error.to_string()))?;
    let past = StripQuery {
        hours: query.hours.unwrap_or(24),
        slots: query.slots.unwrap_or(24),
    };
    let trends = watch.trends(&scope, &services, past).await?;
    let items = trends.into_iter().map(|trend| ServiceTrend {
        service: trend.service,
        from: from_micros(trend.from),
        slot_s: trend.slot_s,
        counted: trend.slots.iter().map(Rollup::counted).collect(),
        availability_ratio: trend.slots.iter().map(Rollup::good_ratio).collect(),
        latency_p95_ms: trend
            .slots
            .iter()
            .map(|slot| slot.durations.percentile(950).map(millis))
            .collect(),
    });
    Ok(Page::whole(items.collect()).into())
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
