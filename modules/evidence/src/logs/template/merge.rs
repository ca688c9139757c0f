//! The second pass: patterns that differ in a column of values become one.
//!
//! How many different words make a column a column of values depends on where it stands: behind `=`, behind a noun that
//! announces a name, among names written as in a program, at the beginning of a message, or anywhere.

use super::{
    hash::{HashedMap, HashedSet, Sequence},
    kind::ParameterKind,
    pattern::Pattern,
    split,
    token::{Token, TokenKind, WILD},
    words,
};

/// Distinct words that make a column of plain words a column of values.
const PLAIN: usize = 6;
/// The same behind a preposition.
const AFTER_PREPOSITION: usize = 3;
/// The same where each is written like a name in a program.
const IDENTIFIERS: usize = 3;
/// The same where each is a word with a number.
const NUMBERED: usize = 2;
/// The same at the beginning of the message, which mostly says what happened.
const FIRST: usize = 12;
/// Words that were values once are remembered up to this many.
const VALUES: usize = 1 << 16;

/// One pattern that is to become another.
pub struct Change {
    /// Place in the list of patterns.
    pub index: usize,
    /// What it becomes.
    pub pattern: Pattern,
}

/// What it takes over from one merge to the next.
#[derive(Debug, Default)]
pub struct Merger {
    /// Words that stood in a column of names: elsewhere behind a noun they are names, too.
    values: HashedSet,
}

impl Merger {
    /// One round over all patterns; empty when there is nothing left to merge.
    pub fn round(&mut self, patterns: &[&Pattern], squeeze: bool) -> Vec<Change> {
        let changes = assignments(patterns);
        if !changes.is_empty() {
            return changes;
        }
        let mut used = vec![false; patterns.len()];
        let mut changes = self.columns(patterns, &mut used);
        join(patterns, &mut used, &mut changes);
        lists(patterns, &mut used, &mut changes);
        if changes.is_empty() {
            split::columns_of_values(patterns, squeeze, &mut changes);
        }
        changes
    }

    /// Patterns that are equal but for one word.
    fn columns(&mut self, patterns: &[&Pattern], used: &mut [bool]) -> Vec<Change> {
        let mut keys: Vec<(u64, usize, usize)> = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            exchanges(pattern.tokens(), |at, key| keys.push((key, index, at)));
        }
        keys.sort_unstable();
        let mut runs: Vec<&[(u64, usize, usize)]> = keys.chunk_by(|left, right| left.0 == right.0).collect();
        // A stable sort: patterns in their order of appearance decide among columns of one size.
        runs.sort_by_key(|run| std::cmp::Reverse(run.len()));
        let mut changes = Vec::new();
        for run in runs {
            let at = run[0].2;
            if run.iter().any(|&(_, index, _)| used[index]) || run.len() < self.needed(patterns, run, at) {
                continue;
            }
            let first = patterns[run[0].1].tokens();
            let named = is_named(first, patterns[run[0].1].words(), at);
            let generalized = patterns[run[0].1].generalized(ParameterKind::Word, |index| index == at);
            for &(_, index, _) in run {
                used[index] = true;
                let word = patterns[index].word(at);
                if run.len() > 1 && named {
                    self.note(patterns[index].tokens()[at].hash, word);
                }
                changes.push(Change {
                    index,
                    pattern: generalized.clone(),
                });
            }
        }
        changes
    }

    /// Remembers a word that stood where names stand.
    pub fn note(&mut self, hash: u64, word: &[u8]) {
        let is_name = words::is_lower(word) && !words::is_no_name(word);
        if is_name && self.values.len() < VALUES {
            self.values.insert(hash);
        }
    }

    /// How many distinct words this column has to have.
    fn needed(&self, patterns: &[&Pattern], run: &[(u64, usize, usize)], at: usize) -> usize {
        let pattern = patterns[run[0].1];
        let known = || {
            run.iter()
                .all(|&(_, index, _)| self.values.contains(&patterns[index].tokens()[at].hash))
        };
        if is_assigned(pattern.tokens(), at) {
            return if known() { 1 } else { 2 };
        }
        if run.len() == 1 && !announced(pattern.tokens(), pattern.words(), at) {
            return 2;
        }
        let identifiers = || {
            run.iter()
                .all(|&(_, index, _)| words::is_identifier(patterns[index].word(at)))
        };
        let numbered = || {
            run.iter()
                .all(|&(_, index, _)| patterns[index].tokens()[at].kind == TokenKind::Soft)
        };
        if !pattern.tokens()[..at]
            .iter()
            .any(|token| token.is_word() || token.is_wild())
        {
            return FIRST;
        }
        let before = previous(pattern.tokens(), at);
        let names = || {
            !run.iter()
                .any(|&(_, index, _)| words::is_no_name(patterns[index].word(at)))
        };
        match before.map(|index| (pattern.tokens()[index].kind, pattern.word(index))) {
            Some((TokenKind::Word, word)) if words::is_noun(word) && names() => {
                if known() {
                    1
                } else {
                    2
                }
            }
            _ if numbered() => NUMBERED,
            _ if identifiers() => IDENTIFIERS,
            Some((TokenKind::Delimiter(b'='), _)) => 2,
            Some((TokenKind::Word, word)) if words::is_preposition(word) && names() => {
                if known() {
                    1
                } else {
                    AFTER_PREPOSITION
                }
            }
            _ => PLAIN,
        }
    }
}

