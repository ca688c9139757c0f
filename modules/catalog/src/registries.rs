//! Which registry files are versions of one registry, and which of those are in force. Pure.
//!
//! Files of one base name are versions of one registry when they largely describe the same services: more than half of the
//! services of the smaller one. Two repositories may well call their registries alike, and neither must silence the other.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use mainstay_kernel::Environment;

use crate::{
    facts::{FileId, KnownFact},
    model::{SourceKind, compare_versions},
};

/// A registry file that gives itself a version.
#[derive(Debug, Clone)]
pub(crate) struct Edition<'a, K> {
    /// What all versions of one registry have in common for certain, such as their base name.
    pub(crate) key: K,
    pub(crate) version: &'a str,
    /// The services it describes.
    pub(crate) names: BTreeSet<String>,
}

/// Registries of one file name that may share a service and still be told apart.
const MOST_OWNERS: usize = 16;

/// The last part of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Answers for each edition the number of its registry. The order of the editions matters only between equal versions.
///
/// Of the registries that have a name only the newest [`MOST_OWNERS`] are looked at, so that the work grows with the number of
/// names and not with that of pairs of files.
pub(crate) fn group<K: Ord>(editions: &[Edition<'_, K>]) -> Vec<usize> {
    let mut order: Vec<(usize, &Edition<'_, K>)> = editions.iter().enumerate().collect();
    order.sort_by(|(_, a), (_, b)| {
        a.key
            .cmp(&b.key)
            .then_with(|| compare_versions(Some(b.version), Some(a.version)))
    });
    let mut registries = vec![0; editions.len()];
    let mut sizes: Vec<usize> = Vec::new();
    let mut owners: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut key = None;
    for (at, edition) in order {
        if key.replace(&edition.key) != Some(&edition.key) {
            owners.clear();
        }
        let mut common: BTreeMap<usize, usize> = BTreeMap::new();
        for name in &edition.names {
            for registry in owners.get(name.as_str()).into_iter().flatten() {
                *common.entry(*registry).or_default() += 1;
            }
        }
        // Of several that are equally close the newest, whose number is the lowest.
        let closest = common.into_iter().rev().max_by_key(|(_, count)| *count);
        let same = closest.filter(|(registry, count)| {
            let smaller = sizes
                .get(*registry)
                .copied()
                .unwrap_or_default()
                .min(edition.names.len());
            count * 2 > smaller
        });
        let registry = same.map_or_else(
            || {
                sizes.push(0);
                sizes.len() - 1
            },
            |(registry, _)| registry,
        );
        for name in &edition.names {
            let owners = owners.entry(name).or_default();
            if owners.len() < MOST_OWNERS && !owners.contains(&registry) {
                owners.push(registry);
                if let Some(size) = sizes.get_mut(registry) {
                    *size += 1;
                }
            }
        }
        if let Some(place) = registries.get_mut(at) {
            *place = registry;
        }
    }
    registries
}

/// Marks the facts of every registry file that a newer version of the same registry replaces. Between files of the same,
/// newest version the marks that their own import gave them stay (it saw their dates and contents), unless nothing would be
/// left.
pub(crate) fn mark_superseded(facts: &mut [KnownFact]) {
    let histories = histories(facts);
    let mut newest: HashMap<usize, (String, bool)> = HashMap::new();
    let edition = |known: &KnownFact| {
        let registry = *histories.get(&registry_file(known)?)?;
        Some((registry, known.fact.source.version.clone()?))
    };
    for known in facts.iter() {
        let Some((registry, version)) = edition(known) else {
            continue;
        };
        let in_force = !known.fact.superseded;
        match newest.get_mut(&registry) {
            None => drop(newest.insert(registry, (version, in_force))),
            Some((best, alive)) => match compare_versions(Some(&version), Some(best)) {
                Ordering::Greater => (*best, *alive) = (version, in_force),
                Ordering::Equal => *alive |= in_force,
                Ordering::Less => {}
            },
        }
    }
    for known in facts {
        let Some((registry, version)) = edition(known) else {
            continue;
        };
        let Some((best, alive)) = newest.get(&registry) else {
            continue;
        };
        if compare_versions(Some(&version), Some(best)) == Ordering::Less {
            known.fact.superseded = true;
        } else if !alive {
            known.fact.superseded = false;
        }
    }
}

/// The registry of each registry file.
fn histories(facts: &[KnownFact]) -> HashMap<FileId, usize> {
    let mut files: BTreeMap<FileId, Edition<'_, (Environment, String)>> = BTreeMap::new();
    for known in facts {
        let Some(((environment, path), version)) = registry_file(known).zip(known.fact.source.version.as_deref())
        else {
            continue;
        };
        let edition = files
            .entry((environment.clone(), path))
            .or_insert_with_key(|(_, path)| Edition {
                key: (environment, base_name(path).to_owned()),
                version,
                names: BTreeSet::new(),
            });
        edition.names.insert(known.fact.service.to_string());
    }
    let (ids, editions): (Vec<FileId>, Vec<_>) = files.into_iter().unzip();
    ids.into_iter().zip(group(&editions)).collect()
}

fn registry_file(known: &KnownFact) -> Option<FileId> {
    known.file().filter(|_| known.fact.source.kind == SourceKind::Registry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouped(editions: &[(&str, &str, &[&str])]) -> Vec<usize> {
        let editions: Vec<Edition<'_, &str>> = editions
            .iter()
            .map(|(key, version, names)| Edition {
                key: *key,
                version,
                names: names.iter().map(|name| (*name).to_owned()).collect(),
            })
            .collect();
        group(&editions)
    }

    #[test]
    fn versions_share_most_services_and_strangers_of_one_name_do_not() {
        let shop = ["api", "web", "mail"];
        let found = grouped(&[
            ("registry.json", "1.0", &["api", "web"]),
            ("registry.json", "9", &["login", "keys", "api"]),
            ("registry.json", "1.10", &shop),
            ("other.json", "1.0", &shop),
            ("registry.json", "2", &["api", "web", "mail", "search", "pay"]),
        ]);
        assert_eq!((found[0], found[2]), (found[4], found[4]));
        assert_ne!(found[1], found[4], "one name in common is no history");
        assert_ne!(found[3], found[4], "another file name is another registry");
    }

    #[test]
    fn a_registry_that_was_rebuilt_step_by_step_is_one_and_half_of_two_is_not() {
        let steps = grouped(&[
            ("r", "1", &["a", "b", "c"]),
            ("r", "2", &["b", "c", "d"]),
            ("r", "3", &["c", "d", "e"]),
        ]);
        assert_eq!(steps, [0, 0, 0]);
        let half = grouped(&[("r", "1", &["a", "b"]), ("r", "2", &["a", "x", "y"])]);
        assert_ne!(half[0], half[1]);
    }

    #[test]
    fn an_empty_registry_replaces_nothing() {
        let found = grouped(&[("r", "2", &[]), ("r", "1", &["a"])]);
        assert_ne!(found[0], found[1]);
    }

    #[test]
    fn fifty_thousand_strangers_of_one_name_are_told_apart_in_a_moment() {
        let editions: Vec<Edition<'_, &str>> = (0..50_000)
            .map(|at| Edition {
                key: "r",
                version: "1",
                names: BTreeSet::from(["api".to_owned(), format!("a{at}"), format!("b{at}")]),
            })
            .collect();
        let registries: BTreeSet<usize> = group(&editions).into_iter().collect();
        assert_eq!(registries.len(), 50_000);
    }
}
