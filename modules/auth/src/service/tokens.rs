//! API tokens: made by a person for a program, with a part of what that person may do, and an end.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Auth, By, Identity, Origin, after};
use crate::{
    crypto::random,
    error::AuthError,
    model::{Permission, Permissions, Secret, SecretKind, Target, TokenId, TokenName},
    store::StoredToken,
};

/// The longest that an API token lives.
pub const LONGEST_TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(24 * 366);

/// An API token that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What its owner calls it.
    pub name: TokenName,
    /// What it can do.
    pub scopes: Permissions,
    /// How long it lives.
    pub lifetime: SignedDuration,
}

/// An API token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenView {
    /// Which.
    pub id: TokenId,
    /// What its owner calls it.
    pub name: TokenName,
    /// What it can do, as long as its owner may.
    pub scopes: Permissions,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to half a minute.
    pub last_used_at: Option<Timestamp>,
}

/// A new API token with its secret, which is never shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// The token.
    pub token: TokenView,
    /// What the program sends.
    pub secret: Secret,
}

impl Auth {
    /// Makes an API token for the account's own programs.
    ///
    /// # Errors
    /// When an API token asks, the token could do more than its owner or nothing at all, or its life is too long.
    pub async fn create_token(
        &self,
        identity: &Identity,
        origin: &Origin,
        new: NewToken,
    ) -> Result<IssuedToken, AuthError> {
        if identity.session().is_none() {
            return Err(AuthError::OnlyInPerson);
        }
        if new.scopes.is_empty() {
            return Err(AuthError::field("scopes", "must name at least one permission"));
        }
        if new.lifetime <= SignedDuration::ZERO || new.lifetime > LONGEST_TOKEN_LIFE {
            return Err(AuthError::field("expires_in_days", "must be between 1 and 366"));
        }
        let grantable = Permissions::grantable(identity.role);
        if let Some(beyond) = new.scopes.iter().find(|scope| !grantable.has(*scope)) {
            return Err(AuthError::field(
                "scopes",
                format!("`{beyond}` cannot be given to a token by the role {}", identity.role),
            ));
        }
        let by = By::person(identity.clone(), origin.clone());
        let mut tx = self.begin_change(&by, Permission::AccountWrite).await?;
        let secret = Secret::of(SecretKind::Token, &random()?);
        let at = self.now();
        let token = StoredToken {
            id: self.inner.world.id(),
            organization: identity.organization,
            user: identity.user,
            name: new.name,
            hash: secret.hash(),
            scopes: new.scopes,
            created_at: at,
            expires_at: after(at, new.lifetime),
            last_used_at: None,
        };
        self.inner.store.insert_token(&mut tx, &token).await?;
        self.record(&mut tx, &by, "token.create", target(&token), None, Some(shown(&token)))
            .await?;
        self.commit(tx).await?;
        Ok(IssuedToken {
            token: token.into(),
            secret,
        })
    }

    /// The account's own API tokens that were not revoked, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tokens(&self, identity: &Identity) -> Result<Vec<TokenView>, AuthError> {
        let tokens = self.inner.store.tokens_of(identity.user).await?;
        Ok(tokens.into_iter().map(TokenView::from).collect())
    }

    /// Revokes one of the account's own API tokens.
    ///
    /// # Errors
    /// When it has no such token: one of somebody else does not exist for it.
    pub async fn revoke_token(
        &self,
        identity: &Identity,
        origin: &Origin,
        id: TokenId,
    ) -> Result<TokenView, AuthError> {
        let by = By::person(identity.clone(), origin.clone());
        let mut tx = self.begin_change(&by, Permission::AccountWrite).await?;
        let token = self
            .inner
            .store
            .revoke_token(&mut tx, identity.user, id, self.now())
            .await?;
        let token = token.ok_or_else(|| AuthError::no_such("token", id))?;
        self.record(&mut tx, &by, "token.revoke", target(&token), Some(shown(&token)), None)
            .await?;
        self.commit(tx).await?;
        Ok(token.into())
    }
}

fn target(token: &StoredToken) -> Target {
    Target {
        kind: "token",
        id: token.id.to_string(),
        label: token.name.to_string(),
    }
}

fn shown(token: &StoredToken) -> Value {
    let scopes: Vec<&str> = token.scopes.iter().map(Permission::as_str).collect();
    json!({ "name": token.name, "scopes": scopes, "expires_at": token.expires_at })
}

impl From<StoredToken> for TokenView {
    fn from(token: StoredToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}
