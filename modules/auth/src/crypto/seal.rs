//! Sealing: what is in the database and must not be readable there, encrypted with a key that is not there.
//!
//! AES-256-GCM with a random 96-bit nonce. What is sealed is bound to its purpose and its row, so that nothing sealed can be put
//! in another's place. Layout: version (1 byte), key (4 bytes), nonce (12 bytes), ciphertext and tag.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{aead, hmac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{NoEntropy, random};

const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const MARK: usize = 4;
const HEADER: usize = 1 + MARK + aead::NONCE_LEN;
/// What the text of a key begins with.
const PREFIX: &str = "mainstay-seal-1:";

/// The key that secrets in the database are sealed with.
#[derive(Clone)]
pub struct SealingKey([u8; KEY_BYTES]);

/// The text is no sealing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no sealing key: one is `{PREFIX}` and 44 characters of base64")]
pub struct InvalidSealingKey;

/// What was sealed cannot be opened with the keys at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret in the database was sealed with another key")]
pub(crate) struct Unsealable;

/// What a sealed secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    SigningKey,
    Totp,
}

impl SealingKey {
    /// A fresh key.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, NoEntropy> {
        Ok(Self(random()?))
    }

    /// Reads a key from its text, as in a file or a variable; white space around it does not matter.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidSealingKey> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(InvalidSealingKey)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| InvalidSealingKey)?;
        bytes.try_into().map(Self).map_err(|_| InvalidSealingKey)
    }

    /// The text that [`SealingKey::parse`] reads.
    pub fn to_text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    /// Tells keys apart without saying anything about them.
    fn mark(&self) -> [u8; MARK] {
        let digest = Sha256::new()
            .chain_update(b"mainstay mark")
            .chain_update(self.0)
            .finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    fn aead(&self) -> Option<aead::LessSafeKey> {
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, &self.0).ok()?;
        Some(aead::LessSafeKey::new(key))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// The key that seals, and earlier ones that still open. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SealingKeys {
    current: Arc<SealingKey>,
    earlier: Arc<[SealingKey]>,
}

impl SealingKeys {
    /// Seals with `current`; opens what that or one of `earlier` sealed.
    pub fn new(current: SealingKey, earlier: impl IntoIterator<Item = SealingKey>) -> Self {
        Self {
            current: Arc::new(current),
            earlier: earlier.into_iter().collect(),
        }
    }

    pub(crate) fn seal(&self, purpose: Purpose, row: Uuid, secret: &[u8]) -> Result<Vec<u8>, NoEntropy> {
        let nonce = random::<{ aead::NONCE_LEN }>()?;
        let mut sealed = Vec::with_capacity(HEADER + secret.len() + aead::AES_256_GCM.tag_len());
        sealed.push(VERSION);
        sealed.extend(self.current.mark());
        sealed.extend(nonce);
        let mut body = secret.to_vec();
        // The key has the right length, and no secret is as long as the cipher's limit; neither can fail.
        self.current
            .aead()
            .and_then(|key| {
                let nonce = aead::Nonce::assume_unique_for_key(nonce);
                key.seal_in_place_append_tag(nonce, aead::Aad::from(binding(purpose, row)), &mut body)
                    .ok()
            })
            .ok_or(NoEntropy)?;
        sealed.extend(body);
        Ok(sealed)
    }

    pub(crate) fn open(&self, purpose: Purpose, row: Uuid, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (header, body) = sealed.split_at_checked(HEADER).ok_or(Unsealable)?;
        let (mark, nonce) = header[1..].split_at(MARK);
        if header[0] != VERSION {
            return Err(Unsealable);
        }
        let key = std::iter::once(&*self.current)
            .chain(self.earlier.iter())
            .find(|key| key.mark() == mark)
            .and_then(SealingKey::aead)
            .ok_or(Unsealable)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unsealable)?;
        let mut body = body.to_vec();
        let open = key
            .open_in_place(nonce, aead::Aad::from(binding(purpose, row)), &mut body)
            .map_err(|_| Unsealable)?;
        Ok(open.to_vec())
    }

    /// Signs public bytes, so that only a holder of the key can have written them.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        hmac::sign(&signing(&self.current), bytes).as_ref().to_vec()
    }

    /// Whether one of the keys signed these bytes.
    pub(crate) fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        std::iter::once(&*self.current)
            .chain(self.earlier.iter())
            .any(|key| hmac::verify(&signing(key), bytes, signature).is_ok())
    }
}

/// A key of its own for signing: one key is not used for two things.
fn signing(key: &SealingKey) -> hmac::Key {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key.0), b"mainstay change log");
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

fn binding(purpose: Purpose, row: Uuid) -> Vec<u8> {
    let purpose: &[u8] = match purpose {
        Purpose::SigningKey => b"signing-key",
        Purpose::Totp => b"totp",
    };
    [purpose, row.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROW: Uuid = Uuid::from_u128(3);

    fn keys() -> SealingKeys {
        SealingKeys::new(SealingKey([1; 32]), [])
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_opened_and_cannot_be_read(secret in proptest::collection::vec(any::<u8>(), 8..100)) {
            let sealed = keys().seal(Purpose::Totp, ROW, &secret).unwrap();
            prop_assert_eq!(keys().open(Purpose::Totp, ROW, &sealed).unwrap(), secret.clone());
            prop_assert!(!sealed.windows(8).any(|window| window == &secret[..8]));
        }

        #[test]
        fn any_change_is_found(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut sealed = keys().seal(Purpose::Totp, ROW, b"a secret of some length").unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(keys().open(Purpose::Totp, ROW, &sealed), Err(Unsealable));
            prop_assert_eq!(keys().open(Purpose::Totp, ROW, &sealed[..at]), Err(Unsealable));
        }
    }

    #[test]
    fn it_opens_only_where_it_belongs() {
        let sealed = keys().seal(Purpose::Totp, ROW, b"secret").unwrap();
        assert_eq!(keys().open(Purpose::SigningKey, ROW, &sealed), Err(Unsealable));
        assert_eq!(keys().open(Purpose::Totp, Uuid::from_u128(4), &sealed), Err(Unsealable));
        let others = SealingKeys::new(SealingKey([2; 32]), []);
        assert_eq!(others.open(Purpose::Totp, ROW, &sealed), Err(Unsealable));
    }

    #[test]
    fn an_earlier_key_opens_and_the_present_one_seals() {
        let sealed = keys().seal(Purpose::Totp, ROW, b"secret").unwrap();
        let rotated = SealingKeys::new(SealingKey([2; 32]), [SealingKey([1; 32])]);
        assert_eq!(rotated.open(Purpose::Totp, ROW, &sealed).unwrap(), b"secret");
        let again = rotated.seal(Purpose::Totp, ROW, b"secret").unwrap();
        assert_eq!(keys().open(Purpose::Totp, ROW, &again), Err(Unsealable));
        assert!(rotated.has_signed(b"end", &keys().sign(b"end")));
        assert!(!rotated.has_signed(b"and", &keys().sign(b"end")));
    }

    #[test]
    fn a_key_is_read_back_from_its_text_and_not_shown() {
        let key = SealingKey::generate().unwrap();
        let text = key.to_text();
        assert_eq!(SealingKey::parse(&format!("  {text}\n")).unwrap().0, key.0);
        for bad in ["", "secret", PREFIX, &text[..text.len() - 4], &text.replace(PREFIX, "")] {
            assert!(SealingKey::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(format!("{key:?}"), "SealingKey(…)");
    }
}
