//! Shapes that several answers share.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    model::{Role, SessionId, UserId},
    service::{IssuedLink, SignedIn, User},
};

/// An account, as clients that sign in expect it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Profile {
    /// Identifies the account.
    #[schema(value_type = String, format = "uuid")]
    user_id: UserId,
    /// What they sign in with.
    #[schema(example = "ada")]
    username: String,
    /// Where they can be reached; empty when no address is known.
    email: String,
    /// What they are called. Not markup.
    display_name: String,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whether it is an account without a password, of which Mainstay has none.
    is_dev_user: bool,
    /// What they are trusted with.
    roles: Vec<Role>,
}

impl From<&User> for Profile {
    fn from(user: &User) -> Self {
        Self {
            user_id: user.id,
            username: user.username.to_string(),
            email: user.email.as_ref().map(ToString::to_string).unwrap_or_default(),
            display_name: user.display_name.to_string(),
            created_at: user.created_at,
            is_dev_user: false,
            roles: vec![user.role],
        }
    }
}

/// The tokens of a session that begins.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuthToken {
    /// Sent with each request as `Authorization: Bearer`.
    access_token: String,
    /// Always `bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
    /// Gets the next tokens, once; null when it is kept in a cookie.
    refresh_token: Option<String>,
    /// The session.
    #[schema(value_type = String, format = "uuid")]
    session_id: SessionId,
    /// Who signed in.
    user: Profile,
}

impl AuthToken {
    /// With the refresh token, or without it because a cookie holds it.
    pub(super) fn of(signed_in: &SignedIn, in_cookie: bool) -> Self {
        Self {
            access_token: signed_in.access.reveal().to_owned(),
            token_type: "bearer",
            expires_in: signed_in.expires_in_s,
            refresh_token: (!in_cookie).then(|| signed_in.refresh.reveal().to_owned()),
            session_id: signed_in.session,
            user: Profile::from(&signed_in.user),
        }
    }
}

/// A one-time link, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkBody {
    /// Whom it is for.
    username: String,
    /// What opens it. Put it behind `/welcome#` of the dashboard's address.
    #[schema(example = "msl_9q0C2hXo3c1yY1u7n0Vb0wR9m0y3o4t5a6b7c8d9e0f")]
    secret: String,
    /// Until when it works.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<IssuedLink> for LinkBody {
    fn from(link: IssuedLink) -> Self {
        Self {
            username: link.username.to_string(),
            secret: link.secret.reveal().to_owned(),
            expires_at: link.expires_at,
        }
    }
}

/// A sentence about what was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Said {
    /// The sentence.
    pub(super) message: String,
}
