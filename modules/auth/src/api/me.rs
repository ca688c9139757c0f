//! `/api/v1/auth/me`: one's own account.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use mainstay_http::{ApiJson, ApiResult, ProblemBody};
use mainstay_kernel::OrganizationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{shapes::Profile, signed::Signed};
use crate::{
    model::{Permission, Permissions},
    service::Auth,
};

pub(super) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(get_me))
        .routes(routes!(get_available_scopes))
        .routes(routes!(change_password))
}

/// One's own account.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    #[serde(flatten)]
    profile: Profile,
    /// When they last signed in.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_login: Option<Timestamp>,
    /// Whose rows they see.
    organization: Option<OrganizationBody>,
    /// What they may do with the token they sent.
    permissions: Vec<&'static str>,
}

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
struct OrganizationBody {
    /// Identifies it.
    #[schema(value_type = String, format = "uuid")]
    organization_id: OrganizationId,
    /// What it is called.
    name: String,
}

/// Who am I
#[utoipa::path(
    get, path = "/api/v1/auth/me", operation_id = "get_me", tag = "auth",
    responses(
        (status = 200, description = "The account of the token", body = Me),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:read")))
)]
async fn get_me(State(auth): State<Auth>, signed: Signed) -> ApiResult<Json<Me>> {
    signed.needs(Permission::AccountRead)?;
    let identity = &signed.identity;
    let user = auth.user(identity.organization, identity.user).await?;
    let name = auth.organization_name(identity.organization).await?;
    Ok(Json(Me {
        profile: Profile::from(&user),
        last_login: user.last_sign_in_at,
        organization: name.map(|name| OrganizationBody {
            organization_id: identity.organization,
            name,
        }),
        permissions: identity.permissions.iter().map(Permission::as_str).collect(),
    }))
}

/// What can be given to a token.
#[derive(Debug, Serialize, ToSchema)]
struct AvailableScopes {
    /// Each a permission.
    #[schema(example = json!(["catalog:read"]))]
    scopes: Vec<&'static str>,
}

/// Scopes that one's API tokens can have
#[utoipa::path(
    get, path = "/api/v1/auth/me/available-scopes", operation_id = "get_available_scopes", tag = "auth",
    responses(
        (status = 200, description = "The scopes", body = AvailableScopes),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:read")))
)]
async fn get_available_scopes(signed: Signed) -> ApiResult<Json<AvailableScopes>> {
    signed.needs(Permission::AccountRead)?;
    let scopes = Permissions::grantable(signed.identity.role);
    Ok(Json(AvailableScopes {
        scopes: scopes.iter().map(Permission::as_str).collect(),
    }))
}

/// The present password and the next.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    /// The password as it is.
    #[schema(format = "password")]
    present: String,
    /// The password as it shall be: at least 10 characters that are hard to guess.
    #[schema(format = "password", min_length = 10, max_length = 256)]
    new: String,
}

/// Change one's password
///
/// Every other session of the account ends.
#[utoipa::path(
    post, path = "/api/v1/auth/me/password", operation_id = "change_password", tag = "auth",
    request_body = PasswordBody,
    responses(
        (status = 204, description = "It is changed"),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The present password is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "An API token cannot do this", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The new password is weak", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:write")))
)]
async fn change_password(
    State(auth): State<Auth>,
    signed: Signed,
    ApiJson(body): ApiJson<PasswordBody>,
) -> ApiResult<StatusCode> {
    auth.change_password(&signed.identity, &signed.origin, body.present, body.new)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
