//! The time an objective is promised over: the last so-and-so long, or a calendar period in a stated time zone.

use std::fmt;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use mainstay_kernel::{Micros, from_micros, to_micros};

use super::{SECOND, words::duration_in_words};

const DAY_S: i64 = 86_400;

/// How many buckets a window is counted in, so that a bucket is never wider than the shortest burn-rate window (1/8640).
const BUCKETS: i64 = 8_640;

/// A period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CalendarUnit {
    /// Monday to Sunday (ISO 8601).
    Week,
    /// The month.
    Month,
    /// January to March, April to June, and so on.
    Quarter,
    /// January to December.
    Year,
}

impl CalendarUnit {
    /// Every unit, shortest first.
    pub const ALL: [Self; 4] = [Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// The word in the API, in files and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == text)
    }

    /// The length burn-rate windows and buckets are scaled from, so that they do not change from one month to the next.
    fn nominal_s(self) -> i64 {
        DAY_S
            * match self {
                Self::Week => 7,
                Self::Month => 30,
                Self::Quarter => 90,
                Self::Year => 365,
            }
    }

    /// The longest the period can be, in seconds, an autumn night of 25 hours included.
    fn longest_s(self) -> i64 {
        3_600
            + DAY_S
                * match self {
                    Self::Week => 7,
                    Self::Month => 31,
                    Self::Quarter => 92,
                    Self::Year => 366,
                }
    }

    /// Divides the quarter of an hour at which every present time zone begins its days, so that a bucket never straddles
    /// the boundary of a period.
    fn bucket_s(self) -> i64 {
        match self {
            Self::Week => 60,
            Self::Month => 300,
            Self::Quarter | Self::Year => 900,
        }
    }
}

/// What an objective is promised over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// The last `seconds`, at every moment.
    Rolling {
        /// Its length, from ten minutes to a year.
        seconds: i64,
    },
    /// The current period of the calendar; the budget is whole again at its boundary.
    Calendar {
        /// Which period.
        unit: CalendarUnit,
        /// Where midnight is meant; always a named (IANA) zone.
        zone: TimeZone,
    },
}

/// The stretch of time a window covers at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Events after this moment count.
    pub from: Micros,
    /// Where the window ends: now, or the end of the calendar period.
    pub to: Micros,
}

impl Period {
    /// The length in microseconds.
    pub fn length(self) -> Micros {
        self.to - self.from
    }
}

impl Window {
    /// The shortest rolling window: ten minutes.
    pub const SHORTEST_S: i64 = 600;
    /// The longest rolling window: a leap year.
    pub const LONGEST_S: i64 = 366 * DAY_S;

    /// The last thirty days, the usual promise.
    pub fn thirty_days() -> Self {
        Self::Rolling { seconds: 30 * DAY_S }
    }

    /// The stretch of time covered at `now`.
    pub fn period(&self, now: Micros) -> Period {
        match self {
            Self::Rolling { seconds } => Period {
                from: now - seconds * SECOND,
                to: now,
            },
            Self::Calendar { unit, zone } => calendar_period(*unit, zone, now).unwrap_or(Period {
                from: now - unit.nominal_s() * SECOND,
                to: now,
            }),
        }
    }

    /// The length burn-rate windows scale with, in seconds: exact for a rolling window; 7, 30, 90 or 365 days for a
    /// calendar one.
    pub fn nominal_s(&self) -> i64 {
        match self {
            Self::Rolling { seconds } => *seconds,
            Self::Calendar { unit, .. } => unit.nominal_s(),
        }
    }

    /// For how long counts must be kept, in seconds.
    pub fn keep_s(&self) -> i64 {
        match self {
            Self::Rolling { seconds } => seconds + self.bucket_s(),
            Self::Calendar { unit, .. } => unit.longest_s(),
        }
    }

    /// The width of the buckets events are counted in, in whole seconds.
    pub fn bucket_s(&self) -> i64 {
        match self {
            Self::Rolling { seconds } => (seconds / BUCKETS).max(1),
            Self::Calendar { unit, .. } => unit.bucket_s(),
        }
    }

    /// The adjective for sentences: `30-day`, `20-minute`, `month's`.
    pub fn adjective(&self) -> String {
        match self {
            Self::Calendar { unit, .. } => format!("{}'s", unit.as_str()),
            Self::Rolling { seconds } => {
                let (size, unit) = [(DAY_S, "day"), (3_600, "hour"), (60, "minute")]
                    .into_iter()
                    .find(|(size, _)| seconds % size == 0)
                    .unwrap_or((1, "second"));
                format!("{}-{unit}", seconds / size)
            }
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling { seconds } => f.write_str(&duration_in_words(seconds * SECOND)),
            Self::Calendar { unit, zone } => {
                write!(f, "calendar {} ({})", unit.as_str(), zone.iana_name().unwrap_or("UTC"))
            }
        }
    }
}

