//! Which identifiers tie messages together, within a bound.

use serde::Serialize;

use super::observed::SOURCES;
use crate::{
    logs::{
        correlate::IdentifierKind,
        read::Record,
        severity::Severity,
        template::{HashedMap, hash_bytes},
    },
    quote::Quote,
};

/// Identifiers that are kept.
const KEPT: usize = 1 << 15;
/// Bytes of a quote kept for each.
const QUOTED: usize = 256;

#[derive(Debug)]
struct Entry {
    kind: IdentifierKind,
    value: Box<[u8]>,
    records: u64,
    errors: u64,
    sources: u64,
    span: Option<(i64, i64)>,
    /// Of the first error, or else of the first record.
    quote: Quote,
}

/// Follows identifiers through records.
#[derive(Debug, Default)]
pub struct IdentifierTable {
    entries: HashedMap<Entry>,
    unkept: u64,
}

/// One identifier that ties messages together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IdentifierFact {
    /// What it identifies.
    pub kind: IdentifierKind,
    /// The identifier.
    pub value: String,
    /// Messages with it.
    pub records: u64,
    /// Those of them that are errors.
    pub errors: u64,
    /// Sources with it.
    pub sources: Vec<String>,
    /// First and last time, in microseconds since 1970.
    pub span: Option<(i64, i64)>,
    /// The first error with it, or else the first message.
    pub quote: Quote,
    /// How sure it is that these messages belong together, from 0 to 1: names of fields are not always used well.
    pub certainty: f64,
}

impl IdentifierTable {
    /// Follows the identifiers of a record.
    pub fn note(&mut self, record: &Record<'_>, source: usize) {
        let error = record.severity >= Some(Severity::Error);
        let at = record.head.stamp.map(|stamp| stamp.micros);
        for (kind, value) in record.head.identifiers.iter() {
            let key = hash_bytes(value) ^ (kind as u64) << 1;
            if self.entries.len() >= KEPT && !self.entries.contains_key(&key) {
                self.make_room();
                if self.entries.len() >= KEPT {
                    self.unkept += 1;
                    continue;
                }
            }
            let quote = || {
                Quote::brief(
                    record.origin,
                    record.line,
                    record.start,
                    record.raw,
                    record.encoding,
                    QUOTED,
                )
            };
            let entry = self.entries.entry(key).or_insert_with(|| Entry {
                kind,
                value: value.into(),
                records: 0,
                errors: 0,
                sources: 0,
                span: None,
                quote: quote(),
            });
            if error && entry.errors == 0 && entry.records > 0 {
                entry.quote = quote();
            }
            entry.records += 1;
            entry.errors += u64::from(error);
            entry.sources |= 1 << source.min(SOURCES - 1);
            if let Some(at) = at {
                let (first, last) = entry.span.unwrap_or((at, at));
                entry.span = Some((first.min(at), last.max(at)));
            }
        }
    }

    /// Lets go of what was seen once and tied nothing; if that is not enough, of what has no error.
    fn make_room(&mut self) {
        let before = self.entries.len();
        self.entries.retain(|_, entry| entry.records > 1 || entry.errors > 0);
        if self.entries.len() > KEPT / 2 {
            self.entries.retain(|_, entry| entry.errors > 0);
        }
        if self.entries.len() > KEPT / 4 * 3 {
            let mut keys: Vec<(u64, u64)> = self.entries.iter().map(|(key, entry)| (entry.records, *key)).collect();
            keys.sort_unstable();
            for (_, key) in &keys[..keys.len() / 2] {
                self.entries.remove(key);
            }
        }
        self.unkept += (before - self.entries.len()) as u64;
    }

    /// Identifiers that were let go of, or never kept, for want of room.
    pub fn unkept(&self) -> u64 {
        self.unkept
    }

    /// The identifiers that tie messages together, those with errors and in several sources first.
    pub fn facts(self, names: &[String], most: usize) -> Vec<IdentifierFact> {
        let mut entries: Vec<Entry> = self
            .entries
            .into_values()
            .filter(|entry| entry.records > 1 && (entry.errors > 0 || entry.sources.count_ones() > 1))
            .collect();
        entries.sort_by(|left, right| {
            let rank = |entry: &Entry| {
                (
                    entry.errors > 0,
                    entry.sources.count_ones(),
                    entry.errors,
                    entry.records,
                )
            };
            rank(right).cmp(&rank(left)).then_with(|| left.value.cmp(&right.value))
        });
        entries.truncate(most);
        entries
            .into_iter()
            .map(|entry| IdentifierFact {
                kind: entry.kind,
                value: String::from_utf8_lossy(&entry.value).into_owned(),
                records: entry.records,
                errors: entry.errors,
                sources: named(entry.sources, names),
                span: entry.span,
                quote: entry.quote,
                certainty: match entry.kind {
                    IdentifierKind::Trace | IdentifierKind::Span => 0.99,
                    IdentifierKind::Request => 0.95,
                    IdentifierKind::Session | IdentifierKind::Host => 0.8,
                },
            })
            .collect()
    }
}

/// The names of a set of sources.
pub fn named(sources: u64, names: &[String]) -> Vec<String> {
    names
        .iter()
        .take(SOURCES)
        .enumerate()
        .filter(|(at, _)| sources & (1 << at) != 0)
        .map(|(_, name)| name.clone())
        .collect()
}
