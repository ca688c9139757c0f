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

    /// Every alias with the service it means.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, service)| (name.as_str(), service.as_str()))
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

/// The known name that was probably meant: one that differs by a letter or two, or by a prefix or suffix such as `shop-`.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = name.chars().count().div_ceil(4).min(MOST_EDITS);
    let longer = |known: &str| {
        let (short, long) = if known.len() < name.len() {
            (known, name)
        } else {
            (name, known)
        };
        short.len() >= 2 && (long.ends_with(&format!("-{short}")) || long.starts_with(&format!("{short}-")))
    };
    known
        .into_iter()
        .filter(|known| *known != name)
        .filter_map(|known| match edits(name, known, most) {
            Some(distance) => Some((distance, known)),
            None => longer(known).then_some((MOST_EDITS + 1, known)),
        })
        .min()
        .map(|(_, known)| known)
}

/// More differences than this make another word.
const MOST_EDITS: usize = 2;

/// In how many letters two words differ (inserted, left out, replaced, or two swapped); nothing when there are more than
/// `most`. Optimal string alignment, row by row.
fn edits(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, right) in b.iter().enumerate() {
            let replaced = at(&row, j) + usize::from(left != right);
            let swapped = match (i.checked_sub(1), j.checked_sub(1)) {
                (Some(i), Some(j)) if a.get(i) == Some(right) && b.get(j) == Some(left) => at(&above, j) + 1,
                _ => usize::MAX,
            };
            let one_more = at(&row, j + 1).min(at(&next, j)) + 1;
            next.push(replaced.min(one_more).min(swapped));
        }
        if next.iter().all(|distance| *distance > most) {
            return None;
        }
        above = std::mem::replace(&mut row, next);
    }
    row.last().copied().filter(|distance| *distance <= most)
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
    fn the_nearest_name_is_a_misspelling_or_lacks_a_prefix() {
        let known = ["payments-api", "fks-web", "ledger", "lodger"];
        let near = |name| nearest(name, known);
        assert_eq!(near("paymets-api"), Some("payments-api"));
        assert_eq!(near("legder"), Some("ledger"));
        assert_eq!(near("web"), Some("fks-web"));
        assert_eq!(nearest("wbe", ["web"]), Some("web"));
        assert_eq!(near("payments"), Some("payments-api"));
        assert_eq!(near("ledger"), Some("lodger"), "the name itself is no other");
        for far in ["", "x", "mail", "billing-api"] {
            assert_eq!(near(far), None, "{far}");
        }
    }

    #[test]
    fn an_alias_applies_to_every_spelling() {
        let aliases = Aliases::new(&BTreeMap::from([("Web_UI".to_owned(), "fks_web".to_owned())]));
        assert_eq!(aliases.resolve("web-ui"), "fks-web");
        assert_eq!(aliases.resolve("api"), "api");
    }
}
