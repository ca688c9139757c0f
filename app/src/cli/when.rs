//! Moments as people say them: "3 min ago", "in 2 h". Programs read the exact times with `--output json`.

use jiff::{Timestamp, tz::TimeZone};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Further away than this, a date says more.
const DATE_FROM: i64 = 60 * DAY;

/// The moment as seen from `now`.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second() - now.as_second();
    let away = seconds.abs();
    let distance = match away {
        0 => return "now".to_owned(),
        _ if away < MINUTE => format!("{away} s"),
        _ if away < HOUR => format!("{} min", away / MINUTE),
        // Two days in hours, because "1 d" is anything from 24 to 47 of them.
        _ if away < 2 * DAY => format!("{} h", away / HOUR),
        _ if away < DATE_FROM => format!("{} d", away / DAY),
        _ => return at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d").to_string(),
    };
    if seconds < 0 {
        format!("{distance} ago")
    } else {
        format!("in {distance}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_the_unit_that_fits() {
        let now = Timestamp::from_second(2_000_000_000).unwrap();
        let said = |seconds: i64| relative(Timestamp::from_second(2_000_000_000 + seconds).unwrap(), now);
        for (seconds, words) in [
            (0, "now"),
            (-1, "1 s ago"),
            (-59, "59 s ago"),
            (-60, "1 min ago"),
            (-3 * MINUTE - 50, "3 min ago"),
            (-HOUR, "1 h ago"),
            (-47 * HOUR, "47 h ago"),
            (-2 * DAY, "2 d ago"),
            (-59 * DAY, "59 d ago"),
            (90, "in 1 min"),
            (2 * HOUR, "in 2 h"),
        ] {
            assert_eq!(said(seconds), words, "{seconds}");
        }
        assert_eq!(said(-400 * DAY).len(), "2032-01-01".len());
    }
}
