//! Sessions: listed, ended one by one or all at once, by their owners and by administrators.

use jiff::Timestamp;
use mainstay_kernel::from_micros;
use serde_json::json;

use super::{Auth, By, Identity, Origin, Via};
use crate::{
    error::AuthError,
    model::{Permission, Secret, SecretKind, SessionEnd, SessionId, Target, UserId},
    service::sign_in::session_target,
    store::StoredSession,
};

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Which.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When tokens were last got in it.
    pub last_used_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// From where it was last used.
    pub address: Option<String>,
    /// What the program calls itself.
    pub user_agent: Option<String>,
    /// Whether a second factor was shown.
    pub second_factor: bool,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

impl Auth {
    /// The account's own sessions, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions(&self, identity: &Identity) -> Result<Vec<SessionView>, AuthError> {
        let mut sessions = self.sessions_of(identity.user).await?;
        for session in &mut sessions {
            session.is_this = identity.session() == Some(session.id);
        }
        Ok(sessions)
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionView>, AuthError> {
        let sessions = self.inner.store.live_sessions(user, self.now()).await?;
        Ok(sessions.into_iter().map(SessionView::from).collect())
    }

    /// Ends one of the account's own sessions.
    ///
    /// # Errors
    /// When it has no such session: one of somebody else does not exist for it.
    pub async fn end_session(&self, identity: &Identity, origin: &Origin, id: SessionId) -> Result<(), AuthError> {
        let because = if identity.session() == Some(id) {
            SessionEnd::SignedOut
        } else {
            SessionEnd::Ended
        };
        let by = By::person(identity.clone(), origin.clone());
        let mut tx = self.begin_change(&by, Permission::AccountWrite).await?;
        let session = self.inner.store.session_in(&mut tx, id).await?;
        let session = session.filter(|session| session.user == identity.user);
        if session.is_none() || !self.inner.store.end_session(&mut tx, id, because, self.now()).await? {
            return Err(AuthError::no_such("session", id));
        }
        let target = session_target(id, &identity.username);
        let shown = json!({ "because": because.as_str() });
        self.record(&mut tx, &by, "session.end", target, None, Some(shown))
            .await?;
        self.commit(tx).await
    }

    /// Signs out: ends the session that asks.
    ///
    /// # Errors
    /// When an API token asks.
    pub async fn sign_out(&self, identity: &Identity, origin: &Origin) -> Result<(), AuthError> {
        let session = identity.session().ok_or(AuthError::OnlyInPerson)?;
        match self.end_session(identity, origin, session).await {
            // Somebody was faster; it is over, which is what was wanted.
            Err(AuthError::NoSuch { .. }) => Ok(()),
            result => result,
        }
    }

    /// Ends every session of an account and revokes every API token of it, so that nothing it was given works any more.
    ///
    /// # Errors
    /// When the caller may not, or there is no such account.
    pub async fn revoke_everything(&self, by: &By, user: UserId) -> Result<Timestamp, AuthError> {
        let mut tx = self.begin_change(by, Permission::UserWrite).await?;
        let user = self.load_in(&mut tx, by.organization(), user).await?;
        let at = self.now();
        let sessions = self
            .inner
            .store
            .end_sessions_of(&mut tx, user.id, None, SessionEnd::Revoked, at)
            .await?;
        let tokens = self.inner.store.revoke_tokens_of(&mut tx, user.id, at).await?;
        self.inner.store.spend_links_of(&mut tx, user.id, at).await?;
        let shown = json!({ "sessions_ended": sessions, "tokens_revoked": tokens });
        self.record(&mut tx, by, "user.revoke", user.target(), None, Some(shown))
            .await?;
        self.commit(tx).await?;
        Ok(at)
    }

    /// Revokes one token, as RFC 7009 has it: a refresh token ends its session, an access token is refused from now on. What is
    /// neither is no error, because whoever presents it wants it not to work, and it does not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(&self, token: &str, origin: &Origin) -> Result<(), AuthError> {
        if let Some(secret) = Secret::read(SecretKind::Refresh, token) {
            return match self.inner.store.session_of_refresh(&secret.hash()).await? {
                Some(session) => self.end_for_bearer(session, origin).await,
                None => Ok(()),
            };
        }
        let Ok(identity) = self.check(token) else {
            return Ok(());
        };
        let Via::Session { jti, expires_s, .. } = identity.via else {
            // An API token is revoked by its id, by its owner.
            return Ok(());
        };
        let by = By::person(identity.clone(), origin.clone());
        let mut tx = self.inner.store.begin().await?;
        self.inner.store.lock(&mut tx).await?;
        let expires_at = from_micros(expires_s.saturating_mul(1_000_000));
        self.inner
            .store
            .revoke(&mut tx, jti, identity.organization, expires_at)
            .await?;
        let target = Target {
            kind: "access-token",
            id: jti.to_string(),
            label: format!("access token of {}", identity.username),
        };
        self.record(&mut tx, &by, "access-token.revoke", target, None, None)
            .await?;
        self.commit(tx).await
    }

    async fn end_for_bearer(&self, id: SessionId, origin: &Origin) -> Result<(), AuthError> {
        let mut tx = self.inner.store.begin().await?;
        self.inner.store.lock(&mut tx).await?;
        let Some(session) = self.inner.store.session_in(&mut tx, id).await? else {
            return Ok(());
        };
        let user = self.inner.store.user_in(&mut tx, session.user).await?;
        let ended = self
            .inner
            .store
            .end_session(&mut tx, id, SessionEnd::SignedOut, self.now())
            .await?;
        let (Some(user), true) = (user, ended) else {
            return Ok(());
        };
        let by = Self::by_owner(&user, id, origin);
        let shown = json!({ "because": SessionEnd::SignedOut.as_str() });
        self.record(
            &mut tx,
            &by,
            "session.end",
            session_target(id, &user.username),
            None,
            Some(shown),
        )
        .await?;
        self.commit(tx).await
    }
}

impl From<StoredSession> for SessionView {
    fn from(session: StoredSession) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            address: session.address,
            user_agent: session.user_agent,
            second_factor: session.second_factor,
            is_this: false,
        }
    }
}
