//! Unified differences, plain and by git: the same facts as from two versions of a file, as far as the hunks show them.

use std::collections::BTreeMap;

use super::{
    facts::SettingChange,
    owner,
    read::pair,
    secret::{Value, is_crowded, is_secret_file, is_secret_name, may_hold},
};
use crate::{
    logs::time::{self, TimeContext},
    quote::Quote,
    source::{Encoding, Origin},
};

/// Certainty of a change whose key stands on the changed line: the line shows all.
const SHOWN: f64 = 0.95;
/// The same for a line that has no key, of which only the place is known.
const WITHOUT_KEY: f64 = 0.7;
/// Changes of one difference that are kept.
const MOST: usize = 5_000;
/// Bytes of a changed line that are read.
const LONGEST_LINE: usize = 4_096;

/// What a difference says.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub changes: Vec<SettingChange>,
    pub dropped: u64,
}

/// One changed line.
struct Line<'d> {
    path: String,
    value: &'d str,
    quote: Option<Quote>,
    has_key: bool,
    hidden: bool,
}

/// A key above a line.
struct Above {
    indent: usize,
    key: String,
    /// Whether it is the name of an element of a list, to which what stands at its indentation belongs.
    names: bool,
}

struct Reading<'d> {
    origin: &'d Origin,
    context: &'d TimeContext,
    found: Found,
    component: String,
    file: String,
    at: Option<i64>,
    /// Keys of the lines above, by their indentation, of the old and of the new side.
    above: [Vec<Above>; 2],
    /// Whether the file holds nothing but secrets.
    secret: bool,
    removed: Vec<Line<'d>>,
    added: Vec<Line<'d>>,
}

/// Reads a difference. A date in front of a patch, as git writes it, is the time of its changes.
pub(super) fn read(origin: &Origin, content: &str, assumed: &TimeContext) -> Found {
    let mut reading = Reading {
        origin,
        context: assumed,
        found: Found::default(),
        component: String::new(),
        file: String::new(),
        at: None,
        above: [Vec::new(), Vec::new()],
        secret: false,
        removed: Vec::new(),
        added: Vec::new(),
    };
    let (mut old, mut new) = (0_u64, 0_u64);
    let mut start = 0;
    for (number, whole) in (1_u64..).zip(content.split_inclusive('\n')) {
        let line = whole.trim_end_matches(['\n', '\r']);
        if old == 0 && new == 0 {
            (old, new) = reading.head(line);
        } else {
            match line.as_bytes().first() {
                Some(b'-') => {
                    old = old.saturating_sub(1);
                    reading.changed(0, line, number, start);
                }
                Some(b'+') => {
                    new = new.saturating_sub(1);
                    reading.changed(1, line, number, start);
                }
                Some(b'\\') => {}
                _ => {
                    (old, new) = (old.saturating_sub(1), new.saturating_sub(1));
                    reading.settle();
                    let text = line.get(1..).unwrap_or_default();
                    reading.path(0, text);
                    reading.path(1, text);
                }
            }
        }
        start += whole.len();
    }
    reading.settle();
    reading.found
}

impl<'d> Reading<'d> {
    /// A line outside hunks. Gives the lines of the old and the new side when a hunk begins.
    fn head(&mut self, line: &str) -> (u64, u64) {
        self.settle();
        if let Some(rest) = line.strip_prefix("@@ ") {
            self.above = [Vec::new(), Vec::new()];
            return lengths(rest).unwrap_or_default();
        }
        if let Some(date) = line.strip_prefix("Date:").or_else(|| line.strip_prefix("AuthorDate:")) {
            self.at = dated(date.trim(), self.context).or(self.at);
        }
        let name = line
            .strip_prefix("+++ ")
            .or_else(|| line.strip_prefix("--- "))
            .map(|name| name.split('\t').next().unwrap_or(name));
        if let Some(name) = name.filter(|name| *name != "/dev/null") {
            let name = name
                .strip_prefix("a/")
                .or_else(|| name.strip_prefix("b/"))
                .unwrap_or(name);
            name.clone_into(&mut self.file);
            self.component = owner::of_path(name);
            self.secret = is_secret_file(name);
        }
        (0, 0)
    }

