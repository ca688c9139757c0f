//! Signing in: limited, slow on purpose, and the same to a stranger whether there is such an account or not.

use std::net::IpAddr;

use mainstay_store::Transaction;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Auth, By, Doer, Identity, Origin, User, Via, after};
use crate::{
    crypto::{issue, random},
    error::AuthError,
    model::{AUTH_MODE, Claims, Email, Limit, Permissions, Secret, SecretKind, SessionId, Target, Username, Verdict},
    store::{NewSession, StoredSession, StoredUser},
};

/// How often refusals of names that nobody has are written down.
const NOBODY: Limit = Limit::new(100, 10);
/// The most characters that are kept of what a program calls itself.
const LONGEST_AGENT: usize = 200;

/// What somebody signs in with.
#[derive(Clone)]
pub struct SignIn {
    /// Their username.
    pub username: String,
    /// Their password.
    pub password: String,
    /// The code of their second factor, or a recovery code.
    pub code: Option<String>,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").finish_non_exhaustive()
    }
}

/// A session's tokens, for its owner's eyes.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Sent with each request.
    pub access: AccessToken,
    /// Seconds until the access token expires.
    pub expires_in_s: i64,
    /// Gets the next pair of tokens, once.
    pub refresh: Secret,
    /// Seconds until the refresh token expires.
    pub refresh_expires_in_s: i64,
    /// The session.
    pub session: SessionId,
    /// Who it is.
    pub user: User,
}

/// An access token. Its `Debug` form says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// The token in the clear.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// Attempts that were charged, to be given back when one was good.
#[derive(Debug)]
pub(super) struct Charges(Vec<(String, Limit)>);

/// A session that has begun or goes on, before its access token is made.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) user: StoredUser,
    pub(super) session: SessionId,
    pub(super) refresh: Secret,
    pub(super) refresh_expires_in_s: i64,
}

impl Auth {
    /// Signs somebody in.
    ///
    /// # Errors
    /// When name, password or code are wrong, or too many attempts were made.
    pub async fn sign_in(&self, attempt: SignIn, origin: &Origin) -> Result<SignedIn, AuthError> {
        let username: Option<Username> = attempt.username.parse().ok();
        let user = match &username {
            Some(name) => self.inner.store.user_named(name).await?,
            None => None,
        };
        // Charged before anything is compared, so that many guesses at once get no further than many in a row.
        let charges = self.charge(&attempt.username, user.as_ref(), origin).await?;
        let stored = user.as_ref().and_then(|user| user.password_hash.clone());
        let compared = self.inner.hasher.compare(attempt.password.clone(), stored).await?;
        let good = compared.matches && user.as_ref().is_some_and(|user| user.active);
        let Some(user) = user.as_ref().filter(|_| good) else {
            self.refuse(user.as_ref(), origin, "password").await?;
            return Err(AuthError::Credentials);
        };
        let proof = match self.prove(user, attempt.code.as_deref()).await {
            // The password was right, and nothing was guessed.
            Err(AuthError::SecondFactorNeeded) => {
                self.refund(&charges).await?;
                return Err(AuthError::SecondFactorNeeded);
            }
            Err(AuthError::WrongCode) => {
                self.refuse(Some(user), origin, "second factor").await?;
                return Err(AuthError::WrongCode);
            }
            result => result?,
        };
        let rehashed = if compared.outdated {
            Some(self.inner.hasher.hash(attempt.password).await?)
        } else {
            None
        };

        let mut tx = self.inner.store.begin().await?;
        // This takes the account's row, so that a change of its password or its end comes before this sign-in or after it.
        self.inner.store.signed_in(&mut tx, user.id, self.now()).await?;
        let now = self.inner.store.user_in(&mut tx, user.id).await?;
        let now = now.filter(|now| now.active && now.password_hash == user.password_hash);
        let Some(user) = now else {
            return Err(AuthError::Credentials);
        };
        if let (Some(before), Some(hash)) = (&user.password_hash, &rehashed) {
            self.inner.store.rehash(&mut tx, user.id, before, hash).await?;
        }
        let begun = self.begin_session(&mut tx, &user, proof, origin).await?;
        tx.commit().await?;
        self.refund(&charges).await?;
        self.signed_in(begun)
    }

    /// Begins a session of somebody who has proven who they are.
    pub(super) async fn begin_session(
        &self,
        tx: &mut Transaction,
        user: &StoredUser,
        proof: super::factors::Proof,
        origin: &Origin,
    ) -> Result<Begun, AuthError> {
        let store = &self.inner.store;
        let second_factor = self.use_proof(tx, user, proof).await?;
        let at = self.now();
        let settings = &self.inner.settings;
        let session = StoredSession {
            id: self.inner.world.id(),
            user: user.id,
            created_at: at,
            last_used_at: at,
            expires_at: after(at, settings.session_lifetime),
            ended_at: None,
            address: origin.address.map(|address| address.to_string()),
            user_agent: origin.user_agent.as_deref().map(readable),
            second_factor,
        };
        let refresh = Secret::of(SecretKind::Refresh, &random()?);
        let lifetime = settings.refresh_lifetime.min(settings.session_lifetime);
        let new = NewSession {
            organization: user.organization,
            session,
        };
        store.insert_session(tx, &new).await?;
        let id = new.session.id;
        store
            .insert_refresh(tx, &refresh.hash(), user.organization, id, at, after(at, lifetime))
            .await?;
        store.signed_in(tx, user.id, at).await?;
        if let Some(address) = origin.address {
            store.remember_address(tx, user, &network(address), at).await?;
        }
        let by = Self::by_owner(user, id, origin);
        let target = session_target(id, &user.username);
        let shown =
            json!({ "user": user.username, "second_factor": second_factor, "user_agent": new.session.user_agent });
        self.record(tx, &by, "session.begin", target, None, Some(shown)).await?;
        Ok(Begun {
            user: user.clone(),
            session: id,
            refresh,
            refresh_expires_in_s: lifetime.as_secs(),
        })
    }

