//! JSON by the names it uses, without reading it to its end and without recursion.

use std::collections::BTreeSet;

use super::{FORMED, Head, Kind, LEFT_OVER, LIKELY, MARKED, Recognised};
use crate::logs::time::{self, TimeContext};

/// Names deeper than this say what a value is, not what the document is.
const DEEPEST: usize = 6;
/// Bytes of a name that are looked at.
const LONGEST: usize = 40;
/// Different names that are kept.
const MOST: usize = 512;

/// Names that stand in a document, and how it is laid out.
pub(super) struct Shape<'t> {
    names: BTreeSet<&'t str>,
    /// Whether the first line is a whole object and the second one begins another.
    lines: bool,
    list: bool,
}

impl<'t> Shape<'t> {
    /// None if it does not look like JSON.
    pub fn of(head: &Head<'t>) -> Option<Self> {
        let text = head.text;
        let list = text.starts_with('[');
        let first = text.bytes().skip(1).find(|byte| !byte.is_ascii_whitespace());
        let plausible = match text.as_bytes().first()? {
            b'{' => matches!(first, Some(b'"' | b'}')),
            b'[' => matches!(first, Some(b'{' | b'[' | b']' | b'"')),
            _ => false,
        };
        if !plausible {
            return None;
        }
        let (names, first_end) = names(text);
        let after = first_end.map(|end| &text[end..]);
        let lines = !list
            && after.is_some_and(|after| {
                let rest = after.trim_start_matches([' ', '\t', '\r']);
                rest.starts_with('\n') && matches!(rest.trim_start().as_bytes().first(), Some(b'{'))
            });
        // A bracket in front of a log line is no list: a list ends with a bracket and nothing behind it.
        let tail = after.map_or("", str::trim);
        if !lines && !tail.is_empty() {
            return None;
        }
        Some(Self { names, lines, list })
    }

    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    pub fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }
}

/// Names of fields near the top, and where the first value ends.
fn names(text: &str) -> (BTreeSet<&str>, Option<usize>) {
    let bytes = text.as_bytes();
    let (mut names, mut depth, mut at, mut first_end) = (BTreeSet::new(), 0_usize, 0, None);
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && first_end.is_none() {
                    first_end = Some(at + 1);
                }
            }
            b'"' => {
                let start = at + 1;
                at = start;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
                let end = at.min(bytes.len());
                let after = bytes.get(end + 1..).unwrap_or_default();
                let is_name = after.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
                if is_name && depth <= DEEPEST && end - start <= LONGEST && names.len() < MOST {
                    names.extend(text.get(start..end));
                }
            }
            _ => {}
        }
        at += 1;
    }
    (names, first_end)
}

const MESSAGE: [&str; 6] = ["message", "msg", "@message", "body", "log", "MESSAGE"];
const TIME: [&str; 16] = [
    "time",
    "ts",
    "timestamp",
    "@timestamp",
    "t",
    "date",
    "datetime",
    "created_at",
    "timeUnixNano",
    "deployed_at",
    "finishedAt",
    "deployedAt",
    "startedAt",
    "updated_at",
    "at",
    "__REALTIME_TIMESTAMP",
];
const LEVEL: [&str; 7] = [
    "level",
    "severity",
    "lvl",
    "levelname",
    "log.level",
    "PRIORITY",
    "stream",
];
const VERSION: [&str; 10] = [
    "version",
    "image",
    "revision",
    "commit",
    "sha",
    "tag",
    "ref",
    "deployment",
    "release",
    "new_version",
];
const SERVICE: [&str; 8] = [
    "service",
    "app",
    "application",
    "component",
    "deployment",
    "environment",
    "name",
    "repository",
];
const NODES: [&str; 4] = ["nodes", "vertices", "services", "components"];
const EDGES: [&str; 6] = ["edges", "links", "dependencies", "depends_on", "dependsOn", "calls"];

/// What is left of JSON when it is neither spans nor samples.
pub(super) fn recognise(head: &Head<'_>) -> Option<Recognised> {
    let shape = Shape::of(head)?;
    marked(&shape)
        .or_else(|| lines(&shape))
        .or_else(|| document(head, &shape))
}

type Answer = (Kind, &'static str, f64, &'static str);

fn answer((kind, format, certainty, reason): Answer) -> Recognised {
    Recognised::new(kind, format, certainty, reason)
}

/// Names that a format prescribes.
fn marked(shape: &Shape<'_>) -> Option<Recognised> {
    let is_kubernetes = shape.has("apiVersion") && shape.has("kind");
    let found: Answer = if is_kubernetes && shape.has_any(&["involvedObject", "regarding"]) {
        let reason = "its objects have `involvedObject`, as events of Kubernetes do";
        (Kind::Changes, "Kubernetes events", MARKED, reason)
    } else if is_kubernetes {
        let reason = "it has `apiVersion` and `kind`, as objects of Kubernetes do";
        (Kind::Configuration, "Kubernetes JSON", MARKED, reason)
    } else {
        return None;
    };
    Some(answer(found))
}

/// Events and messages, one object each.
fn lines(shape: &Shape<'_>) -> Option<Recognised> {
    let (message, time, level) = (shape.has_any(&MESSAGE), shape.has_any(&TIME), shape.has_any(&LEVEL));
    let deploys = time && shape.has_any(&VERSION) && shape.has_any(&SERVICE);
    let found: Answer = if deploys && !level && !shape.has_any(&["msg", "log"]) {
        let reason = "its objects have a time, a service and a version, and no severity";
        (Kind::Changes, "deploy events", LIKELY, reason)
    } else if shape.lines && message && (time || level) {
        let reason = "each line is an object with a message and a time or a severity";
        (Kind::Logs, "JSON lines", FORMED, reason)
    } else if shape.lines {
        (Kind::Logs, "JSON lines", LIKELY, "each line is an object")
    } else if shape.list && message && time {
        (
            Kind::Logs,
            "JSON list",
            LIKELY,
            "it is a list of objects with a message and a time",
        )
    } else if message && time && level {
        (
            Kind::Logs,
            "JSON lines",
            LIKELY,
            "it is one object with a message, a time and a severity",
        )
    } else {
        return None;
    };
    Some(answer(found))
}

/// A document of its own.
fn document(head: &Head<'_>, shape: &Shape<'_>) -> Option<Recognised> {
    if shape.has_any(&NODES) && shape.has_any(&EDGES) {
        let reason = "it has nodes and edges, or services and their dependencies";
        return Some(answer((Kind::Topology, "JSON graph", LIKELY, reason)));
    }
    if shape.list && shape.names.is_empty() {
        let reason = "it is a list without names";
        return Some(answer((Kind::Configuration, "JSON", LEFT_OVER, reason)));
    }
    let is_stamped = head.lines().next().is_some_and(|line| {
        let context = TimeContext { reference: 0, zone: 0 };
        time::find(line.as_bytes(), &context).is_some()
    });
    let reason = "it is one JSON document of names and values";
    (!is_stamped || head.ends_with(&[".json"])).then(|| answer((Kind::Configuration, "JSON", LIKELY, reason)))
}
