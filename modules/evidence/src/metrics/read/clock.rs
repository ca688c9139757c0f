//! Which column holds the time of a row when several could, and why.

use serde::Serialize;

use super::cell::{self, Form};
use crate::logs::time::TimeContext;

/// Share of fields that must be times.
const MOST: f64 = 0.9;
/// With more than one of so many fields that are none there is no such share left.
const FEW: usize = 10;
/// Microseconds by which two columns may differ and still agree: they may be taken one after the other.
const AGREE: i64 = 2_000_000;
/// A difference of whole quarter hours is a zone.
const QUARTER: i64 = 900_000_000;
/// The furthest zone from UTC is 14 hours.
const FURTHEST: i64 = 14 * 3_600_000_000;

/// The column of the time, and what was decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimeColumn {
    /// Its name.
    pub name: String,
    /// Why this one.
    pub reason: String,
    /// Other columns of times that say otherwise, with the median difference in seconds.
    pub disagreeing: Vec<(String, i64)>,
}

/// The column of the time among those that could be it.
pub struct Choice {
    /// Its place.
    pub column: usize,
    /// All that are times, this one among them.
    pub all: Vec<usize>,
    /// What was decided.
    pub time: TimeColumn,
}

/// What a column could be as a time.
struct Candidate {
    column: usize,
    form: Form,
    named: bool,
    times: Vec<Option<i64>>,
}

/// Chooses the column of the time from the first rows. `rows` yields the fields of each.
///
/// The rule: a date with a zone, then a date without, then a number since 1970, which must be named like a time or be the
/// first column and grow. A number that differs from a date without a zone by whole quarter hours goes before it, because
/// then the date is local and only the number says in which zone. Of equals the first column.
pub fn choose(names: &[String], rows: &[Vec<&[u8]>], context: &TimeContext) -> Option<Choice> {
    let mut candidates: Vec<Candidate> = (0..names.len())
        .filter_map(|column| candidate(column, &names[column], rows, context))
        .collect();
    candidates.sort_by_key(|candidate| (candidate.form, !candidate.named, candidate.column));
    let mut best = 0;
    let first = candidates.first()?;
    let mut reason = match (first.form, candidates.len()) {
        (_, 1) => "it is the only column of times".to_owned(),
        (Form::Zoned, _) => "it is written as a date with a zone, which goes before all others".to_owned(),
        (Form::Civil, _) => "it is written as a date, which goes before a number".to_owned(),
        (Form::Epoch, _) => "it is the first of several columns of numbers since 1970".to_owned(),
    };
    if first.form == Form::Civil
        && let Some(place) = candidates.iter().position(|other| {
            other.form == Form::Epoch
                && difference(first, other).is_some_and(|apart| {
                    let over = apart.rem_euclid(QUARTER);
                    apart.abs() > AGREE && apart.abs() <= FURTHEST + AGREE && over.min(QUARTER - over) <= AGREE
                })
        })
    {
        best = place;
        reason = format!("{} is local: it differs by a zone", names[first.column]);
    }
    let chosen = &candidates[best];
    let disagreeing = candidates
        .iter()
        .enumerate()
        .filter(|(place, _)| *place != best)
        .filter_map(|(_, other)| {
            let apart = difference(chosen, other)?;
            (apart.abs() > AGREE).then(|| (names[other.column].clone(), apart / 1_000_000))
        })
        .collect();
    let time = TimeColumn {
        name: names[chosen.column].clone(),
        reason,
        disagreeing,
    };
    Some(Choice {
        column: chosen.column,
        all: candidates.iter().map(|candidate| candidate.column).collect(),
        time,
    })
}

/// Whether a name is one of a time.
pub fn is_named(name: &str) -> bool {
    let plain = crate::metrics::owner::plain(name);
    ["time", "date", "epoch"].iter().any(|word| plain.contains(word)) && !plain.contains("latency")
        || matches!(plain.as_str(), "ts" | "t" | "at" | "clock")
}

fn candidate(column: usize, name: &str, rows: &[Vec<&[u8]>], context: &TimeContext) -> Option<Candidate> {
    let (mut parsed, mut filled) = (Vec::with_capacity(rows.len()), 0_usize);
    let (mut missed, most) = (0, rows.len() / FEW + 1);
    for row in rows {
        let field = row.get(column).copied().unwrap_or_default();
        let time: Option<(i64, Form)> = cell::time(field, context);
        if !field.trim_ascii().is_empty() {
            filled += 1;
            missed += usize::from(time.is_none());
        }
        // Most columns are no times, which the first rows show.
        if missed > most {
            return None;
        }
        parsed.push(time);
    }
    let times: Vec<Option<i64>> = parsed.iter().map(|time| time.map(|(at, _)| at)).collect();
    let found = times.iter().flatten().count();
    #[expect(clippy::cast_precision_loss, reason = "some dozens of rows")]
    if found == 0 || (found as f64) < MOST * filled as f64 {
        return None;
    }
    let form = parsed.iter().flatten().map(|(_, form)| *form).max()?;
    let named = is_named(name);
    let grows = times
        .iter()
        .flatten()
        .collect::<Vec<_>>()
        .windows(2)
        .all(|pair| pair[0] <= pair[1]);
    (form != Form::Epoch || named || (column == 0 && grows)).then_some(Candidate {
        column,
        form,
        named,
        times,
    })
}

/// By how much the second is later, at the median row.
fn difference(first: &Candidate, second: &Candidate) -> Option<i64> {
    let mut apart: Vec<i64> = first
        .times
        .iter()
        .zip(&second.times)
        .filter_map(|(first, second)| Some((*second)? - (*first)?))
        .collect();
    apart.sort_unstable();
    apart.get(apart.len() / 2).copied()
}
