//! Columns of values: keys that differ in words which no form tells for values, such as names and symbols.
//!
//! A word is a value where many different ones stand in its place and all else is the same: the component, the severity, the length
//! and every other word. What tells of a state or of something done, or only holds a sentence together, is none, so that `order
//! accepted` and `order rejected` stay two. What is said alone decides, neither how often nor in which order. Knows no visits.

mod pattern;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crate::logs::severity::Severity;
use pattern::{ANY_WORD, Kind, Pattern, Token, constants, found, name_of};

/// So many different words make a column one of values, as for the plain words of templates (J).
pub const MANY: usize = 6;
/// The same at the beginning of a key, where mostly stands what happened, or to whom (J).
const MANY_FIRST: usize = 12;
/// Constant words, at least (J): with less, the word in question is most of what is said.
const CONSTANT: usize = 2;
/// One word in so many of a column may tell of a state or a deed, at most (J): names may end as such words do, and where more do, the
/// others are states as well.
const TELLING: usize = 4;
/// Each round makes fewer patterns, so this is only a guard.
const ROUNDS: usize = 32;

/// A key, and what must be the same in those it is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Keyed<'k> {
    /// Number of the statement.
    pub number: u32,
    /// Place of its component.
    pub component: u32,
    /// Its severity.
    pub severity: Option<Severity>,
    /// Its words without values.
    pub key: &'k [u8],
}

/// Statements that differ in values alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Their key, with `<*>` for the words that are values.
    pub key: Vec<u8>,
    /// Their numbers, in order.
    pub members: Vec<u32>,
}

/// Finds the statements that differ in values alone. Each is in one group at most.
pub fn groups<'k>(keys: impl Iterator<Item = Keyed<'k>>) -> Vec<Group> {
    let mut patterns = Patterns::default();
    for key in keys {
        patterns.add(&key);
    }
    for _ in 0..ROUNDS {
        if !patterns.merge_columns() && !patterns.merge_several() {
            break;
        }
    }
    let mut groups: Vec<Group> = patterns.into_groups().collect();
    groups.sort_unstable_by(|one, other| one.members.cmp(&other.members));
    groups
}

/// All patterns by their names, so that what is said alone decides their order.
#[derive(Debug, Default)]
struct Patterns<'k> {
    all: BTreeMap<u64, Pattern<'k>>,
}

/// What the columns of some patterns are.
enum Columns {
    /// Values, all that differ.
    Values(Vec<usize>),
    /// One of them has to be split.
    Split(usize),
    /// None differs.
    None,
}

/// The name of a pattern with a value in a place, that of the pattern, and the place.
type Masked = (u64, u64, usize);

impl<'k> Patterns<'k> {
    fn add(&mut self, key: &Keyed<'k>) {
        let pattern = Pattern::of(key);
        let name = pattern.name_of(&pattern.tokens);
        match self.all.get_mut(&name) {
            Some(known) => known.members.push(key.number),
            None => drop(self.all.insert(name, pattern)),
        }
    }

    /// Makes patterns one that are the same but for one column of values. Tells whether there were any.
    fn merge_columns(&mut self) -> bool {
        let mut masked: Vec<Masked> = Vec::new();
        for (name, pattern) in &self.all {
            pattern.each_masked(|place, without| masked.push((without, *name, place)));
        }
        masked.sort_unstable();
        let runs = masked.chunk_by(|one, other| one.0 == other.0);
        let mut columns: Vec<&[Masked]> = runs.filter(|run| self.is_column(run)).collect();
        // The longest first; the sort is stable, so that names decide among equals.
        columns.sort_by_key(|run| Reverse(run.len()));
        let mut used = BTreeSet::new();
        for run in columns {
            let place = run[0].2;
            let names: Vec<u64> = run.iter().map(|(_, name, _)| *name).collect();
            let names: Vec<u64> = names
                .into_iter()
                .filter(|name| self.are_free(*name, &[place]))
                .collect();
            if !names.iter().any(|name| used.contains(name)) {
                used.extend(names.iter().copied());
                self.merge(names.into_iter(), |at| at == place);
            }
        }
        !used.is_empty()
    }

    /// Whether patterns that are the same but for one word differ in a value: many words stand there, or it is known of others.
    fn is_column(&self, run: &[Masked]) -> bool {
        let (without, first, place) = run[0];
        let known = self.all.get(&without).and_then(|known| known.tokens.get(place));
        if known.is_some_and(|token| token.kind == Kind::Found) {
            return run.iter().any(|(_, name, _)| self.are_free(*name, &[place]));
        }
        if run.len() < MANY {
            return false;
        }
        let pattern = &self.all[&first];
        let left = pattern.with_values(|at| at == place);
        let many = if pattern.begins_at(place) { MANY_FIRST } else { MANY };
        let names: Vec<u64> = run.iter().map(|(_, name, _)| *name).collect();
        constants(&left) >= CONSTANT.max(found(&left)) && self.has_values(&names, place, many)
    }

