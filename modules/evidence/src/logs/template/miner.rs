//! The miner: from a stream of messages to templates.

use super::{
    align::{Span, align},
    hash::{HashedMap, HashedSet},
    kind::ParameterKind,
    merge::{Merger, exchanges, is_assigned, is_likely_name, is_named},
    model::{Absorb, MinerLimits, MinerStats, PatternId, Template, Templates},
    pattern::{Pattern, hash_of},
    pool::Pool,
    scan::scan,
    token::{Token, TokenKind, push_joined},
};

/// Lines in which a word with a number has to be the same to count as constant.
const STEADY: u64 = 5;
/// New patterns before the first merge, and the least between two.
const FIRST_MERGE: usize = 128;
/// Hashes that are remembered while patterns are folded.
const LATELY: usize = 1 << 16;
/// One in so many new patterns is kept at first sight while patterns are folded.
const ADMITTED: u64 = 32;

/// Mines templates from messages, one at a time.
#[derive(Debug)]
pub struct Miner<T> {
    pool: Pool<T>,
    merger: Merger,
    limits: MinerLimits,
    stats: MinerStats,
    vocabulary: HashedSet,
    tokens: Vec<Token>,
    candidate: Vec<Token>,
    spans: Vec<Span>,
    fresh: usize,
    merge_after: usize,
    /// Hashes seen lately; empty unless patterns had to be folded.
    lately: Vec<u64>,
}

impl<T: Absorb> Miner<T> {
    /// An empty miner.
    pub fn new(limits: MinerLimits) -> Self {
        Self {
            pool: Pool::new(limits.aliases.max(limits.patterns * 2)),
            merger: Merger::default(),
            limits,
            stats: MinerStats::default(),
            vocabulary: HashedSet::default(),
            tokens: Vec::new(),
            candidate: Vec::new(),
            spans: Vec::new(),
            fresh: 0,
            merge_after: FIRST_MERGE,
            lately: Vec::new(),
        }
    }

    /// Counts a message and gives the caller's data of its pattern.
    pub fn add(&mut self, text: &[u8]) -> (PatternId, &mut T) {
        let mut tokens = std::mem::take(&mut self.tokens);
        scan(text, &mut tokens);
        self.stats.messages += 1;
        let hash = hash_of(&tokens);
        let id = match self.pool.find(hash) {
            Some(id) => id,
            None => self.place(text, &tokens, hash),
        };
        self.tokens = tokens;
        self.count(text, id)
    }

    fn count(&mut self, text: &[u8], id: u32) -> (PatternId, &mut T) {
        let sketched = self.limits.sketches;
        let node = self.pool.node_mut(id);
        node.count += 1;
        if sketched && !node.sketches.is_empty() && align(node.pattern.tokens(), &self.tokens, &mut self.spans) {
            for (sketch, &(from, to)) in node.sketches.iter_mut().zip(&self.spans) {
                let (first, last) = (&self.tokens[from], &self.tokens[to - 1]);
                let kind = match first.kind {
                    TokenKind::Wild(kind) if to == from + 1 => kind,
                    TokenKind::Soft | TokenKind::Word if to == from + 1 => ParameterKind::Word,
                    _ => ParameterKind::List,
                };
                sketch.note(kind, &text[first.start as usize..last.end as usize]);
            }
        }
        (PatternId(id), &mut node.data)
    }

    /// Finds the pattern of a message whose hash is not known, or makes one.
    fn place(&mut self, text: &[u8], tokens: &[Token], hash: u64) -> u32 {
        if let Some(id) = self.generalized(text, tokens) {
            self.learn(text, tokens, id);
            self.pool.alias(hash, id);
            return id;
        }
        if self.fresh >= self.merge_after || self.pool.live() >= self.limits.patterns {
            self.merge();
            if let Some(id) = self.pool.find(hash).or_else(|| self.generalized(text, tokens)) {
                self.pool.alias(hash, id);
                return id;
            }
        }
        if self.pool.ever() >= self.limits.ever || !self.admits(hash) {
            self.stats.folded_messages += 1;
            return self.pool.folded(tokens, text);
        }
        self.fresh += 1;
        self.vocabulary
            .extend(tokens.iter().filter(|token| token.is_word()).map(|token| token.hash));
        self.pool.insert(Pattern::new(tokens, text))
    }

