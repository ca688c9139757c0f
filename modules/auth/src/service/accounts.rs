//! Accounts: made, changed, switched off, deleted.

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{StoreError, Transaction};
use serde_json::{Value, json};

use super::{Auth, By, links::IssuedLink};
use crate::{
    error::AuthError,
    model::{DisplayName, Email, LinkPurpose, Permission, Role, SessionEnd, Target, UserId, Username},
    store::StoredUser,
};

/// An account as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Which.
    pub id: UserId,
    /// Whose.
    pub organization: OrganizationId,
    /// What they sign in with.
    pub username: Username,
    /// Where they can be reached.
    pub email: Option<Email>,
    /// What they are called.
    pub display_name: DisplayName,
    /// What they are trusted with.
    pub role: Role,
    /// Whether they can sign in.
    pub active: bool,
    /// Whether they have set a password.
    pub has_password: bool,
    /// When they last signed in.
    pub last_sign_in_at: Option<Timestamp>,
    /// Counts the changes.
    pub version: i64,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<StoredUser> for User {
    fn from(user: StoredUser) -> Self {
        Self {
            id: user.id,
            organization: user.organization,
            username: user.username,
            email: user.email,
            display_name: user.display_name,
            role: user.role,
            active: user.active,
            has_password: user.password_hash.is_some(),
            last_sign_in_at: user.last_sign_in_at,
            version: user.version,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// An account that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// What they sign in with.
    pub username: Username,
    /// Where they can be reached.
    pub email: Option<Email>,
    /// What they are called; their username when left out.
    pub display_name: Option<DisplayName>,
    /// What they are trusted with.
    pub role: Role,
}

/// What is to be changed of an account; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserEdit {
    /// What they sign in with.
    pub username: Option<Username>,
    /// Where they can be reached; `Some(None)` takes the address away.
    pub email: Option<Option<Email>>,
    /// What they are called.
    pub display_name: Option<DisplayName>,
    /// What they are trusted with.
    pub role: Option<Role>,
    /// Whether they can sign in.
    pub active: Option<bool>,
}

impl StoredUser {
    pub(super) fn target(&self) -> Target {
        Target {
            kind: "user",
            id: self.id.to_string(),
            label: self.username.to_string(),
        }
    }

    /// What the change log shows of an account.
    pub(super) fn shown(&self) -> Value {
        json!({
            "username": self.username, "email": self.email, "display_name": self.display_name, "role": self.role,
            "active": self.active,
        })
    }

    /// A fresh account without a password.
    pub(super) fn fresh(auth: &Auth, organization: OrganizationId, new: NewUser) -> Self {
        let at = auth.now();
        let display_name = new.display_name.unwrap_or_else(|| shown_as(&new.username));
        Self {
            id: auth.inner.world.id(),
            organization,
            username: new.username,
            email: new.email,
            display_name,
            role: new.role,
            active: true,
            password_hash: None,
            password_set_at: None,
            last_sign_in_at: None,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }
}

/// A username as a display name; every username can be one.
fn shown_as(username: &Username) -> DisplayName {
    username
        .as_str()
        .parse()
        .unwrap_or_else(|_| unreachable!("a username is made of visible characters"))
}

impl Auth {
    /// Every account of an organisation, by username.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn users(&self, organization: OrganizationId) -> Result<Vec<User>, AuthError> {
        let users = self.inner.store.users().await?;
        Ok(users
            .into_iter()
            .filter(|user| user.organization == organization)
            .map(User::from)
            .collect())
    }

    /// One account.
    ///
    /// # Errors
    /// When there is none of that organisation.
    pub async fn user(&self, organization: OrganizationId, id: UserId) -> Result<User, AuthError> {
        Ok(self.load(organization, id).await?.into())
    }

    /// The account of that name.
    ///
    /// # Errors
    /// When there is none of that organisation.
    pub async fn user_named(&self, organization: OrganizationId, username: &Username) -> Result<User, AuthError> {
        let found = self.inner.store.user_named(username).await?;
        let found = found.filter(|user| user.organization == organization);
        found
            .map(User::from)
            .ok_or_else(|| AuthError::no_such("user", username))
    }

    /// Makes an account, and a one-time link through which its owner sets the password.
    ///
    /// # Errors
    /// When the caller may not, or the name or address is taken.
    pub async fn create_user(&self, by: &By, new: NewUser) -> Result<(User, IssuedLink), AuthError> {
        let mut tx = self.begin_change(by, Permission::UserWrite).await?;
        let user = StoredUser::fresh(self, by.organization(), new);
        taken(&user, self.inner.store.insert_user(&mut tx, &user).await)?;
        self.record(&mut tx, by, "user.create", user.target(), None, Some(user.shown()))
            .await?;
        let link = self.issue_link(&mut tx, by, &user, LinkPurpose::Invite).await?;
        self.commit(tx).await?;
        Ok((user.into(), link))
    }

    /// Changes an account. One that loses its role or is switched off loses it at once, with all its sessions when it is
    /// switched off.
    ///
    /// # Errors
    /// When the caller may not, the caller's copy is out of date, a name is taken, or no administrator would be left.
    pub async fn update_user(
        &self,
        by: &By,
        id: UserId,
        based_on: Option<i64>,
        edit: UserEdit,
    ) -> Result<User, AuthError> {
        let mut tx = self.begin_change(by, Permission::UserWrite).await?;
        let before = self.load_in(&mut tx, by.organization(), id).await?;
        if based_on.is_some_and(|version| version != before.version) {
            return Err(AuthError::Stale(before.username.to_string()));
        }
        let at = self.now();
        let after = StoredUser {
            username: edit.username.unwrap_or_else(|| before.username.clone()),
            email: edit.email.unwrap_or_else(|| before.email.clone()),
            display_name: edit.display_name.unwrap_or_else(|| before.display_name.clone()),
            role: edit.role.unwrap_or(before.role),
            active: edit.active.unwrap_or(before.active),
            version: before.version + 1,
            updated_at: at,
            ..before.clone()
        };
        if before.shown() == after.shown() {
            return Ok(before.into());
        }
        if after.role != Role::Admin || !after.active {
            self.not_the_last(&mut tx, &before).await?;
        }
        taken(&after, self.inner.store.update_user(&mut tx, &after).await)?;
        if !after.active {
            self.inner
                .store
                .end_sessions_of(&mut tx, id, None, SessionEnd::Inactive, at)
                .await?;
        }
        self.record(
            &mut tx,
            by,
            "user.update",
            after.target(),
            Some(before.shown()),
            Some(after.shown()),
        )
        .await?;
        self.commit(tx).await?;
        Ok(after.into())
    }

    /// Deletes an account with everything that is its own. What it did stays in the change log.
    ///
    /// # Errors
    /// When the caller may not, there is none, or no administrator would be left.
    pub async fn delete_user(&self, by: &By, id: UserId) -> Result<User, AuthError> {
        let mut tx = self.begin_change(by, Permission::UserWrite).await?;
        let user = self.load_in(&mut tx, by.organization(), id).await?;
        self.not_the_last(&mut tx, &user).await?;
        self.inner.store.delete_user(&mut tx, id).await?;
        self.record(&mut tx, by, "user.delete", user.target(), Some(user.shown()), None)
            .await?;
        self.commit(tx).await?;
        Ok(user.into())
    }

    /// Refuses to take an administrator away who is the only one.
    async fn not_the_last(&self, tx: &mut Transaction, user: &StoredUser) -> Result<(), AuthError> {
        let counts = user.role == Role::Admin && user.active;
        if counts && self.inner.store.other_administrators(tx, user).await? == 0 {
            return Err(AuthError::LastAdministrator(user.username.to_string()));
        }
        Ok(())
    }

    pub(super) async fn load(&self, organization: OrganizationId, id: UserId) -> Result<StoredUser, AuthError> {
        let user = self
            .inner
            .store
            .user(id)
            .await?
            .filter(|user| user.organization == organization);
        user.ok_or_else(|| AuthError::no_such("user", id))
    }

    pub(super) async fn load_in(
        &self,
        tx: &mut Transaction,
        organization: OrganizationId,
        id: UserId,
    ) -> Result<StoredUser, AuthError> {
        let user = self
            .inner
            .store
            .user_in(tx, id)
            .await?
            .filter(|user| user.organization == organization);
        user.ok_or_else(|| AuthError::no_such("user", id))
    }
}

/// Says which name was taken. The two unique keys cannot be told apart by both databases in one way; the username is the likelier
/// one, unless an address was given.
fn taken(user: &StoredUser, result: Result<(), StoreError>) -> Result<(), AuthError> {
    match result {
        Err(error) if error.is_conflict() => Err(AuthError::Exists {
            what: "user",
            name: user.email.as_ref().map_or_else(
                || user.username.to_string(),
                |email| format!("{}` or an address `{email}", user.username),
            ),
            field: "username",
        }),
        result => Ok(result?),
    }
}
