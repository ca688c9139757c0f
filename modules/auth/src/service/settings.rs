//! What can be chosen: lifetimes, limits, names.

use jiff::SignedDuration;

use crate::{
    crypto::PasswordCost,
    model::{KeyPolicy, Limit},
};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// How this module works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who issues access tokens: the address under which browsers reach Mainstay.
    pub issuer: String,
    /// Whom access tokens are for.
    pub audience: String,
    /// How long an access token is valid.
    pub access_lifetime: SignedDuration,
    /// How long a session lasts without being used.
    pub refresh_lifetime: SignedDuration,
    /// How long a session lasts at all.
    pub session_lifetime: SignedDuration,
    /// How long keys sign and verify.
    pub keys: KeyPolicy,
    /// What a password's hash costs.
    pub password_cost: PasswordCost,
    /// How often signing in may be tried.
    pub limits: Limits,
}

/// How often signing in may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From one address.
    pub address: Limit,
    /// To one account, from addresses it has never signed in from, all of them together.
    pub stranger: Limit,
    /// To one account, from one address it has signed in from.
    pub known: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            address: Limit::new(30, 10),
            stranger: Limit::new(10, 60),
            known: Limit::new(10, 10),
        }
    }
}

impl Settings {
    /// The defaults, for a Mainstay at that address.
    pub fn at(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: "mainstay-api".to_owned(),
            access_lifetime: SignedDuration::from_mins(15),
            refresh_lifetime: SignedDuration::from_hours(24 * 7),
            session_lifetime: SignedDuration::from_hours(24 * 30),
            keys: KeyPolicy {
                period: 30 * 24 * HOUR,
                lead: 10 * MINUTE,
                // Far longer than a token lives, for clocks that are an hour wrong.
                overlap: 3 * HOUR,
            },
            password_cost: PasswordCost::default(),
            limits: Limits::default(),
        }
    }
}
