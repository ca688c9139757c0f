//! Cryptography: chance for secrets, sealing, signatures, tokens and slow hashes. Knows no account and no database.

mod hasher;
mod jwt;
mod random;
mod seal;
mod signing;

pub use hasher::PasswordCost;
pub(crate) use hasher::{HashError, Hasher};
pub use jwt::TokenError;
pub(crate) use jwt::{Expected, KeySet, in_time, issue, verify};
pub use random::NoEntropy;
pub(crate) use random::random;
pub use seal::{InvalidSealingKey, SealingKey, SealingKeys};
pub(crate) use seal::{Purpose, Unsealable};
pub(crate) use signing::{InvalidKey, SigningKey, VerifyingKey};
