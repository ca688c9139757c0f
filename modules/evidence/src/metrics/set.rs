//! The set of all series, within bounds: what is too much is thinned evenly, and it says so.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{
    Kind, Owner, Points, Reasons, Series, role,
    rows::{Place, Rows, SourceId},
};
use crate::{quote::Quote, source::Origin};

/// Bytes of one point: its time, its value, its row.
const POINT: usize = 20;
/// Bytes of a name or of a label's value that are kept.
const NAMED: usize = 256;
/// Labels of a series that are kept.
const LABELLED: usize = 24;
/// Points below which a series is not thinned on arrival: what is seen rarely must not vanish beside what is frequent.
const FEWEST: usize = 64;

/// Bounds of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesLimits {
    /// Bytes for points, rows and their words. Lists grow by doubling, so that twice as much may be taken for a moment.
    pub bytes: usize,
    /// Series.
    pub series: usize,
    /// Bytes for names and labels.
    pub names: usize,
}

impl Default for SeriesLimits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            series: 20_000,
            names: 16 << 20,
        }
    }
}

/// What a reader knows of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Whose it is.
    pub owner: Owner,
    /// Why.
    pub owner_reason: &'static str,
    /// As written, unit in brackets included.
    pub name: String,
    /// What else tells it apart.
    pub labels: BTreeMap<String, String>,
    /// Where it is told.
    pub statistic: Option<String>,
    /// Where it is told.
    pub unit: Option<String>,
    /// Where it is told, and not only guessed.
    pub kind: Option<Kind>,
}

/// What was left out of a set.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SetSummary {
    /// Points that are there.
    pub points: u64,
    /// Points that were left out, evenly, for want of room.
    pub thinned: u64,
    /// Points of series that there was no room for.
    pub unkept: u64,
    /// Points that came after a later one of their series, and were put in order.
    pub out_of_order: u64,
    /// Points at a time that their series had already.
    pub duplicates: u64,
    /// Counters that began anew.
    pub resets: u64,
}

/// All series.
#[derive(Debug)]
pub struct SeriesSet {
    pub(super) limits: SeriesLimits,
    pub(super) rows: Rows,
    pub(super) series: Vec<Series>,
    /// Points that were offered since the set was first thinned, by series.
    pub(super) offered: Vec<u64>,
    /// Whether the kind was told.
    pub(super) told: Vec<bool>,
    pub(super) index: HashMap<Vec<u8>, u32>,
    /// Bytes of names and labels.
    pub(super) names: usize,
    pub(super) points: usize,
    pub(super) stride: u64,
    pub(super) summary: SetSummary,
}

impl SeriesSet {
    /// An empty set.
    pub fn new(limits: SeriesLimits) -> Self {
        Self {
            limits,
            rows: Rows::default(),
            series: Vec::new(),
            offered: Vec::new(),
            told: Vec::new(),
            index: HashMap::new(),
            names: 0,
            points: 0,
            stride: 1,
            summary: SetSummary::default(),
        }
    }

    /// All series, in the order in which they were first seen.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// What is there and what was left out.
    pub fn summary(&self) -> SetSummary {
        SetSummary {
            points: self.series.iter().map(|series| series.points.len() as u64).sum(),
            ..self.summary
        }
    }

    /// Adds a source.
    pub fn source(&mut self, origin: &Origin) -> SourceId {
        self.rows.source(origin)
    }

