//! `/api/v1/auth/me/tokens`: API tokens for one's own programs.

use axum::{extract::State, http::StatusCode};
use jiff::{SignedDuration, Timestamp};
use mainstay_http::{ApiJson, ApiPath, ApiResult, Created, Paged, ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::signed::Signed;
use crate::{
    error::AuthError,
    model::{Permission, Permissions, TokenId},
    service::{Auth, NewToken, TokenView},
};

pub(super) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(list_tokens, create_token))
        .routes(routes!(revoke_token))
}

/// An API token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
struct TokenBody {
    /// Identifies it.
    #[schema(value_type = String, format = "uuid")]
    id: TokenId,
    /// What its owner calls it.
    name: String,
    /// What it can do, as long as its owner may.
    scopes: Vec<&'static str>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it was last used, to half a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

impl From<TokenView> for TokenBody {
    fn from(token: TokenView) -> Self {
        Self {
            id: token.id,
            name: token.name.to_string(),
            scopes: token.scopes.iter().map(Permission::as_str).collect(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// A new API token with its secret, which is never shown again.
#[derive(Debug, Serialize, ToSchema)]
struct NewTokenBody {
    #[serde(flatten)]
    token: TokenBody,
    /// Sent as `Authorization: Bearer`. Keep it now.
    #[schema(example = "mst_9q0C2hXo3c1yY1u7n0Vb0wR9m0y3o4t5a6b7c8d9e0f")]
    secret: String,
}

/// An API token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenDraft {
    /// What to call it.
    #[schema(min_length = 1, max_length = 100, example = "deploy")]
    name: String,
    /// What it can do: permissions, of those at `/api/v1/auth/me/available-scopes`.
    #[schema(min_items = 1, example = json!(["catalog:read"]))]
    scopes: Vec<String>,
    /// Days until it ends.
    #[serde(default = "ninety")]
    #[schema(minimum = 1, maximum = 366, default = 90)]
    expires_in_days: u32,
}

fn ninety() -> u32 {
    90
}

impl TryFrom<TokenDraft> for NewToken {
    type Error = AuthError;

    fn try_from(draft: TokenDraft) -> Result<Self, AuthError> {
        let mut scopes = Vec::with_capacity(draft.scopes.len());
        for (index, scope) in draft.scopes.iter().enumerate() {
            let known: Permission = scope
                .parse()
                .map_err(|error| AuthError::field(&format!("scopes[{index}]"), error))?;
            scopes.push(known);
        }
        Ok(Self {
            name: draft.name.parse().map_err(|error| AuthError::field("name", error))?,
            scopes: scopes.into_iter().collect::<Permissions>(),
            lifetime: SignedDuration::from_hours(24 * i64::from(draft.expires_in_days.min(100_000))),
        })
    }
}

/// List one's API tokens
///
/// The newest first, all on one page; those that have ended among them, and none that was revoked.
#[utoipa::path(
    get, path = "/api/v1/auth/me/tokens", operation_id = "list_my_tokens", tag = "auth",
    responses(
        (status = 200, description = "Every token", body = Paged<TokenBody>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:read")))
)]
async fn list_tokens(State(auth): State<Auth>, signed: Signed) -> ApiResult<Paged<TokenBody>> {
    signed.needs(Permission::AccountRead)?;
    let tokens = auth.tokens(&signed.identity).await?;
    Ok(Paged {
        items: tokens.into_iter().map(TokenBody::from).collect(),
        next_cursor: None,
    })
}

/// Make an API token
///
/// The answer holds its secret, this once.
#[utoipa::path(
    post, path = "/api/v1/auth/me/tokens", operation_id = "create_my_token", tag = "auth",
    request_body = TokenDraft,
    responses(
        (status = 201, description = "The new token and its secret", body = NewTokenBody),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "An API token makes no API tokens", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:write")))
)]
async fn create_token(
    State(auth): State<Auth>,
    signed: Signed,
    ApiJson(draft): ApiJson<TokenDraft>,
) -> ApiResult<Created<NewTokenBody>> {
    let issued = auth
        .create_token(&signed.identity, &signed.origin, draft.try_into()?)
        .await?;
    Ok(Created {
        location: format!("/api/v1/auth/me/tokens/{}", issued.token.id),
        version: None,
        body: NewTokenBody {
            secret: issued.secret.reveal().to_owned(),
            token: issued.token.into(),
        },
    })
}

/// Revoke one of one's API tokens
#[utoipa::path(
    delete, path = "/api/v1/auth/me/tokens/{token_id}", operation_id = "revoke_my_token", tag = "auth",
    params(("token_id" = String, Path, format = "uuid", description = "Which token")),
    responses(
        (status = 204, description = "It works no more"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such token of this account", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:write")))
)]
async fn revoke_token(
    State(auth): State<Auth>,
    signed: Signed,
    ApiPath(id): ApiPath<TokenId>,
) -> ApiResult<StatusCode> {
    auth.revoke_token(&signed.identity, &signed.origin, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
