//! Several columns of values at once: patterns of one build, split by the columns that have few words until only those
//! with many are left (after Makanju et al., Clustering event logs using iterative partitioning, 2009).

use super::{
    hash::{HashedMap, HashedSet, Sequence},
    kind::ParameterKind,
    merge::Change,
    pattern::Pattern,
};

/// Fewer patterns of one build say nothing about its columns.
const FEWEST: usize = 24;
/// A column with no more distinct words than this splits.
const FEW_WORDS: usize = 8;
/// Stands for any word in the build of a pattern.
const ANY_WORD: u64 = 0xA5A5_0000_0000_0009;

/// Finds groups whose remaining columns are all values. With `squeeze` constant words are asked for less.
pub fn columns_of_values(patterns: &[&Pattern], squeeze: bool, changes: &mut Vec<Change>) {
    let mut builds: HashedMap<Vec<usize>> = HashedMap::default();
    for (index, pattern) in patterns.iter().enumerate() {
        let mut sequence = Sequence::EMPTY;
        for token in pattern.tokens() {
            sequence.push(if token.is_word() { ANY_WORD } else { token.hash });
        }
        builds.entry(sequence.finish()).or_default().push(index);
    }
    for group in builds.into_values().filter(|group| group.len() >= FEWEST) {
        split(patterns, group, squeeze, changes);
    }
}

fn split(patterns: &[&Pattern], group: Vec<usize>, squeeze: bool, changes: &mut Vec<Change>) {
    let tokens = patterns[group[0]].tokens();
    let columns: Vec<(usize, usize)> = (0..tokens.len())
        .filter(|&at| tokens[at].is_word())
        .map(|at| {
            let distinct: HashedSet = group.iter().map(|&index| patterns[index].tokens()[at].hash).collect();
            (distinct.len(), at)
        })
        .collect();
    let varying: Vec<(usize, usize)> = columns.iter().copied().filter(|(distinct, _)| *distinct > 1).collect();
    let Some(&(fewest, at)) = varying.iter().min() else {
        return;
    };
    if fewest <= FEW_WORDS.max(group.len() / 8) && varying.len() > 1 {
        let mut parts: HashedMap<Vec<usize>> = HashedMap::default();
        for index in group {
            parts.entry(patterns[index].tokens()[at].hash).or_default().push(index);
        }
        for part in parts.into_values().filter(|part| part.len() >= FEWEST) {
            split(patterns, part, squeeze, changes);
        }
        return;
    }
    let constant = columns.len() - varying.len();
    let enough = if squeeze {
        constant >= 1
    } else {
        constant >= 2 && constant * 2 >= columns.len()
    };
    if !enough {
        return;
    }
    let varies = |place: usize| varying.iter().any(|&(_, at)| at == place);
    for index in group {
        changes.push(Change {
            index,
            pattern: patterns[index].generalized(ParameterKind::Word, varies),
        });
    }
}
