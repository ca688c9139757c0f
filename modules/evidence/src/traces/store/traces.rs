//! Traces that were read: rows in order, with their parents, names, and what was not kept.

use serde::Serialize;

use super::{
    names::Names,
    resolve::{self, NONE},
    rows::Row,
};
use crate::{
    source::Origin,
    traces::{
        id::{SpanId, TraceId},
        read::SpanSummary,
    },
};

/// One source of spans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its name.
    pub origin: Origin,
    /// What was read; none when it was not read to its end.
    pub summary: Option<SpanSummary>,
    /// Why it was not read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How many spans there were and how many are kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Totals {
    /// Spans that were read.
    pub spans: u64,
    /// Those that are kept.
    pub kept: u64,
    /// Those that were there before, with the same identifiers.
    pub repeated: u64,
    /// Those that were let go of for want of room.
    pub not_kept: u64,
    /// Share of the traces that is kept: whole traces, drawn by their identifiers.
    pub share: f64,
    /// Whether one trace filled all room, so that what came later is missing.
    pub full: bool,
    /// Names for which there was no room, counted by span: they are told together as one.
    pub names_folded: u64,
}

/// Where a span that something refers to is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// In this row.
    Row(u32),
    /// Its trace was let go of.
    NotKept,
    /// Nowhere.
    Unknown,
}

/// All traces.
#[derive(Debug)]
pub struct Traces {
    pub(super) rows: Vec<Row>,
    pub(super) parents: Vec<u32>,
    pub(super) groups: Vec<u32>,
    pub(super) components: Names,
    pub(super) operations: Names,
    pub(super) sources: Vec<Source>,
    pub(super) totals: Totals,
    pub(super) bits: u32,
}

impl Traces {
    /// Spans, by trace and within a trace by identifier.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of the span above a row's, where it is there.
    pub fn parent(&self, row: u32) -> Option<u32> {
        let parent = *self.parents.get(usize::try_from(row).ok()?)?;
        (parent != NONE).then_some(parent)
    }

    /// The rows of each trace.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = std::ops::Range<u32>> {
        self.groups.windows(2).map(|pair| pair[0]..pair[1])
    }

    /// Number of traces.
    pub fn len(&self) -> usize {
        self.groups.len().saturating_sub(1)
    }

    /// Whether there is no span.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Names of components.
    pub fn components(&self) -> &Names {
        &self.components
    }

    /// Names of operations.
    pub fn operations(&self) -> &Names {
        &self.operations
    }

    /// Sources in the order they were read.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// How many spans there were and how many are kept.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// First beginning and last end of all that is kept, in microseconds since 1970.
    pub fn span(&self) -> Option<(i64, i64)> {
        let spans = self.rows.iter().map(|row| (row.start, row.end()));
        spans.reduce(|left, right| (left.0.min(right.0), left.1.max(right.1)))
    }

    /// Finds a span.
    pub fn find(&self, trace: TraceId, span: SpanId) -> Lookup {
        if trace.0.leading_zeros() < self.bits {
            return Lookup::NotKept;
        }
        let Some(group) = self.group(trace.0) else {
            return Lookup::Unknown;
        };
        let rows = &self.rows[group.clone()];
        let found = resolve::find(rows, span.0).or_else(|| resolve::find(rows, span.calling_half().0));
        found.map_or(Lookup::Unknown, |place| {
            Lookup::Row(resolve::number(group.start + place))
        })
    }

    /// The rows of a trace. Keys are evenly spread, so that its place is guessed first and the search stays near.
    fn group(&self, trace: u64) -> Option<std::ops::Range<usize>> {
        let count = self.len();
        let place = |group: usize| usize::try_from(self.groups[group]).unwrap_or(usize::MAX);
        let key = |group: usize| self.rows[place(group)].trace;
        let (mut low, mut high) = (0, count);
        let spread = u128::from(u64::MAX >> self.bits.min(63)) + 1;
        let guess = usize::try_from(u128::from(trace) * count as u128 / spread).unwrap_or(0);
        // Keys deviate from even spread by about the square root of their number: what lies further out is a normal search.
        let reach = count.isqrt() * 2 + 8;
        let (near, far) = (guess.saturating_sub(reach), guess.saturating_add(reach).min(count));
        if near < count && key(near) <= trace {
            low = near;
        }
        if far > low && far < count && key(far) > trace {
            high = far;
        }
        while low < high {
            let middle = low.midpoint(high);
            match key(middle).cmp(&trace) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(place(middle)..place(middle + 1)),
            }
        }
        None
    }
}
