//! Tables: rows of fields become points, once the first rows have told what each column is for.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
};

use super::{
    ReadOptions, ReadSummary,
    cell::{self, Cell},
    column::{Levels, Plan, Value},
};
use crate::{
    metrics::{
        Description, Owner, Place, SeriesSet, SourceId,
        owner::{of_file, of_labels},
        rows::QUOTED,
    },
    source::{Encoding, Origin},
};

/// Rows by which columns are judged.
const SAMPLE: usize = 64;
/// Bytes of these rows.
const SAMPLE_BYTES: usize = 1 << 20;
/// Places of series that are remembered for combinations of labels.
const REMEMBERED: usize = 1 << 20;

/// A field, and where it begins in its row when it stands there as it is.
#[derive(Debug, Clone, Copy)]
pub struct Field<'r> {
    /// What it says.
    pub text: &'r [u8],
    /// Bytes from the beginning of the row.
    pub at: Option<usize>,
}

/// A row as it stands in the source.
#[derive(Debug, Clone, Copy)]
pub struct RawRow<'r> {
    /// Its line, from 1.
    pub line: u64,
    /// Place of its first byte.
    pub start: u64,
    /// Its bytes.
    pub raw: &'r [u8],
    /// How they are to be decoded.
    pub encoding: Encoding,
}

/// Rows that wait until columns are known, with their bytes one after another.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    /// Bytes of the rows themselves.
    raw: usize,
    fields: Vec<(Range<usize>, Option<usize>)>,
    rows: Vec<HeldRow>,
}

struct HeldRow {
    fields: Range<usize>,
    line: u64,
    start: u64,
    raw: Range<usize>,
    encoding: Encoding,
}

impl Held {
    fn push(&mut self, fields: &[Field<'_>], row: RawRow<'_>) {
        let mut keep = |bytes: &[u8]| {
            let from = self.bytes.len();
            self.bytes.extend_from_slice(bytes);
            from..self.bytes.len()
        };
        let first = self.fields.len();
        let raw = keep(row.raw);
        self.raw += raw.len();
        self.fields.extend(fields.iter().map(|field| {
            let place = |at| raw.start + at..raw.start + at + field.text.len();
            (field.at.map_or_else(|| keep(field.text), place), field.at)
        }));
        self.rows.push(HeldRow {
            fields: first..self.fields.len(),
            line: row.line,
            start: row.start,
            raw,
            encoding: row.encoding,
        });
    }

    fn fields<'h>(&'h self, row: &HeldRow) -> impl Iterator<Item = Field<'h>> {
        self.fields[row.fields.clone()].iter().map(|(text, at)| Field {
            text: &self.bytes[text.clone()],
            at: *at,
        })
    }
}

/// A table while it is read.
pub struct Table<'t> {
    origin: &'t Origin,
    options: &'t ReadOptions,
    source: SourceId,
    set: &'t mut SeriesSet,
    /// What was read.
    pub summary: ReadSummary,
    names: Vec<String>,
    levels: Option<Vec<Levels>>,
    /// Whether decimals stand after a comma.
    comma: bool,
    plan: Option<Plan>,
    given_up: bool,
    held: Held,
    groups: HashMap<u64, usize>,
    places: Vec<Option<u32>>,
    last: Option<(u64, usize)>,
}

impl<'t> Table<'t> {
    /// A table without rows. `levels` is what several header rows say of each column.
    pub fn new(
        origin: &'t Origin,
        options: &'t ReadOptions,
        set: &'t mut SeriesSet,
        names: Vec<String>,
        levels: Option<Vec<Levels>>,
        comma: bool,
    ) -> Self {
        Self {
            source: set.source(origin),
            origin,
            options,
            set,
            summary: ReadSummary::default(),
            names,
            levels,
            comma,
            plan: None,
            given_up: false,
            held: Held::default(),
            groups: HashMap::new(),
            places: Vec::new(),
            last: None,
        }
    }

    /// Adds a column while columns are not judged yet. Gives its place.
    pub fn add_column(&mut self, name: &str) -> Option<usize> {
        if self.plan.is_some() || self.given_up {
            return None;
        }
        self.names.push(name.to_owned());
        Some(self.names.len() - 1)
    }

    /// The set that points go to.
    pub fn set(&mut self) -> &mut SeriesSet {
        self.set
    }

