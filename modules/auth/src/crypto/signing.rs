//! Ed25519 keys (RFC 8032): one that signs, one that verifies.

use std::fmt;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::{NoEntropy, random};
use crate::model::KeyId;

const SEED: usize = 32;

/// The bytes are no Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored signing key is damaged")]
pub(crate) struct InvalidKey;

/// A key that signs, and its name.
pub(crate) struct SigningKey {
    pub(crate) id: KeyId,
    pair: Ed25519KeyPair,
}

/// A key that verifies.
#[derive(Debug, Clone)]
pub(crate) struct VerifyingKey {
    pub(crate) public: Vec<u8>,
}

impl SigningKey {
    /// The seed of a new key.
    pub(crate) fn seed() -> Result<[u8; SEED], NoEntropy> {
        random()
    }

    /// The key of a seed.
    pub(crate) fn of_seed(id: KeyId, seed: &[u8]) -> Result<Self, InvalidKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| InvalidKey)?;
        Ok(Self { id, pair })
    }

    pub(crate) fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl VerifyingKey {
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public)
            .verify(message, signature)
            .is_ok()
    }
}
