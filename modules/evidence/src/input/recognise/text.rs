//! Text that is nothing else: logs, by their timestamps, or because nothing else is left.

use super::{FORMED, Head, Kind, LEFT_OVER, LIKELY, Recognised};
use crate::logs::time::{self, TimeContext};

/// Lines that are looked at.
const LINES: usize = 100;

/// Logs, surer the more of its lines carry a time.
pub(super) fn recognise(head: &Head<'_>) -> Recognised {
    let context = TimeContext { reference: 0, zone: 0 };
    let (mut lines, mut stamped) = (0, 0);
    for line in head.lines().take(LINES) {
        lines += 1;
        stamped += usize::from(time::find(line.as_bytes(), &context).is_some());
    }
    if stamped == 0 && is_prose(head) {
        let reason = "its name is that of a text for people, and no line has a time";
        return Recognised::new(Kind::Junk, "prose", LIKELY, reason);
    }
    if stamped == 0 && head.ends_with(&[".csv", ".tsv"]) {
        let reason = "its name is that of a table, but it has no header with two columns";
        return Recognised::new(Kind::Junk, "list", LIKELY, reason);
    }
    let named = head.ends_with(&[".log", ".out", ".err", ".log.txt"]) || head.name.contains(".log.");
    // A third: most lines of a stack trace have no time of their own.
    let (certainty, reason) = if stamped * 3 > lines {
        (
            FORMED,
            format!("{stamped} of its first {lines} lines have a time near their beginning"),
        )
    } else if stamped > 0 {
        (
            LIKELY,
            format!("{stamped} of its first {lines} lines have a time, and nothing says that it is anything else"),
        )
    } else if named {
        (
            LIKELY,
            "its name is that of a log, and nothing says that it is anything else".to_owned(),
        )
    } else {
        (
            LEFT_OVER,
            "it is text without times, and nothing says that it is anything else".to_owned(),
        )
    };
    Recognised::new(Kind::Logs, "lines of text", certainty, reason)
}

fn is_prose(head: &Head<'_>) -> bool {
    let stem = head.name.split('.').next().unwrap_or_default();
    let is_about = matches!(
        stem,
        "readme" | "license" | "licence" | "notice" | "authors" | "contributing" | "citation"
    );
    is_about || head.ends_with(&[".md", ".rst", ".adoc", ".tex"])
}
