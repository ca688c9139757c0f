//! Events of deployments: who was changed when, and to what.

use std::ops::Range;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{
    secret::{is_secret_name, masked, may_hold},
    settings::Lines,
};
use crate::{
    component::of_instance,
    logs::time::{self, TimeContext},
    quote::Quote,
    source::{Encoding, Origin},
    table::{Separator, cells, unquoted},
};

/// Events of one file that are kept.
const MOST: usize = 20_000;
/// Bytes of a text of an event.
const LONGEST: usize = 256;

const TIMES: [&str; 19] = [
    "time",
    "timestamp",
    "ts",
    "@timestamp",
    "deployedAt",
    "deployed_at",
    "finishedAt",
    "finished_at",
    "lastTimestamp",
    "eventTime",
    "firstTimestamp",
    "startedAt",
    "deployStartedAt",
    "started_at",
    "updated_at",
    "created_at",
    "createdAt",
    "date",
    "at",
];
const SERVICES: [&str; 12] = [
    "service",
    "service_name",
    "serviceName",
    "component",
    "app",
    "application",
    "deployment",
    "workload",
    "project",
    "repository",
    "repo",
    "name",
];
const VERSIONS: [&str; 13] = [
    "version",
    "new_version",
    "newVersion",
    "to",
    "image",
    "tag",
    "revision",
    "release",
    "commit",
    "sha",
    "head_sha",
    "ref",
    "chart",
];
const BEFORE: [&str; 7] = [
    "previous_version",
    "previousVersion",
    "old_version",
    "oldVersion",
    "previous",
    "from",
    "rollback_to",
];
const TEXTS: [&str; 8] = [
    "message",
    "description",
    "note",
    "action",
    "event",
    "reason",
    "title",
    "status",
];

/// Reasons of Kubernetes events that tell of a change, rather than of how something fares.
const CHANGING: [&str; 10] = [
    "ScalingReplicaSet",
    "SuccessfulRescale",
    "Pulled",
    "Pulling",
    "SuccessfulCreate",
    "SuccessfulDelete",
    "Scheduled",
    "Killing",
    "DeploymentRollback",
    "NodeNotSchedulable",
];

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeployEvent {
    /// Microseconds since 1970.
    pub at: i64,
    /// Who was changed.
    pub component: String,
    /// To what.
    pub version: Option<String>,
    /// From what.
    pub previous: Option<String>,
    /// In its own words.
    pub text: Option<String>,
    /// How sure it is that it changed something: 0.95 with a version, 0.8 with a reason that Kubernetes gives for changes, else 0.6.
    pub certainty: f64,
    /// The event. None if it may hold a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
}

/// What a file of events has.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub events: Vec<DeployEvent>,
    /// Objects or rows without a time or a component.
    pub passed: u64,
    pub dropped: u64,
}

/// Reads a file of events: JSON in any layout, or CSV.
pub(super) fn read(origin: &Origin, content: &str, assumed: &TimeContext) -> Found {
    let mut found = Found::default();
    let lines = Lines::of(content);
    let first = content.lines().next().unwrap_or_default();
    let names_secret = first
        .split([',', ';', '\t'])
        .any(|name| is_secret_name(name.trim_matches(['"', ' '])));
    let mut take = |raw: Range<usize>, object: Option<Map<String, Json>>| {
        let Some(mut event) = object.and_then(|object| event(&object, assumed)) else {
            found.passed += 1;
            return false;
        };
        let text = content.get(raw.clone()).unwrap_or_default();
        if !may_hold(text) && !names_secret {
            let line = lines.of_byte(raw.start) as u64;
            event.quote = Some(Quote::new(
                origin,
                line,
                raw.start as u64,
                text.as_bytes(),
                Encoding::Utf8,
            ));
        }
        if found.events.len() < MOST {
            found.events.push(event);
        } else {
            found.dropped += 1;
        }
        true
    };
    if content.trim_start().starts_with(['{', '[']) {
        // An object that is no event itself may hold some: those inside come after it.
        let mut taken = 0;
        for raw in objects(content) {
            if raw.start < taken {
                continue;
            }
            let object = content
                .get(raw.clone())
                .and_then(|text| serde_json::from_str(text).ok());
            if take(raw.clone(), object) {
                taken = raw.end;
            }
        }
    } else {
        rows(content, &mut take);
    }
    found.events.sort_by_key(|event| event.at);
    found
}

/// Objects at most this deep in lists and objects: `items` of a list, `status.history` of an application.
const DEEPEST: usize = 6;

