//! What each column of a table is for, by its name and its first fields: time, value, name of a metric, label.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    cell::{self, Cell},
    clock::{self, TimeColumn},
};
use crate::{
    logs::time::TimeContext,
    metrics::{
        owner::{component_rank, plain},
        role::words,
    },
};

/// Rows with more different words than this share are no label but a text of their own.
const DISTINCT: f64 = 0.5;
/// Rows from which that can be judged.
const JUDGED: usize = 16;

/// What several header rows say of a column.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Levels {
    /// Labels, the component among them.
    pub labels: BTreeMap<String, String>,
    /// Name of the metric.
    pub metric: Option<String>,
    /// `p95` and the like.
    pub statistic: Option<String>,
}

/// A column of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Its place.
    pub column: usize,
    /// Name of the metric; none where another column holds it.
    pub name: Option<String>,
    /// Where it is told.
    pub statistic: Option<String>,
    /// Labels of the column as a whole.
    pub labels: BTreeMap<String, String>,
}

/// What each column is for.
#[derive(Debug)]
pub struct Plan {
    /// Place of the time.
    pub time: usize,
    /// Place of the name of the metric, in long tables.
    pub name: Option<usize>,
    /// Places and names of labels.
    pub labels: Vec<(usize, String)>,
    /// Places of values.
    pub values: Vec<Value>,
    /// What was decided about the time.
    pub clock: TimeColumn,
    /// Columns that are not used, with the reason.
    pub unused: Vec<String>,
}

/// Names of the column that names the metric, in long tables.
const NAMES: [&str; 16] = [
    "metric",
    "metricname",
    "name",
    "kpi",
    "kpiname",
    "measurement",
    "measure",
    "indicator",
    "field",
    "series",
    "seriesname",
    "counter",
    "key",
    "itemname",
    "metrictype",
    "variable",
];
/// Names of the column of the value, in long tables.
const VALUES: [&str; 6] = ["value", "val", "v", "reading", "metricvalue", "y"];
/// Names of columns that only number rows.
const NUMBERING: [&str; 6] = ["", "index", "id", "unnamed0", "rowid", "no"];
/// Names of columns that hold sentences: why something failed is no label, or a failure would begin a series of its own.
const SENTENCES: [&str; 8] = [
    "error",
    "errormessage",
    "message",
    "reason",
    "detail",
    "description",
    "failure",
    "exception",
];
/// First words of what is measured, for names like `cart_cpu`.
const MEASURES: [&str; 30] = [
    "cpu",
    "mem",
    "memory",
    "latency",
    "lat",
    "error",
    "errors",
    "load",
    "workload",
    "request",
    "requests",
    "disk",
    "diskio",
    "socket",
    "net",
    "network",
    "rx",
    "tx",
    "rps",
    "qps",
    "duration",
    "response",
    "success",
    "fail",
    "failure",
    "failures",
    "availability",
    "throughput",
    "heap",
    "threads",
];
/// Heads of names that are no component although something measured follows.
const NO_COMPONENT: [&str; 12] = [
    "total", "max", "min", "avg", "mean", "user", "system", "process", "kubelet", "http", "grpc", "jvm",
];

impl Plan {
    /// Decides by the names and the first rows. None without a column of times.
    pub fn of(
        names: &[String],
        levels: Option<&[Levels]>,
        rows: &[Vec<&[u8]>],
        comma: bool,
        context: &TimeContext,
    ) -> Option<Self> {
        let choice = clock::choose(names, rows, context)?;
        let mut plan = Self {
            time: choice.column,
            name: None,
            labels: Vec::new(),
            values: Vec::new(),
            clock: choice.time,
            unused: Vec::new(),
        };
        let mut numeric = Vec::new();
        for (column, name) in names.iter().enumerate() {
            if column == choice.column {
                continue;
            }
            let bare = plain(name);
            if choice.all.contains(&column) || (clock::is_named(name) && column_is_epoch(column, rows)) {
                plan.unused.push(format!("{name}: another column holds the time"));
            } else if is_numeric(column, rows, comma) {
                if NUMBERING.contains(&bare.as_str()) && levels.is_none() {
                    plan.unused.push(format!("{name}: it only numbers the rows"));
                } else {
                    numeric.push(column);
                }
            } else if plan.name.is_none() && NAMES.contains(&bare.as_str()) {
                plan.name = Some(column);
            } else if SENTENCES.contains(&bare.as_str()) {
                plan.unused.push(format!("{name}: it holds sentences"));
            } else if component_rank(name).is_some() || !is_free_text(column, rows) {
                plan.labels.push((column, name.clone()));
            } else {
                plan.unused.push(format!("{name}: its words differ from row to row"));
            }
        }
        if plan.name.is_some() {
            // Beside a column that names the metric, `true` and `false` tell series apart.
            let flags = numeric.extract_if(.., |column| is_flag(*column, rows));
            plan.labels.extend(flags.map(|column| (column, names[column].clone())));
        }
        plan.values = match levels {
            Some(levels) => numeric
                .iter()
                .map(|&column| layered(column, &names[column], &levels[column]))
                .collect(),
            None if plan.name.is_some() => long(&numeric, names),
            None => wide(
                &numeric,
                names,
                plan.labels.iter().any(|(_, label)| component_rank(label).is_some()),
            ),
        };
        Some(plan)
    }
}

