//! Secrets that are handed out: refresh tokens, API tokens, one-time links. Each begins with its kind, so that one found in a
//! log or a repository can be told for what it is.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// Random bytes in a secret.
pub(crate) const SECRET_BYTES: usize = 32;

/// What a secret opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// Goes on with a session.
    Refresh,
    /// Stands for somebody in a program.
    Token,
    /// Sets a password, once.
    Link,
}

impl SecretKind {
    /// What secrets of the kind begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "msr_",
            Self::Token => "mst_",
            Self::Link => "msl_",
        }
    }
}

/// A secret in the clear. It is shown once and kept nowhere; its `Debug` form says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The SHA-256 of a secret: all that is stored. The secret is 256 random bits, so nothing slower is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl Secret {
    /// The secret that is made of these random bytes.
    pub(crate) fn of(kind: SecretKind, bytes: &[u8; SECRET_BYTES]) -> Self {
        Self(format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Reads a secret that somebody presents; `None` when it cannot be one of the kind.
    pub fn read(kind: SecretKind, text: &str) -> Option<Self> {
        let random = text.strip_prefix(kind.prefix())?;
        let mut bytes = [0; SECRET_BYTES];
        // One byte more than fits is an error, one less too.
        let length = URL_SAFE_NO_PAD.decode_slice(random, &mut bytes).ok()?;
        (length == SECRET_BYTES).then(|| Self(text.to_owned()))
    }

    /// The secret in the clear, for its owner's eyes.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl SecretHash {
    /// A stored hash; `None` when it has not 32 bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, as they are stored.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_secret_is_read_back_and_only_as_its_own_kind(bytes in any::<[u8; 32]>()) {
            let secret = Secret::of(SecretKind::Token, &bytes);
            prop_assert_eq!(Secret::read(SecretKind::Token, secret.reveal()), Some(secret.clone()));
            prop_assert_eq!(Secret::read(SecretKind::Refresh, secret.reveal()), None);
            let shown = format!("{secret:?} {:?}", secret.hash());
            prop_assert!(!shown.contains(secret.reveal()));
        }

        #[test]
        fn text_that_nobody_handed_out_is_no_secret(text in ".{0,80}") {
            if let Some(secret) = Secret::read(SecretKind::Link, &text) {
                prop_assert_eq!(secret.reveal().len(), 47);
            }
        }
    }

    #[test]
    fn a_secret_of_another_length_is_none() {
        let secret = Secret::of(SecretKind::Refresh, &[7; 32]);
        for text in [
            format!("{}A", secret.reveal()),
            secret.reveal()[..secret.reveal().len() - 1].to_owned(),
            "msr_".to_owned(),
            format!("{}=", secret.reveal()),
        ] {
            assert_eq!(Secret::read(SecretKind::Refresh, &text), None, "{text}");
        }
    }
}
