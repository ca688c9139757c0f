//! The patterns that are alive, with what was counted for each, and the history of who was merged into whom.

use super::{
    align::{Span, align},
    hash::{HashedMap, bytes},
    kind::ParameterKind,
    merge::{Change, Merger},
    model::Absorb,
    pattern::Pattern,
    sketch::Sketch,
    token::{Token, TokenKind},
};

/// Rounds of one merge; each makes fewer patterns, so this is only a guard.
const ROUNDS: usize = 64;
/// Groups that rare patterns are folded into, by their first word.
const FOLDS: usize = 1_024;

/// One pattern and what was counted for it.
#[derive(Debug)]
pub struct Node<T> {
    pub pattern: Pattern,
    pub count: u64,
    pub folded: u64,
    /// Whether it stands for what was folded.
    pub is_fold: bool,
    pub sketches: Vec<Sketch>,
    pub data: T,
}

/// All patterns.
#[derive(Debug)]
pub struct Pool<T> {
    nodes: Vec<Option<Box<Node<T>>>>,
    parents: Vec<u32>,
    known: HashedMap<u32>,
    folds: HashedMap<u32>,
    live: usize,
    aliases: usize,
}

impl<T: Absorb> Pool<T> {
    /// No pattern yet; so many hashes of messages are remembered besides.
    pub fn new(aliases: usize) -> Self {
        Self {
            nodes: Vec::new(),
            parents: Vec::new(),
            known: HashedMap::default(),
            folds: HashedMap::default(),
            live: 0,
            aliases,
        }
    }

    /// Patterns that are alive, without those that stand for what was folded.
    pub fn live(&self) -> usize {
        self.live
    }

    /// Patterns that ever were.
    pub fn ever(&self) -> usize {
        self.parents.len()
    }

    /// The pattern with this hash, or that took its place.
    #[inline]
    pub fn find(&mut self, hash: u64) -> Option<u32> {
        let id = *self.known.get(&hash)?;
        Some(self.resolve(id))
    }

    /// Who stands for a pattern today.
    #[inline]
    pub fn resolve(&mut self, id: u32) -> u32 {
        let mut root = id;
        while self.parents[root as usize] != root {
            root = self.parents[root as usize];
        }
        let mut walk = id;
        while self.parents[walk as usize] != root {
            walk = std::mem::replace(&mut self.parents[walk as usize], root);
        }
        root
    }

    /// The node of a resolved id.
    #[inline]
    pub fn node_mut(&mut self, id: u32) -> &mut Node<T> {
        let pattern = || Pattern::new(&[], b"");
        self.nodes[id as usize].get_or_insert_with(|| Box::new(Node::new(pattern())))
    }

    /// Remembers that messages of this hash belong to a pattern.
    pub fn alias(&mut self, hash: u64, id: u32) {
        if self.known.len() >= self.aliases {
            // Only what cannot be found again otherwise stays.
            self.known.clear();
            for (index, node) in (0_u32..).zip(&self.nodes) {
                if let Some(node) = node.as_ref().filter(|node| !node.is_fold) {
                    self.known.insert(node.pattern.hash(), index);
                }
            }
        }
        self.known.insert(hash, id);
    }

    /// A new pattern.
    pub fn insert(&mut self, pattern: Pattern) -> u32 {
        let hash = pattern.hash();
        let id = self.push(pattern);
        self.alias(hash, id);
        id
    }

    fn push(&mut self, pattern: Pattern) -> u32 {
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(Some(Box::new(Node::new(pattern))));
        self.parents.push(id);
        self.live += 1;
        id
    }

    /// Merges until nothing changes.
    pub fn merge(&mut self, merger: &mut Merger, squeeze: bool) {
        let mut spans = Vec::new();
        for _ in 0..ROUNDS {
            let (ids, patterns): (Vec<u32>, Vec<&Pattern>) = (0_u32..)
                .zip(&self.nodes)
                .filter_map(|(id, node)| Some((id, node.as_ref()?)))
                .filter(|(_, node)| !node.is_fold)
                .map(|(id, node)| (id, &node.pattern))
                .unzip();
            let changes = merger.round(&patterns, squeeze);
            if changes.is_empty() {
                return;
            }
            for Change { index, pattern } in changes {
                self.change(ids[index], pattern, &mut spans);
            }
        }
    }

    /// Gives a node another pattern, or gives the node up to who has that pattern already.
    fn change(&mut self, id: u32, pattern: Pattern, spans: &mut Vec<Span>) {
        let Some(mut node) = self.nodes[id as usize].take() else {
            return;
        };
        let sketches = moved(&node, &pattern, spans);
        if let Some(other) = self.find(pattern.hash()).filter(|other| *other != id)
            && let Some(target) = &mut self.nodes[other as usize]
        {
            target.take_over(&node, &sketches, node.folded);
            self.parents[id as usize] = other;
            self.live -= 1;
            return;
        }
        self.known.insert(pattern.hash(), id);
        node.pattern = pattern;
        node.sketches = sketches;
        self.nodes[id as usize] = Some(node);
    }