fn field<'r>(row: &[&'r [u8]], column: usize) -> &'r [u8] {
    row.get(column).copied().unwrap_or_default()
}

fn is_numeric(column: usize, rows: &[Vec<&[u8]>], comma: bool) -> bool {
    let (mut numbers, mut texts) = (0, 0);
    for row in rows {
        match cell::number(field(row, column), comma) {
            Cell::Number(_) | Cell::Infinite => numbers += 1,
            Cell::Text => texts += 1,
            Cell::Missing => {}
        }
    }
    numbers >= texts
}

fn is_flag(column: usize, rows: &[Vec<&[u8]>]) -> bool {
    let mut fields = rows.iter().map(|row| field(row, column).trim_ascii());
    fields.all(|text| text.is_empty() || text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false"))
        && rows.iter().any(|row| !field(row, column).trim_ascii().is_empty())
}

fn column_is_epoch(column: usize, rows: &[Vec<&[u8]>]) -> bool {
    rows.iter().all(|row| {
        let text = field(row, column);
        matches!(cell::number(text, false), Cell::Number(value) if cell::of_number(value).is_some())
    })
}

fn is_free_text(column: usize, rows: &[Vec<&[u8]>]) -> bool {
    let distinct: BTreeSet<&[u8]> = rows.iter().map(|row| field(row, column)).collect();
    #[expect(clippy::cast_precision_loss, reason = "some dozens of rows")]
    let share = distinct.len() as f64 / rows.len().max(1) as f64;
    rows.len() >= JUDGED && share > DISTINCT
}

fn layered(column: usize, name: &str, levels: &Levels) -> Value {
    Value {
        column,
        name: Some(levels.metric.clone().unwrap_or_else(|| name.to_owned())),
        statistic: levels.statistic.clone(),
        labels: levels.labels.clone(),
    }
}

fn long(numeric: &[usize], names: &[String]) -> Vec<Value> {
    let value = numeric
        .iter()
        .position(|&column| VALUES.contains(&plain(&names[column]).as_str()));
    numeric
        .iter()
        .enumerate()
        .map(|(place, &column)| Value {
            column,
            name: None,
            statistic: (value != Some(place) && numeric.len() > 1).then(|| names[column].clone()),
            labels: BTreeMap::new(),
        })
        .collect()
}

fn wide(numeric: &[usize], names: &[String], owned: bool) -> Vec<Value> {
    let parted: Vec<Option<(&str, &str)>> = numeric
        .iter()
        .map(|&column| if owned { None } else { part(&names[column]) })
        .collect();
    // Names are only parted where at least two heads have the same measure: else the head is a part of the measure.
    let mut heads: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for (head, tail) in parted.iter().flatten() {
        heads.entry(tail).or_default().insert(head);
    }
    let several = heads.values().any(|heads| heads.len() > 1);
    numeric
        .iter()
        .zip(parted)
        .map(|(&column, parted)| {
            let parted = parted.filter(|_| several);
            Value {
                column,
                name: Some(parted.map_or(names[column].as_str(), |(_, tail)| tail).to_owned()),
                statistic: None,
                labels: parted
                    .map(|(head, _)| BTreeMap::from([("component".to_owned(), head.to_owned())]))
                    .unwrap_or_default(),
            }
        })
        .collect()
}

/// `cart` and `cpu` of `cart_cpu`.
fn part(name: &str) -> Option<(&str, &str)> {
    name.char_indices()
        .filter(|(_, letter)| matches!(letter, '_' | ':' | '.' | '|' | '/' | '-' | ' '))
        .map(|(at, letter)| (&name[..at], &name[at + letter.len_utf8()..]))
        .find(|(head, tail)| {
            let lower = head.to_lowercase();
            let measure = words(tail)
                .first()
                .is_some_and(|word| MEASURES.contains(&word.trim_end_matches(|letter: char| letter.is_ascii_digit())));
            measure
                && !head.is_empty()
                && component_rank(head).is_none()
                && !NO_COMPONENT.contains(&lower.as_str())
                && !MEASURES.contains(&lower.as_str())
        })
}
