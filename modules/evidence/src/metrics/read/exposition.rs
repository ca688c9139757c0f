//! What a Prometheus target shows: one sample a line, several scrapes one after another.
//!
//! Samples without a time of their own take that of the last remark with one; else the first scrape takes the reference
//! time, and further ones are counted as untimed, because nothing says how long after they were taken.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::Read,
};

use super::{
    ReadOptions, ReadSummary,
    cell::{self, Cell},
};
use crate::{
    logs::time,
    metrics::{Description, Kind, Owner, Place, SeriesSet, owner::of_labels},
    source::{LineReader, Origin, ReadError},
};

/// Names whose type is remembered.
const TYPES: usize = 20_000;

/// Reads all samples.
pub fn read(
    stream: impl Read,
    origin: &Origin,
    options: &ReadOptions,
    set: &mut SeriesSet,
) -> Result<ReadSummary, ReadError> {
    let mut reader = LineReader::new(stream, options.lines);
    let source = set.source(origin);
    let mut summary = ReadSummary::default();
    let mut types: HashMap<String, Kind> = HashMap::new();
    let mut units: HashMap<String, String> = HashMap::new();
    let mut scrape = Scrape::default();
    while let Some(line) = reader.next_line()? {
        summary.skipped += line.skipped;
        let decoded = String::from_utf8_lossy(line.text);
        let text = decoded.trim();
        if text.is_empty() {
            continue;
        }
        if let Some(remark) = text.strip_prefix('#') {
            let mut words = remark.split_whitespace();
            match (words.next(), words.next(), words.next()) {
                (Some("TYPE"), Some(name), Some(kind)) if types.len() < TYPES => {
                    types.extend(kind_of(kind).map(|kind| (name.to_owned(), kind)));
                }
                (Some("UNIT"), Some(name), Some(unit)) if units.len() < TYPES => {
                    units.insert(name.to_owned(), unit.to_owned());
                }
                (Some("TYPE" | "HELP" | "UNIT"), ..) => {}
                (Some("EOF"), ..) => scrape.next(),
                _ => {
                    if let Some((_, _, stamp)) = time::find(remark.trim_start().as_bytes(), &options.time) {
                        scrape.time = Some(stamp.micros);
                    }
                }
            }
            continue;
        }
        summary.rows += 1;
        let Some(sample) = sample(text) else {
            summary.faulty += 1;
            continue;
        };
        let own = sample
            .time
            .map(|time| cell::time(time.as_bytes(), &options.time).map(|(at, _)| at));
        let value = match cell::number(sample.value.as_bytes(), false) {
            Cell::Number(value) => value,
            Cell::Missing => {
                summary.missing += 1;
                continue;
            }
            Cell::Infinite => {
                summary.infinite += 1;
                continue;
            }
            Cell::Text => {
                summary.take_text(line.number, line.text);
                continue;
            }
        };
        let series = describe(set, &sample, &types, &units);
        let at = match own {
            Some(time) => time,
            None => scrape.of(series, options.time.reference),
        };
        let Some(at) = at else {
            summary.untimed += 1;
            continue;
        };
        summary.values += 1;
        summary.cover(at);
        let mut place = Place::new(source, line.number, line.start, line.raw, line.encoding);
        set.push(series, at, value, &mut place);
    }
    summary.bytes = reader.offset();
    Ok(summary)
}

/// Which scrape a sample without a time belongs to.
#[derive(Default)]
struct Scrape {
    time: Option<i64>,
    seen: HashSet<u32>,
    number: u64,
}

impl Scrape {
    fn next(&mut self) {
        self.seen.clear();
        self.number += 1;
    }

    fn of(&mut self, series: Option<u32>, reference: i64) -> Option<i64> {
        if self.time.is_some() {
            return self.time;
        }
        if !series.is_some_and(|series| self.seen.insert(series)) {
            self.next();
        }
        (self.number == 0).then_some(reference)
    }
}

fn kind_of(word: &str) -> Option<Kind> {
    Some(match word {
        "counter" => Kind::Counter,
        "gauge" => Kind::Gauge,
        "histogram" | "summary" | "gaugehistogram" => Kind::HistogramPart,
        _ => return None,
    })
}

struct Sample<'s> {
    name: &'s str,
    labels: BTreeMap<String, String>,
    value: &'s str,
    time: Option<&'s str>,
}

fn describe(
    set: &mut SeriesSet,
    sample: &Sample<'_>,
    types: &HashMap<String, Kind>,
    units: &HashMap<String, String>,
) -> Option<u32> {
    let base = ["_bucket", "_count", "_sum", "_total", "_created"]
        .iter()
        .find_map(|end| sample.name.strip_suffix(end).filter(|base| types.contains_key(*base)));
    let kind = match (types.get(sample.name), base.and_then(|base| types.get(base))) {
        // Count and sum of a histogram are counters of their own; a summary's quantile is a level.
        (None, Some(Kind::HistogramPart)) if !sample.name.ends_with("_bucket") => Some(Kind::Counter),
        (Some(Kind::HistogramPart), _) => Some(Kind::Gauge),
        (kind, of_base) => kind.or(of_base).copied(),
    };
    let mut labels = sample.labels.clone();
    let (owner, owner_reason) = of_labels(&mut labels).unwrap_or((Owner::Unknown, "nothing names it"));
    set.describe(Description {
        owner,
        owner_reason,
        name: sample.name.to_owned(),
        labels,
        statistic: None,
        unit: units.get(base.unwrap_or(sample.name)).cloned(),
        kind,
    })
}

fn sample(text: &str) -> Option<Sample<'_>> {
    let end = text.find(|letter: char| letter == '{' || letter.is_whitespace())?;
    let (name, rest) = text.split_at(end);
    let mut labels = BTreeMap::new();
    let rest = if rest.starts_with('{') {
        self::labels(rest, &mut labels)?
    } else {
        rest
    };
    // An exemplar stands after a number sign.
    let mut words = rest.split_whitespace().take_while(|word| *word != "#");
    let value = words.next()?;
    (!name.is_empty()).then_some(Sample {
        name,
        labels,
        value,
        time: words.next(),
    })
}

/// Reads `{key="value",…}` and gives what follows.
fn labels<'s>(text: &'s str, into: &mut BTreeMap<String, String>) -> Option<&'s str> {
    let mut rest = text.strip_prefix('{')?.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some(after);
        }
        let (key, after) = rest.split_once('=')?;
        let mut value = String::new();
        let mut letters = after.trim_start().strip_prefix('"')?.char_indices();
        let after = after.trim_start().strip_prefix('"')?;
        let end = loop {
            match letters.next()? {
                (at, '"') => break at + 1,
                (_, '\\') => match letters.next()?.1 {
                    'n' => value.push('\n'),
                    letter => value.push(letter),
                },
                (_, letter) => value.push(letter),
            }
        };
        into.insert(key.trim().to_owned(), value);
        rest = after[end..].trim_start().trim_start_matches(',').trim_start();
    }
}