/// Where objects stand, outer ones before those in them.
fn objects(content: &str) -> Vec<Range<usize>> {
    let bytes = content.as_bytes();
    let (mut found, mut open, mut depth, mut at): (Vec<Range<usize>>, Vec<usize>, usize, usize) =
        (Vec::new(), Vec::new(), 0, 0);
    while at < bytes.len() && found.len() < MOST * 8 {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
            }
            b'[' | b'{' => {
                depth += 1;
                if bytes[at] == b'{' && depth <= DEEPEST {
                    open.push(found.len());
                    found.push(at..at);
                }
            }
            b']' => depth = depth.saturating_sub(1),
            b'}' => {
                if depth <= DEEPEST
                    && let Some(place) = open.pop()
                {
                    found[place].end = at + 1;
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        at += 1;
    }
    found.retain(|range| range.end > range.start);
    found
}

fn rows(content: &str, take: &mut dyn FnMut(Range<usize>, Option<Map<String, Json>>) -> bool) {
    let mut header: Option<(Separator, Vec<String>)> = None;
    let mut start = 0;
    for line in content.split_inclusive('\n') {
        let text = line.trim_end_matches(['\n', '\r']);
        let raw = start..start + text.len();
        start += line.len();
        if text.is_empty() {
            continue;
        }
        let value = |cell: &[u8]| {
            let mut value = Vec::new();
            unquoted(cell.trim_ascii(), &mut value);
            String::from_utf8_lossy(&value).into_owned()
        };
        let Some((separator, names)) = &header else {
            let Some(separator) = Separator::of(text.as_bytes()) else {
                return;
            };
            header = Some((separator, cells(text.as_bytes(), separator).map(value).collect()));
            continue;
        };
        let values = cells(text.as_bytes(), *separator).map(|cell| Json::String(value(cell)));
        let object = names.iter().cloned().zip(values).collect();
        take(raw, Some(object));
    }
}

fn event(object: &Map<String, Json>, context: &TimeContext) -> Option<DeployEvent> {
    let of = |names: &[&str]| names.iter().find_map(|name| text(object.get(*name)?));
    let at = TIMES.iter().find_map(|name| stamp(field(object, name)?, context))?;
    let involved = object.get("involvedObject").or_else(|| object.get("regarding"));
    let labels = object.get("labels").or_else(|| object.get("metadata")?.get("labels"));
    let label = labels.and_then(|labels| {
        ["app.kubernetes.io/name", "app", "service"]
            .iter()
            .find_map(|name| text(labels.get(*name)?))
    });
    let component = involved
        .and_then(|involved| text(involved.get("name")?))
        .or(label)
        .or_else(|| SERVICES.iter().find_map(|name| text(field(object, name)?)))
        .or_else(|| text(object.get("metadata")?.get("name")?))?;
    let version = VERSIONS.iter().find_map(|name| text(field(object, name)?));
    let reason = of(&["reason"]);
    if involved.is_some() && !reason.as_deref().is_some_and(|reason| CHANGING.contains(&reason)) {
        return None;
    }
    // Without either it is anything with a time and a name.
    let text = if involved.is_some() {
        of(&["message"])
    } else {
        of(&TEXTS)
    };
    if version.is_none() && text.is_none() {
        return None;
    }
    let certainty = if version.is_some() {
        0.95
    } else if involved.is_some() {
        0.8
    } else {
        0.6
    };
    let shown = |text: String| {
        let text = masked(&text).unwrap_or(text);
        if may_hold(&text) {
            "(secret, masked)".to_owned()
        } else {
            text
        }
    };
    Some(DeployEvent {
        at,
        component: of_instance(component.rsplit('/').next().unwrap_or_default()).to_owned(),
        version: version.map(shown),
        previous: of(&BEFORE).map(shown),
        text: text.map(shown),
        certainty,
        quote: None,
    })
}

/// A field by its name, in any case: CSV has headers as people like them.
fn field<'o>(object: &'o Map<String, Json>, name: &str) -> Option<&'o Json> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// A text or a number; of an object, its name.
fn text(value: &Json) -> Option<String> {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Object(object) => ["name", "full_name", "sha", "id"]
            .iter()
            .find_map(|name| object.get(*name)?.as_str())?
            .to_owned(),
        _ => return None,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text[..text.floor_char_boundary(LONGEST)].to_owned())
}

fn stamp(value: &Json, context: &TimeContext) -> Option<i64> {
    match value {
        Json::String(text) => time::whole(text.as_bytes(), context).map(|stamp| stamp.micros),
        Json::Number(number) => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "seconds of 1970 to 2100; a fraction is cut"
            )]
            let whole = number
                .as_i64()
                .or_else(|| number.as_f64().map(|seconds| seconds as i64))?;
            time::epoch_number(whole)
        }
        _ => None,
    }
}
