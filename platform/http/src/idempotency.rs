//! `Idempotency-Key` on creating requests: the same key with the same request gets the first answer again.
//!
//! The claim is written before the request runs and the answer after it. A crash between the two leaves the outcome
//! unknown, and a retry is told so instead of running twice.
//!
//! Everybody who is signed in has keys of their own: nobody gets what was answered to somebody else, or learns that they asked.

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use mainstay_kernel::{Actor, OrganizationId, Problem, ProblemKind, World};
use mainstay_store::{
    Database,
    idempotency::{Claim, StoredAnswer, answer, claim, release},
};
use sha2::{Digest, Sha256};

use crate::ApiError;

/// The largest request that may carry a key: its body has to be read to be compared.
const MAX_BODY: usize = 64 * 1024 * 1024;
const REPEATED_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// What the [`idempotency`] middleware works with.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// Where answers are remembered.
    pub database: Database,
    /// When they are forgotten.
    pub world: World,
}

/// Middleware that honours `Idempotency-Key` on POST.
pub async fn idempotency(State(state): State<Idempotency>, request: Request, next: Next) -> Response {
    let Some(key) = request.headers().get("idempotency-key").cloned() else {
        return next.run(request).await;
    };
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    match run(&state, key, request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn run(state: &Idempotency, key: HeaderValue, request: Request, next: Next) -> Result<Response, ApiError> {
    let key = valid_key(&key)?;
    let organization = OrganizationId::DEFAULT;
    let (parts, body) = request.into_parts();
    let key = own_key(parts.extensions.get::<Actor>(), key);
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| {
        Problem::new(
            ProblemKind::TooLarge,
            "too-large",
            "The body is larger than a request with an idempotency key may be.",
        )
    })?;
    let mut hash = Sha256::new();
    hash.update(parts.uri.to_string());
    hash.update([0]);
    hash.update(&body);
    let hash = hex::encode(hash.finalize());

    match claim(&state.database, &state.world, organization, &key, &hash).await? {
        Claim::New => {}
        Claim::Answered(stored) => return Ok(replay(stored)),
        Claim::Unfinished => {
            return Err(Problem::conflict(
                "idempotency-unfinished",
                "A request with this Idempotency-Key is still under way, or its outcome was lost when Mainstay stopped. Look \
                 whether the object exists before you send it again with a new key.",
            )
            .into());
        }
        Claim::Mismatch => {
            return Err(Problem::conflict(
                "idempotency-key-reused",
                "This Idempotency-Key was used for another request. Use a new key for each new request.",
            )
            .into());
        }
    }

    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| {
        Problem::new(
            ProblemKind::Internal,
            "internal",
            "The answer was too large to be remembered.",
        )
    })?;
    if parts.status.is_success() {
        let stored = StoredAnswer {
            status: parts.status.as_u16(),
            headers: headers_to_json(&parts.headers),
            body: body.to_vec(),
        };
        answer(&state.database, organization, &key, &stored).await?;
    } else {
        release(&state.database, organization, &key).await?;
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn valid_key(key: &HeaderValue) -> Result<String, Problem> {
    key.to_str()
        .ok()
        .filter(|key| (8..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()))
        .map(str::to_owned)
        .ok_or_else(|| {
            Problem::new(
                ProblemKind::Malformed,
                "invalid-idempotency-key",
                "An Idempotency-Key has 8 to 255 visible ASCII characters. A UUID is a good one.",
            )
        })
}

/// The key as it is kept. What stands before it ends in a space, which no key holds, so none can be made to look like another's.
/// An account is one whatever it presents: a retry may come with the next token of a session, or with the one that replaced it.
fn own_key(actor: Option<&Actor>, key: String) -> String {
    match actor {
        Some(Actor::Person { id, .. } | Actor::Token { owner: id, .. }) => format!("{id} {key}"),
        Some(Actor::Local | Actor::System { .. } | Actor::File { .. }) | None => key,
    }
}

fn headers_to_json(headers: &HeaderMap) -> String {
    let kept: serde_json::Map<String, serde_json::Value> = REPEATED_HEADERS
        .iter()
        .filter_map(|name| Some((name.to_string(), headers.get(name)?.to_str().ok()?.into())))
        .collect();
    serde_json::Value::Object(kept).to_string()
}

fn replay(stored: StoredAnswer) -> Response {
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
    let mut response = (status, stored.body).into_response();
    let kept: std::collections::BTreeMap<String, String> = serde_json::from_str(&stored.headers).unwrap_or_default();
    for name in REPEATED_HEADERS {
        if let Some(value) = kept
            .get(name.as_str())
            .and_then(|value| HeaderValue::try_from(value).ok())
        {
            response.headers_mut().insert(name, value);
        }
    }
    response
        .headers_mut()
        .insert("x-idempotency-replayed", HeaderValue::from_static("true"));
    response
}