    /// Whether all words in these places of a pattern may be values.
    fn are_free(&self, name: u64, places: &[usize]) -> bool {
        let kind = |place: &usize| Some(self.all.get(&name)?.tokens.get(*place)?.kind);
        places.iter().all(|place| kind(place) == Some(Kind::Word))
    }

    /// Whether the words of patterns in a place are values: they are many, and few of them tell of a state or a deed.
    fn has_values(&self, names: &[u64], place: usize, many: usize) -> bool {
        let (mut free, mut telling) = (BTreeSet::new(), BTreeSet::new());
        for token in names.iter().filter_map(|name| self.all.get(name)?.tokens.get(place)) {
            match token.kind {
                Kind::Word => free.insert(token.hash),
                _ => telling.insert(token.hash),
            };
        }
        free.len() >= many && telling.len() * TELLING <= free.len() + telling.len()
    }

    /// Makes patterns one that differ in several columns of values at once: what has the same shape is split by the column with the
    /// fewest words until only columns of values are left (Makanju et al., Clustering event logs using iterative partitioning, 2009).
    /// Tells whether there were any.
    fn merge_several(&mut self) -> bool {
        let mut shapes: BTreeMap<(u64, u64), Vec<u64>> = BTreeMap::new();
        for (name, pattern) in self.all.iter().filter(|(_, pattern)| !pattern.is_cut) {
            let part = |token: &Token<'_>| if token.is_constant() { ANY_WORD } else { token.hash };
            let shape = name_of(0, pattern.tokens.iter().map(part));
            shapes.entry((pattern.whose, shape)).or_default().push(*name);
        }
        let mut parts: Vec<Vec<u64>> = shapes.into_values().collect();
        let mut merged = false;
        while let Some(names) = parts.pop() {
            if names.len() < MANY {
                continue;
            }
            match self.columns(&names) {
                Columns::Values(places) => {
                    let free: Vec<u64> = names.into_iter().filter(|name| self.are_free(*name, &places)).collect();
                    self.merge(free.into_iter(), |at| places.contains(&at));
                    merged = true;
                }
                Columns::Split(place) => {
                    let mut of_word: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
                    for name in names {
                        of_word
                            .entry(self.all[&name].tokens[place].hash)
                            .or_default()
                            .push(name);
                    }
                    parts.extend(of_word.into_values());
                }
                Columns::None => {}
            }
        }
        merged
    }

    /// Which columns of patterns of one shape are values.
    fn columns(&self, names: &[u64]) -> Columns {
        let patterns: Vec<&Pattern<'k>> = names.iter().map(|name| &self.all[name]).collect();
        let first = patterns[0];
        let words = (0..first.tokens.len()).filter(|place| first.tokens[*place].is_constant());
        let mut fewest: Option<(usize, usize)> = None;
        let mut varying = Vec::new();
        for place in words {
            let mut hashes: Vec<u64> = patterns.iter().map(|pattern| pattern.tokens[place].hash).collect();
            hashes.sort_unstable();
            hashes.dedup();
            if hashes.len() > 1 {
                varying.push(place);
                fewest = Some(fewest.unwrap_or((usize::MAX, 0)).min((hashes.len(), place)));
            }
        }
        let Some((_, fewest)) = fewest else {
            return Columns::None;
        };
        let left = first.with_values(|at| varying.contains(&at));
        let free: Vec<u64> = names
            .iter()
            .copied()
            .filter(|name| self.are_free(*name, &varying))
            .collect();
        let is_column = |place: &usize| {
            let many = |names: &[u64]| self.has_values(names, *place, MANY);
            !first.begins_at(*place) && many(names) && many(&free)
        };
        if varying.len() > 1 && constants(&left) > found(&left) && varying.iter().all(is_column) {
            Columns::Values(varying)
        } else {
            Columns::Split(fewest)
        }
    }

    /// Makes patterns one, with values in some places.
    fn merge(&mut self, names: impl Iterator<Item = u64>, is_value: impl Fn(usize) -> bool) {
        for name in names {
            let Some(mut pattern) = self.all.remove(&name) else {
                continue;
            };
            pattern.tokens = pattern.with_values(&is_value);
            let name = pattern.name_of(&pattern.tokens);
            match self.all.get_mut(&name) {
                Some(known) => {
                    for (token, same) in known.tokens.iter_mut().zip(&pattern.tokens) {
                        if same.kind == Kind::Found {
                            *token = *same;
                        }
                    }
                    known.members.append(&mut pattern.members);
                }
                None => drop(self.all.insert(name, pattern)),
            }
        }
    }

    fn into_groups(self) -> impl Iterator<Item = Group> {
        let found = self.all.into_values().filter(|pattern| found(&pattern.tokens) > 0);
        found.map(|mut pattern| {
            pattern.members.sort_unstable();
            Group {
                key: pattern.tokens.iter().flat_map(|token| token.text).copied().collect(),
                members: pattern.members,
            }
        })
    }
}

#[cfg(test)]
mod tests;
