//! The forms of dates and times of day, each tried at one place of a text.

use super::{Stamp, TimeContext, civil};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
const MONTHS: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
const DAYS: &[u8; 21] = b"montuewedthufrisatsun";

struct Date {
    year: Option<i64>,
    month: i64,
    day: i64,
    end: usize,
}

fn number(text: &[u8], at: usize, digits: usize) -> Option<i64> {
    let mut value = 0_i64;
    for &byte in text.get(at..at + digits)? {
        if !byte.is_ascii_digit() {
            return None;
        }
        // A run of digits may be longer than any number.
        value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
    }
    Some(value)
}

fn run(text: &[u8], at: usize) -> usize {
    text.get(at..)
        .map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

fn name(text: &[u8], at: usize, list: &[u8]) -> Option<i64> {
    let head: &[u8; 3] = text.get(at..)?.first_chunk()?;
    let place = list
        .chunks_exact(3)
        .position(|entry| entry.eq_ignore_ascii_case(head))?;
    i64::try_from(place).ok()
}

fn word_end(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_alphabetic) {
        at += 1;
    }
    at
}

fn blanks(text: &[u8], mut at: usize) -> usize {
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// A date with a time of day.
pub fn written(text: &[u8], at: usize, context: &TimeContext) -> Option<(Stamp, usize)> {
    let (date, glog) = match text.get(at)? {
        b'0'..=b'9' => (numeric(text, at)?, false),
        b'I' | b'W' | b'E' | b'F' | b'D' if run(text, at + 1) == 4 => {
            let (month, day) = (number(text, at + 1, 2)?, number(text, at + 3, 2)?);
            (
                Date {
                    year: None,
                    month,
                    day,
                    end: at + 5,
                },
                true,
            )
        }
        _ => (named(text, at)?, false),
    };
    if !(1..=12).contains(&date.month) || !(1..=31).contains(&date.day) {
        return None;
    }
    let start = match text.get(date.end)? {
        b'T' | b't' | b':' | b'-' | b'_' if !glog => date.end + 1,
        b' ' => blanks(text, date.end),
        _ => return None,
    };
    let (micros, mut end) = clock(text, start)?;
    let (zone, zone_end) = zone(text, end).map_or((None, end), |(seconds, after)| (Some(seconds), after));
    end = zone_end;
    let mut year = date.year;
    if year.is_none() {
        let next = blanks(text, end);
        if next > end
            && run(text, next) == 4
            && !text
                .get(next + 4)
                .is_some_and(|byte| matches!(byte, b'-' | b':' | b'.'))
        {
            let written = number(text, next, 4)?;
            if (1970..2200).contains(&written) {
                (year, end) = (Some(written), next + 4);
            }
        }
    }
    let offset = i64::from(zone.unwrap_or(context.zone)) * SECOND;
    let within = |year: i64| civil::days(year, date.month, date.day) * DAY + micros - offset;
    let total = year.map_or_else(
        || {
            let this = civil::year_of(context.reference.div_euclid(DAY));
            if within(this) > context.reference + DAY {
                within(this - 1)
            } else {
                within(this)
            }
        },
        within,
    );
    let stamp = Stamp {
        micros: total,
        year_assumed: year.is_none(),
        day_assumed: false,
        zone_assumed: zone.is_none(),
    };
    Some((stamp, end))
}

fn numeric(text: &[u8], at: usize) -> Option<Date> {
    let digits = run(text, at);
    let by = *text.get(at + digits)?;
    match (digits, by) {
        (4, b'-' | b'/' | b'.')
            if run(text, at + 5) == 2 && text.get(at + 7) == Some(&by) && run(text, at + 8) == 2 =>
        {
            Some(Date {
                year: number(text, at, 4),
                month: number(text, at + 5, 2)?,
                day: number(text, at + 8, 2)?,
                end: at + 10,
            })
        }
        (8, b'-' | b'T' | b' ' | b'_') => {
            let year = number(text, at, 4).filter(|year| (1970..2200).contains(year))?;
            Some(Date {
                year: Some(year),
                month: number(text, at + 4, 2)?,
                day: number(text, at + 6, 2)?,
                end: at + 8,
            })
        }
        (6, b' ') if run(text, at + 7) == 6 => Some(Date {
            year: Some(2_000 + number(text, at, 2)?),
            month: number(text, at + 2, 2)?,
            day: number(text, at + 4, 2)?,
            end: at + 6,
        }),
        (1 | 2, b'/' | b'-' | b' ') if text.get(at + digits + 1).is_some_and(u8::is_ascii_alphabetic) => {
            let month = name(text, at + digits + 1, MONTHS)? + 1;
            let next = word_end(text, at + digits + 1);
            let day = number(text, at, digits)?;
            if text.get(next) == Some(&by) && run(text, next + 1) == 4 {
                return Some(Date {
                    year: number(text, next + 1, 4),
                    month,
                    day,
                    end: next + 5,
                });
            }
            (by == b' ').then_some(Date {
                year: None,
                month,
                day,
                end: next,
            })
        }
        (2, b'/') if run(text, at + 3) == 2 && text.get(at + 5) == Some(&b'/') && run(text, at + 6) == 2 => {
            Some(Date {
                year: Some(2_000 + number(text, at, 2)?),
                month: number(text, at + 3, 2)?,
                day: number(text, at + 6, 2)?,
                end: at + 8,
            })
        }
        (2, b'/') if run(text, at + 3) == 2 && text.get(at + 5) == Some(&b'/') && run(text, at + 6) == 4 => {
            let (first, second) = (number(text, at, 2)?, number(text, at + 3, 2)?);
            // The month comes first unless that is impossible.
            let (month, day) = if first > 12 { (second, first) } else { (first, second) };
            Some(Date {
                year: number(text, at + 6, 4),
                month,
                day,
                end: at + 10,
            })
        }
        (2, b'-' | b'.') if run(text, at + 3) == 2 && text.get(at + 5) == Some(&b' ') => Some(Date {
            year: None,
            month: number(text, at, 2)?,
            day: number(text, at + 3, 2)?,
            end: at + 5,
        }),
        _ => None,
    }
}

fn named(text: &[u8], at: usize) -> Option<Date> {
    let mut at = at;
    if name(text, at, MONTHS).is_none() {
        name(text, at, DAYS)?;
        at = word_end(text, at);
        if text.get(at) == Some(&b',') {
            at += 1;
        }
        at = blanks(text, at);
        if text.get(at)?.is_ascii_digit() {
            return numeric(text, at);
        }
    }
    let month = name(text, at, MONTHS)? + 1;
    let after = word_end(text, at);
    let at = blanks(text, after);
    let digits = run(text, at);
    if at == after || !(1..=2).contains(&digits) {
        return None;
    }
    let day = number(text, at, digits)?;
    let mut end = at + digits;
    if text.get(end) == Some(&b',') {
        end += 1;
    }
    let next = blanks(text, end);
    if next > end && run(text, next) == 4 && matches!(text.get(next + 4), Some(b' ' | b',')) {
        let end = next + 4 + usize::from(text[next + 4] == b',');
        return Some(Date {
            year: number(text, next, 4),
            month,
            day,
            end,
        });
    }
    Some(Date {
        year: None,
        month,
        day,
        end,
    })
}

/// `hh:mm:ss`, `hh.mm.ss` or `hhmmss` with a fraction: microseconds of the day, and where it ends.
fn clock(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let digits = run(text, at);
    let (hour, minute, second, mut end) = match (digits, text.get(at + digits)) {
        (6, _) => (
            number(text, at, 2)?,
            number(text, at + 2, 2)?,
            number(text, at + 4, 2)?,
            at + 6,
        ),
        (1 | 2, Some(&by @ (b':' | b'.'))) => {
            let minutes = at + digits + 1;
            let minute_digits = run(text, minutes);
            if !(1..=2).contains(&minute_digits) {
                return None;
            }
            let (hour, minute) = (number(text, at, digits)?, number(text, minutes, minute_digits)?);
            let seconds = minutes + minute_digits;
            if text.get(seconds) == Some(&by) && (1..=2).contains(&run(text, seconds + 1)) {
                let width = run(text, seconds + 1);
                (hour, minute, number(text, seconds + 1, width)?, seconds + 1 + width)
            } else if by == b':' {
                (hour, minute, 0, seconds)
            } else {
                return None;
            }
        }
        _ => return None,
    };
    if hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let mut micros = ((hour * 60 + minute) * 60 + second) * SECOND;
    if matches!(text.get(end), Some(b'.' | b',' | b':')) {
        let width = run(text, end + 1);
        if (1..=9).contains(&width) && (text[end] != b':' || width == 3) {
            let kept = width.min(6);
            let mut fraction = number(text, end + 1, kept)?;
            for _ in kept..6 {
                fraction *= 10;
            }
            micros += fraction;
            end += 1 + width;
        }
    }
    let half = end + usize::from(text.get(end) == Some(&b' '));
    if let (Some(&letter), Some(b'M' | b'm')) = (text.get(half), text.get(half + 1))
        && matches!(letter | 32, b'a' | b'p')
        && !text.get(half + 2).is_some_and(u8::is_ascii_alphanumeric)
    {
        let twelve = hour % 12 + if letter | 32 == b'p' { 12 } else { 0 };
        micros += (twelve - hour) * 3_600 * SECOND;
        end = half + 2;
    }
    Some((micros, end))
}

/// Seconds east of UTC, and where the zone ends.
fn zone(text: &[u8], at: usize) -> Option<(i32, usize)> {
    let start = at + usize::from(text.get(at) == Some(&b' '));
    match *text.get(start)? {
        b'Z' if start == at && !text.get(at + 1).is_some_and(u8::is_ascii_alphanumeric) => Some((0, at + 1)),
        sign @ (b'+' | b'-') => {
            let hours = number(text, start + 1, 2)?;
            let colon = usize::from(text.get(start + 3) == Some(&b':'));
            let (minutes, end) = match number(text, start + 3 + colon, 2) {
                Some(minutes) => (minutes, start + 5 + colon),
                None if start == at && colon == 0 => (0, start + 3),
                None => return None,
            };
            if hours > 14 || minutes > 59 || text.get(end).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            let seconds = i32::try_from((hours * 60 + minutes) * 60).ok()?;
            Some((if sign == b'-' { -seconds } else { seconds }, end))
        }
        _ => {
            let end = word_end(text, start);
            let hours = match &text[start..end] {
                b"UTC" | b"GMT" => 0,
                b"CET" | b"BST" => 1,
                b"CEST" | b"EET" => 2,
                b"EEST" | b"MSK" => 3,
                b"JST" => 9,
                b"EST" | b"CDT" => -5,
                b"EDT" => -4,
                b"CST" | b"MDT" => -6,
                b"MST" | b"PDT" => -7,
                b"PST" => -8,
                _ => return None,
            };
            Some((hours * 3_600, end))
        }
    }
}

/// A time of day without a day: that of the reference.
pub fn clock_alone(text: &[u8], at: usize, context: &TimeContext) -> Option<(Stamp, usize)> {
    if run(text, at) != 2 || text.get(at + 2) != Some(&b':') || text.get(at + 5) != Some(&b':') {
        return None;
    }
    let (micros, end) = clock(text, at)?;
    let offset = i64::from(context.zone) * SECOND;
    let midnight = (context.reference + offset).div_euclid(DAY) * DAY;
    let stamp = Stamp {
        micros: midnight + micros - offset,
        year_assumed: true,
        day_assumed: true,
        zone_assumed: true,
    };
    Some((stamp, end))
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size: 10, 13, 16 or 19 digits.
pub fn epoch(text: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let digits = run(text, at);
    let mut end = at + digits;
    let value = text.get(at..end).filter(|_| matches!(digits, 10 | 13 | 16 | 19))?;
    // Nineteen digits may be more than fits.
    let mut micros = epoch_number(std::str::from_utf8(value).ok()?.parse().ok()?)?;
    if digits == 10 && text.get(end) == Some(&b'.') && run(text, end + 1) > 0 {
        let width = run(text, end + 1);
        let kept = width.min(6);
        let mut fraction = number(text, end + 1, kept)?;
        for _ in kept..6 {
            fraction *= 10;
        }
        micros += fraction;
        end += 1 + width;
    }
    if text
        .get(end)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/'))
    {
        return None;
    }
    let stamp = Stamp {
        micros,
        year_assumed: false,
        day_assumed: false,
        zone_assumed: false,
    };
    Some((stamp, end))
}

/// Microseconds since 1970 of a number in seconds, milliseconds, microseconds or nanoseconds, between 2001 and 2096.
pub fn epoch_number(value: i64) -> Option<i64> {
    const RANGE: std::ops::Range<i64> = 1_000_000_000..4_000_000_000;
    [
        (1, SECOND, 1),
        (1_000, 1_000, 1),
        (SECOND, 1, 1),
        (1_000 * SECOND, 1, 1_000),
    ]
    .into_iter()
    .find(|(unit, _, _)| RANGE.contains(&(value / unit)))
    .map(|(_, times, over)| value * times / over)
}
