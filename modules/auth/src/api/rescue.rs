//! What administrators do when something went wrong: everything an account holds is revoked, its owner gets a new link or is freed
//! of a lost second factor, and keys that somebody else may have are replaced.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use mainstay_http::{ApiPath, ApiResult, ProblemBody};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    shapes::{LinkBody, Said},
    signed::Signed,
};
use crate::{
    model::{Permission, UserId},
    service::Auth,
};

pub(super) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(revoke_user_tokens))
        .routes(routes!(create_user_link))
        .routes(routes!(remove_user_factors))
        .routes(routes!(replace_keys))
}

/// What was revoked.
#[derive(Debug, Serialize, ToSchema)]
struct RevokedUserTokens {
    /// A sentence.
    message: String,
    /// What was given out before this time works no more.
    #[schema(value_type = String, format = DateTime)]
    revoked_before: Timestamp,
}

/// Revoke everything an account holds
///
/// Its sessions end, its access tokens and API tokens work no more.
#[utoipa::path(
    post, path = "/api/v1/auth/users/{user_id}/revoke-tokens", operation_id = "revoke_user_tokens", tag = "auth",
    params(("user_id" = String, Path, format = "uuid", description = "Which account")),
    responses(
        (status = 200, description = "What was revoked", body = RevokedUserTokens),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such account", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("user:write")))
)]
async fn revoke_user_tokens(
    State(auth): State<Auth>,
    signed: Signed,
    ApiPath(id): ApiPath<UserId>,
) -> ApiResult<Json<RevokedUserTokens>> {
    signed.needs(Permission::UserWrite)?;
    let revoked_before = auth.revoke_everything(&signed.by(), id).await?;
    Ok(Json(RevokedUserTokens {
        message: "Every session and every token of this account works no more.".to_owned(),
        revoked_before,
    }))
}

/// Make a one-time link for an account
///
/// For its owner to set a new password. Earlier links work no more.
#[utoipa::path(
    post, path = "/api/v1/auth/users/{user_id}/link", operation_id = "create_user_link", tag = "auth",
    params(("user_id" = String, Path, format = "uuid", description = "Which account")),
    responses(
        (status = 200, description = "The link, shown this once", body = LinkBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such account", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("user:write")))
)]
async fn create_user_link(
    State(auth): State<Auth>,
    signed: Signed,
    ApiPath(id): ApiPath<UserId>,
) -> ApiResult<Json<LinkBody>> {
    signed.needs(Permission::UserWrite)?;
    Ok(Json(auth.reset_link(&signed.by(), id).await?.into()))
}

/// Remove an account's second factor
///
/// For somebody who lost it with the recovery codes.
#[utoipa::path(
    delete, path = "/api/v1/auth/users/{user_id}/factors", operation_id = "remove_user_factors", tag = "auth",
    params(("user_id" = String, Path, format = "uuid", description = "Which account")),
    responses(
        (status = 204, description = "It has none any more"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such account", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It has none", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("user:write")))
)]
async fn remove_user_factors(
    State(auth): State<Auth>,
    signed: Signed,
    ApiPath(id): ApiPath<UserId>,
) -> ApiResult<StatusCode> {
    signed.needs(Permission::UserWrite)?;
    auth.remove_factors_of(&signed.by(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replace the keys that sign access tokens
///
/// For keys that somebody else may have: every access token is refused from now on. Sessions go on by their refresh tokens.
#[utoipa::path(
    post, path = "/api/v1/auth/keys/replace", operation_id = "replace_keys", tag = "auth",
    responses(
        (status = 200, description = "Another key signs", body = Said),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("key:write")))
)]
async fn replace_keys(State(auth): State<Auth>, signed: Signed) -> ApiResult<Json<Said>> {
    signed.needs(Permission::KeyWrite)?;
    let id = auth.replace_keys(&signed.by()).await?;
    let message = format!("The key `{id}` signs from now on, and every access token has to be refreshed.");
    Ok(Json(Said { message }))
}
