//! The table of statements: counts and places while messages go by, within bounds.

use crate::{
    component,
    logs::{
        correlate::IdentifierKind,
        facts::Counts,
        read::Record,
        severity::Severity,
        template::{HashedMap, hash_bytes},
    },
    source::Encoding,
};

use super::key::{said, statement};

/// Statements that are told apart; those that come later are counted together, by component and severity.
const MOST: usize = 20_000;
/// Components that are told apart.
const MOST_COMPONENTS: usize = 4_000;
/// Places that are kept of one statement.
const SPOTS: usize = 48;

/// Number of a statement in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementId(pub u32);

/// Where a message stands: enough to quote it later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Microseconds since 1970.
    pub at: i64,
    /// Place of its source among those that were read.
    pub source: u32,
    /// Bytes of the message, as far as a quote goes.
    pub length: u32,
    /// Its first line, from 1.
    pub line: u64,
    /// Place of its first byte.
    pub start: u64,
    /// How it is encoded.
    pub encoding: Encoding,
}

impl Spot {
    pub(in crate::logs) fn of(record: &Record<'_>, at: i64, source: usize) -> Self {
        Self {
            at,
            source: u32::try_from(source).unwrap_or(u32::MAX),
            length: u32::try_from(record.raw.len()).unwrap_or(u32::MAX),
            line: record.line,
            start: record.start,
            encoding: record.encoding,
        }
    }
}

/// Places spread over time: the first and, of every step of time, the first there. Steps are doubled when they become too many.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spots {
    step: u32,
    spots: Vec<Spot>,
}

impl Spots {
    pub(in crate::logs) fn note(&mut self, spot: Spot) {
        let step = |at: i64, scale: u32| at.div_euclid(1_000_000) >> scale;
        match self
            .spots
            .binary_search_by_key(&step(spot.at, self.step), |known| step(known.at, self.step))
        {
            Ok(place) => {
                if spot.at < self.spots[place].at {
                    self.spots[place] = spot;
                }
            }
            Err(place) => self.spots.insert(place, spot),
        }
        while self.spots.len() > SPOTS {
            self.step += 1;
            let scale = self.step;
            self.spots.dedup_by_key(|known| step(known.at, scale));
        }
    }

    /// Adds those of another.
    pub(in crate::logs) fn absorb(&mut self, other: &Self) {
        for spot in &other.spots {
            self.note(*spot);
        }
    }

    /// The first at or after this time, else the last before.
    pub fn near(&self, at: i64) -> Option<&Spot> {
        let place = self.spots.partition_point(|spot| spot.at < at);
        self.spots.get(place).or_else(|| self.spots.last())
    }

    /// The first.
    pub fn first(&self) -> Option<&Spot> {
        self.spots.first()
    }

    /// The last that is kept before this time.
    pub fn before(&self, at: i64) -> Option<&Spot> {
        let place = self.spots.partition_point(|spot| spot.at < at);
        self.spots[..place].last()
    }
}

/// One statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Place of its component in [`StatementTable::components`].
    pub component: u32,
    /// What it says, without values, or where it stands in the code.
    pub key: String,
    /// What it said first, without values.
    pub words: String,
    /// The worst severity it was written with.
    pub severity: Option<Severity>,
    /// Messages with a time, over time.
    pub counts: Counts,
    /// Messages in all.
    pub count: u64,
    /// Messages with a stack trace.
    pub stacks: u64,
    /// Where to look.
    pub spots: Spots,
    /// Whether the key is a place in the code.
    pub(super) in_code: bool,
}

impl Statement {
    /// Takes over what another has counted.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.severity = self.severity.max(other.severity);
        self.counts.absorb(&other.counts);
        self.count += other.count;
        self.stacks += other.stacks;
        self.spots.absorb(&other.spots);
    }
}

/// All statements.
#[derive(Debug, Default, Clone)]
pub struct StatementTable {
    components: Vec<String>,
    by_name: HashedMap<u32>,
    pub(super) statements: Vec<Statement>,
    pub(super) by_key: HashedMap<u32>,
    /// Messages whose statement is not told apart for want of room.
    folded: u64,
    key: Vec<u8>,
}

impl StatementTable {
    /// Counts a record of a source. `fallback` is the component where the record names none.
    /// Answers the statement, and the place of its component.
    pub fn note(&mut self, record: &Record<'_>, source: u32, fallback: &str) -> (StatementId, u32) {
        let component = self.component(record, fallback);
        let mut key = std::mem::take(&mut self.key);
        let in_code = statement(record.subject(), &mut key);
        let id = self.entry(component, (&key, in_code), record);
        self.key = key;
        let entry = &mut self.statements[id as usize];
        entry.count += 1;
        entry.severity = entry.severity.max(record.severity);
        entry.stacks += u64::from(record.stack.is_some());
        if let Some(stamp) = record.head.stamp {
            entry.counts.note(stamp.micros);
            entry.spots.note(Spot::of(record, stamp.micros, source as usize));
        }
        (StatementId(id), component)
    }

    fn component(&mut self, record: &Record<'_>, fallback: &str) -> u32 {
        let host = || {
            let mut named = record.head.identifiers.iter();
            named.find_map(|(kind, name)| (kind == IdentifierKind::Host).then_some(name))
        };
        let named = match record.head.service.as_slice() {
            [] => host().and_then(|host| {
                // A machine is no component, and many write there; a pod is.
                let host = std::str::from_utf8(host).ok()?;
                let of = component::of_instance(host);
                (of.len() < host.len()).then_some(of)
            }),
            service => std::str::from_utf8(service).ok().map(component::of_instance),
        };
        let name = named.unwrap_or(fallback);
        let hash = hash_bytes(name.as_bytes());
        if let Some(&known) = self.by_name.get(&hash) {
            return known;
        }
        if self.components.len() >= MOST_COMPONENTS {
            return u32::try_from(MOST_COMPONENTS - 1).unwrap_or(0);
        }
        let place = u32::try_from(self.components.len()).unwrap_or(u32::MAX);
        self.components.push(name.to_owned());
        self.by_name.insert(hash, place);
        place
    }

    fn entry(&mut self, component: u32, (key, in_code): (&[u8], bool), record: &Record<'_>) -> u32 {
        let hash = |key: &[u8]| hash_of(component, key);
        let full = self.statements.len() >= MOST;
        if let Some(&known) = self.by_key.get(&hash(key)) {
            return known;
        }
        // What is folded is told apart by what matters most.
        let folded = full.then(|| format!("<*> {}", record.severity.map_or("", Severity::as_str)));
        let key = folded.as_ref().map_or(key, |key| key.as_bytes());
        if full {
            self.folded += 1;
            if let Some(&known) = self.by_key.get(&hash(key)) {
                return known;
            }
        }
        let place = u32::try_from(self.statements.len()).unwrap_or(u32::MAX);
        self.by_key.insert(hash(key), place);
        self.statements.push(Statement {
            component,
            key: String::from_utf8_lossy(key).into_owned(),
            words: said(record.subject()),
            severity: None,
            counts: Counts::default(),
            count: 0,
            stacks: 0,
            spots: Spots::default(),
            in_code,
        });
        place
    }

    /// Names of components.
    pub fn components(&self) -> &[String] {
        &self.components
    }

    /// The statements, in the order of their numbers.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Messages whose statement was not told apart for want of room.
    pub fn folded(&self) -> u64 {
        self.folded
    }
}

/// By what a statement is found.
pub(super) fn hash_of(component: u32, key: &[u8]) -> u64 {
    hash_bytes(key).wrapping_add(u64::from(component).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}