    /// Finds or adds a series. None when there is no room for another.
    pub fn describe(&mut self, mut told: Description) -> Option<u32> {
        trim(&mut told.name);
        let (bare, bracketed) = role::bracketed(&told.name);
        let unit = told.unit.clone().or_else(|| bracketed.map(str::to_owned));
        let (name, statistic) = (
            bare.to_owned(),
            told.statistic.clone().or_else(|| role::statistic(bare)),
        );
        let labels: BTreeMap<String, String> = std::mem::take(&mut told.labels)
            .into_iter()
            .take(LABELLED)
            .map(|(mut key, mut value)| {
                trim(&mut key);
                trim(&mut value);
                (key, value)
            })
            .collect();
        let key = key(&told.owner, &name, statistic.as_deref(), &labels);
        if let Some(&known) = self.index.get(&key) {
            return Some(known);
        }
        if self.series.len() >= self.limits.series || self.names + key.len() > self.limits.names {
            return None;
        }
        self.names += key.len();
        let place = u32::try_from(self.series.len()).ok()?;
        self.index.insert(key, place);
        let by_name = role::unit(&name);
        let (unit, unit_reason) = match (unit, by_name) {
            (Some(unit), _) => (Some(unit), "it is written"),
            (None, Some(unit)) => (Some(unit.to_owned()), "its name says so"),
            (None, None) => (None, "nothing says it"),
        };
        let (kind, kind_reason) = told.kind.map_or_else(
            || role::kind(&name, unit.as_deref(), labels.contains_key("le")),
            |kind| (kind, "its source says so"),
        );
        let pairs = labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let (role, role_reason) = role::role(&name, unit.as_deref(), pairs);
        self.told.push(told.kind.is_some());
        self.offered.push(0);
        self.series.push(Series {
            owner: told.owner,
            name,
            labels,
            statistic,
            kind,
            unit,
            role,
            reasons: Reasons {
                owner: told.owner_reason.into(),
                kind: kind_reason.into(),
                unit: unit_reason.into(),
                role: role_reason,
            },
            points: Points::default(),
        });
        Some(place)
    }

    /// Adds a point. `series` is none where there was no room for it.
    pub fn push(&mut self, series: Option<u32>, time: i64, value: f64, place: &mut Place<'_>) {
        let Some(at) = series
            .map(|series| series as usize)
            .filter(|at| *at < self.series.len())
        else {
            self.summary.unkept += 1;
            return;
        };
        let points = &mut self.series[at].points;
        if self.stride > 1 {
            self.offered[at] += 1;
            // The stride is a power of two.
            if points.len() >= FEWEST && self.offered[at] & (self.stride - 1) != 0 {
                self.summary.thinned += 1;
                return;
            }
        }
        let row = self.rows.add(place);
        points.push(time, value, row);
        self.points += 1;
        if self.heap_size() > self.limits.bytes {
            // A quarter is freed each time, so that the work stays in proportion to what was read.
            while self.points > self.series.len() && self.heap_size() > self.limits.bytes / 4 * 3 {
                self.thin();
            }
            place.forget();
        }
    }

    /// Bytes of points, rows and their words.
    pub fn heap_size(&self) -> usize {
        self.points * POINT + self.rows.heap_size()
    }

    /// The words of a row, as they stand in its source.
    pub fn quote(&self, row: u32) -> Option<Quote> {
        self.rows.quote(row)
    }

    /// The source of a row.
    pub fn origin(&self, row: u32) -> Option<&Origin> {
        self.rows.origin(row)
    }

    /// Keeps every second point, and lets go of rows that no point needs.
    fn thin(&mut self) {
        self.stride = self.stride.saturating_mul(2).min(1 << 40);
        let mut needed = vec![false; self.rows.len()];
        let mut left = 0;
        for series in &mut self.series {
            let before = series.points.len();
            series.points.halve();
            self.summary.thinned += (before - series.points.len()) as u64;
            left += series.points.len();
            for &row in &series.points.rows {
                needed[row as usize] = true;
            }
        }
        self.points = left;
        let moved = self.rows.retain(&needed);
        for series in &mut self.series {
            for row in &mut series.points.rows {
                *row = moved[*row as usize];
            }
        }
    }
}

fn trim(text: &mut String) {
    if text.len() > NAMED {
        let end = (0..=NAMED).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
}

fn key(owner: &Owner, name: &str, statistic: Option<&str>, labels: &BTreeMap<String, String>) -> Vec<u8> {
    let mut key = Vec::new();
    let mut add = |part: &str| {
        key.extend_from_slice(part.as_bytes());
        key.push(0);
    };
    match owner {
        Owner::Component(name) => {
            add("component");
            add(name);
        }
        Owner::Edge {
            caller,
            callee,
            seen_by,
        } => {
            add(&format!("edge {seen_by:?}"));
            add(caller);
            add(callee);
        }
        Owner::Unknown => add("unknown"),
    }
    add(name);
    add(statistic.unwrap_or_default());
    for (label, value) in labels {
        add(label);
        add(value);
    }
    key
}
