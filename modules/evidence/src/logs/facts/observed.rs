//! What is kept for each pattern while records go by.

use super::{analyzer::Window, counts::Counts};
use crate::{
    logs::{
        read::Record,
        severity::Severity,
        statements::{Spot, Spots},
        template::Absorb,
    },
    quote::Quote,
};

/// Sources that are told apart.
pub const SOURCES: usize = 64;
/// Components of one pattern that are named.
const COMPONENTS: usize = 4;

/// One occurrence.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Microseconds since 1970.
    pub at: Option<i64>,
    /// Place of its source, and its line: the order where there is no time.
    pub order: (usize, u64),
    /// Its words.
    pub quote: Quote,
}

impl Seen {
    fn key(&self) -> (bool, i64, (usize, u64)) {
        (self.at.is_none(), self.at.unwrap_or(0), self.order)
    }
}

/// Counts of one pattern.
#[derive(Debug, Default)]
pub struct Observed {
    pub severities: [u64; Severity::COUNT],
    pub baseline: u64,
    pub subject: u64,
    pub first: Option<Box<Seen>>,
    pub first_in_subject: Option<Box<Seen>>,
    pub last_at: Option<i64>,
    /// Messages with a time, but for those of sources that are for comparison alone.
    pub counts: Counts,
    pub spots: Spots,
    /// Places of the first components that wrote it.
    pub components: Vec<u32>,
    pub sources: u64,
    pub stacks: u64,
    pub stated: u64,
    pub worst: Option<Severity>,
}

/// Where a record falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before, for comparison.
    Baseline,
    /// In a source that is for comparison alone.
    Comparison,
    /// What is looked into.
    Subject,
    /// Neither.
    Outside,
}

impl Observed {
    /// Counts a record.
    pub fn note(&mut self, record: &Record<'_>, (source, component): (usize, u32), side: Side) {
        let at = record.head.stamp.map(|stamp| stamp.micros);
        if let Some(severity) = record.severity {
            self.severities[severity as usize] += 1;
            self.worst = self.worst.max(Some(severity));
        }
        self.stated += u64::from(record.head.severity.is_some());
        self.stacks += u64::from(record.stack.is_some());
        if self.components.len() < COMPONENTS && !self.components.contains(&component) {
            self.components.push(component);
        }
        if let Some(micros) = at {
            if side != Side::Comparison {
                self.counts.note(micros);
                self.spots.note(Spot::of(record, micros, source));
            }
            self.last_at = self.last_at.max(Some(micros));
        }
        self.sources |= 1 << source.min(SOURCES - 1);
        let order = (source, record.line);
        note_first(&mut self.first, at, order, record);
        match side {
            Side::Baseline | Side::Comparison => self.baseline += 1,
            Side::Subject => {
                self.subject += 1;
                note_first(&mut self.first_in_subject, at, order, record);
            }
            Side::Outside => {}
        }
    }
}

impl Observed {
    /// Counts what lies before and in a window from the counts over time; answers both.
    pub fn divide(&mut self, subject: Window) -> (u64, u64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rounded count of messages"
        )]
        let whole = |count: f64| count.round() as u64;
        let (before, during) = (
            whole(self.counts.between(i64::MIN, subject.from)),
            whole(self.counts.between(subject.from, subject.to)),
        );
        self.baseline += before;
        self.subject += during;
        (before, during)
    }
}

/// Keeps the earliest. Lines that are a little out of order replace it, so this does not allocate for long.
fn note_first(first: &mut Option<Box<Seen>>, at: Option<i64>, order: (usize, u64), record: &Record<'_>) {
    let key = (at.is_none(), at.unwrap_or(0), order);
    if first.as_ref().is_none_or(|seen| key < seen.key()) {
        *first = Some(Box::new(Seen {
            at,
            order,
            quote: record.quote(),
        }));
    }
}

fn earlier(ours: &mut Option<Box<Seen>>, theirs: Option<&Seen>) {
    if let Some(theirs) = theirs
        && ours.as_ref().is_none_or(|ours| theirs.key() < ours.key())
    {
        *ours = Some(Box::new(theirs.clone()));
    }
}

impl Absorb for Observed {
    fn absorb(&mut self, other: &Self) {
        for (ours, theirs) in self.severities.iter_mut().zip(other.severities) {
            *ours += theirs;
        }
        self.baseline += other.baseline;
        self.subject += other.subject;
        self.stacks += other.stacks;
        self.stated += other.stated;
        self.sources |= other.sources;
        self.worst = self.worst.max(other.worst);
        self.last_at = self.last_at.max(other.last_at);
        self.counts.absorb(&other.counts);
        self.spots.absorb(&other.spots);
        for component in &other.components {
            if self.components.len() < COMPONENTS && !self.components.contains(component) {
                self.components.push(*component);
            }
        }
        earlier(&mut self.first, other.first.as_deref());
        earlier(&mut self.first_in_subject, other.first_in_subject.as_deref());
    }
}