    /// Adds a row.
    pub fn row(&mut self, fields: &[Field<'_>], row: RawRow<'_>) {
        self.summary.rows += 1;
        if let Some(plan) = self.plan.take() {
            self.point(&plan, fields, row);
            self.plan = Some(plan);
        } else if self.given_up {
            self.summary.untimed += 1;
        } else {
            self.held.push(fields, row);
            if self.held.rows.len() >= SAMPLE || self.held.raw > SAMPLE_BYTES {
                self.judge();
            }
        }
    }

    /// What was read.
    pub fn finish(mut self) -> ReadSummary {
        self.judge();
        self.summary
    }

    /// Decides what columns are for, and takes in the rows that waited.
    fn judge(&mut self) {
        if self.plan.is_some() || self.given_up || self.held.rows.is_empty() {
            return;
        }
        let held = std::mem::take(&mut self.held);
        let rows: Vec<Vec<&[u8]>> = (held.rows.iter())
            .map(|row| held.fields(row).map(|field| field.text).collect())
            .collect();
        let Some(mut plan) = Plan::of(
            &self.names,
            self.levels.as_deref(),
            &rows,
            self.comma,
            &self.options.time,
        ) else {
            self.given_up = true;
            self.summary.untimed += held.rows.len() as u64;
            return;
        };
        self.summary.time = Some(plan.clock.clone());
        self.summary.unused.append(&mut plan.unused);
        for row in &held.rows {
            let fields: Vec<Field<'_>> = held.fields(row).collect();
            let raw = RawRow {
                line: row.line,
                start: row.start,
                raw: &held.bytes[row.raw.clone()],
                encoding: row.encoding,
            };
            self.point(&plan, &fields, raw);
        }
        self.plan = Some(plan);
    }

    fn point(&mut self, plan: &Plan, fields: &[Field<'_>], row: RawRow<'_>) {
        let text = |column: usize| fields.get(column).map_or(&b""[..], |field| field.text);
        let Some((time, _)) = cell::time(text(plan.time), &self.options.time) else {
            self.summary.untimed += 1;
            return;
        };
        self.summary.cover(time);
        let group = self.group(plan, fields);
        let whole = row.raw.len() <= QUOTED;
        let mut place = Place::new(self.source, row.line, row.start, row.raw, row.encoding);
        for (number, value) in plan.values.iter().enumerate() {
            let Some(field) = fields.get(value.column) else {
                self.summary.missing += 1;
                continue;
            };
            match cell::number(field.text, self.comma) {
                Cell::Number(value) => {
                    self.summary.values += 1;
                    let series = group.and_then(|group| self.places.get(group + number).copied().flatten());
                    if let (false, Some(at)) = (whole, field.at) {
                        let start = row.start + at as u64;
                        let mut own = Place::new(self.source, row.line, start, field.text, row.encoding);
                        self.set.push(series, time, value, &mut own);
                    } else {
                        self.set.push(series, time, value, &mut place);
                    }
                }
                Cell::Missing => self.summary.missing += 1,
                Cell::Infinite => self.summary.infinite += 1,
                Cell::Text => self.summary.take_text(row.line, field.text),
            }
        }
    }

    /// Where the series of this row's labels begin in `places`.
    fn group(&mut self, plan: &Plan, fields: &[Field<'_>]) -> Option<usize> {
        let text = |column: usize| fields.get(column).map_or(&b""[..], |field| field.text);
        let mut hasher = DefaultHasher::new();
        for column in plan.labels.iter().map(|(column, _)| *column).chain(plan.name) {
            text(column).hash(&mut hasher);
        }
        let key = hasher.finish();
        if let Some((last, place)) = self.last
            && last == key
        {
            return Some(place);
        }
        let known = self.groups.get(&key).copied();
        let place = known.or_else(|| {
            if self.places.len() + plan.values.len() > REMEMBERED {
                return None;
            }
            let place = self.places.len();
            let mut labels = BTreeMap::new();
            for (column, name) in &plan.labels {
                let value = String::from_utf8_lossy(text(*column).trim_ascii()).into_owned();
                if !value.is_empty() {
                    labels.insert(name.clone(), value);
                }
            }
            let name = plan
                .name
                .map(|column| String::from_utf8_lossy(text(column).trim_ascii()).into_owned());
            for value in &plan.values {
                let series = self.describe(value, name.as_deref(), &labels);
                self.places.push(series);
            }
            self.groups.insert(key, place);
            Some(place)
        })?;
        self.last = Some((key, place));
        Some(place)
    }

    fn describe(&mut self, value: &Value, name: Option<&str>, labels: &BTreeMap<String, String>) -> Option<u32> {
        let mut labels = labels.clone();
        labels.extend(value.labels.clone());
        let (owner, owner_reason) = of_labels(&mut labels)
            .or_else(|| Some((of_file(self.origin)?, "its file is named so")))
            .unwrap_or((Owner::Unknown, "nothing names it"));
        self.set.describe(Description {
            owner,
            owner_reason,
            name: value.name.as_deref().or(name).unwrap_or_default().to_owned(),
            labels,
            statistic: value.statistic.clone(),
            unit: None,
            kind: None,
        })
    }
}
