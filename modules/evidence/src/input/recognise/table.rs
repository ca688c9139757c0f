//! Tables: CSV by its header and the kinds of values below it.

use super::{FORMED, Head, Kind, LIKELY, Recognised};
use crate::{
    logs::time::{self, TimeContext},
    table::{Separator, cells},
};

/// Rows that are looked at.
const ROWS: usize = 20;
/// Columns that are looked at.
const COLUMNS: usize = 4_096;

const MESSAGE: [&str; 10] = [
    "log",
    "message",
    "msg",
    "body",
    "content",
    "text",
    "line",
    "logmessage",
    "event",
    "rawlog",
];
const TIME: [&str; 14] = [
    "time",
    "timestamp",
    "ts",
    "date",
    "datetime",
    "unixtimestamp",
    "timeunixnano",
    "unixtime",
    "epoch",
    "clock",
    "t",
    "starttime",
    "createdat",
    "deployedat",
];

/// A table: its header and some rows.
pub(super) struct Table {
    /// Names of columns, in lower case, letters and digits only.
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// None if the first lines do not agree on their number of columns.
    pub fn of(head: &Head<'_>) -> Option<Self> {
        let mut lines = head.lines();
        let first = lines.next()?;
        let separator = Separator::of(first.as_bytes())?;
        let split = |line: &str| -> Vec<String> {
            cells(line.as_bytes(), separator)
                .take(COLUMNS)
                .map(|cell| String::from_utf8_lossy(cell).trim_matches(['"', ' ', '\r']).to_owned())
                .collect()
        };
        let header: Vec<String> = split(first).iter().map(|name| normal(name)).collect();
        let rows: Vec<Vec<String>> = lines.take(ROWS).map(split).collect();
        // Commas in prose do not come in equal numbers; the last column may hold more of them, and a quoted cell fewer.
        let agreeing = rows.iter().filter(|row| row.len() >= header.len()).count();
        let named = header.iter().filter(|name| !name.is_empty()).count();
        let is_table = header.len() >= 2 && named * 2 > header.len() && !rows.is_empty() && agreeing * 2 >= rows.len();
        is_table.then_some(Self { header, rows })
    }

    pub fn has(&self, names: &[&str]) -> bool {
        self.place(names).is_some()
    }

    fn place(&self, names: &[&str]) -> Option<usize> {
        self.header.iter().position(|name| names.contains(&name.as_str()))
    }

    /// The column that holds messages: by its name, if its values are not numbers.
    pub fn message(&self) -> Option<&str> {
        let is_text = |place: &usize| {
            let numbers = self
                .rows
                .iter()
                .filter(|row| row.get(*place).is_some_and(|cell| is_number(cell)));
            numbers.count() * 2 <= self.rows.len()
        };
        let mut places = MESSAGE.iter().filter_map(|name| self.place(&[name]));
        places.find(is_text).map(|place| self.header[place].as_str())
    }

    /// The column that holds times: by its name, or the first column by its values.
    pub fn time(&self) -> Option<&str> {
        if let Some(place) = self.place(&TIME) {
            return Some(&self.header[place]);
        }
        let context = TimeContext { reference: 0, zone: 0 };
        let times = self
            .rows
            .iter()
            .filter_map(|row| row.first())
            .filter(|cell| time::whole(cell.as_bytes(), &context).is_some() || epoch(cell));
        let many = times.count() * 2 > self.rows.len();
        many.then(|| {
            self.header
                .first()
                .map_or("", |name| if name.is_empty() { "the first" } else { name })
        })
    }

    /// Whether it tells which service had which version.
    pub fn is_deployments(&self) -> bool {
        self.has(&[
            "service",
            "app",
            "application",
            "component",
            "deployment",
            "servicename",
        ]) && self.has(&[
            "version",
            "image",
            "revision",
            "commit",
            "sha",
            "tag",
            "release",
            "newversion",
        ])
    }

    /// Columns that hold a number in any row and nothing else but empty cells in most.
    pub fn numeric(&self) -> usize {
        let time = self.place(&TIME);
        (0..self.header.len())
            .filter(|column| Some(*column) != time && *column < COLUMNS)
            .filter(|column| {
                let mut numbers = 0;
                let mut others = 0;
                for row in &self.rows {
                    match row.get(*column).map(String::as_str) {
                        None | Some("") => {}
                        Some(cell) if is_number(cell) => numbers += 1,
                        Some(_) => others += 1,
                    }
                }
                // Text in number columns happens: an export writes what it failed with.
                numbers > others
            })
            .count()
    }
}

fn normal(name: &str) -> String {
    let mut normal: String = name.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    normal.make_ascii_lowercase();
    normal
}

fn is_number(cell: &str) -> bool {
    matches!(cell, "NaN" | "+Inf" | "-Inf")
        || cell
            .as_bytes()
            .first()
            .is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.'))
            && cell.parse::<f64>().is_ok()
}

/// Seconds since 1970 with a fraction, between 2001 and 2100.
fn epoch(cell: &str) -> bool {
    cell.parse::<f64>().is_ok_and(|seconds| (1e9..4.1e9).contains(&seconds))
}

/// What is left of tables when they are neither spans nor samples.
pub(super) fn recognise(head: &Head<'_>) -> Option<Recognised> {
    let table = head.table()?;
    if let (Some(message), Some(time)) = (table.message(), table.time()) {
        let reason = format!("it is a table with a column of times ({time}) and one of messages ({message})");
        return Some(Recognised::new(Kind::Logs, "CSV of log lines", FORMED, reason));
    }
    if let (true, Some(time)) = (table.is_deployments(), table.time()) {
        let reason = format!("it is a table with a time ({time}), a service and a version");
        return Some(Recognised::new(Kind::Changes, "deploy events", FORMED, reason));
    }
    let from = table.has(&["source", "from", "caller", "parent", "src", "client", "upstream"]);
    let to = table.has(&[
        "target",
        "to",
        "callee",
        "child",
        "dst",
        "destination",
        "server",
        "downstream",
        "dest",
    ]);
    if from && to {
        let reason = "it is a table with a column of callers and one of callees, and no time";
        return Some(Recognised::new(Kind::Topology, "CSV of edges", FORMED, reason));
    }
    let square = table.header.len() > 2
        && table
            .rows
            .iter()
            .take(table.header.len() - 1)
            .enumerate()
            .all(|(number, row)| row.first().map(|name| normal(name)) == table.header.get(number + 1).cloned());
    if square {
        let reason = "it is a table whose rows have the names of its columns, as a matrix of edges has";
        return Some(Recognised::new(Kind::Topology, "adjacency matrix", FORMED, reason));
    }
    head.ends_with(&[".csv", ".tsv"]).then(|| {
        let reason = "it is a table, and none of its columns says what it is about";
        Recognised::new(Kind::Junk, "table", LIKELY, reason)
    })
}