/// The last token before a place that is no blank.
fn previous(tokens: &[Token], at: usize) -> Option<usize> {
    tokens[..at].iter().rposition(|token| token.kind != TokenKind::Space)
}

/// Whether a noun or a preposition stands before it.
fn announced(tokens: &[Token], text: &[u8], at: usize) -> bool {
    previous(tokens, at).is_some_and(|index| {
        let word = tokens[index].of(text);
        tokens[index].kind == TokenKind::Word && (words::is_noun(word) || words::is_preposition(word))
    })
}

/// Whether a name stands here, by what stands before it.
pub fn is_named(tokens: &[Token], text: &[u8], at: usize) -> bool {
    is_assigned(tokens, at) || announced(tokens, text, at)
}

/// Whether it is a word that a noun announces, or one that is written as a name.
pub fn is_likely_name(tokens: &[Token], text: &[u8], at: usize) -> bool {
    let noun = || {
        previous(tokens, at)
            .is_some_and(|index| tokens[index].kind == TokenKind::Word && words::is_noun(tokens[index].of(text)))
    };
    is_assigned(tokens, at) || noun() && !words::is_no_name(tokens[at].of(text))
}

/// Whether the word is the value of `key=value` or `key="value"`.
pub fn is_assigned(tokens: &[Token], at: usize) -> bool {
    match tokens[..at] {
        [.., last] if last.is(b'=') => true,
        [.., before, last] => before.is(b'=') && (last.is(b'"') || last.is(b'\'')),
        _ => false,
    }
}

/// Calls with each word's place and the hash of the pattern with a wildcard there.
pub fn exchanges(tokens: &[Token], mut each: impl FnMut(usize, u64)) {
    let mut whole = Sequence::EMPTY;
    for token in tokens {
        whole.push(token.hash);
    }
    let mut walk = Sequence::EMPTY;
    for (at, token) in tokens.iter().enumerate() {
        let factor = walk.push(token.hash);
        if token.is_word() {
            each(at, whole.exchanged(factor, token.hash, WILD));
        }
    }
}

/// Values of assignments are free, all at once: patterns that differ only in them are one.
fn assignments(patterns: &[&Pattern]) -> Vec<Change> {
    let mut groups: HashedMap<Vec<usize>> = HashedMap::default();
    for (index, pattern) in patterns.iter().enumerate() {
        let tokens = pattern.tokens();
        if !tokens.iter().any(|token| token.is(b'=')) {
            continue;
        }
        let mut sequence = Sequence::EMPTY;
        for (at, token) in tokens.iter().enumerate() {
            sequence.push(if token.is_word() && is_assigned(tokens, at) {
                WILD
            } else {
                token.hash
            });
        }
        groups.entry(sequence.finish()).or_default().push(index);
    }
    let mut changes = Vec::new();
    for group in groups.values().filter(|group| group.len() > 1) {
        let first = patterns[group[0]].tokens();
        let varies = |at: usize| {
            group
                .iter()
                .any(|&index| patterns[index].tokens()[at].hash != first[at].hash)
        };
        for &index in group {
            let pattern = patterns[index].generalized(ParameterKind::Word, varies);
            if pattern.hash() != patterns[index].hash() {
                changes.push(Change { index, pattern });
            }
        }
    }
    changes
}

/// A word where another pattern has a wildcard already.
fn join(patterns: &[&Pattern], used: &mut [bool], changes: &mut Vec<Change>) {
    let known: HashedMap<usize> = patterns
        .iter()
        .enumerate()
        .map(|(index, pattern)| (pattern.hash(), index))
        .collect();
    for (index, pattern) in patterns
        .iter()
        .enumerate()
        .filter(|(index, _)| !used[*index])
        .collect::<Vec<_>>()
    {
        let words = pattern.tokens().iter().filter(|token| token.is_word()).count();
        if words < 2 {
            continue;
        }
        let mut target = None;
        exchanges(pattern.tokens(), |_, key| {
            target = target.or_else(|| known.get(&key).copied());
        });
        if target.is_none() {
            let names = pattern.generalized(ParameterKind::Word, |at| {
                pattern.tokens()[at].is_word() && is_likely_name(pattern.tokens(), pattern.words(), at)
            });
            target = known.get(&names.hash()).copied().filter(|&other| other != index);
        }
        if let Some(target) = target {
            used[index] = true;
            changes.push(Change {
                index,
                pattern: patterns[target].clone(),
            });
        }
    }
}

/// Lists of values that were seen in different lengths.
fn lists(patterns: &[&Pattern], used: &mut [bool], changes: &mut Vec<Change>) {
    let mut groups: HashedMap<Vec<usize>> = HashedMap::default();
    let mut short: Vec<Option<Pattern>> = Vec::with_capacity(patterns.len());
    for (index, pattern) in patterns.iter().enumerate() {
        let runs = pattern
            .tokens()
            .windows(3)
            .any(|run| run[0].is_wild() && run[1].kind == TokenKind::Space && run[2].is_wild());
        let without = runs.then(|| pattern.without_runs());
        let hash = without.as_ref().map_or(pattern.hash(), Pattern::hash);
        groups.entry(hash).or_default().push(index);
        short.push(without);
    }
    for group in groups.values().filter(|group| group.len() > 1) {
        for &index in group {
            if let Some(pattern) = short[index].take().filter(|_| !used[index]) {
                used[index] = true;
                changes.push(Change { index, pattern });
            }
        }
    }
}
