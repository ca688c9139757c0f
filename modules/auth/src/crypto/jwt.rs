//! Access tokens: JSON Web Tokens (RFC 7519) in compact form, signed with Ed25519 (`EdDSA`, RFC 8037), typed `at+jwt` (RFC 9068).
//!
//! One algorithm is known and it is not chosen by the token, so that none of the ways to choose a weaker one exists. A header
//! with anything else in it, such as a key or the address of one, is refused as a whole.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{SigningKey, VerifyingKey};
use crate::model::{Claims, KeyId};

/// Longer texts are no tokens of ours.
const LONGEST: usize = 4_096;
const ALGORITHM: &str = "EdDSA";
const TYPE: &str = "at+jwt";
/// Seconds that a token may seem to come from the future, because clocks of replicas differ.
const SKEW_S: i64 = 60;

/// Why a bearer token is not accepted. All of it is a 401; the differences are for logs and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token at all.
    #[error("it is not one of this Mainstay's tokens")]
    Malformed,
    /// It wants to be verified in another way.
    #[error("it is not signed with Ed25519")]
    Algorithm,
    /// No such key is in service.
    #[error("it was signed with a key that is not in service")]
    UnknownKey,
    /// The signature is not that key's.
    #[error("its signature is wrong")]
    Signature,
    /// Another issuer made it.
    #[error("it was issued by somebody else")]
    Issuer,
    /// It is for somebody else.
    #[error("it is meant for somebody else")]
    Audience,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// It comes from the future.
    #[error("it is not valid yet")]
    NotYet,
    /// It, its session or everything its owner held was revoked.
    #[error("it was revoked")]
    Revoked,
    /// Its owner has no account any more, or one that is switched off.
    #[error("its owner's account is gone or switched off")]
    Inactive,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The algorithm alone, for telling why a header was refused.
#[derive(Debug, Deserialize)]
struct Algorithm {
    alg: String,
}

/// Keys by name.
pub(crate) type KeySet = HashMap<KeyId, VerifyingKey>;

/// What a token has to say besides being signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    /// Seconds since 1970.
    pub(crate) now_s: i64,
}

/// The token that says `claims`; `None` only if they could not be written as JSON.
pub(crate) fn issue(key: &SigningKey, claims: &Claims) -> Option<String> {
    let header = Header {
        alg: ALGORITHM.to_owned(),
        typ: TYPE.to_owned(),
        kid: key.id.to_string(),
    };
    let part = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
    let message = format!(
        "{}.{}",
        part(serde_json::to_vec(&header).ok()?),
        part(serde_json::to_vec(claims).ok()?)
    );
    let signature = part(key.sign(message.as_bytes()));
    Some(format!("{message}.{signature}"))
}

/// The claims of a token that says what is expected, and which of `keys` signed it.
pub(crate) fn verify(token: &str, keys: &KeySet, expected: Expected<'_>) -> Result<(KeyId, Claims), TokenError> {
    if token.len() > LONGEST {
        return Err(TokenError::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
    let id = key_of(&decode(header)?)?;
    let key = keys.get(&id).ok_or(TokenError::UnknownKey)?;
    if !key.has_signed(message.as_bytes(), &decode(signature)?) {
        return Err(TokenError::Signature);
    }
    let claims: Claims = serde_json::from_slice(&decode(payload)?).map_err(|_| TokenError::Malformed)?;
    if claims.iss != expected.issuer {
        return Err(TokenError::Issuer);
    }
    if claims.aud != expected.audience || claims.r#type != crate::model::ACCESS {
        return Err(TokenError::Audience);
    }
    in_time(&claims, expected.now_s)?;
    Ok((id, claims))
}

/// Whether a token is within its time.
pub(crate) fn in_time(claims: &Claims, now_s: i64) -> Result<(), TokenError> {
    if claims.exp <= now_s {
        return Err(TokenError::Expired);
    }
    if claims.iat > now_s.saturating_add(SKEW_S) {
        return Err(TokenError::NotYet);
    }
    Ok(())
}

fn key_of(header: &[u8]) -> Result<KeyId, TokenError> {
    let Ok(header) = serde_json::from_slice::<Header>(header) else {
        return Err(match serde_json::from_slice::<Algorithm>(header) {
            Ok(found) if found.alg != ALGORITHM => TokenError::Algorithm,
            _ => TokenError::Malformed,
        });
    };
    if header.alg != ALGORITHM {
        return Err(TokenError::Algorithm);
    }
    if header.typ != TYPE {
        return Err(TokenError::Malformed);
    }
    header.kid.parse().map_err(|_| TokenError::UnknownKey)
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
mod tests;
