//! One-time links: how the first administrator, somebody invited and somebody who forgot set a password. A link works once, for
//! thirty minutes; its secret is handed to whoever asked and stands nowhere else.

use jiff::{SignedDuration, Timestamp};
use mainstay_kernel::OrganizationId;
use mainstay_store::Transaction;
use serde_json::json;

use super::{Auth, By, Doer, NewUser, Origin, SignedIn, after};
use crate::{
    crypto::random,
    error::AuthError,
    model::{LinkPurpose, Permission, Role, Secret, SecretKind, UserId, Username},
    store::{StoredLink, StoredUser},
};

/// How long a link works.
pub const LINK_LIFETIME: SignedDuration = SignedDuration::from_mins(30);
/// What the first administrator is called until they choose another name.
const FIRST_NAME: &str = "admin";

/// A link for its receiver's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedLink {
    /// What opens it, this once.
    pub secret: Secret,
    /// Whom it is for.
    pub username: Username,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Until when.
    pub expires_at: Timestamp,
}

impl IssuedLink {
    /// The address to open, at a Mainstay that browsers reach under `base`. The secret is in the part that browsers keep to
    /// themselves, so that it reaches no server's log and no other page.
    pub fn url(&self, base: &str) -> String {
        format!("{}/welcome#{}", base.trim_end_matches('/'), self.secret.reveal())
    }
}

