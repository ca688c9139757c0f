//! `/api/v1/auth/config|login|refresh|logout|oauth/revoke`: getting tokens and giving them back.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use mainstay_http::{ApiError, ApiJson, ApiResult, ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    cookie,
    shapes::AuthToken,
    signed::{From, Signed},
};
use crate::{
    error::AuthError,
    service::{Auth, SignIn, SignedIn},
};

pub(super) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(get_auth_config))
        .routes(routes!(login))
        .routes(routes!(refresh_token))
        .routes(routes!(logout))
        .routes(routes!(revoke_token))
}

/// How people sign in here.
#[derive(Debug, Serialize, ToSchema)]
struct AuthConfig {
    /// `local`: with a name and a password.
    auth_mode: &'static str,
    /// Where those are sent.
    login_endpoint: &'static str,
    /// Where people make accounts by themselves; null, because administrators make them.
    register_endpoint: Option<String>,
    /// Whether people make accounts by themselves.
    supports_registration: bool,
}

/// How people sign in here
#[utoipa::path(
    get, path = "/api/v1/auth/config", operation_id = "get_auth_config", tag = "auth",
    responses((status = 200, description = "How people sign in", body = AuthConfig)),
    extensions(("x-permission" = json!("public")))
)]
async fn get_auth_config() -> Json<AuthConfig> {
    Json(AuthConfig {
        auth_mode: crate::model::AUTH_MODE,
        login_endpoint: "/api/v1/auth/login",
        register_endpoint: None,
        supports_registration: false,
    })
}

/// A name and a password. Fields that other servers know, such as `email`, are not refused, because clients send the same form
/// to every server.
#[derive(Deserialize, ToSchema)]
struct LoginBody {
    /// What they sign in with.
    #[schema(example = "ada")]
    username: String,
    /// Their password.
    #[serde(default)]
    #[schema(format = "password", max_length = 256)]
    password: String,
    /// The present code of their authenticator app, or a recovery code, when the account has one.
    code: Option<String>,
    /// Whether the refresh token is kept in a cookie that no script can read, instead of being part of the answer.
    #[serde(default)]
    cookie: bool,
}

/// Sign in
#[utoipa::path(
    post, path = "/api/v1/auth/login", operation_id = "login", tag = "auth",
    request_body = LoginBody,
    responses(
        (status = 200, description = "The tokens of a new session", body = AuthToken),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Name, password or code are wrong, or a code is wanted", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("public")))
)]
async fn login(State(auth): State<Auth>, From(origin): From, ApiJson(body): ApiJson<LoginBody>) -> ApiResult<Response> {
    let attempt = SignIn {
        username: body.username,
        password: body.password,
        code: body.code,
    };
    let signed_in = auth.sign_in(attempt, &origin).await?;
    Ok(answer(
        &auth,
        &signed_in,
        AuthToken::of(&signed_in, body.cookie),
        body.cookie,
    ))
}

/// What goes on with a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshBody {
    /// The newest refresh token; left out by browsers that keep it in a cookie.
    refresh_token: Option<String>,
}

/// The next tokens of a session.
#[derive(Debug, Serialize, ToSchema)]
struct RefreshedToken {
    /// Sent with each request.
    access_token: String,
    /// Always `bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
    /// Gets the next tokens, once; null when it is kept in a cookie.
    refresh_token: Option<String>,
}

/// Go on with a session
///
/// Each refresh token is good for one use. One that comes a second time ends its session, because somebody has a copy.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", operation_id = "refresh_token", tag = "auth",
    request_body = RefreshBody,
    responses(
        (status = 200, description = "The next tokens", body = RefreshedToken),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "The session is over", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Another site sent the browser's cookie", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("public")))
)]
async fn refresh_token(
    State(auth): State<Auth>,
    From(origin): From,
    uri: Uri,
    headers: HeaderMap,
    ApiJson(body): ApiJson<RefreshBody>,
) -> ApiResult<Response> {
    let in_cookie = body.refresh_token.is_none();
    let token = if let Some(token) = &body.refresh_token {
        token.as_str()
    } else {
        cookie::same_site(&headers, uri.authority())?;
        cookie::find(&headers).ok_or(AuthError::SessionOver)?
    };
    let signed_in = match auth.refresh(token, &origin).await {
        // A cookie that is good for nothing is taken away.
        Err(error @ AuthError::SessionOver) if in_cookie => {
            let mut response = ApiError::from(error).into_response();
            set(&mut response, cookie::forget(is_secure(&auth)));
            return Ok(response);
        }
        result => result?,
    };
    let body = RefreshedToken {
        access_token: signed_in.access.reveal().to_owned(),
        token_type: "bearer",
        expires_in: signed_in.expires_in_s,
        refresh_token: (!in_cookie).then(|| signed_in.refresh.reveal().to_owned()),
    };
    Ok(answer(&auth, &signed_in, body, in_cookie))
}

/// What became of a session.
#[derive(Debug, Serialize, ToSchema)]
struct LoggedOut {
    /// A sentence.
    message: &'static str,
    /// How many sessions' tokens work no more.
    revoked_tokens: u32,
    /// Whether the account has no other session.
    all_sessions_ended: bool,
}

/// Sign out
///
/// Ends this session. Others of the same account go on.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", operation_id = "logout", tag = "auth",
    responses(
        (status = 200, description = "The session is over", body = LoggedOut),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "An API token cannot sign out", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:write")))
)]
async fn logout(State(auth): State<Auth>, signed: Signed) -> ApiResult<Response> {
    auth.sign_out(&signed.identity, &signed.origin).await?;
    let body = LoggedOut {
        message: "Signed out.",
        revoked_tokens: 1,
        all_sessions_ended: auth.sessions(&signed.identity).await?.is_empty(),
    };
    let mut response = Json(body).into_response();
    set(&mut response, cookie::forget(is_secure(&auth)));
    Ok(response)
}

/// A token that is to work no more.
#[derive(Deserialize, ToSchema)]
struct RevokeBody {
    /// An access token or a refresh token.
    token: String,
}

/// Revoke a token
///
/// As RFC 7009 has it: a refresh token ends its session, an access token is refused from now on, and what is neither is no error.
#[utoipa::path(
    post, path = "/api/v1/auth/oauth/revoke", operation_id = "revoke_token", tag = "auth",
    request_body = RevokeBody,
    responses(
        (status = 200, description = "It works no more", body = super::shapes::Said),
        (status = 400, description = "The body is no JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("public")))
)]
async fn revoke_token(
    State(auth): State<Auth>,
    From(origin): From,
    ApiJson(body): ApiJson<RevokeBody>,
) -> ApiResult<Json<super::shapes::Said>> {
    auth.revoke(&body.token, &origin).await?;
    let message = "The token works no more.".to_owned();
    Ok(Json(super::shapes::Said { message }))
}

/// An answer that holds tokens: kept by nobody on its way, and with a cookie where one was asked for.
pub(super) fn answer(auth: &Auth, signed_in: &SignedIn, body: impl Serialize, in_cookie: bool) -> Response {
    let mut response = Json(body).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if in_cookie {
        set(
            &mut response,
            cookie::keep(&signed_in.refresh, signed_in.refresh_expires_in_s, is_secure(auth)),
        );
    }
    response
}

fn set(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// Whether browsers reach this Mainstay over TLS.
fn is_secure(auth: &Auth) -> bool {
    auth.issuer().starts_with("https:")
}