    /// The tokens of a session that was committed.
    pub(super) fn signed_in(&self, begun: Begun) -> Result<SignedIn, AuthError> {
        let settings = &self.inner.settings;
        let lifetime = settings.access_lifetime.as_secs();
        let now_s = self.now().as_second();
        let user = begun.user;
        let claims = Claims {
            iss: settings.issuer.clone(),
            aud: settings.audience.clone(),
            sub: user.id,
            sid: begun.session,
            jti: self.inner.world.uuid(),
            iat: now_s,
            exp: now_s + lifetime,
            org: user.organization,
            username: user.username.to_string(),
            email: user.email.as_ref().map(Email::to_string),
            roles: vec![user.role],
            r#type: crate::model::ACCESS.to_owned(),
            auth_mode: AUTH_MODE.to_owned(),
        };
        let token = issue(&*self.signing_key()?, &claims);
        let token = token.ok_or_else(|| AuthError::Crypto("an access token could not be written".to_owned()))?;
        Ok(SignedIn {
            access: AccessToken(token),
            expires_in_s: lifetime,
            refresh: begun.refresh,
            refresh_expires_in_s: begun.refresh_expires_in_s,
            session: begun.session,
            user: user.into(),
        })
    }

    /// Charges an attempt to its address and its account. Whoever comes from an address that the account has signed in from is
    /// counted apart from everybody else, so that strangers who guess cannot keep the owner out.
    pub(super) async fn charge(
        &self,
        name: &str,
        user: Option<&StoredUser>,
        origin: &Origin,
    ) -> Result<Charges, AuthError> {
        let limits = &self.inner.settings.limits;
        let address = origin.address.map(network);
        let mut wanted = Vec::new();
        if let Some(address) = &address {
            wanted.push((format!("address {address}"), limits.address));
        }
        // The name is not kept: people type their passwords into the wrong field.
        let account = hex::encode(&Sha256::digest(name.trim().to_ascii_lowercase().as_bytes())[..16]);
        let known = match (user, &address) {
            (Some(user), Some(address)) => self.inner.store.knows_address(user.id, address).await?,
            _ => false,
        };
        wanted.push(match address {
            Some(address) if known => (format!("account {account} at {address}"), limits.known),
            _ => (format!("account {account}"), limits.stranger),
        });
        match self.inner.store.charge(&wanted, self.now()).await? {
            Verdict::Allowed { .. } => Ok(Charges(wanted)),
            Verdict::Refused { wait } => Err(AuthError::Throttled {
                retry_after_s: u64::try_from(wait.div_euclid(1_000_000) + 1).unwrap_or(1),
            }),
        }
    }

    pub(super) async fn refund(&self, charges: &Charges) -> Result<(), AuthError> {
        Ok(self.inner.store.refund(&charges.0).await?)
    }

    /// Writes down that somebody was refused. It is written for a name that nobody has as well, so that the time an answer takes
    /// does not tell one from the other. The limits bound how often that happens; for all such names together there is one more.
    async fn refuse(&self, user: Option<&StoredUser>, origin: &Origin, what: &str) -> Result<(), AuthError> {
        let target = if let Some(user) = user {
            user.target()
        } else {
            let bucket = [("refusals of nobody".to_owned(), NOBODY)];
            if let Verdict::Refused { .. } = self.inner.store.charge(&bucket, self.now()).await? {
                return Ok(());
            }
            // Not the name: people type their passwords into the wrong field.
            Target {
                kind: "user",
                id: String::new(),
                label: "no such account".to_owned(),
            }
        };
        let by = By {
            who: Doer::System("sign-in"),
            origin: origin.clone(),
        };
        let mut tx = self.inner.store.begin().await?;
        let shown = json!({ "wrong": what });
        self.record(&mut tx, &by, "sign-in.refuse", target, None, Some(shown))
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The owner of a session as the one who acts.
    pub(super) fn by_owner(user: &StoredUser, session: SessionId, origin: &Origin) -> By {
        let identity = Identity {
            organization: user.organization,
            user: user.id,
            username: user.username.clone(),
            role: user.role,
            permissions: Permissions::of_role(user.role),
            via: Via::Session {
                session,
                // Nothing was presented yet.
                jti: Uuid::nil(),
                expires_s: 0,
            },
        };
        By::person(identity, origin.clone())
    }
}

pub(super) fn session_target(id: SessionId, owner: &Username) -> Target {
    Target {
        kind: "session",
        id: id.to_string(),
        label: format!("session of {owner}"),
    }
}

/// What one customer of a network provider has: an IPv4 address, or the 64-bit prefix of an IPv6 one.
pub(super) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// What a program calls itself, without what cannot be shown.
fn readable(agent: &str) -> String {
    agent
        .chars()
        .filter(|each| !each.is_control())
        .take(LONGEST_AGENT)
        .collect()
}