    fn changed(&mut self, side: usize, line: &'d str, number: u64, start: usize) {
        let text = line.get(1..).unwrap_or_default();
        let text = &text[..text.floor_char_boundary(LONGEST_LINE)];
        if text.trim().is_empty() || text.trim_start().starts_with(['#', ';']) {
            return;
        }
        if self.removed.len() + self.added.len() >= MOST {
            self.found.dropped += 1;
            return;
        }
        let path = self.path(side, text);
        let value = pair(text).map(|(_, value, _)| value);
        let (path, value, has_key) = match (path, value) {
            (Some(path), Some(value)) => (path, value, true),
            (Some(path), None) => (path, text.trim(), false),
            (None, _) => (String::new(), text.trim(), false),
        };
        if has_key && value.is_empty() {
            return;
        }
        let whole = &line[..line.floor_char_boundary(LONGEST_LINE)];
        let hidden = self.secret || is_secret_name(&path) || is_crowded(whole) || may_hold(whole);
        let quote = (!hidden).then(|| Quote::new(self.origin, number, start as u64, whole.as_bytes(), Encoding::Utf8));
        let found = Line {
            path,
            value,
            quote,
            has_key,
            hidden,
        };
        if side == 0 {
            self.removed.push(found);
        } else {
            self.added.push(found);
        }
    }

    /// The path of a line by its indentation below the lines above it.
    fn path(&mut self, side: usize, text: &str) -> Option<String> {
        let trimmed = text.trim_start();
        self.secret |= trimmed.trim_end() == "kind: Secret";
        let dash = text.len() - trimmed.len();
        let item = trimmed.strip_prefix("- ").unwrap_or(trimmed);
        let indent = text.len() - item.len();
        let above = &mut self.above[side];
        if indent == dash {
            above.retain(|above| above.indent < indent || above.names && above.indent == indent);
        } else {
            // The list's own key may stand right above its dashes.
            above.retain(|above| above.indent <= dash && !above.names || above.indent < dash);
        }
        let found = pair(item).map(|(key, value, _)| (key.trim_start_matches('{').trim_matches(['"', ' ']), value));
        let found = found.filter(|(key, _)| !key.is_empty() && !key.starts_with(['}', ']', '/']));
        let mut path = String::new();
        for above in above.iter() {
            if above.names {
                path.extend(["[", &above.key, "]"]);
            } else {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(&above.key);
            }
        }
        if let Some((key, value)) = found {
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(key);
            let names = indent > dash && matches!(key, "name" | "key" | "id") && !value.is_empty();
            above.push(Above {
                indent,
                key: if names { value } else { key }.to_owned(),
                names,
            });
        }
        (!path.is_empty()).then_some(path)
    }

    /// Puts lines that went and lines that came together by their paths, and in their order where several share one.
    fn settle(&mut self) {
        let mut removed: BTreeMap<String, Vec<Line<'d>>> = BTreeMap::new();
        for line in self.removed.drain(..).rev() {
            removed.entry(line.path.clone()).or_default().push(line);
        }
        let added = std::mem::take(&mut self.added);
        for line in added {
            let before = removed.get_mut(&line.path).and_then(Vec::pop);
            self.change(before, Some(line));
        }
        for line in removed.into_values().flatten() {
            self.change(Some(line), None);
        }
    }

    fn change(&mut self, before: Option<Line<'d>>, after: Option<Line<'d>>) {
        let same = before
            .as_ref()
            .zip(after.as_ref())
            .is_some_and(|(before, after)| before.value == after.value);
        let Some(one) = after.as_ref().or(before.as_ref()).filter(|_| !same) else {
            return;
        };
        if self.found.changes.len() >= MOST {
            self.found.dropped += 1;
            return;
        }
        let certainty = if one.has_key { SHOWN } else { WITHOUT_KEY };
        let path = if one.path.is_empty() {
            self.file.clone()
        } else {
            one.path.clone()
        };
        let value = |line: &Line<'_>| {
            if line.hidden {
                Value::hidden(line.value)
            } else {
                Value::new(&path, line.value)
            }
        };
        self.found.changes.push(SettingChange::new(
            self.component.clone(),
            path.clone(),
            before.as_ref().map(value),
            after.as_ref().map(value),
            self.at,
            certainty,
            [before, after]
                .into_iter()
                .flatten()
                .filter_map(|line| line.quote)
                .collect(),
        ));
    }
}

/// `-1,3 +1,4 @@`: how many lines each side has; one where none is written.
fn lengths(range: &str) -> Option<(u64, u64)> {
    let mut sides = range.split_whitespace().take(2).map(|side| {
        let side = side.get(1..)?;
        side.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok())
    });
    Some((sides.next()??, sides.next()??))
}

/// `Mon Jan 2 15:04:05 2006 -0700` of git, RFC 2822 of mail, or any time that logs have.
fn dated(text: &str, context: &TimeContext) -> Option<i64> {
    let git = jiff::fmt::strtime::parse("%a %b %d %H:%M:%S %Y %z", text).and_then(|parsed| parsed.to_timestamp());
    let mail = || jiff::fmt::rfc2822::parse(text).map(|zoned| zoned.timestamp());
    git.or_else(|_| mail())
        .map(jiff::Timestamp::as_microsecond)
        .ok()
        .or_else(|| time::whole(text.as_bytes(), context).map(|stamp| stamp.micros))
}
