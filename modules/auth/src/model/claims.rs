//! What an access token says: the claims of RFC 7519 and those that existing clients read.

use mainstay_kernel::OrganizationId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Role, SessionId, UserId};

/// The value of `type` in an access token.
pub(crate) const ACCESS: &str = "access";
/// The value of `auth_mode`: accounts are kept here, not by another issuer.
pub(crate) const AUTH_MODE: &str = "local";

/// The claims of an access token.
///
/// Roles are told for the client's use. The server goes by the account as it is now, so that a role that was taken away is gone
/// at once and not when the token expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// For whom.
    pub aud: String,
    /// The account.
    pub sub: UserId,
    /// The session it was issued in.
    pub sid: SessionId,
    /// Names this one token.
    pub jti: Uuid,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// Whose rows its bearer sees.
    pub org: OrganizationId,
    /// The account's name when it was issued.
    pub username: String,
    /// The account's e-mail address when it was issued.
    pub email: Option<String>,
    /// The account's roles when it was issued.
    pub roles: Vec<Role>,
    /// `access`
    pub r#type: String,
    /// `local`
    pub auth_mode: String,
}
