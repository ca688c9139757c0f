//! Signatures of Standard Webhooks (<https://github.com/standard-webhooks/standard-webhooks>, specification 1.0): the
//! receiver can tell that a message is ours, whole and fresh.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use mainstay_kernel::World;
use sha2::Sha256;

const PREFIX: &str = "whsec_";
/// The specification asks for 24 to 64 bytes.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const FRESH_BYTES: usize = 32;

/// What a webhook's messages are signed with. Never printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    key: Vec<u8>,
}

/// The text is no signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a signing secret is `whsec_` followed by 24 to 64 bytes in base64, such as `openssl rand -base64 32` prints; leave it out to have one made"
)]
pub struct InvalidSecret;

impl Secret {
    /// A fresh secret of 32 random bytes.
    pub fn generate(world: &World) -> Self {
        let key = (0..FRESH_BYTES / 8)
            .flat_map(|_| world.random().to_be_bytes())
            .collect();
        Self { key }
    }

    /// Reads `whsec_` and base64; the prefix may be missing, as some receivers hand it out without.
    ///
    /// # Errors
    /// When the rest is not base64 of 24 to 64 bytes.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let text = text.trim();
        let key = STANDARD
            .decode(text.strip_prefix(PREFIX).unwrap_or(text))
            .map_err(|_| InvalidSecret)?;
        if BYTES.contains(&key.len()) {
            Ok(Self { key })
        } else {
            Err(InvalidSecret)
        }
    }

    /// The text to hand to the receiver.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.key))
    }

    /// The value of `webhook-signature` for a message: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, the
    /// timestamp in seconds since the epoch.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        // HMAC takes keys of any length, so the key cannot be refused.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return String::new();
        };
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specifications_example() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_fresh_secret_reads_back_and_is_never_printed() {
        let secret = Secret::generate(&World::system());
        assert_ne!(secret, Secret::generate(&World::system()));
        assert_eq!(Secret::parse(&format!(" {}\n", secret.reveal())), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn a_short_or_garbled_secret_is_refused() {
        for bad in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "whsec_!!!",
            &format!("whsec_{}", STANDARD.encode([0; 65])),
        ] {
            assert_eq!(Secret::parse(bad), Err(InvalidSecret), "{bad}");
        }
    }
}
