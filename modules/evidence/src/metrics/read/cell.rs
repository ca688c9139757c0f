//! Fields of a table: what is a number, what is a time, what is nothing.

use crate::logs::time::{self, TimeContext};

/// What a field of a column of numbers holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// A finite number.
    Number(f64),
    /// Nothing.
    Missing,
    /// A number without end.
    Infinite,
    /// Something else.
    Text,
}

/// What a field that is a time says of its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Date and time of day with a zone.
    Zoned,
    /// Date and time of day without.
    Civil,
    /// A number since 1970.
    Epoch,
}

/// Reads a number. `comma` is whether decimals stand after a comma.
pub fn number(text: &[u8], comma: bool) -> Cell {
    let text = text.trim_ascii();
    match text.first() {
        None => return Cell::Missing,
        Some(b'0'..=b'9' | b'-' | b'+' | b'.') if !comma => {
            if let Some(value) = short_decimal(text) {
                return Cell::Number(value);
            }
            if let Some(value) = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok()) {
                return of_value(value);
            }
        }
        Some(_) => {}
    }
    other_number(text, comma)
}

/// Powers of ten up to the highest that a double holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Whole numbers up to this one are doubles.
const EXACT: u64 = 1 << 53;

/// Digits with at most one point among them, if a double holds them and the power of ten below them exactly: then one division
/// gives the nearest double (Clinger, How to read floating point numbers accurately, 1990). Most fields are like that, and there
/// are millions of them.
fn short_decimal(text: &[u8]) -> Option<f64> {
    let (mut digits, mut point) = (0, None);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' if digits <= EXACT => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let below = point.map_or(0, |point| text.len() - 1 - point);
    let is_exact = digits <= EXACT && text.len() > usize::from(point.is_some());
    #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
    is_exact.then_some(digits as f64 / TENS.get(below)?)
}

fn other_number(text: &[u8], comma: bool) -> Cell {
    if text.len() > 64 {
        return Cell::Text;
    }
    let lower = String::from_utf8_lossy(text).to_ascii_lowercase();
    match lower.trim_start_matches(['+', '-']) {
        "nan" | "null" | "none" | "na" | "n/a" | "#n/a" | "nil" | "undefined" | "" => return Cell::Missing,
        "inf" | "infinity" => return Cell::Infinite,
        // What a check found.
        "true" => return Cell::Number(1.0),
        "false" => return Cell::Number(0.0),
        _ => {}
    }
    let bare = lower.strip_suffix('%').unwrap_or(&lower).trim_end();
    let pointed = if comma { bare.replace(',', ".") } else { bare.to_owned() };
    if pointed.starts_with(|letter: char| letter.is_ascii_digit() || matches!(letter, '-' | '+' | '.')) {
        pointed.parse::<f64>().map_or(Cell::Text, of_value)
    } else {
        Cell::Text
    }
}

/// Beyond this the square of a value is infinite, and so is the value for all that is done with it.
const LARGEST: f64 = 1e150;

fn of_value(value: f64) -> Cell {
    if value.abs() <= LARGEST {
        Cell::Number(value)
    } else if value.is_nan() {
        Cell::Missing
    } else {
        Cell::Infinite
    }
}

/// Reads a time, in microseconds since 1970, and how it is written.
///
/// Numbers are seconds, milliseconds, microseconds or nanoseconds by their size, from 2001 to 2096. What Go prints of a
/// time (`time.Time.String`: a zone's name and the monotonic clock after the offset) is read as far as it says the time.
pub fn time(text: &[u8], context: &TimeContext) -> Option<(i64, Form)> {
    let text = text.trim_ascii();
    if text.len() < 8 || text.len() > 96 {
        return None;
    }
    if text
        .iter()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+'))
    {
        return epoch(text).map(|micros| (micros, Form::Epoch));
    }
    let (begin, end, stamp) = time::find(text, context)?;
    if begin > 0 || stamp.day_assumed || stamp.year_assumed || !is_tail(&text[end..]) {
        return None;
    }
    let form = if stamp.zone_assumed { Form::Civil } else { Form::Zoned };
    Some((stamp.micros, form))
}