    /// Folds the rarest patterns by their first words until no more than `keep` are left. Gives how many went.
    pub fn fold(&mut self, keep: usize) -> u64 {
        let mut rare: Vec<(u64, u32)> = (0_u32..)
            .zip(&self.nodes)
            .filter_map(|(id, node)| Some((node.as_ref()?, id)))
            .filter(|(node, _)| !node.is_fold)
            .map(|(node, id)| (node.count, id))
            .collect();
        let excess = rare.len().saturating_sub(keep);
        rare.sort_unstable();
        for &(_, id) in &rare[..excess] {
            let Some(node) = self.nodes[id as usize].take() else {
                continue;
            };
            let into = self.fold_for(&node.pattern);
            if let Some(target) = &mut self.nodes[into as usize] {
                target.take_over(&node, &[], node.count);
            }
            self.parents[id as usize] = into;
            self.live -= 1;
        }
        excess as u64
    }

    /// Counts a message without keeping its pattern.
    pub fn folded(&mut self, tokens: &[Token], text: &[u8]) -> u32 {
        let first = tokens.first().copied().into_iter().collect::<Vec<_>>();
        let id = self.fold_for(&Pattern::new(&first, text));
        if let Some(node) = &mut self.nodes[id as usize] {
            node.folded += 1;
        }
        id
    }

    fn fold_for(&mut self, pattern: &Pattern) -> u32 {
        let key = match pattern.tokens().first() {
            Some(token) if token.kind == TokenKind::Word => bytes(pattern.word(0)),
            _ => 0,
        };
        let key = if self.folds.len() < FOLDS || self.folds.contains_key(&key) {
            key
        } else {
            0
        };
        if let Some(&id) = self.folds.get(&key) {
            return id;
        }
        let wild = Token::wild(ParameterKind::List, 0, 0);
        let coarse = if key == 0 {
            Pattern::new(&[wild], b"")
        } else {
            let word = pattern.word(0);
            let end = u32::try_from(word.len()).unwrap_or(u32::MAX);
            Pattern::new(&[Token::word(word, 0, end, false), Token::space(0, 0), wild], word)
        };
        let id = self.push(coarse);
        self.live -= 1;
        self.node_mut(id).is_fold = true;
        self.folds.insert(key, id);
        id
    }

    /// Every node that is alive, with its id.
    pub fn drain(&mut self) -> impl Iterator<Item = (u32, Box<Node<T>>)> {
        (0_u32..)
            .zip(std::mem::take(&mut self.nodes))
            .filter_map(|(id, node)| Some((id, node?)))
    }

    /// Every pattern that is alive.
    pub fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.nodes.iter().flatten().map(|node| &node.pattern)
    }

    /// Bytes it holds on the heap, without what `T` holds.
    pub fn heap_size(&self) -> usize {
        let nodes: usize = self
            .nodes
            .iter()
            .flatten()
            .map(|node| {
                let sketches: usize = node
                    .sketches
                    .iter()
                    .map(|sketch| size_of::<Sketch>() + sketch.heap_size())
                    .sum();
                size_of::<Node<T>>() + node.pattern.heap_size() + sketches
            })
            .sum();
        nodes + self.nodes.capacity() * 8 + self.parents.capacity() * 4 + self.known.capacity() * 17
    }
}

impl<T: Absorb> Node<T> {
    fn new(pattern: Pattern) -> Self {
        let sketches = vec![Sketch::default(); pattern.wildcards()];
        Self {
            pattern,
            count: 0,
            folded: 0,
            is_fold: false,
            sketches,
            data: T::default(),
        }
    }

    fn take_over(&mut self, other: &Self, sketches: &[Sketch], folded: u64) {
        self.count += other.count;
        self.folded += folded;
        self.data.absorb(&other.data);
        for (ours, theirs) in self.sketches.iter_mut().zip(sketches) {
            ours.absorb(theirs);
        }
    }
}

/// The sketches of a node as its new pattern has them: one for each wildcard, with the words that became values.
pub fn moved<T>(node: &Node<T>, pattern: &Pattern, spans: &mut Vec<Span>) -> Vec<Sketch> {
    let mut sketches = vec![Sketch::default(); pattern.wildcards()];
    if !align(pattern.tokens(), node.pattern.tokens(), spans) {
        return sketches;
    }
    let tokens = node.pattern.tokens();
    for (sketch, &(from, to)) in sketches.iter_mut().zip(spans.iter()) {
        for at in from..to {
            if tokens[at].is_wild() {
                let ordinal = tokens[..at].iter().filter(|token| token.is_wild()).count();
                if let Some(theirs) = node.sketches.get(ordinal) {
                    sketch.absorb(theirs);
                }
            } else if tokens[at].is_word() && node.count > 0 {
                sketch.note_times(ParameterKind::Word, node.pattern.word(at), node.count);
            }
        }
    }
    sketches
}
