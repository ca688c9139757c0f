//! `/api/v1/deliveries`: what was sent to the webhooks, and what became of it.

use axum::{
    Json,
    extract::{FromRef, State},
};
use jiff::Timestamp;
use mainstay_http::{ApiPath, ApiQuery, ApiResult, PageQuery, Paged, ProblemBody, ScopeQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    alert::{Alerts, model::AlertId},
    delivery::{
        model::{Attempt, Delivery, DeliveryEvent, DeliveryId, DeliveryStatus, WebhookId},
        store::DeliveryFilter,
    },
};

pub(super) fn routes<S>() -> OpenApiRouter<S>
where
    Alerts: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    OpenApiRouter::new()
        .routes(routes!(list_deliveries))
        .routes(routes!(get_delivery))
        .routes(routes!(redeliver))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeliveryQuery {
    /// Only deliveries to this webhook.
    #[param(value_type = Option<String>)]
    webhook_id: Option<WebhookId>,
    /// Only deliveries about this alert.
    #[param(value_type = Option<String>)]
    alert_id: Option<AlertId>,
    /// Only deliveries in this status.
    #[param(inline)]
    status: Option<DeliveryStatus>,
}

/// A delivery with every attempt, in place of their number, and its body.
#[derive(Debug, Serialize, ToSchema)]
struct DeliveryDetail {
    /// Identifies it.
    #[schema(value_type = String, format = "uuid")]
    id: DeliveryId,
    /// Who is told.
    #[schema(value_type = String, format = "uuid")]
    webhook_id: WebhookId,
    /// The webhook's name; empty when the webhook was deleted.
    webhook_name: String,
    /// The alert it is about; absent for a test.
    #[schema(value_type = Option<String>, format = "uuid")]
    alert_id: Option<AlertId>,
    /// What is told.
    event: DeliveryEvent,
    /// How far it has come.
    status: DeliveryStatus,
    /// Every attempt, oldest first.
    attempts: Vec<Attempt>,
    /// When it will be attempted again.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the receiver accepted it.
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered_at: Option<Timestamp>,
    /// Why the last attempt failed.
    last_error: Option<String>,
    /// What is sent, byte for byte, the same in every attempt.
    body: String,
}

/// List deliveries
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/v1/deliveries", operation_id = "list_deliveries", tag = "webhooks",
    params(ScopeQuery, PageQuery, DeliveryQuery),
    responses(
        (status = 200, description = "A page of deliveries", body = Paged<Delivery>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("webhook:read")))
)]
async fn list_deliveries(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    PageQuery(page): PageQuery,
    ApiQuery(query): ApiQuery<DeliveryQuery>,
) -> ApiResult<Paged<Delivery>> {
    let filter = DeliveryFilter {
        webhook_id: query.webhook_id,
        alert_id: query.alert_id,
        status: query.status,
    };
    Ok(alerts.inner.deliveries.list(&scope, &filter, &page).await?.into())
}

/// Read a delivery
///
/// With its attempts and its body.
#[utoipa::path(
    get, path = "/api/v1/deliveries/{id}", operation_id = "get_delivery", tag = "webhooks",
    params(ScopeQuery, ("id" = String, Path, description = "The delivery's id")),
    responses(
        (status = 200, description = "The delivery", body = DeliveryDetail),
        (status = 404, description = "No such delivery", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("webhook:read")))
)]
async fn get_delivery(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    ApiPath(id): ApiPath<DeliveryId>,
) -> ApiResult<Json<DeliveryDetail>> {
    let (delivery, attempts, body) = alerts.inner.deliveries.delivery(&scope, id).await?;
    Ok(Json(DeliveryDetail {
        id: delivery.id,
        webhook_id: delivery.webhook_id,
        webhook_name: delivery.webhook_name,
        alert_id: delivery.alert_id,
        event: delivery.event,
        status: delivery.status,
        attempts,
        next_attempt_at: delivery.next_attempt_at,
        created_at: delivery.created_at,
        delivered_at: delivery.delivered_at,
        last_error: delivery.last_error,
        body,
    }))
}

/// Send a delivery again
///
/// With the same `webhook-id` and body. One that was delivered or given up begins its backoff anew; one that waits for its next
/// attempt is attempted now. Answers when the attempt is over.
#[utoipa::path(
    post, path = "/api/v1/deliveries/{id}/redeliver", operation_id = "redeliver", tag = "webhooks",
    params(ScopeQuery, ("id" = String, Path, description = "The delivery's id")),
    responses(
        (status = 200, description = "The delivery after the attempt", body = Delivery),
        (status = 404, description = "No such delivery", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Its webhook is disabled or deleted", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("webhook:write")))
)]
async fn redeliver(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    ApiPath(id): ApiPath<DeliveryId>,
) -> ApiResult<Json<Delivery>> {
    Ok(Json(alerts.inner.deliveries.redeliver(&scope, id).await?))
}
