//! Moments and stretches of time in words: UTC, with the date where it is needed, and beside the onset.

use jiff::{Timestamp, tz::TimeZone};

use super::significant;
use crate::report::{Report, Span};

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Says moments of one report: with the date when it covers more than one day, and beside the onset.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    dated: bool,
    onset: Option<i64>,
}

impl Clock {
    /// The clock of a report.
    pub fn of(report: &Report) -> Self {
        let whole = covered(report);
        Self {
            dated: whole.is_some_and(|span| span.from.div_euclid(DAY) != span.to.saturating_sub(1).div_euclid(DAY)),
            onset: report.onset.as_ref().map(|onset| onset.at),
        }
    }

    /// "10:04:34", or "29 Jan 10:04:34" when the report covers more than a day.
    pub fn at(self, time: i64) -> String {
        let form = if self.dated { "%-d %b %H:%M:%S" } else { "%H:%M:%S" };
        formatted(time, form)
    }

    /// Without seconds where they are nought: a label of an axis whose ticks lie `step` apart.
    pub fn tick(self, time: i64, step: i64) -> String {
        match step {
            DAY.. => formatted(time, "%-d %b"),
            MINUTE.. if self.dated && time.rem_euclid(DAY) == 0 => formatted(time, "%-d %b"),
            MINUTE.. => formatted(time, "%H:%M"),
            SECOND.. => formatted(time, "%H:%M:%S"),
            _ => formatted(time, "%H:%M:%S%.3f"),
        }
    }

    /// How far from the onset: "12 s after the onset". Nothing when none was found.
    pub fn beside(self, time: i64) -> Option<String> {
        let distance = time.saturating_sub(self.onset?);
        Some(match distance {
            0 => "at the onset".to_owned(),
            ..0 => format!("{} before the onset", duration(distance)),
            _ => format!("{} after the onset", duration(distance)),
        })
    }

    /// The same, short: "+12 s".
    pub fn offset(self, time: i64) -> Option<String> {
        let distance = time.saturating_sub(self.onset?);
        if distance == 0 {
            return Some("onset".to_owned());
        }
        let sign = match distance {
            ..0 => "−",
            _ => "+",
        };
        Some(format!("{sign}{}", duration(distance)))
    }
}

/// Everything that has a time in the report.
fn covered(report: &Report) -> Option<Span> {
    let times = report
        .span
        .iter()
        .flat_map(|span| [span.from, span.to.saturating_sub(1)]);
    let times = times.chain(report.asked.at);
    let times = times.chain(report.onset.iter().flat_map(|onset| [onset.earliest, onset.latest]));
    let times = times.chain(report.timeline.iter().map(|moment| moment.at));
    let times = times.chain(report.changes.iter().filter_map(|change| change.at));
    let (from, to) = times.fold((i64::MAX, i64::MIN), |(from, to), time| (from.min(time), to.max(time)));
    (from <= to).then_some(Span {
        from,
        to: to.saturating_add(1),
    })
}

fn formatted(time: i64, form: &str) -> String {
    // The calendar ends in the year 9999; beyond it the number is all that can be said.
    match Timestamp::from_microsecond(time) {
        Ok(stamp) => stamp.to_zoned(TimeZone::UTC).strftime(form).to_string(),
        Err(_) => format!("{time} µs"),
    }
}

/// "29 January 2023".
pub fn date(time: i64) -> String {
    formatted(time, "%-d %B %Y")
}

/// For machines: "2023-01-29T10:04:34Z".
pub fn stamp(time: i64) -> String {
    formatted(time, "%Y-%m-%dT%H:%M:%S%.fZ")
}

/// "1 min 20 s": the two largest units, without the sign.
pub fn duration(microseconds: i64) -> String {
    let length = i64::try_from(microseconds.unsigned_abs()).unwrap_or(i64::MAX);
    let two = |large: i64, name: &str, small: i64, part: &str| {
        let rest = length % large / small;
        match rest {
            0 => format!("{} {name}", length / large),
            _ => format!("{} {name} {rest} {part}", length / large),
        }
    };
    match length {
        DAY.. => two(DAY, "d", HOUR, "h"),
        HOUR.. => two(HOUR, "h", MINUTE, "min"),
        MINUTE.. => two(MINUTE, "min", SECOND, "s"),
        #[expect(
            clippy::cast_precision_loss,
            reason = "less than a minute, which a float holds exactly"
        )]
        SECOND.. => format!("{} s", significant(length as f64 / 1e6, 2)),
        1_000.. => format!("{} ms", length / 1_000),
        0 => "0 s".to_owned(),
        _ => format!("{length} µs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_name_their_two_largest_units() {
        assert_eq!(duration(80 * SECOND), "1 min 20 s");
        assert_eq!(duration(-1_500_000), "1.5 s");
        assert_eq!(duration(26 * HOUR), "1 d 2 h");
        assert_eq!(duration(i64::MIN), "106751991 d 4 h");
        assert_eq!(duration(999), "999 µs");
    }

    #[test]
    fn a_time_outside_the_calendar_is_a_number() {
        let clock = Clock {
            dated: false,
            onset: None,
        };
        assert_eq!(clock.at(i64::MAX), "9223372036854775807 µs");
    }
}
