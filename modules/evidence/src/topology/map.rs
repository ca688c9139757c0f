//! The map: components by number, edges from caller to callee, and what lies below what. Knows no file.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::quote::Quote;

/// Components that are kept; beyond, edges of further ones are counted only.
const COMPONENTS: usize = 16_384;
/// Edges that are kept.
const EDGES: usize = 262_144;
/// Edges that are quoted.
const QUOTED: usize = 8_192;

/// How an edge is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// A file of a graph has it.
    Graph,
    /// A declaration says that one needs the other.
    Declared,
    /// One was seen to call the other.
    Called,
    /// A span says that it calls somebody, who has left no span.
    Named,
}

impl EdgeKind {
    /// How sure the edge is, from 0 to 1: a call that was seen has happened; a graph or a declaration may be out of date; a name
    /// that a caller uses for somebody may be another's (judgement).
    pub fn certainty(self) -> f64 {
        match self {
            Self::Called => 0.99,
            Self::Graph | Self::Declared => 0.9,
            Self::Named => 0.7,
        }
    }
}

/// A caller and whom it calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edge {
    /// Number of the caller.
    pub caller: u32,
    /// Number of the callee.
    pub callee: u32,
    /// How it is known, the surest way.
    pub kind: EdgeKind,
    /// Calls that were seen.
    pub calls: u64,
    /// How sure it is, from 0 to 1.
    pub certainty: f64,
    /// The words that say so, where a file does.
    pub quote: Option<Quote>,
}

/// Components and who calls whom.
#[derive(Debug, Default, Clone)]
pub struct Topology {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
    edges: Vec<Edge>,
    /// Place of an edge by its ends; in order of the caller.
    places: BTreeMap<(u32, u32), usize>,
    unkept: u64,
}

impl Topology {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a component, or finds it. None when there is no room, or no name.
    pub fn add(&mut self, name: &str) -> Option<u32> {
        let name = name.trim();
        if let Some(&number) = self.numbers.get(name) {
            return Some(number);
        }
        let number = u32::try_from(self.names.len()).ok();
        let Some(number) = number.filter(|_| !name.is_empty() && self.names.len() < COMPONENTS) else {
            self.unkept += u64::from(!name.is_empty());
            return None;
        };
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        Some(number)
    }

    /// Adds an edge, or calls to one that is there; a surer kind takes the place of another. Nobody calls himself.
    pub fn connect(&mut self, from: &str, to: &str, kind: EdgeKind, calls: u64, quote: impl FnOnce() -> Option<Quote>) {
        let (Some(from), Some(to)) = (self.add(from), self.add(to)) else {
            return;
        };
        if from == to {
            return;
        }
        if let Some(&place) = self.places.get(&(from, to)) {
            let edge = &mut self.edges[place];
            edge.calls = edge.calls.saturating_add(calls);
            if kind.certainty() > edge.certainty {
                (edge.kind, edge.certainty) = (kind, kind.certainty());
            }
            return;
        }
        if self.edges.len() >= EDGES {
            self.unkept += 1;
            return;
        }
        self.places.insert((from, to), self.edges.len());
        self.edges.push(Edge {
            caller: from,
            callee: to,
            kind,
            calls,
            certainty: kind.certainty(),
            quote: if self.edges.len() < QUOTED { quote() } else { None },
        });
    }

    /// Adds all of another map.
    pub fn merge(&mut self, other: &Self) {
        for name in &other.names {
            self.add(name);
        }
        for edge in &other.edges {
            let (from, to) = (other.name(edge.caller), other.name(edge.callee));
            self.connect(from, to, edge.kind, edge.calls, || edge.quote.clone());
        }
        self.unkept += other.unkept;
    }

    /// Names of components, by number.
    pub fn components(&self) -> &[String] {
        &self.names
    }

    /// The name of a component.
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", String::as_str)
    }

    /// The number of a component.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name.trim()).copied()
    }

    /// Edges in the order they became known.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Components and edges for which there was no room.
    pub fn unkept(&self) -> u64 {
        self.unkept
    }

    /// Whom a component calls directly.
    pub fn callees(&self, number: u32) -> impl Iterator<Item = u32> {
        self.places
            .range((number, 0)..=(number, u32::MAX))
            .map(|((_, callee), _)| *callee)
    }

    /// Who calls a component directly.
    pub fn callers(&self, number: u32) -> impl Iterator<Item = u32> {
        let edges = self.edges.iter();
        edges.filter(move |edge| edge.callee == number).map(|edge| edge.caller)
    }

    /// Everything that a component needs, directly or through others, nearest first, without itself.
    pub fn below(&self, number: u32) -> Vec<u32> {
        let mut seen = vec![false; self.names.len()];
        let mut found = Vec::new();
        let Some(first) = seen.get_mut(number as usize) else {
            return found;
        };
        *first = true;
        let (mut at, mut next) = (number, 0);
        loop {
            for callee in self.callees(at) {
                if !std::mem::replace(&mut seen[callee as usize], true) {
                    found.push(callee);
                }
            }
            let Some(&further) = found.get(next) else { return found };
            (at, next) = (further, next + 1);
        }
    }

    /// Whether calls of `from` can lead to `to`; every component reaches itself.
    pub fn reaches(&self, from: u32, to: u32) -> bool {
        from == to || self.below(from).contains(&to)
    }
}
