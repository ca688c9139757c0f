//! Passwords: judged, hashed away from the runtime, and changed by their owners.

use jiff::Timestamp;
use mainstay_store::Transaction;
use serde_json::json;

use super::{Auth, By, Identity, Origin};
use crate::{
    error::AuthError,
    model::{Email, Permission, SessionEnd, SessionId, judge},
    store::StoredUser,
};

impl Auth {
    /// The hash of a new password, if it is a good one.
    pub(super) async fn judged_hash(&self, user: &StoredUser, password: String) -> Result<String, AuthError> {
        let email = user.email.as_ref().map_or("", Email::as_str).to_owned();
        let about = [user.username.to_string(), email, user.display_name.to_string()];
        // To judge takes milliseconds of computing for a long password, which is not for the threads that answer.
        let judged = tokio::task::spawn_blocking(move || {
            let about: Vec<&str> = about.iter().map(String::as_str).collect();
            judge(&password, &about).map(|()| password)
        });
        let password = judged.await.map_err(|error| AuthError::Crypto(error.to_string()))??;
        Ok(self.inner.hasher.hash(password).await?)
    }

    /// Writes a new password's hash, and ends every session but `except`: whoever knew the old password is out.
    pub(super) async fn put_password(
        &self,
        tx: &mut Transaction,
        by: &By,
        user: &StoredUser,
        hash: &str,
        except: Option<SessionId>,
        at: Timestamp,
    ) -> Result<(), AuthError> {
        let store = &self.inner.store;
        store.set_password(tx, user.id, hash, at).await?;
        store.spend_links_of(tx, user.id, at).await?;
        let ended = store
            .end_sessions_of(tx, user.id, except, SessionEnd::Password, at)
            .await?;
        let after = json!({ "sessions_ended": ended });
        self.record(tx, by, "user.password", user.target(), None, Some(after))
            .await
    }

    /// Changes one's own password. Other sessions end, this one goes on.
    ///
    /// # Errors
    /// When the present password is wrong, the new one is weak, or too many attempts were made.
    pub async fn change_password(
        &self,
        identity: &Identity,
        origin: &Origin,
        present: String,
        new: String,
    ) -> Result<(), AuthError> {
        let Some(session) = identity.session() else {
            return Err(AuthError::OnlyInPerson);
        };
        let user = self.load(identity.organization, identity.user).await?;
        // A session that somebody else got hold of must not be good for guessing the password.
        let charges = self.charge(user.username.as_str(), Some(&user), origin).await?;
        let compared = self.inner.hasher.compare(present, user.password_hash.clone()).await?;
        if !compared.matches {
            return Err(AuthError::Credentials);
        }
        self.refund(&charges).await?;
        let hash = self.judged_hash(&user, new).await?;
        let by = By::person(identity.clone(), origin.clone());
        let mut tx = self.begin_change(&by, Permission::AccountWrite).await?;
        // The owner may have set another one by a link while this waited to be hashed.
        let now = self.load_in(&mut tx, identity.organization, user.id).await?;
        if now.password_hash != user.password_hash {
            return Err(AuthError::Credentials);
        }
        let at = self.now();
        self.put_password(&mut tx, &by, &user, &hash, Some(session), at).await?;
        self.commit(tx).await
    }
}
