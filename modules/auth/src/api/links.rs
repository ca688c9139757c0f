//! `/api/v1/auth/links`: one-time links are looked at and redeemed. Their secrets come in bodies, never in addresses.

use axum::{Json, extract::State, response::Response};
use mainstay_http::{ApiJson, ApiResult, ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{shapes::AuthToken, sign_in::answer, signed::From};
use crate::service::Auth;

pub(super) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(look_at_link))
        .routes(routes!(redeem_link))
}

/// The secret of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LookBody {
    /// What stands behind `/welcome#`.
    secret: String,
}

/// Whom a link is for.
#[derive(Debug, Serialize, ToSchema)]
struct LinkView {
    /// The account.
    username: String,
    /// `first`, `invite` or `reset`.
    purpose: &'static str,
}

/// Look at a one-time link
///
/// Does not use it up.
#[utoipa::path(
    post, path = "/api/v1/auth/links/look", operation_id = "look_at_link", tag = "auth",
    request_body = LookBody,
    responses(
        (status = 200, description = "Whom it is for", body = LinkView),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "It works no more", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("public")))
)]
async fn look_at_link(State(auth): State<Auth>, ApiJson(body): ApiJson<LookBody>) -> ApiResult<Json<LinkView>> {
    let (username, purpose) = auth.look_at_link(&body.secret).await?;
    Ok(Json(LinkView {
        username: username.to_string(),
        purpose: purpose.as_str(),
    }))
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RedeemBody {
    /// What stands behind `/welcome#`.
    secret: String,
    /// The new password: at least 10 characters that are hard to guess.
    #[schema(format = "password", min_length = 10, max_length = 256)]
    password: String,
    /// The present code of the authenticator app, or a recovery code, when the account has one.
    code: Option<String>,
    /// Whether the refresh token is kept in a cookie, instead of being part of the answer.
    #[serde(default)]
    cookie: bool,
}

/// Set a password through a one-time link
///
/// Signs in, and ends every other session of the account. A password that is refused leaves the link as it was.
#[utoipa::path(
    post, path = "/api/v1/auth/links/redeem", operation_id = "redeem_link", tag = "auth",
    request_body = RedeemBody,
    responses(
        (status = 200, description = "The tokens of a new session", body = AuthToken),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "A code is wanted, or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "The link works no more", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The password is weak, or a field is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("public")))
)]
async fn redeem_link(
    State(auth): State<Auth>,
    From(origin): From,
    ApiJson(body): ApiJson<RedeemBody>,
) -> ApiResult<Response> {
    let signed_in = auth
        .redeem_link(&body.secret, body.password, body.code.as_deref(), &origin)
        .await?;
    Ok(answer(
        &auth,
        &signed_in,
        AuthToken::of(&signed_in, body.cookie),
        body.cookie,
    ))
}