fn calendar_period(unit: CalendarUnit, zone: &TimeZone, now: Micros) -> Result<Period, jiff::Error> {
    let today = from_micros(now).to_zoned(zone.clone()).date();
    let first = first_day(unit, today)?;
    let next = match unit {
        CalendarUnit::Week => first.checked_add(1.week())?,
        CalendarUnit::Month => first.checked_add(1.month())?,
        CalendarUnit::Quarter => first.checked_add(3.months())?,
        CalendarUnit::Year => first.checked_add(1.year())?,
    };
    // Where midnight does not exist because clocks go forward at it, the day begins when they have.
    let start = |day: Date| -> Result<Timestamp, jiff::Error> { Ok(day.to_zoned(zone.clone())?.timestamp()) };
    Ok(Period {
        from: to_micros(start(first)?),
        to: to_micros(start(next)?),
    })
}

fn first_day(unit: CalendarUnit, day: Date) -> Result<Date, jiff::Error> {
    match unit {
        CalendarUnit::Week => day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()),
        CalendarUnit::Month => Ok(day.first_of_month()),
        CalendarUnit::Quarter => {
            let month = (day.month() - 1) / 3 * 3 + 1;
            Date::new(day.year(), month, 1)
        }
        CalendarUnit::Year => Ok(day.first_of_year()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(unit: CalendarUnit, zone: &str) -> Window {
        Window::Calendar {
            unit,
            zone: TimeZone::get(zone).unwrap(),
        }
    }

    fn at(text: &str) -> Micros {
        to_micros(text.parse().unwrap())
    }

    #[test]
    fn a_calendar_month_begins_at_local_midnight_and_is_an_hour_short_in_spring() {
        let period = calendar(CalendarUnit::Month, "Europe/Berlin").period(at("2026-03-15T12:00:00Z"));
        assert_eq!(period.from, at("2026-02-28T23:00:00Z"));
        assert_eq!(period.to, at("2026-03-31T22:00:00Z"));
        assert_eq!(period.length(), (31 * 24 - 1) * 3_600 * SECOND);
    }

    #[test]
    fn a_calendar_week_across_the_end_of_summer_time_has_169_hours() {
        let window = calendar(CalendarUnit::Week, "America/New_York");
        let period = window.period(at("2026-11-01T06:30:00Z"));
        assert_eq!(period.from, at("2026-10-26T04:00:00Z"));
        assert_eq!(period.length(), 169 * 3_600 * SECOND);
        // The hour that occurs twice lies in the same week both times.
        assert_eq!(window.period(at("2026-11-01T05:30:00Z")), period);
    }

    #[test]
    fn a_day_without_midnight_begins_when_the_clocks_have_moved() {
        // Clocks in Santiago go from 24:00 to 01:00 on the first Sunday of September.
        let period = calendar(CalendarUnit::Week, "America/Santiago").period(at("2026-09-09T12:00:00Z"));
        assert_eq!(period.from, at("2026-09-07T03:00:00Z"));
    }

    #[test]
    fn quarters_and_years_begin_on_their_first_day() {
        let now = at("2026-08-20T00:00:00Z");
        assert_eq!(
            calendar(CalendarUnit::Quarter, "UTC").period(now).from,
            at("2026-07-01T00:00:00Z")
        );
        assert_eq!(
            calendar(CalendarUnit::Quarter, "UTC").period(now).to,
            at("2026-10-01T00:00:00Z")
        );
        assert_eq!(
            calendar(CalendarUnit::Year, "UTC").period(now).from,
            at("2026-01-01T00:00:00Z")
        );
    }

    #[test]
    fn the_boundary_belongs_to_the_new_period() {
        let window = calendar(CalendarUnit::Month, "Europe/Berlin");
        assert_eq!(
            window.period(at("2026-03-31T22:00:00Z")).from,
            at("2026-03-31T22:00:00Z")
        );
        assert_eq!(window.period(at("2026-03-31T21:59:59Z")).to, at("2026-03-31T22:00:00Z"));
    }

    #[test]
    fn buckets_never_exceed_the_shortest_burn_rate_window() {
        for seconds in [Window::SHORTEST_S, 3_600, 7 * DAY_S, 28 * DAY_S, Window::LONGEST_S] {
            let bucket = Window::Rolling { seconds }.bucket_s();
            assert!(bucket == 1 || bucket * BUCKETS <= seconds, "{seconds}");
        }
        for unit in CalendarUnit::ALL {
            let window = calendar(unit, "UTC");
            assert!(window.bucket_s() * BUCKETS <= window.nominal_s());
            assert!(window.keep_s() > window.nominal_s());
        }
    }

    #[test]
    fn windows_are_named_as_people_name_them() {
        assert_eq!(Window::thirty_days().adjective(), "30-day");
        assert_eq!(Window::Rolling { seconds: 1_200 }.adjective(), "20-minute");
        assert_eq!(calendar(CalendarUnit::Month, "UTC").adjective(), "month's");
        assert_eq!(
            calendar(CalendarUnit::Month, "Europe/Berlin").to_string(),
            "calendar month (Europe/Berlin)"
        );
    }
}