    /// While patterns are folded for want of room a new one is kept when it is seen again. Of those that are not, some
    /// are kept all the same, so that columns of values are still found.
    fn admits(&mut self, hash: u64) -> bool {
        if self.lately.is_empty() {
            return true;
        }
        let slot = usize::try_from(hash >> 40).unwrap_or(0) % self.lately.len();
        std::mem::replace(&mut self.lately[slot], hash) == hash || hash.is_multiple_of(ADMITTED)
    }

    /// Words that stand where names stand, and were just taken for values.
    fn learn(&mut self, text: &[u8], tokens: &[Token], id: u32) {
        if !align(self.pool.node_mut(id).pattern.tokens(), tokens, &mut self.spans) {
            return;
        }
        for &(at, end) in &self.spans {
            if end == at + 1 && tokens[at].is_word() && is_named(tokens, text, at) {
                self.merger.note(tokens[at].hash, tokens[at].of(text));
            }
        }
    }

    /// A known pattern with wildcards where the message has words: in assignments, where names stand, where a word was never
    /// seen, or in
    /// any one place.
    fn generalized(&mut self, text: &[u8], tokens: &[Token]) -> Option<u32> {
        let words = tokens.iter().filter(|token| token.is_word()).count();
        let found = self
            .where_values(tokens, words, |at, _| is_assigned(tokens, at))
            .or_else(|| self.where_values(tokens, words, |at, _| is_likely_name(tokens, text, at)))
            .or_else(|| {
                let vocabulary = std::mem::take(&mut self.vocabulary);
                let found = self.where_values(tokens, words, |_, token| !vocabulary.contains(&token.hash));
                self.vocabulary = vocabulary;
                found
            });
        found.or_else(|| if words < 2 { None } else { self.one_word(tokens) })
    }

    fn where_values(
        &mut self,
        tokens: &[Token],
        words: usize,
        is_value: impl Fn(usize, &Token) -> bool,
    ) -> Option<u32> {
        let values = tokens
            .iter()
            .enumerate()
            .filter(|(at, token)| token.is_word() && is_value(*at, token))
            .count();
        if values == 0 || values == words {
            return None;
        }
        self.candidate.clear();
        for (at, token) in tokens.iter().enumerate() {
            let value = token.is_word() && is_value(at, token);
            let token = if value {
                Token::wild(ParameterKind::Word, token.start, token.end)
            } else {
                *token
            };
            push_joined(&mut self.candidate, token);
        }
        self.pool.find(hash_of(&self.candidate))
    }

    fn one_word(&mut self, tokens: &[Token]) -> Option<u32> {
        let mut found = None;
        let pool = &mut self.pool;
        exchanges(tokens, |_, key| {
            if found.is_none() {
                found = pool.find(key);
            }
        });
        if found.is_some() {
            return found;
        }
        // Where the neighbours are values the wildcard is joined with them, which changes the sequence.
        for (at, _) in tokens
            .iter()
            .enumerate()
            .filter(|(at, token)| token.is_word() && touches(tokens, *at))
        {
            self.candidate.clear();
            for (index, token) in tokens.iter().enumerate() {
                let token = if index == at {
                    Token::wild(ParameterKind::Word, token.start, token.end)
                } else {
                    *token
                };
                push_joined(&mut self.candidate, token);
            }
            let id = self.pool.find(hash_of(&self.candidate));
            if id.is_some() {
                return id;
            }
        }
        None
    }

    fn merge(&mut self) {
        let before = self.pool.live();
        self.pool.merge(&mut self.merger, false);
        if self.pool.live() * 2 > self.limits.patterns {
            self.pool.merge(&mut self.merger, true);
        }
        if self.pool.live() * 4 > self.limits.patterns * 3 {
            self.stats.folded_patterns += self.pool.fold(self.limits.patterns / 2);
            self.lately.resize(LATELY, 0);
        } else if self.pool.live() * 2 < self.limits.patterns {
            self.lately = Vec::new();
        }
        self.stats.merges += 1;
        let useful = before - self.pool.live() > self.fresh / 8;
        let live = self.pool.live();
        self.merge_after = FIRST_MERGE.max(if useful { live / 4 } else { live });
        self.fresh = 0;
        self.vocabulary = self
            .pool
            .patterns()
            .flat_map(Pattern::tokens)
            .filter(|token| token.is_word())
            .map(|token| token.hash)
            .collect();
    }

