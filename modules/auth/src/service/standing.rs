//! Everything that a check of a token needs, in memory: one reading of the database, replaced as a whole.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::SignedDuration;
use mainstay_kernel::{OrganizationId, TypedId};
use uuid::Uuid;

use super::{Inner, before};
use crate::{
    crypto::{KeySet, Purpose, SigningKey, VerifyingKey},
    error::AuthError,
    model::{KeyId, KeyTimes, Permissions, Role, SecretHash, SessionId, UserId, Username},
    store::{StoredKey, StoredToken},
};

/// How much longer than their tokens live ended sessions are remembered, because clocks can be wrong.
const DOUBT: SignedDuration = SignedDuration::from_hours(3);

/// An account, as far as a check is concerned.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) organization: OrganizationId,
    pub(super) username: Username,
    pub(super) role: Role,
    pub(super) permissions: Permissions,
    pub(super) active: bool,
}

/// One state of the accounts.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) version: i64,
    pub(super) members: HashMap<UserId, Member>,
    pub(super) tokens: HashMap<SecretHash, StoredToken>,
    pub(super) ended: HashSet<SessionId>,
    pub(super) revoked: HashSet<Uuid>,
    /// Every key that verifies.
    pub(super) keys: KeySet,
    pub(super) key_times: Vec<KeyTimes>,
    /// Those among them that this process can open.
    pub(super) signers: HashMap<KeyId, Arc<SigningKey>>,
}

impl Standing {
    /// Reads the newest state. The version is read first: if the rest is newer, the next look finds another version and reads
    /// again. Keys that `earlier` has opened already are not opened again.
    pub(super) async fn load(inner: &Inner, earlier: &Self) -> Result<Self, AuthError> {
        let store = &inner.store;
        let version = store.version().await?;
        let now = inner.world.now();
        let since = before(before(now, inner.settings.access_lifetime), DOUBT);
        let mut standing = Self {
            version,
            ended: store.ended_sessions(since).await?.into_iter().collect(),
            revoked: store.revoked(since).await?.into_iter().collect(),
            ..Self::default()
        };
        for user in store.users().await? {
            let member = Member {
                organization: user.organization,
                username: user.username,
                role: user.role,
                permissions: Permissions::of_role(user.role),
                active: user.active,
            };
            standing.members.insert(user.id, member);
        }
        for token in store.live_tokens(now).await? {
            standing.tokens.insert(token.hash, token);
        }
        for key in store.keys().await? {
            let id = key.times.id;
            let opened = match earlier.signers.get(&id) {
                Some(opened) => Some(opened.clone()),
                None => open(inner, &key)?.map(Arc::new),
            };
            match opened {
                Some(signer) => drop(standing.signers.insert(id, signer)),
                None if earlier.keys.contains_key(&id) => {}
                None => tracing::warn!(
                    key.id = %id,
                    "a signing key in the database was sealed with another sealing key than this process has; it verifies and cannot \
                     sign. Give every replica the same key, and bring the key along when a backup is restored elsewhere"
                ),
            }
            standing.keys.insert(id, VerifyingKey { public: key.public });
            standing.key_times.push(key.times);
        }
        Ok(standing)
    }
}

/// The key for signing; `None` when it was sealed with another sealing key.
fn open(inner: &Inner, key: &StoredKey) -> Result<Option<SigningKey>, AuthError> {
    let Ok(seed) = inner
        .sealing
        .open(Purpose::SigningKey, key.times.id.as_uuid(), &key.sealed)
    else {
        return Ok(None);
    };
    Ok(Some(SigningKey::of_seed(key.times.id, &seed)?))
}