fn epoch(text: &[u8]) -> Option<i64> {
    if let Some((stamp, end)) = time::epoch(text, 0)
        && end == text.len()
    {
        return Some(stamp.micros);
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    of_number(value)
}

/// A time as a number since 1970.
pub fn of_number(value: f64) -> Option<i64> {
    let scaled = [1e6, 1e3, 1.0, 1e-3]
        .into_iter()
        .map(|factor| value * factor)
        .find(|micros| (1e15..4e15).contains(micros))?;
    #[expect(clippy::cast_possible_truncation, reason = "between 2001 and 2096")]
    let micros = scaled.round() as i64;
    Some(micros)
}

/// ` UTC m=+0.113`, ` UTC` or nothing.
fn is_tail(tail: &[u8]) -> bool {
    let tail = tail.trim_ascii_start();
    let (zone, clock) = match tail.iter().position(|byte| *byte == b' ') {
        Some(at) => (&tail[..at], tail[at..].trim_ascii_start()),
        None if tail.starts_with(b"m=") => (&tail[..0], tail),
        None => (tail, &tail[..0]),
    };
    zone.len() <= 5
        && zone
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-'))
        && (clock.is_empty() || clock.starts_with(b"m="))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONTEXT: TimeContext = TimeContext {
        reference: 1_700_000_000_000_000,
        zone: 0,
    };

    #[test]
    fn numbers_are_told_from_nothing_and_from_text() {
        for (text, expected) in [
            ("1.5", Cell::Number(1.5)),
            (" -2e3 ", Cell::Number(-2000.0)),
            ("12 %", Cell::Number(12.0)),
            ("", Cell::Missing),
            ("NaN", Cell::Missing),
            ("null", Cell::Missing),
            ("+Inf", Cell::Infinite),
            ("1e999", Cell::Infinite),
            ("true", Cell::Number(1.0)),
            ("False", Cell::Number(0.0)),
            ("timeout", Cell::Text),
            ("12ms", Cell::Text),
        ] {
            assert_eq!(number(text.as_bytes(), false), expected, "{text}");
        }
        assert_eq!(number(b"1,5", true), Cell::Number(1.5));
        assert_eq!(number(b"1,5", false), Cell::Text);
    }

    proptest! {
        #[test]
        fn a_decimal_is_the_double_that_is_nearest(text in "-?[0-9]{0,20}(\\.[0-9]{0,20})?") {
            let expected = text.parse().map_or(Cell::Text, Cell::Number);
            if !text.is_empty() && text != "-" {
                prop_assert_eq!(number(text.as_bytes(), false), expected);
            }
        }
    }

    #[test]
    fn times_are_read_in_every_usual_form() {
        let at = 1_661_140_279_000_000;
        for (text, expected) in [
            ("1661140279", Some((at, Form::Epoch))),
            ("1661140279.0", Some((at, Form::Epoch))),
            ("1.661140279e9", Some((at, Form::Epoch))),
            ("1661140279000", Some((at, Form::Epoch))),
            ("1661140279000.0", Some((at, Form::Epoch))),
            ("1661140279000000000", Some((at, Form::Epoch))),
            ("2022-08-22T03:51:19Z", Some((at, Form::Zoned))),
            ("2022-08-22 03:51:19", Some((at, Form::Civil))),
            ("2022-08-22 05:51:19 +0200", Some((at, Form::Zoned))),
            (
                "2022-08-22 03:51:19.5 +0000 UTC m=+0.1131",
                Some((at + 500_000, Form::Zoned)),
            ),
            ("12345678", None),
            ("2022-08-22 03:51:19 is late", None),
            ("cartservice", None),
        ] {
            assert_eq!(time(text.as_bytes(), &CONTEXT), expected, "{text}");
        }
    }
}
