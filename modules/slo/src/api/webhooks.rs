//! `/api/v1/webhooks`: who is told of alerts. `/api/v1/heartbeat`: who is told that Mainstay is alive.

use axum::{
    Json,
    extract::{FromRef, State},
    http::StatusCode,
};
use mainstay_http::{ApiJson, ApiPath, ApiResult, Created, IfMatch, PageQuery, Paged, ProblemBody, ScopeQuery, Tagged};
use mainstay_kernel::{Cursor, Page};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    alert::Alerts,
    delivery::{
        heartbeat::HeartbeatState,
        model::{Delivery, Format, Webhook, WebhookId},
        service::WebhookDraft,
    },
};

pub(super) fn routes<S>() -> OpenApiRouter<S>
where
    Alerts: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    OpenApiRouter::new()
        .routes(routes!(list_webhooks, create_webhook))
        .routes(routes!(get_webhook, put_webhook, delete_webhook))
        .routes(routes!(test_webhook))
        .routes(routes!(get_heartbeat))
}

/// A webhook to be made or changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    /// Unique in the environment.
    #[schema(min_length = 1, max_length = 100, example = "pager")]
    name: String,
    /// Where it is called: `http` or `https`, a public address or one listed in `egress.allow`.
    #[schema(example = "https://hooks.example.org/mainstay")]
    url: String,
    /// The shape of what is sent.
    #[serde(default)]
    format: Format,
    /// A signing secret to use, `whsec_` and base64. Left out, one is made, or the one there is stays.
    secret: Option<String>,
    /// Whether it is called at all.
    #[serde(default = "enabled")]
    enabled: bool,
}

fn enabled() -> bool {
    true
}

impl From<WebhookBody> for WebhookDraft {
    fn from(body: WebhookBody) -> Self {
        Self {
            name: body.name,
            url: body.url,
            format: body.format,
            secret: body.secret,
            enabled: body.enabled,
        }
    }
}

/// A new webhook with its signing secret, which is never shown again.
#[derive(Debug, Serialize, ToSchema)]
struct NewWebhook {
    #[serde(flatten)]
    webhook: Webhook,
    /// What deliveries are signed with. Give it to the receiver now.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
}

/// List webhooks
///
/// Oldest first.
#[utoipa::path(
    get, path = "/api/v1/webhooks", operation_id = "list_webhooks", tag = "webhooks",
    params(ScopeQuery, PageQuery),
    responses(
        (status = 200, description = "A page of webhooks", body = Paged<Webhook>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("webhook:read")))
)]
async fn list_webhooks(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    PageQuery(page): PageQuery,
) -> ApiResult<Paged<Webhook>> {
    let after: Option<WebhookId> = page.cursor.as_ref().map(|cursor| cursor.part(0)).transpose()?;
    let mut webhooks = alerts.inner.deliveries.list_webhooks(&scope);
    webhooks.retain(|webhook| after.is_none_or(|after| webhook.id > after));
    webhooks.truncate(page.limit.saturating_add(1));
    Ok(Page::from_overfetch(webhooks, page.limit, |webhook| Cursor::of(&webhook.id)).into())
}

/// Make a webhook
///
/// The answer holds the signing secret, this once.
#[utoipa::path(
    post, path = "/api/v1/webhooks", operation_id = "create_webhook", tag = "webhooks",
    params(ScopeQuery, ("Idempotency-Key" = Option<String>, Header, description = "Repeats the first answer to the same request")),
    request_body = WebhookBody,
    responses(
        (status = 201, description = "The new webhook and its secret", body = NewWebhook),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("webhook:write")))
)]
async fn create_webhook(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    ApiJson(body): ApiJson<WebhookBody>,
) -> ApiResult<Created<NewWebhook>> {
    let (webhook, secret) = alerts.inner.deliveries.create(&scope, body.into()).await?;
    Ok(Created {
        location: format!("/api/v1/webhooks/{}", webhook.id),
        version: Some(webhook.version),
        body: NewWebhook {
            webhook,
            secret: secret.reveal(),
        },
    })
}

/// Read a webhook
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}", operation_id = "get_webhook", tag = "webhooks",
    params(ScopeQuery, ("id" = String, Path, description = "The webhook's id")),
    responses(
        (status = 200, description = "The webhook", body = Webhook),
        (status = 404, description = "No such webhook", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("webhook:read")))
)]
async fn get_webhook(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    ApiPath(id): ApiPath<WebhookId>,
) -> ApiResult<Tagged<Webhook>> {
    let webhook = alerts.inner.deliveries.webhook(&scope, id)?;
    Ok(Tagged(webhook.version, webhook))
}

/// Change a webhook
#[utoipa::path(
    put, path = "/api/v1/webhooks/{id}", operation_id = "put_webhook", tag = "webhooks",
    params(
        ScopeQuery,
        ("id" = String, Path, description = "The webhook's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag the change is based on"),
    ),
    request_body = WebhookBody,
    responses(
        (status = 200, description = "The webhook", body = Webhook),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such webhook", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is file-managed, or the name is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It was changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("webhook:write")))
)]
async fn put_webhook(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    ApiPath(id): ApiPath<WebhookId>,
    if_match: IfMatch,
    ApiJson(body): ApiJson<WebhookBody>,
) -> ApiResult<Tagged<Webhook>> {
    let stored = alerts.inner.deliveries.webhook(&scope, id)?;
    if_match.check(stored.version)?;
    let webhook = alerts.inner.deliveries.update(&scope, stored, body.into()).await?;
    Ok(Tagged(webhook.version, webhook))
}

/// Delete a webhook
///
/// What was still to be sent to it is given up. Its past deliveries stay readable.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", operation_id = "delete_webhook", tag = "webhooks",
    params(
        ScopeQuery,
        ("id" = String, Path, description = "The webhook's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag the deletion is based on"),
    ),
    responses(
        (status = 204, description = "It is deleted"),
        (status = 404, description = "No such webhook", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is file-managed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It was changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("webhook:write")))
)]
async fn delete_webhook(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    ApiPath(id): ApiPath<WebhookId>,
    if_match: IfMatch,
) -> ApiResult<StatusCode> {
    let webhook = alerts.inner.deliveries.webhook(&scope, id)?;
    if_match.check(webhook.version)?;
    alerts.inner.deliveries.delete(&webhook).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Test a webhook
///
/// Sends a test message and answers when its first attempt is over.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/test", operation_id = "test_webhook", tag = "webhooks",
    params(ScopeQuery, ("id" = String, Path, description = "The webhook's id")),
    responses(
        (status = 200, description = "The delivery of the test message", body = Delivery),
        (status = 404, description = "No such webhook", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is disabled", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("webhook:write")))
)]
async fn test_webhook(
    State(alerts): State<Alerts>,
    ScopeQuery(scope): ScopeQuery,
    ApiPath(id): ApiPath<WebhookId>,
) -> ApiResult<Json<Delivery>> {
    let webhook = alerts.inner.deliveries.webhook(&scope, id)?;
    Ok(Json(alerts.inner.deliveries.test(&scope, &webhook).await?))
}

/// The outgoing heartbeat
///
/// Whether somebody is told regularly that Mainstay itself is alive, and whether that works.
#[utoipa::path(
    get, path = "/api/v1/heartbeat", operation_id = "get_heartbeat", tag = "webhooks",
    responses((status = 200, description = "What is known of it", body = HeartbeatState)),
    extensions(("x-permission" = json!("webhook:read")))
)]
async fn get_heartbeat(State(alerts): State<Alerts>) -> ApiResult<Json<HeartbeatState>> {
    Ok(Json(alerts.heartbeat().await?))
}
