//! The closed vocabularies of the catalog: one text for each word, the same on the wire, in files and in the database.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares an enum whose variants have one kebab-case text, the same on the wire, in files and in the database.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident, $error:literal { $($(#[$variant_meta:meta])* $variant:ident = $text:tt),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The text on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { text: text.chars().take(100).collect(), what: $error, known: &[$($text),+] }),
                }
            }
        }
    };
}

/// The text is none of the words that are known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: use one of {}", known.join(", "))]
pub struct UnknownWord {
    text: String,
    what: &'static str,
    known: &'static [&'static str],
}

text_enum!(
    /// How much a service matters.
    #[derive(Default)]
    Tier, "a tier" {
        /// People are woken when it fails.
        Critical = "critical",
        /// Customers notice when it fails.
        High = "high",
        /// What nobody has graded.
        #[default]
        Standard = "standard",
        /// Can wait until Monday.
        Low = "low",
    }
);

text_enum!(
    /// What happens to a service when the other one is away.
    DependencyKind, "a kind of dependency" {
        /// It cannot work without the other one.
        Hard = "hard",
        /// It works on, perhaps with less to offer.
        Soft = "soft",
    }
);

text_enum!(
    /// What an endpoint is for.
    EndpointKind, "a kind of endpoint" {
        /// General health.
        Health = "health",
        /// May receive traffic.
        Readiness = "readiness",
        /// Need not be restarted.
        Liveness = "liveness",
        /// Metrics in Prometheus' text format.
        Metrics = "metrics",
        /// Where the service itself answers.
        Base = "base",
    }
);

text_enum!(
    /// What kind of source a value came from; ordered by precedence, the first wins.
    SourceKind, "a kind of source" {
        /// A person, in the dashboard or by the API.
        Person = "person",
        /// Mainstay's own YAML.
        Mainstay = "mainstay",
        /// Backstage `catalog-info.yaml`.
        Backstage = "backstage",
        /// A service registry (JSON).
        Registry = "registry",
        /// `monitor.toml` of an older monitor, a registry without a version.
        MonitorToml = "monitor-toml",
        /// One YAML file for one service.
        ServiceYaml = "service-yaml",
        /// Docker compose.
        Compose = "compose",
        /// Kubernetes manifests.
        Kubernetes = "kubernetes",
        /// Prometheus scrape configuration and rules.
        Prometheus = "prometheus",
        /// `slos.json`.
        Slos = "slos",
    }
);

text_enum!(
    /// Where a service is edited.
    ManagedBy, "a manager of services" {
        /// A file under version control: read-only everywhere else.
        File = "file",
        /// The API and the dashboard.
        Api = "api",
        /// An import; a person may edit it, and the edit wins over every later import.
        Import = "import",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let error = "urgent".parse::<Tier>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`urgent` is not a tier: use one of critical, high, standard, low"
        );
    }
}
