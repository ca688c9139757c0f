//! One series: whose it is, what it measures, and its points. It does not know how files write it.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;

/// Who saw what passes between two components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The one that calls.
    Caller,
    /// The one that is called.
    Callee,
    /// It is not said.
    Unknown,
}

/// Whose a series is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// One component.
    Component(String),
    /// What passes between two.
    Edge {
        /// The one that calls.
        caller: String,
        /// The one that is called.
        callee: String,
        /// Where it was measured.
        seen_by: Side,
    },
    /// Nothing says whose.
    Unknown,
}

/// How the values are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A count that grows from the start of a process. The points are its rate per second.
    Counter,
    /// A level.
    Gauge,
    /// A part of a whole: up to 1, or up to 100 where the unit is `%`.
    Ratio,
    /// A bucket, sum or count of a histogram or summary.
    HistogramPart,
}

/// What a series tells of its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Processor time.
    Cpu,
    /// Memory.
    Memory,
    /// How long its own answers take.
    Latency,
    /// How long the answers that it waits for take. No evidence against its owner: it grows when idle.
    ClientLatency,
    /// Share of what succeeds.
    Availability,
    /// What fails.
    Error,
    /// What is asked of it.
    Traffic,
    /// Of the machine, which others share.
    Host,
    /// How full something is: a queue, a pool.
    Saturation,
    /// None of these.
    Other,
}

/// Why a series was taken for what it is, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reasons {
    /// Of the owner.
    pub owner: Cow<'static, str>,
    /// Of the kind.
    pub kind: Cow<'static, str>,
    /// Of the unit.
    pub unit: Cow<'static, str>,
    /// Of the role.
    pub role: Cow<'static, str>,
}

/// Points that there is room for from the first on.
const FIRST: usize = 32;

/// Points in the order of time, no two at the same time, all values finite.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Points {
    /// Microseconds since 1970.
    pub times: Vec<i64>,
    /// In the unit of the series.
    pub values: Vec<f64>,
    /// Rows of the set, where each is written.
    pub rows: Vec<u32>,
}

impl Points {
    /// Number of points.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Adds one behind the others.
    pub(super) fn push(&mut self, time: i64, value: f64, row: u32) {
        if self.times.len() == self.times.capacity() {
            // Most series have hundreds: the first few steps of growing by doubling are not worth their copies.
            let more = self.times.len().max(FIRST);
            self.times.reserve_exact(more);
            self.values.reserve_exact(more);
            self.rows.reserve_exact(more);
        }
        self.times.push(time);
        self.values.push(value);
        self.rows.push(row);
    }

    /// Adds others behind these.
    pub(super) fn append(&mut self, others: Self) {
        self.times.extend(others.times);
        self.values.extend(others.values);
        self.rows.extend(others.rows);
    }

    /// Median time from one point to the next, in microseconds.
    pub fn step(&self) -> Option<i64> {
        // Most series are even, which one pass shows.
        let first = self.times.get(1)?.saturating_sub(self.times[0]);
        let near = first / 8;
        if (self.times.windows(2)).all(|pair| (pair[1].saturating_sub(pair[0]) - first).abs() <= near) {
            return Some(first);
        }
        let mut steps: Vec<i64> = self
            .times
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]))
            .collect();
        let middle = steps.len() / 2;
        Some(*steps.select_nth_unstable(middle).1)
    }

    /// Keeps every second point, the first among them.
    pub(super) fn halve(&mut self) {
        fn every_second<T: Copy>(list: &mut Vec<T>) {
            let mut place = 0;
            list.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            list.shrink_to_fit();
        }
        every_second(&mut self.times);
        every_second(&mut self.values);
        every_second(&mut self.rows);
    }

    /// Puts points into the order of time and keeps the first of several at one time. Gives how many came after a later
    /// one, and how many were dropped.
    pub(super) fn settle(&mut self) -> (u64, u64) {
        if self.times.windows(2).all(|pair| pair[0] < pair[1]) {
            return (0, 0);
        }
        let late = self.times.windows(2).filter(|pair| pair[1] < pair[0]).count() as u64;
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&place| self.times[place]);
        order.dedup_by_key(|place| self.times[*place]);
        let dropped = (self.len() - order.len()) as u64;
        *self = Self {
            times: order.iter().map(|&place| self.times[place]).collect(),
            values: order.iter().map(|&place| self.values[place]).collect(),
            rows: order.iter().map(|&place| self.rows[place]).collect(),
        };
        (late, dropped)
    }
}

/// One series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// Whose it is.
    pub owner: Owner,
    /// Its name as it is written, without a unit in brackets.
    pub name: String,
    /// What else tells it apart.
    pub labels: BTreeMap<String, String>,
    /// `p95`, `Average` and the like, where it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
    /// How the values are to be read.
    pub kind: Kind,
    /// `s`, `ms`, `%`, `By`, `1` as written or as the name says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What it tells of its owner.
    pub role: Role,
    /// Why it was taken for that.
    pub reasons: Reasons,
    /// What was measured.
    #[serde(skip)]
    pub points: Points,
}

impl Series {
    /// What it is called in a sentence.
    pub fn title(&self) -> String {
        let statistic = self
            .statistic
            .as_deref()
            .map_or(String::new(), |statistic| format!(" {statistic}"));
        match &self.owner {
            Owner::Component(name) => format!("{} of {name}{statistic}", self.name),
            Owner::Edge { caller, callee, .. } => format!("{} from {caller} to {callee}{statistic}", self.name),
            Owner::Unknown => format!("{}{statistic}", self.name),
        }
    }

    /// The value that is full, for a ratio.
    pub fn full(&self) -> Option<f64> {
        (self.kind == Kind::Ratio).then(|| if self.unit.as_deref() == Some("%") { 100.0 } else { 1.0 })
    }
}