impl Auth {
    /// Makes the first administrator, if there is no account at all, and the link to set their password.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_administrator(&self) -> Result<Option<IssuedLink>, AuthError> {
        if !self.standing().members.is_empty() {
            return Ok(None);
        }
        let by = By::system("first start");
        let mut tx = self.begin_change(&by, Permission::UserWrite).await?;
        // Of replicas that start together, the second finds an account here.
        if self.inner.store.any_user(&mut tx).await? {
            return Ok(None);
        }
        let new = NewUser {
            username: FIRST_NAME
                .parse()
                .map_err(|error| AuthError::field("username", error))?,
            email: None,
            display_name: Some(
                "Administrator"
                    .parse()
                    .map_err(|error| AuthError::field("display_name", error))?,
            ),
            role: Role::Admin,
        };
        let user = StoredUser::fresh(self, OrganizationId::DEFAULT, new);
        self.inner.store.insert_user(&mut tx, &user).await?;
        self.record(&mut tx, &by, "user.create", user.target(), None, Some(user.shown()))
            .await?;
        let link = self.issue_link(&mut tx, &by, &user, LinkPurpose::First).await?;
        self.commit(tx).await?;
        Ok(Some(link))
    }

    /// A new link for an account. Its earlier links stop working; its password and sessions stay as they are until the link is
    /// used.
    ///
    /// # Errors
    /// When the caller may not, it is their own account, or there is no such account.
    pub async fn reset_link(&self, by: &By, id: UserId) -> Result<IssuedLink, AuthError> {
        by.somebody_else(id)?;
        let mut tx = self.begin_change(by, Permission::UserWrite).await?;
        let user = self.load_in(&mut tx, by.organization(), id).await?;
        let purpose = match user.password_hash {
            Some(_) => LinkPurpose::Reset,
            None => LinkPurpose::Invite,
        };
        let link = self.issue_link(&mut tx, by, &user, purpose).await?;
        self.commit(tx).await?;
        Ok(link)
    }

    /// For whoever can open the database itself and can sign in no more: a link for the named account, or for the first
    /// administrator there is. An account that was switched off is switched on again, and one that was no administrator any
    /// more becomes one only if there is none.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn rescue_link(&self, username: Option<&Username>) -> Result<IssuedLink, AuthError> {
        let by = By::console();
        let users = self.users(by.organization()).await?;
        let administrator = |user: &&super::User| user.role == Role::Admin && user.active;
        let found = match username {
            Some(name) => users.iter().find(|user| user.username == *name),
            None => users.iter().filter(administrator).min_by_key(|user| user.id),
        };
        let user =
            found.ok_or_else(|| AuthError::no_such("user", username.map_or("administrator", Username::as_str)))?;
        let edit = super::UserEdit {
            active: Some(true),
            role: (!users.iter().any(|user| administrator(&user))).then_some(Role::Admin),
            ..super::UserEdit::default()
        };
        self.update_user(&by, user.id, None, edit).await?;
        self.reset_link(&by, user.id).await
    }

    /// Whom a link is for, if it still works; for the page that asks for the new password.
    ///
    /// # Errors
    /// When it does not work any more.
    pub async fn look_at_link(&self, secret: &str) -> Result<(Username, LinkPurpose), AuthError> {
        let secret = Secret::read(SecretKind::Link, secret).ok_or(AuthError::LinkSpent)?;
        let link = self
            .inner
            .store
            .link(&secret.hash(), self.now())
            .await?
            .ok_or(AuthError::LinkSpent)?;
        let user = self.inner.store.user(link.user).await?.filter(|user| user.active);
        let user = user.ok_or(AuthError::LinkSpent)?;
        Ok((user.username, link.purpose))
    }

    /// Sets the password through a link and signs its owner in. Every other session of theirs ends. A password that is refused
    /// leaves the link as it was.
    ///
    /// # Errors
    /// When the link does not work any more, the password is weak, or a second factor is wanted.
    pub async fn redeem_link(
        &self,
        secret: &str,
        password: String,
        code: Option<&str>,
        origin: &Origin,
    ) -> Result<SignedIn, AuthError> {
        let secret = Secret::read(SecretKind::Link, secret).ok_or(AuthError::LinkSpent)?;
        let found = self
            .inner
            .store
            .link(&secret.hash(), self.now())
            .await?
            .ok_or(AuthError::LinkSpent)?;
        let user = self.inner.store.user(found.user).await?.filter(|user| user.active);
        let user = user.ok_or(AuthError::LinkSpent)?;
        // A link proves that somebody handed it over, not that its bearer has the second factor. Guesses at that are limited
        // as at a sign-in.
        let charges = self.charge(user.username.as_str(), Some(&user), origin).await?;
        let proof = self.prove(&user, code).await?;
        let hash = self.judged_hash(&user, password).await?;

        let mut tx = self.inner.store.begin().await?;
        self.inner.store.lock(&mut tx).await?;
        let at = self.now();
        let spent = self.inner.store.spend_link(&mut tx, &secret.hash(), at).await?;
        spent.ok_or(AuthError::LinkSpent)?;
        let user = self.load_in(&mut tx, user.organization, user.id).await?;
        let by = By {
            who: Doer::System("one-time link"),
            origin: origin.clone(),
        };
        self.put_password(&mut tx, &by, &user, &hash, None, at).await?;
        let begun = self.begin_session(&mut tx, &user, proof, origin).await?;
        self.commit(tx).await?;
        self.refund(&charges).await?;
        self.signed_in(begun)
    }

    pub(super) async fn issue_link(
        &self,
        tx: &mut Transaction,
        by: &By,
        user: &StoredUser,
        purpose: LinkPurpose,
    ) -> Result<IssuedLink, AuthError> {
        let secret = Secret::of(SecretKind::Link, &random()?);
        let at = self.now();
        let link = StoredLink {
            user: user.id,
            purpose,
            expires_at: after(at, LINK_LIFETIME),
        };
        self.inner
            .store
            .insert_link(tx, &secret.hash(), user.organization, &link, at)
            .await?;
        let shown = json!({ "purpose": purpose.as_str(), "expires_at": link.expires_at });
        self.record(tx, by, "user.link", user.target(), None, Some(shown))
            .await?;
        Ok(IssuedLink {
            secret,
            username: user.username.clone(),
            purpose,
            expires_at: link.expires_at,
        })
    }
}
