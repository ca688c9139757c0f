//! When two names mean one service, and what counts as a name on a network.

use std::collections::BTreeMap;

/// Lower case, `-` instead of `_`: two names are one service when this is equal.
pub(crate) fn norm(name: &str) -> String {
    name.trim()
        .chars()
        .map(|char| if char == '_' { '-' } else { char.to_ascii_lowercase() })
        .collect()
}

/// One label of RFC 1123: letters, digits and inner hyphens, at most 63.
pub(crate) fn is_label(text: &str, upper_case_allowed: bool) -> bool {
    let inner_ok = text.bytes().all(|byte| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || byte == b'-'
            || (upper_case_allowed && byte.is_ascii_uppercase())
    });
    inner_ok && !text.starts_with('-') && !text.ends_with('-') && (1..=63).contains(&text.len())
}

/// A host name of dot-separated labels, or an IP address.
pub(crate) fn is_host(text: &str) -> bool {
    if text.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let text = text.strip_suffix('.').unwrap_or(text);
    text.len() <= 253 && text.split('.').all(|label| is_label(label, true))
}

/// The names that were declared to mean other services, normalised on both sides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aliases(BTreeMap<String, String>);

impl Aliases {
    pub(crate) fn new(aliases: &BTreeMap<String, String>) -> Self {
        Self(aliases.iter().map(|(from, to)| (norm(from), norm(to))).collect())
    }

    /// The service a name means: normalised, and replaced when an alias says so (once; an alias of an alias is none).
    pub(crate) fn resolve(&self, name: &str) -> String {
        let name = norm(name);
        self.0.get(&name).cloned().unwrap_or(name)
    }
}

/// The longest prefix ending in `-` that at least three and at least half of the names share.
pub(crate) fn common_prefix(names: &[&str]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        for (at, _) in name.match_indices('-') {
            if let Some(prefix) = name.get(..=at) {
                *counts.entry(prefix).or_default() += 1;
            }
        }
    }
    counts
        .into_iter()
        .filter(|(_, count)| *count >= 3 && *count * 2 >= names.len())
        .map(|(prefix, _)| prefix)
        .max_by_key(|prefix| prefix.len())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_after_lower_casing_and_hyphens() {
        assert_eq!(norm("FKS_Api"), norm("fks-api"));
        assert_ne!(norm("api"), norm("fks-api"));
    }

    #[test]
    fn a_host_is_labels_or_an_address() {
        for good in ["api", "A.b-c.1", "10.0.0.1", "::1", "example.com."] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["fks_api", "-a", "a-", "", "a..b", &"x".repeat(64)] {
            assert!(!is_host(bad), "{bad}");
        }
    }

    #[test]
    fn a_prefix_is_common_when_three_and_half_share_it() {
        assert_eq!(
            common_prefix(&["fks-api", "fks-web", "fks-data"]).as_deref(),
            Some("fks-")
        );
        assert_eq!(common_prefix(&["fks-api", "fks-web", "data"]), None);
        assert_eq!(common_prefix(&["a-1", "a-2", "a-3", "b", "c", "d", "e"]), None);
    }

    #[test]
    fn an_alias_applies_to_every_spelling() {
        let aliases = Aliases::new(&BTreeMap::from([("Web_UI".to_owned(), "fks_web".to_owned())]));
        assert_eq!(aliases.resolve("web-ui"), "fks-web");
        assert_eq!(aliases.resolve("api"), "api");
    }
}
