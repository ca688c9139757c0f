//! `/api/v1/services/{name}/strip` and `/api/v1/strips`: the past of services as coloured slots.

use axum::{Json, extract::State};
use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_http::{ApiPath, ApiQuery, ApiResult, Paged, ProblemBody, ScopeQuery};
use mainstay_kernel::{Page, from_micros};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    model::service_state::State as ServiceStateWord,
    service::{Strip, StripQuery, Watch},
};

pub(super) fn routes() -> OpenApiRouter<Watch> {
    OpenApiRouter::new()
        .routes(routes!(get_service_strip))
        .routes(routes!(list_strips))
}

/// How much of the past is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PastQuery {
    /// Hours back from now; 24 when absent.
    #[param(minimum = 1, maximum = 2160)]
    hours: Option<u32>,
    /// Parts it is cut into; 96 for one service and 48 for all when absent.
    #[param(minimum = 1, maximum = 500)]
    slots: Option<u32>,
}

/// The past of one service.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceStrip {
    /// Where the first slot begins.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Seconds in a slot.
    slot_s: f64,
    /// The worst state of each slot, oldest first.
    slots: Vec<ServiceStateWord>,
}

/// The past of a service in a list.
#[derive(Debug, Serialize, ToSchema)]
struct StripItem {
    /// The service.
    #[schema(value_type = String)]
    service: ServiceName,
    /// The worst state of each slot, oldest first.
    slots: Vec<ServiceStateWord>,
}

impl PastQuery {
    fn with_slots(&self, default: u32) -> StripQuery {
        StripQuery {
            hours: self.hours.unwrap_or(24),
            slots: self.slots.unwrap_or(default),
        }
    }
}

/// Read a service's past
///
/// The worst state of each slot; a slot in which nothing was known is `unknown`.
#[utoipa::path(
    get, path = "/api/v1/services/{name}/strip", operation_id = "get_service_strip", tag = "watch",
    params(("name" = ServiceName, Path, description = "The service's name"), ScopeQuery, PastQuery),
    responses(
        (status = 200, description = "The slots", body = ServiceStrip),
        (status = 404, description = "There is no such service", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:read")))
)]
async fn get_service_strip(
    State(watch): State<Watch>,
    ApiPath(name): ApiPath<ServiceName>,
    ScopeQuery(scope): ScopeQuery,
    ApiQuery(query): ApiQuery<PastQuery>,
) -> ApiResult<Json<ServiceStrip>> {
    let strip = watch.strip(&scope, &name, query.with_slots(96)).await?;
    Ok(Json(ServiceStrip {
        from: from_micros(strip.from),
        slot_s: strip.slot_s,
        slots: strip.slots,
    }))
}

/// List the past of all services
///
/// By name, in one page.
#[utoipa::path(
    get, path = "/api/v1/strips", operation_id = "list_strips", tag = "watch",
    params(ScopeQuery, PastQuery),
    responses(
        (status = 200, description = "The slots of every service", body = Paged<StripItem>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("watch:read")))
)]
async fn list_strips(
    State(watch): State<Watch>,
    ScopeQuery(scope): ScopeQuery,
    ApiQuery(query): ApiQuery<PastQuery>,
) -> ApiResult<Paged<StripItem>> {
    let item = |strip: Strip| StripItem {
        service: strip.service,
        slots: strip.slots,
    };
    let strips = watch.strips(&scope, query.with_slots(48)).await?;
    Ok(Page::whole(strips.into_iter().map(item).collect()).into())
}
