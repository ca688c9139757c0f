//! Points in time as logs write them: recognised by their form, with what had to be assumed.

mod civil;
mod forms;

#[cfg(test)]
mod tests;

use serde::Serialize;

pub use forms::{epoch, epoch_number};

/// What a timestamp does not say itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeContext {
    /// When the log was taken, in microseconds since 1970: a day without a year lies before it.
    pub reference: i64,
    /// Seconds east of UTC for times without a zone.
    pub zone: i32,
}

/// A point in time, and which parts of it were not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Stamp {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub micros: i64,
    /// The year was taken from the context.
    pub year_assumed: bool,
    /// The day was taken from the context.
    pub day_assumed: bool,
    /// The zone was taken from the context.
    pub zone_assumed: bool,
}

/// Bytes from the beginning of a line in which a timestamp may begin.
const REACH: usize = 96;
/// Words from the beginning of a line at which one is looked for.
const WORDS: usize = 10;

/// The first timestamp near the beginning of a line: where it begins, where it ends, and what it says.
pub fn find(text: &[u8], context: &TimeContext) -> Option<(usize, usize, Stamp)> {
    let head = &text[..text.len().min(REACH)];
    let mut at = 0;
    for word in 0..WORDS {
        while matches!(head.get(at), Some(b' ' | b'\t' | b'[' | b'(' | b'"' | b'<' | b'|')) {
            at += 1;
        }
        let first = *head.get(at)?;
        if first.is_ascii_digit() || first.is_ascii_alphabetic() {
            if let Some((stamp, end)) = forms::written(text, at, context) {
                return Some((at, end, stamp));
            }
            if word == 0
                && let Some((stamp, end)) = epoch(text, at).or_else(|| forms::clock_alone(text, at, context))
            {
                return Some((at, end, stamp));
            }
        }
        at += head[at..]
            .iter()
            .position(|byte| matches!(byte, b' ' | b'\t' | b'[' | b'=' | b'|'))?;
        if head[at] == b'=' {
            at += 1;
        }
    }
    None
}

/// A value that is a timestamp and nothing else, as in a field of JSON.
pub fn whole(text: &[u8], context: &TimeContext) -> Option<Stamp> {
    let text = text.trim_ascii();
    let (stamp, end) = forms::written(text, 0, context).or_else(|| epoch(text, 0))?;
    (end == text.len()).then_some(stamp)
}
