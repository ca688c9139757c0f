//! Going on with a session: each refresh token is good for one use and brings the next. One that comes a second time is a copy, and
//! nobody can tell whether the thief or the owner came first, so the session ends for both (RFC 9700, section 4.14.2).

use mainstay_store::Transaction;
use serde_json::json;

use super::{Auth, By, Doer, Origin, SignedIn, after, sign_in::Begun};
use crate::{
    crypto::random,
    error::AuthError,
    model::{Secret, SecretKind, SessionEnd, SessionId},
    service::sign_in::session_target,
    store::{Claimed, StoredSession},
};

impl Auth {
    /// The next pair of tokens of a session.
    ///
    /// # Errors
    /// When the token is unknown, was used, or its session is over.
    pub async fn refresh(&self, token: &str, origin: &Origin) -> Result<SignedIn, AuthError> {
        let token = Secret::read(SecretKind::Refresh, token).ok_or(AuthError::SessionOver)?;
        let store = &self.inner.store;
        let mut tx = store.begin().await?;
        let now = self.now();
        let (id, good_until) = match store.claim_refresh(&mut tx, &token.hash(), now).await? {
            Claimed::Unknown => return Err(AuthError::SessionOver),
            Claimed::Before { session } => {
                drop(tx);
                self.end_reused(session, origin).await?;
                return Err(AuthError::SessionOver);
            }
            Claimed::Now { session, expires_at } => (session, expires_at),
        };
        let session = store.session_in(&mut tx, id).await?;
        let session =
            session.filter(|session| session.ended_at.is_none() && session.expires_at > now && good_until > now);
        let session = session.ok_or(AuthError::SessionOver)?;
        let user = store.user_in(&mut tx, session.user).await?.filter(|user| user.active);
        let user = user.ok_or(AuthError::SessionOver)?;

        let refresh = Secret::of(SecretKind::Refresh, &random()?);
        let until = session.expires_at.min(after(now, self.inner.settings.refresh_lifetime));
        store
            .insert_refresh(&mut tx, &refresh.hash(), user.organization, id, now, until)
            .await?;
        let address = origin.address.map(|address| address.to_string());
        store.touch_session(&mut tx, id, address.as_deref(), now).await?;
        tx.commit().await?;
        self.signed_in(Begun {
            user,
            session: id,
            refresh,
            refresh_expires_in_s: until.duration_since(now).as_secs(),
        })
    }

    async fn end_reused(&self, id: SessionId, origin: &Origin) -> Result<(), AuthError> {
        let mut tx = self.inner.store.begin().await?;
        self.inner.store.lock(&mut tx).await?;
        let Some(session) = self.inner.store.session_in(&mut tx, id).await? else {
            return Ok(());
        };
        // A copy that is tried again and again ends the session once.
        if !self
            .inner
            .store
            .end_session(&mut tx, id, SessionEnd::Reuse, self.now())
            .await?
        {
            return Ok(());
        }
        self.write_reuse(&mut tx, &session, origin).await?;
        self.commit(tx).await
    }

    async fn write_reuse(
        &self,
        tx: &mut Transaction,
        session: &StoredSession,
        origin: &Origin,
    ) -> Result<(), AuthError> {
        let Some(user) = self.inner.store.user_in(tx, session.user).await? else {
            return Ok(());
        };
        let by = By {
            who: Doer::System("refresh"),
            origin: origin.clone(),
        };
        let shown = json!({ "user": user.username, "address": session.address, "user_agent": session.user_agent });
        let target = session_target(session.id, &user.username);
        self.record(tx, &by, "session.reuse", target, Some(shown), None).await
    }
}