    /// What happened so far.
    pub fn stats(&self) -> MinerStats {
        self.stats
    }

    /// Bytes on the heap, without what the caller keeps.
    pub fn heap_size(&self) -> usize {
        self.pool.heap_size() + self.vocabulary.capacity() * 9
    }

    /// Merges once more and gives the templates.
    pub fn finish(mut self) -> Templates<T> {
        self.pool.merge(&mut self.merger, false);
        let roots: Vec<u32> = (0..u32::try_from(self.pool.ever()).unwrap_or(u32::MAX))
            .map(|id| self.pool.resolve(id))
            .collect();
        let nodes: Vec<_> = self.pool.drain().collect();
        let mut steady: HashedMap<u64> = HashedMap::default();
        for (_, node) in &nodes {
            for token in node
                .pattern
                .tokens()
                .iter()
                .filter(|token| token.kind == TokenKind::Soft)
            {
                *steady.entry(token.hash).or_default() += node.count;
            }
        }
        let mut templates: Vec<Template<T>> = Vec::new();
        let mut by_text: HashedMap<usize> = HashedMap::default();
        let mut place_of: HashedMap<usize> = HashedMap::default();
        for (id, node) in nodes {
            let pattern = settled(&node.pattern, |hash| steady.get(&hash).copied().unwrap_or(0) >= STEADY);
            let place = *by_text.entry(pattern.hash()).or_insert(templates.len());
            place_of.insert(u64::from(id), place);
            let mut sketches = super::pool::moved(&node, &pattern, &mut self.spans);
            if let Some(template) = templates.get_mut(place) {
                template.count += node.count;
                template.folded += node.folded;
                template.data.absorb(&node.data);
                template
                    .parameters
                    .iter_mut()
                    .zip(&sketches)
                    .for_each(|(ours, theirs)| ours.absorb(theirs));
            } else {
                let node = *node;
                sketches.truncate(pattern.wildcards());
                let text = pattern.text();
                let (count, folded, data) = (node.count, node.folded, node.data);
                templates.push(Template {
                    text,
                    pattern,
                    count,
                    folded,
                    parameters: sketches,
                    data,
                });
            }
        }
        self.stats.folded_messages = templates.iter().map(|template| template.folded).sum();
        let mut order: Vec<usize> = (0..templates.len()).collect();
        order.sort_by(|left, right| {
            let (left, right) = (&templates[*left], &templates[*right]);
            right.count.cmp(&left.count).then_with(|| left.text.cmp(&right.text))
        });
        let mut rank = vec![0_u32; templates.len()];
        for (place, &index) in (0_u32..).zip(&order) {
            rank[index] = place;
        }
        let places = roots
            .iter()
            .map(|root| place_of.get(&u64::from(*root)).map_or(u32::MAX, |&at| rank[at]))
            .collect();
        let mut ranked: Vec<(u32, Template<T>)> = rank.into_iter().zip(templates).collect();
        ranked.sort_by_key(|(place, _)| *place);
        Templates {
            templates: ranked.into_iter().map(|(_, template)| template).collect(),
            stats: self.stats,
            places,
        }
    }
}

/// Whether a wildcard here would be joined with a neighbour.
fn touches(tokens: &[Token], at: usize) -> bool {
    let near = |index: Option<usize>| {
        index
            .and_then(|index| tokens.get(index))
            .is_some_and(|token| !matches!(token.kind, TokenKind::Space))
    };
    near(at.checked_sub(1)) || near(Some(at + 1))
}

/// The pattern with every soft word as a wildcard that is not known to be constant.
fn settled(pattern: &Pattern, is_constant: impl Fn(u64) -> bool) -> Pattern {
    let tokens = pattern.tokens();
    let value = |at: usize| {
        tokens[at].kind == TokenKind::Soft
            && !is_constant(tokens[at].hash)
            && !tokens.get(at + 1).is_some_and(|next| next.is(b'('))
    };
    pattern.generalized(ParameterKind::Identifier, value)
}
