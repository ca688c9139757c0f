//! Settings: a file of configuration as flat paths with values, each with the place where it stands.

use std::{collections::BTreeMap, ops::Range};

use serde::{Serialize, Serializer, ser::SerializeTuple};

use super::{
    owner,
    secret::{self, Value},
};
use crate::{
    quote::Quote,
    source::{Encoding, Origin},
};

/// Settings of one file that are kept.
pub(super) const MOST: usize = 20_000;
/// Bytes of a path.
pub(super) const LONGEST_PATH: usize = 512;
/// Bytes in front of a value that are quoted with it, so that its key is seen.
const IN_FRONT: usize = 200;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Line it begins on, from 1.
    pub line: u64,
    /// From its first byte to the one after its last.
    #[serde(serialize_with = "pair")]
    pub bytes: Range<u64>,
}

fn pair<S: Serializer>(range: &Range<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut tuple = serializer.serialize_tuple(2)?;
    tuple.serialize_element(&range.start)?;
    tuple.serialize_element(&range.end)?;
    tuple.end()
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Whose setting it is.
    pub component: String,
    /// What is set. Text, whatever its type in the file.
    pub value: Value,
    /// Where.
    pub place: Place,
    /// The line up to the end of the value. None if it may hold a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
}

/// One file of configuration. Paths are joined by dots; an element of a list is named by its `name`, `key` or `id`, or by its
/// number; a manifest of Kubernetes begins with `KIND/NAMESPACE/NAME:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The file.
    pub origin: Origin,
    /// Path to value.
    pub entries: BTreeMap<String, Setting>,
    /// Values that there was no room for.
    pub dropped: u64,
}

/// A value as a reader finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub path: String,
    pub text: String,
    /// Bytes of the file.
    pub bytes: Range<usize>,
    /// The component, where the file says it.
    pub component: Option<String>,
}

impl Settings {
    /// Puts together what a reader found in `content`. A later value of a path counts.
    pub(super) fn new(origin: &Origin, relative: &str, content: &str, found: Vec<Found>, mut dropped: u64) -> Self {
        let lines = Lines::of(content);
        let owner = owner::of_path(relative);
        let hides = secret::is_secret_file(relative);
        let values: Vec<Value> = found
            .iter()
            .map(|found| {
                if hides {
                    Value::hidden(&found.text)
                } else {
                    Value::new(&found.path, &found.text)
                }
            })
            .collect();
        let mut masked: Vec<Range<usize>> = found
            .iter()
            .zip(&values)
            .filter(|(_, value)| value.is_masked())
            .map(|(found, _)| found.bytes.clone())
            .collect();
        masked.sort_unstable_by_key(|range| range.start);
        let mut entries = BTreeMap::new();
        for (found, value) in found.into_iter().zip(values) {
            if entries.len() >= MOST || found.path.len() > LONGEST_PATH {
                dropped += 1;
                continue;
            }
            let start = found.bytes.start.min(content.len());
            let end = found.bytes.end.clamp(start, content.len());
            let line = lines.of_byte(start);
            let place = Place {
                line: line as u64,
                bytes: start as u64..end as u64,
            };
            let quote = (!value.is_masked())
                .then(|| quote(origin, content, &lines, line, start..end, &masked))
                .flatten();
            let component = found.component.unwrap_or_else(|| owner.clone());
            let setting = Setting {
                component,
                value,
                place,
                quote,
            };
            entries.insert(found.path, setting);
        }
        Self {
            origin: origin.clone(),
            entries,
            dropped,
        }
    }
}

/// The line up to the end of the value, or the value alone where the line is long or may hold a secret.
fn quote(
    origin: &Origin,
    content: &str,
    lines: &Lines,
    line: usize,
    bytes: Range<usize>,
    masked: &[Range<usize>],
) -> Option<Quote> {
    let from = lines.start(line).min(bytes.start);
    let next = masked.partition_point(|range| range.start < bytes.end);
    let is_near = masked[..next].iter().rev().take(8).any(|range| range.end > from);
    let is_short = bytes.start - from <= IN_FRONT;
    let start = if is_short && !is_near && !secret::may_hold(content.get(from..bytes.end)?) {
        from
    } else {
        bytes.start
    };
    let text = content.get(start..bytes.end)?;
    (!secret::may_hold(text)).then(|| Quote::new(origin, line as u64, start as u64, text.as_bytes(), Encoding::Utf8))
}

/// Where lines begin.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub fn of(content: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', content.as_bytes()).map(|at| at + 1));
        Self(starts)
    }

    /// The line of a byte, from 1.
    pub fn of_byte(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at)
    }

    /// Where a line begins, counted from 1.
    pub fn start(&self, line: usize) -> usize {
        let last = self.0.last().copied().unwrap_or(0);
        self.0.get(line.saturating_sub(1)).copied().unwrap_or(last)
    }
}
