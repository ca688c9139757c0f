//! Where something runs (environment) and whose it is (organisation).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ids::OrganizationId;

/// The name of a place where services run: `production`, `staging`, ...
///
/// Lower-case letters, digits and `-`, 1 to 63 characters, beginning and ending with a letter or digit (RFC 1123 label).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Environment(String);

/// The text is not a valid environment name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an environment name: use 1 to 63 lower-case letters, digits and hyphens, such as `production` or `staging-eu`"
)]
pub struct InvalidEnvironment(String);

impl Environment {
    /// The environment that is meant when none is named.
    pub fn production() -> Self {
        Self("production".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::production()
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Environment {
    type Err = InvalidEnvironment;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner_ok = text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let ends_ok = !text.starts_with('-') && !text.ends_with('-');
        if inner_ok && ends_ok && (1..=63).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidEnvironment(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Environment {
    type Error = InvalidEnvironment;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Environment> for String {
    fn from(environment: Environment) -> Self {
        environment.0
    }
}

/// Whose rows, and which environment's: every query that reads what belongs to somebody takes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The owner of the rows.
    pub organization: OrganizationId,
    /// Where the described things run.
    pub environment: Environment,
}

impl Scope {
    /// The default organisation in the given environment.
    pub fn of(environment: Environment) -> Self {
        Self {
            organization: OrganizationId::DEFAULT,
            environment,
        }
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self::of(Environment::production())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_name_is_a_dns_label() {
        for good in ["production", "eu-1", "a"] {
            assert_eq!(good.parse::<Environment>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a-", "Prod", "a b", "a_b", &"x".repeat(64)] {
            assert!(bad.parse::<Environment>().is_err(), "{bad:?} was accepted");
        }
    }
}
