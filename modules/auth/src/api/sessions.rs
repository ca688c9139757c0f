//! `/api/v1/auth/me/sessions`: where somebody is signed in.

use axum::{extract::State, http::StatusCode};
use jiff::Timestamp;
use mainstay_http::{ApiPath, ApiResult, Paged, ProblemBody};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::signed::Signed;
use crate::{
    model::{Permission, SessionId},
    service::{Auth, SessionView},
};

pub(super) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(list_sessions))
        .routes(routes!(end_session))
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
struct SessionBody {
    /// Identifies it.
    #[schema(value_type = String, format = "uuid")]
    id: SessionId,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When tokens were last got in it.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    /// When it ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// From where it was last used.
    address: Option<String>,
    /// What the program calls itself. Not markup.
    user_agent: Option<String>,
    /// Whether a second factor was shown.
    second_factor: bool,
    /// Whether it is the one that asks.
    is_this: bool,
}

impl From<SessionView> for SessionBody {
    fn from(session: SessionView) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            address: session.address,
            user_agent: session.user_agent,
            second_factor: session.second_factor,
            is_this: session.is_this,
        }
    }
}

/// List one's sessions
///
/// The newest first, all on one page.
#[utoipa::path(
    get, path = "/api/v1/auth/me/sessions", operation_id = "list_my_sessions", tag = "auth",
    responses(
        (status = 200, description = "Every session that goes on", body = Paged<SessionBody>),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:read")))
)]
async fn list_sessions(State(auth): State<Auth>, signed: Signed) -> ApiResult<Paged<SessionBody>> {
    signed.needs(Permission::AccountRead)?;
    let sessions = auth.sessions(&signed.identity).await?;
    Ok(Paged {
        items: sessions.into_iter().map(SessionBody::from).collect(),
        next_cursor: None,
    })
}

/// End one of one's sessions
#[utoipa::path(
    delete, path = "/api/v1/auth/me/sessions/{session_id}", operation_id = "end_my_session", tag = "auth",
    params(("session_id" = String, Path, format = "uuid", description = "Which session")),
    responses(
        (status = 204, description = "It is over"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such session of this account", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("account:write")))
)]
async fn end_session(
    State(auth): State<Auth>,
    signed: Signed,
    ApiPath(id): ApiPath<SessionId>,
) -> ApiResult<StatusCode> {
    auth.end_session(&signed.identity, &signed.origin, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
