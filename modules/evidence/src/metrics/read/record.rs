//! Objects of JSON: a row of a table by its keys, or a series with its values beside it.

use std::collections::{BTreeMap, HashMap};

use serde_json::value::RawValue;

use super::{
    ReadOptions, ReadSummary,
    cell::{self, Cell},
    clock,
    table::{Field, RawRow, Table},
};
use crate::{
    metrics::{
        Description, Kind, Owner, Place, SeriesSet, SourceId,
        owner::{of_file, of_labels},
    },
    source::{Encoding, Origin},
};

/// Keys that become columns.
const COLUMNS: usize = 4_096;

/// Objects while they are read.
pub struct Records<'r, 't> {
    content: &'r [u8],
    origin: &'t Origin,
    options: &'t ReadOptions,
    source: SourceId,
    table: Table<'t>,
    columns: HashMap<String, usize>,
    /// A place in the content, and the number of its line.
    counted: (usize, u64),
    /// What was read beside the table.
    summary: ReadSummary,
}

impl<'r, 't> Records<'r, 't> {
    /// Nothing is read yet.
    pub fn new(content: &'r [u8], origin: &'t Origin, options: &'t ReadOptions, set: &'t mut SeriesSet) -> Self {
        Self {
            content,
            origin,
            options,
            source: set.source(origin),
            table: Table::new(origin, options, set, Vec::new(), None, false),
            columns: HashMap::new(),
            counted: (0, 1),
            summary: ReadSummary::default(),
        }
    }

    /// What was read.
    pub fn finish(self) -> ReadSummary {
        let (mine, mut summary) = (self.summary, self.table.finish());
        for time in mine.span.iter().flat_map(|(first, last)| [*first, *last]) {
            summary.cover(time);
        }
        summary.rows += mine.rows;
        summary.values += mine.values;
        summary.missing += mine.missing;
        summary.infinite += mine.infinite;
        summary.untimed += mine.untimed;
        summary.unsupported += mine.unsupported;
        summary.faulty += mine.faulty;
        summary.text += mine.text;
        summary.first_text = summary.first_text.or(mine.first_text);
        summary
    }

