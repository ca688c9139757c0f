//! `/api/v1/auth/me/factors`: one's second factor. Every change of it wants the password again.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use mainstay_http::{ApiJson, ApiResult, ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::signed::Signed;
use crate::{
    model::{Permission, RecoveryCode},
    service::Auth,
};

pub(super) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(get_factors))
        .routes(routes!(enrol_totp))
        .routes(routes!(confirm_totp))
        .routes(routes!(remove_totp))
        .routes(routes!(renew_recovery_codes))
}

/// One's second factors.
#[derive(Debug, Serialize, ToSchema)]
struct FactorsBody {
    /// Since when an authenticator app is asked for; null when it is not.
    #[schema(value_type = Option<String>, format = DateTime)]
    totp_since: Option<Timestamp>,
    /// How many recovery codes are unused.
    recovery_codes_left: i64,
}

/// Look at one's second factors
#[utoipa::path(
    get, path = "/api/v1/auth/me/factors", operation_id = "get_my_factors", tag = "auth",
    responses(
        (status = 200, description = "What there is", body = FactorsBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:read")))
)]
async fn get_factors(State(auth): State<Auth>, signed: Signed) -> ApiResult<Json<FactorsBody>> {
    signed.needs(Permission::AccountRead)?;
    let factors = auth.factors(signed.identity.user).await?;
    Ok(Json(FactorsBody {
        totp_since: factors.totp_since,
        recovery_codes_left: factors.recovery_codes_left,
    }))
}

/// One's password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordOnly {
    /// The password.
    #[schema(format = "password")]
    password: String,
}

/// A secret for an authenticator app, shown this once.
#[derive(Debug, Serialize, ToSchema)]
struct EnrolmentBody {
    /// For typing it in.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: String,
    /// For the square that apps read.
    uri: String,
}

/// Begin with an authenticator app
///
/// It counts once a code of it was confirmed.
#[utoipa::path(
    post, path = "/api/v1/auth/me/factors/totp", operation_id = "enrol_my_totp", tag = "auth",
    request_body = PasswordOnly,
    responses(
        (status = 200, description = "The secret for the app", body = EnrolmentBody),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The password is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "An API token cannot do this", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "There is one already", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:write")))
)]
async fn enrol_totp(
    State(auth): State<Auth>,
    signed: Signed,
    ApiJson(body): ApiJson<PasswordOnly>,
) -> ApiResult<Response> {
    let enrolment = auth.enrol_totp(&signed.identity, &signed.origin, body.password).await?;
    Ok(unkept(EnrolmentBody {
        secret: enrolment.secret,
        uri: enrolment.uri,
    }))
}

/// A code of the authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeOnly {
    /// Six digits.
    #[schema(example = "123456")]
    code: String,
}

/// Recovery codes, shown this once.
#[derive(Debug, Serialize, ToSchema)]
struct RecoveryCodes {
    /// Each opens once, in the place of a code of the app.
    recovery_codes: Vec<String>,
}

impl RecoveryCodes {
    fn of(codes: &[RecoveryCode]) -> Self {
        Self {
            recovery_codes: codes.iter().map(RecoveryCode::reveal).collect(),
        }
    }
}

/// Confirm an authenticator app
///
/// From then on every sign-in wants a code of it.
#[utoipa::path(
    post, path = "/api/v1/auth/me/factors/totp/confirm", operation_id = "confirm_my_totp", tag = "auth",
    request_body = CodeOnly,
    responses(
        (status = 200, description = "Recovery codes", body = RecoveryCodes),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The code is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "There is nothing to confirm", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:write")))
)]
async fn confirm_totp(
    State(auth): State<Auth>,
    signed: Signed,
    ApiJson(body): ApiJson<CodeOnly>,
) -> ApiResult<Response> {
    let codes = auth.confirm_totp(&signed.identity, &signed.origin, &body.code).await?;
    Ok(unkept(RecoveryCodes::of(&codes)))
}

/// One's password, and a code of the authenticator app or a recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordAndCode {
    /// The password.
    #[schema(format = "password")]
    password: String,
    /// Six digits, or a recovery code.
    #[schema(example = "123456")]
    code: String,
}

/// Remove one's authenticator app
#[utoipa::path(
    post, path = "/api/v1/auth/me/factors/totp/remove", operation_id = "remove_my_totp", tag = "auth",
    request_body = PasswordAndCode,
    responses(
        (status = 204, description = "No code is wanted any more"),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Password or code are wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "There is none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:write")))
)]
async fn remove_totp(
    State(auth): State<Auth>,
    signed: Signed,
    ApiJson(body): ApiJson<PasswordAndCode>,
) -> ApiResult<StatusCode> {
    auth.remove_totp(&signed.identity, &signed.origin, body.password, &body.code)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get new recovery codes
///
/// All earlier ones open nothing any more.
#[utoipa::path(
    post, path = "/api/v1/auth/me/factors/recovery-codes", operation_id = "renew_my_recovery_codes", tag = "auth",
    request_body = PasswordAndCode,
    responses(
        (status = 200, description = "New recovery codes", body = RecoveryCodes),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Password or code are wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "There is no second factor", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:write")))
)]
async fn renew_recovery_codes(
    State(auth): State<Auth>,
    signed: Signed,
    ApiJson(body): ApiJson<PasswordAndCode>,
) -> ApiResult<Response> {
    let codes = auth
        .renew_recovery_codes(&signed.identity, &signed.origin, body.password, &body.code)
        .await?;
    Ok(unkept(RecoveryCodes::of(&codes)))
}

/// An answer that nobody on its way may keep.
fn unkept(body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
