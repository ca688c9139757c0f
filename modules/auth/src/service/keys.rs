//! The keys that sign access tokens: made, published, rotated and forgotten, by whichever replica looks first.

use mainstay_kernel::{TypedId, World, to_micros};
use mainstay_store::Transaction;
use serde_json::json;

use super::{Auth, By};
use crate::{
    crypto::{Purpose, SealingKeys, SigningKey},
    error::AuthError,
    model::{KeyId, KeyPlan, KeyTimes, Permission, Target, plan, signer},
    store::StoredKey,
};

/// The public half of a key, as others need it to verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The `kid`.
    pub id: KeyId,
    /// 32 bytes (RFC 8032, section 5.1.5).
    pub public: Vec<u8>,
}

impl Auth {
    /// Every key that verifies, in the order in which they sign.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        let standing = self.standing();
        let times = standing.key_times.iter();
        times
            .filter_map(|key| {
                let public = standing.keys.get(&key.id)?.public.clone();
                Some(PublicKey { id: key.id, public })
            })
            .collect()
    }

    /// Makes the next key when its time has come, and forgets those that have done their service; `true` when something was
    /// done. What is due is decided again behind the lock, so that replicas who look at once make one key.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn keep_keys(&self) -> Result<bool, AuthError> {
        let standing = self.standing();
        let known = standing
            .key_times
            .iter()
            .map(|key| (*key, standing.signers.contains_key(&key.id)));
        if self.due(known) == KeyPlan::default() {
            return Ok(false);
        }
        let mut tx = self.inner.store.begin().await?;
        self.inner.store.lock(&mut tx).await?;
        let stored = self.inner.store.keys_in(&mut tx).await?;
        let due = self.due(stored.iter().map(|key| (key.times, self.can_open(key))));
        let by = By::system("auth.upkeep");
        if let Some(signs_from) = due.create {
            let key = new_key(&self.inner.world, &self.inner.sealing, signs_from)?;
            self.inner.store.insert_key(&mut tx, &key).await?;
            self.write_key(&mut tx, &by, "key.create", key.times.id).await?;
        }
        for id in due.remove {
            self.inner.store.delete_key(&mut tx, id).await?;
            self.write_key(&mut tx, &by, "key.delete", id).await?;
        }
        self.commit(tx).await?;
        Ok(true)
    }

    /// What is due about keys, each with whether this process can open it. A key that it cannot open is another's to rotate; it is
    /// forgotten when that one has not done so for as long as a key serves.
    fn due(&self, keys: impl Iterator<Item = (KeyTimes, bool)>) -> KeyPlan {
        let now = self.inner.world.now_micros();
        let policy = &self.inner.settings.keys;
        let (own, others): (Vec<_>, Vec<_>) = keys.partition(|(_, is_own)| *is_own);
        let own: Vec<KeyTimes> = own.into_iter().map(|(key, _)| key).collect();
        let mut due = plan(&own, now, policy);
        let served = policy.period.saturating_add(policy.overlap);
        let over = |key: &KeyTimes| key.signs_from.saturating_add(served) <= now;
        due.remove.extend(
            others
                .iter()
                .map(|(key, _)| key)
                .filter(|key| over(key))
                .map(|key| key.id),
        );
        due
    }

    fn can_open(&self, key: &StoredKey) -> bool {
        let sealing = &self.inner.sealing;
        sealing
            .open(Purpose::SigningKey, key.times.id.as_uuid(), &key.sealed)
            .is_ok()
    }

    /// Puts another key in the place of all there are, at once: what they signed is refused from then on. For keys that
    /// somebody else may have; sessions go on, by their refresh tokens.
    ///
    /// # Errors
    /// When whoever asks may not, or the database fails.
    pub async fn replace_keys(&self, by: &By) -> Result<KeyId, AuthError> {
        let mut tx = self.begin_change(by, Permission::KeyWrite).await?;
        for key in self.inner.store.keys_in(&mut tx).await? {
            self.inner.store.delete_key(&mut tx, key.times.id).await?;
            self.write_key(&mut tx, by, "key.delete", key.times.id).await?;
        }
        let key = new_key(&self.inner.world, &self.inner.sealing, self.inner.world.now_micros())?;
        self.inner.store.insert_key(&mut tx, &key).await?;
        self.write_key(&mut tx, by, "key.create", key.times.id).await?;
        self.commit(tx).await?;
        Ok(key.times.id)
    }

    /// The key that signs now.
    pub(super) fn signing_key(&self) -> Result<std::sync::Arc<SigningKey>, AuthError> {
        let standing = self.standing();
        let own = standing
            .key_times
            .iter()
            .filter(|key| standing.signers.contains_key(&key.id));
        let own: Vec<KeyTimes> = own.copied().collect();
        let id = signer(&own, to_micros(self.now()));
        id.and_then(|id| standing.signers.get(&id).cloned())
            .ok_or_else(|| AuthError::Crypto("there is no key that signs".to_owned()))
    }

    async fn write_key(&self, tx: &mut Transaction, by: &By, action: &'static str, id: KeyId) -> Result<(), AuthError> {
        let target = Target {
            kind: "key",
            id: id.to_string(),
            label: "signing key".to_owned(),
        };
        let (before, after) = match action {
            "key.create" => (None, Some(json!({ "algorithm": "EdDSA" }))),
            _ => (Some(json!({ "algorithm": "EdDSA" })), None),
        };
        self.record(tx, by, action, target, before, after).await
    }
}

fn new_key(world: &World, sealing: &SealingKeys, signs_from: i64) -> Result<StoredKey, AuthError> {
    let id: KeyId = world.id();
    let seed = SigningKey::seed()?;
    let key = SigningKey::of_seed(id, &seed)?;
    Ok(StoredKey {
        times: KeyTimes {
            id,
            created_at: world.now_micros(),
            signs_from,
        },
        public: key.public().to_vec(),
        sealed: sealing.seal(Purpose::SigningKey, id.as_uuid(), &seed)?,
    })
}