    /// An element of an array.
    pub fn element(&mut self, element: &'r RawValue) {
        match serde_json::from_str::<Fields<'r>>(element.get()) {
            Ok(Fields(fields)) => self.fields(&fields, element.get()),
            Err(_) => self.summary.faulty += 1,
        }
    }

    /// The fields of an object that stands alone.
    pub fn object(&mut self, fields: &[(String, &'r RawValue)]) {
        let (Some((_, first)), Some((_, last))) = (fields.first(), fields.last()) else {
            return;
        };
        let (from, to) = (self.offset(first.get()), self.offset(last.get()) + last.get().len());
        if let Some(text) = self.content.get(from..to).and_then(|raw| std::str::from_utf8(raw).ok()) {
            self.fields(fields, text);
        }
    }

    /// What is known of a series that is written with its values. None when there is no room for it.
    pub fn describe(
        &mut self,
        name: String,
        mut labels: BTreeMap<String, String>,
        unit: Option<String>,
        kind: Option<Kind>,
    ) -> Option<u32> {
        let (owner, owner_reason) = of_labels(&mut labels)
            .or_else(|| Some((of_file(self.origin)?, "its file is named so")))
            .unwrap_or((Owner::Unknown, "nothing names it"));
        self.table.set().describe(Description {
            owner,
            owner_reason,
            name,
            labels,
            statistic: None,
            unit,
            kind,
        })
    }

    /// Adds a point that is written as `raw`.
    pub fn point(&mut self, series: Option<u32>, time: Option<i64>, value: Cell, raw: &'r str) {
        self.summary.rows += 1;
        let start = self.offset(raw);
        let line = self.line(start);
        match (time, value) {
            (Some(time), Cell::Number(value)) => {
                self.summary.values += 1;
                self.summary.cover(time);
                let mut place = Place::new(self.source, line, start as u64, raw.as_bytes(), Encoding::Utf8);
                self.table.set().push(series, time, value, &mut place);
            }
            (None, _) => self.summary.untimed += 1,
            (_, Cell::Missing) => self.summary.missing += 1,
            (_, Cell::Infinite) => self.summary.infinite += 1,
            (_, Cell::Text) => self.summary.take_text(line, raw.as_bytes()),
        }
    }

    /// Something that has no place here.
    pub fn unsupported(&mut self) {
        self.summary.unsupported += 1;
    }

    /// Something that cannot be read.
    pub fn faulty(&mut self) {
        self.summary.faulty += 1;
    }

    fn fields(&mut self, fields: &[(String, &'r RawValue)], raw: &'r str) {
        let find = |wanted: &str| {
            fields
                .iter()
                .find(|(key, _)| key == wanted)
                .map(|(_, value)| value.get())
        };
        if fields
            .iter()
            .any(|(key, _)| matches!(key.as_str(), "histogram" | "histograms"))
        {
            self.unsupported();
        } else if let Some(values) = find("values").filter(|values| values.starts_with('[')) {
            let series = self.series(fields);
            match serde_json::from_str::<Vec<&'r RawValue>>(values) {
                Ok(values) => values.into_iter().for_each(|pair| self.pair(series, pair.get())),
                Err(_) => self.faulty(),
            }
        } else if let Some(pair) = find("value").filter(|value| value.starts_with('[')) {
            let series = self.series(fields);
            self.pair(series, pair);
        } else {
            self.row(fields, raw);
        }
    }

    /// The series whose values stand beside its name and labels.
    fn series(&mut self, fields: &[(String, &'r RawValue)]) -> Option<u32> {
        let mut labels = BTreeMap::new();
        let mut name = String::new();
        for (key, value) in fields
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "values" | "value"))
        {
            if let Ok(Fields(inner)) = serde_json::from_str::<Fields<'_>>(value.get()) {
                labels.extend(inner.into_iter().map(|(key, value)| (key, scalar(value.get()))));
            } else if matches!(key.as_str(), "metric" | "name" | "target" | "metric_name") {
                name = scalar(value.get());
            } else if !value.get().starts_with('[') {
                labels.insert(key.clone(), scalar(value.get()));
            }
        }
        if let Some(written) = labels.remove("__name__") {
            name = written;
        }
        let unit = labels.remove("unit");
        self.describe(name, labels, unit, None)
    }

    /// `[time, value]`, or an object with both.
    fn pair(&mut self, series: Option<u32>, raw: &'r str) {
        let (time, value) = if let Ok((time, value)) = serde_json::from_str::<(&RawValue, &RawValue)>(raw) {
            (Some(time.get()), Some(value.get()))
        } else if let Ok(Fields(fields)) = serde_json::from_str::<Fields<'_>>(raw) {
            let pick = |timed: bool| {
                fields
                    .iter()
                    .find(|(key, _)| clock::is_named(key) == timed)
                    .map(|(_, value)| value.get())
            };
            (pick(true), pick(false))
        } else {
            self.faulty();
            return;
        };
        let time = time.and_then(|time| cell::time(scalar(time).as_bytes(), &self.options.time));
        let value = value.map_or(Cell::Missing, |value| cell::number(scalar(value).as_bytes(), false));
        self.point(series, time.map(|(time, _)| time), value, raw);
    }

    fn row(&mut self, fields: &[(String, &'r RawValue)], raw: &'r str) {
        let start = self.offset(raw);
        let line = self.line(start);
        let mut cells: Vec<(usize, String, usize)> = Vec::new();
        for (key, value) in fields {
            if let Ok(Fields(inner)) = serde_json::from_str::<Fields<'_>>(value.get()) {
                for (key, value) in inner {
                    let at = self.offset(value.get()).saturating_sub(start);
                    cells.extend(self.column(&key).map(|column| (column, scalar(value.get()), at)));
                }
            } else if !value.get().starts_with('[') {
                let at = self.offset(value.get()).saturating_sub(start);
                cells.extend(self.column(key).map(|column| (column, scalar(value.get()), at)));
            }
        }
        if cells.is_empty() {
            return;
        }
        let width = cells.iter().map(|(column, _, _)| column + 1).max().unwrap_or(0);
        let mut row = vec![Field { text: b"", at: None }; width];
        for (column, text, at) in &cells {
            // A number stands in the source as it is; a string may have lost its escapes.
            let as_written = raw.as_bytes().get(*at..*at + text.len()) == Some(text.as_bytes());
            row[*column] = Field {
                text: text.as_bytes(),
                at: as_written.then_some(*at),
            };
        }
        let raw = RawRow {
            line,
            start: start as u64,
            raw: raw.as_bytes(),
            encoding: Encoding::Utf8,
        };
        self.table.row(&row, raw);
    }

    fn column(&mut self, key: &str) -> Option<usize> {
        if let Some(&known) = self.columns.get(key) {
            return Some(known);
        }
        let added = if self.columns.len() < COLUMNS {
            self.table.add_column(key)
        } else {
            None
        };
        match added {
            Some(column) => {
                self.columns.insert(key.to_owned(), column);
            }
            None => self.summary.unsupported += 1,
        }
        added
    }

    /// Where a part of the content begins in it.
    fn offset(&self, part: &str) -> usize {
        part.as_ptr().addr().saturating_sub(self.content.as_ptr().addr())
    }

    fn line(&mut self, at: usize) -> u64 {
        let (mut from, mut line) = self.counted;
        if at < from {
            (from, line) = (0, 1);
        }
        let passed = self.content.get(from..at).unwrap_or_default();
        line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.counted = (at, line);
        line
    }
}

/// The fields of an object in their order.
pub struct Fields<'f>(pub Vec<(String, &'f RawValue)>);

impl<'de: 'f, 'f> serde::Deserialize<'de> for Fields<'f> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> serde::de::Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Collect).map(Fields)
    }
}

/// A string without quotes and escapes; anything else as it is written.
pub fn scalar(raw: &str) -> String {
    serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned())
}
