//! What others need to verify our tokens: the key set (RFC 7517, RFC 8037), and the configuration that programs look for which
//! know `OpenID Connect` (Discovery 1.0).

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mainstay_http::{ApiResult, ProblemBody};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{model::Permission, service::Auth};

/// Readers ask again after five minutes. A new key is published ten minutes before it signs.
const FRESH: &str = "public, max-age=300";

pub(super) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(get_key_set))
        .routes(routes!(get_openid_configuration))
        .routes(routes!(get_auth_health))
}

/// The keys that verify access tokens.
#[derive(Debug, Serialize, ToSchema)]
struct KeySetBody {
    /// In the order in which they sign.
    keys: Vec<KeyBody>,
}

/// The public half of a key.
#[derive(Debug, Serialize, ToSchema)]
struct KeyBody {
    /// Always `OKP`.
    kty: &'static str,
    /// Always `Ed25519`.
    crv: &'static str,
    /// The key, base64url.
    x: String,
    /// Names the key.
    kid: String,
    /// Always `EdDSA`.
    alg: &'static str,
    /// Always `sig`.
    r#use: &'static str,
}

/// Keys that verify access tokens
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "get_key_set", tag = "auth",
    responses((status = 200, description = "The key set", body = KeySetBody)),
    extensions(("x-permission" = json!("public")))
)]
async fn get_key_set(State(auth): State<Auth>) -> Response {
    let keys = auth.public_keys().into_iter().map(|key| KeyBody {
        kty: "OKP",
        crv: "Ed25519",
        x: URL_SAFE_NO_PAD.encode(&key.public),
        kid: key.id.to_string(),
        alg: "EdDSA",
        r#use: "sig",
    });
    let body = KeySetBody { keys: keys.collect() };
    ([(header::CACHE_CONTROL, FRESH)], Json(body)).into_response()
}

/// Where to find what, for programs that know `OpenID Connect`.
#[derive(Debug, Serialize, ToSchema)]
struct OpenIdConfiguration {
    /// Who issues tokens.
    #[schema(example = "https://mainstay.example.org")]
    issuer: String,
    /// The key set.
    jwks_uri: String,
    /// Where a token is revoked (RFC 7009).
    revocation_endpoint: String,
    /// Who a token's bearer is.
    userinfo_endpoint: String,
    /// How tokens are signed.
    id_token_signing_alg_values_supported: Vec<&'static str>,
    /// What a token can be good for.
    scopes_supported: Vec<&'static str>,
    /// Each account has one identifier for everybody.
    subject_types_supported: Vec<&'static str>,
    /// What a token says.
    claims_supported: Vec<&'static str>,
}

/// Where to find what
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", operation_id = "get_openid_configuration", tag = "auth",
    responses((status = 200, description = "Where to find what", body = OpenIdConfiguration)),
    extensions(("x-permission" = json!("public")))
)]
async fn get_openid_configuration(State(auth): State<Auth>) -> Response {
    let issuer = auth.issuer().to_owned();
    let at = |path: &str| format!("{}{path}", issuer.trim_end_matches('/'));
    let body = OpenIdConfiguration {
        jwks_uri: at("/.well-known/jwks.json"),
        revocation_endpoint: at("/api/v1/auth/oauth/revoke"),
        userinfo_endpoint: at("/api/v1/auth/me"),
        id_token_signing_alg_values_supported: vec!["EdDSA"],
        scopes_supported: Permission::ALL.iter().map(|permission| permission.as_str()).collect(),
        subject_types_supported: vec!["public"],
        claims_supported: vec![
            "sub", "sid", "iss", "aud", "iat", "exp", "jti", "username", "email", "roles",
        ],
        issuer,
    };
    ([(header::CACHE_CONTROL, FRESH)], Json(body)).into_response()
}

/// Whether people can sign in.
#[derive(Debug, Serialize, ToSchema)]
struct AuthHealth {
    /// Always `healthy`; anything else is a 503.
    status: &'static str,
}

/// Whether people can sign in
///
/// Asks the database.
#[utoipa::path(
    get, path = "/api/v1/auth/health", operation_id = "get_auth_health", tag = "auth",
    responses(
        (status = 200, description = "They can", body = AuthHealth),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("public")))
)]
async fn get_auth_health(State(auth): State<Auth>) -> ApiResult<Json<AuthHealth>> {
    auth.catch_up().await?;
    Ok(Json(AuthHealth { status: "healthy" }))
}
