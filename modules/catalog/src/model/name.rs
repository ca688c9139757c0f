//! The name of a service: one spelling for what files spell in many ways.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The canonical name of a service: lower case, `-` instead of `_`, a valid host and Kubernetes name (RFC 1123 label).
/// Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "payments-api", pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
pub struct ServiceName(Arc<str>);

/// The text cannot name a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot name a service: use 1 to 63 letters, digits and hyphens, beginning and ending with a letter or digit, such as `payments-api`"
)]
pub struct InvalidServiceName(pub String);

impl ServiceName {
    /// Lower-cases the text, turns `_` into `-`, and checks that the result is an RFC 1123 label.
    ///
    /// # Errors
    /// When the canonical form is still no valid name.
    pub fn parse(text: &str) -> Result<Self, InvalidServiceName> {
        let canonical: String = text
            .chars()
            .map(|char| if char == '_' { '-' } else { char.to_ascii_lowercase() })
            .collect();
        let inner_ok = canonical
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let ends_ok = !canonical.starts_with('-') && !canonical.ends_with('-');
        if inner_ok && ends_ok && (1..=63).contains(&canonical.len()) {
            Ok(Self(canonical.into()))
        } else {
            Err(InvalidServiceName(text.chars().take(100).collect()))
        }
    }

    /// The canonical name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServiceName {
    type Err = InvalidServiceName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ServiceName {
    type Error = InvalidServiceName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> Self {
        name.as_str().to_owned()
    }
}

impl AsRef<str> for ServiceName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn underscores_and_capitals_are_the_same_name() {
        assert_eq!(ServiceName::parse("FKS_Api").unwrap().as_str(), "fks-api");
        assert_eq!(ServiceName::parse("fks-api"), ServiceName::parse("fks_api"));
    }

    #[test]
    fn a_name_that_no_host_could_have_is_refused_with_an_example() {
        for bad in ["", "-a", "a_", "a b", "a.b", "ünder", &"x".repeat(64)] {
            let error = ServiceName::parse(bad).unwrap_err().to_string();
            assert!(error.contains("payments-api"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_parsed_name_parses_to_itself(text in ".{0,70}") {
            if let Ok(name) = ServiceName::parse(&text) {
                prop_assert_eq!(ServiceName::parse(name.as_str()), Ok(name));
            }
        }
    }
}
