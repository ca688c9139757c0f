//! Whose token it is. Everything that is needed is in memory: a check asks no database and takes microseconds.
//!
//! To verify an Ed25519 signature takes some fifty microseconds, more than all the rest. So a token that was verified once is
//! known by its SHA-256 until it expires; whether it has expired, was revoked, or its owner may still do what they ask, is
//! looked at each time.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use super::{Auth, Identity, Via, standing::Standing};
use crate::{
    crypto::{Expected, TokenError, in_time, verify},
    error::AuthError,
    model::{Claims, KeyId, Permissions, Role, Secret, SecretKind, UserId},
};

/// How many verified tokens are known at a time: a few hundred bytes each.
const MOST_KNOWN: usize = 8_192;

/// Who signed a token, and what it says, by its SHA-256.
type Known = HashMap<Box<[u8]>, (KeyId, Claims)>;

/// Tokens whose signatures were found good.
#[derive(Debug, Default)]
pub(super) struct Verified(RwLock<Known>);

impl Verified {
    fn with<T>(&self, digest: &[u8], look: impl FnOnce(&KeyId, &Claims) -> T) -> Option<T> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(digest).map(|(key, claims)| look(key, claims))
    }

    fn remember(&self, digest: &[u8], key: KeyId, claims: Claims, now_s: i64) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.retain(|_, (_, claims)| claims.exp > now_s);
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
        }
        known.insert(digest.into(), (key, claims));
    }
}

impl Auth {
    /// Whose token it is, and what they may do with it now. Reads no database.
    ///
    /// # Errors
    /// Why it is not accepted.
    pub fn check(&self, bearer: &str) -> Result<Identity, TokenError> {
        let standing = self.standing();
        let now = self.now();
        if bearer.starts_with(SecretKind::Token.prefix()) {
            return self.check_token(&standing, bearer, now);
        }
        let now_s = now.as_second();
        let digest = digest(&SHA256, bearer.as_bytes());
        let known = self.inner.verified.with(digest.as_ref(), |key, claims| {
            // A key that was taken out of service takes all it signed with it.
            if !standing.keys.contains_key(key) {
                return Err(TokenError::UnknownKey);
            }
            in_time(claims, now_s)?;
            identify(&standing, claims)
        });
        if let Some(result) = known {
            return result;
        }
        let expected = Expected {
            issuer: &self.inner.settings.issuer,
            audience: &self.inner.settings.audience,
            now_s,
        };
        let (key, claims) = verify(bearer, &standing.keys, expected)?;
        let identity = identify(&standing, &claims);
        self.inner.verified.remember(digest.as_ref(), key, claims, now_s);
        identity
    }

    /// As [`Auth::check`], but looks into the database for a key that another replica may have made a moment ago.
    ///
    /// # Errors
    /// Why the token is not accepted.
    pub async fn authenticate(&self, bearer: &str) -> Result<Identity, AuthError> {
        match self.check(bearer) {
            Err(TokenError::UnknownKey) if self.catch_up().await.is_ok_and(|anything| anything) => {
                Ok(self.check(bearer)?)
            }
            result => Ok(result?),
        }
    }

    fn check_token(&self, standing: &Standing, bearer: &str, now: Timestamp) -> Result<Identity, TokenError> {
        let secret = Secret::read(SecretKind::Token, bearer).ok_or(TokenError::Malformed)?;
        let token = standing.tokens.get(&secret.hash()).ok_or(TokenError::Revoked)?;
        if token.expires_at <= now {
            return Err(TokenError::Expired);
        }
        let mut identity = member(standing, token.user, || Via::Token {
            id: token.id,
            name: token.name.clone(),
        })?;
        // A token can do what it was made for and its owner still may, of what tokens may have today.
        identity.permissions = identity
            .permissions
            .and(token.scopes)
            .and(Permissions::grantable(Role::Admin));
        let mut uses = self.inner.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.insert(token.id, now);
        Ok(identity)
    }

    /// Writes down when tokens were last used.
    pub(super) async fn write_uses(&self) -> Result<(), AuthError> {
        let uses = std::mem::take(&mut *self.inner.uses.lock().unwrap_or_else(PoisonError::into_inner));
        if uses.is_empty() {
            return Ok(());
        }
        // In the order of their ids, so that two replicas cannot wait for each other.
        let mut uses: Vec<_> = uses.into_iter().collect();
        uses.sort_unstable_by_key(|(id, _)| *id);
        Ok(self.inner.store.tokens_used(&uses).await?)
    }
}

fn identify(standing: &Standing, claims: &Claims) -> Result<Identity, TokenError> {
    if standing.ended.contains(&claims.sid) || standing.revoked.contains(&claims.jti) {
        return Err(TokenError::Revoked);
    }
    member(standing, claims.sub, || Via::Session {
        session: claims.sid,
        jti: claims.jti,
        expires_s: claims.exp,
    })
}

fn member(standing: &Standing, id: UserId, via: impl FnOnce() -> Via) -> Result<Identity, TokenError> {
    let member = standing
        .members
        .get(&id)
        .filter(|member| member.active)
        .ok_or(TokenError::Inactive)?;
    Ok(Identity {
        organization: member.organization,
        user: id,
        username: member.username.clone(),
        role: member.role,
        permissions: member.permissions,
        via: via(),
    })
}
