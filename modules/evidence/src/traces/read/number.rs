//! Numbers as trace files write them: decimal with an optional fraction, read exactly at any scale. Knows no column.

/// Powers of ten from a unit to microseconds, as exponents: seconds 6, milliseconds 3, microseconds 0, nanoseconds -3.
pub const SECONDS: i32 = 6;
pub const MILLIS: i32 = 3;
pub const MICROS: i32 = 0;
pub const NANOS: i32 = -3;

/// A decimal times ten to the power of `scale`, rounded down. None for what is no number or out of range.
///
/// Floating point would lose microseconds of a time of 19 digits.
pub fn scaled(text: &[u8], scale: i32) -> Option<i64> {
    let text = text.trim_ascii();
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let (whole, fraction) = match memchr::memchr(b'.', digits) {
        Some(dot) => (&digits[..dot], &digits[dot + 1..]),
        None => (digits, &b""[..]),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if memchr::memchr2(b'e', b'E', digits).is_some() {
        return exponential(text, scale);
    }
    if !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let (whole, fraction) = if scale < 0 {
        // Digits below a microsecond are cut off.
        let kept = whole.len().saturating_sub(usize::try_from(-scale).ok()?);
        (&whole[..kept], &b""[..])
    } else {
        (whole, fraction)
    };
    let mut value = 0_i64;
    for &digit in whole {
        value = value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    let mut places = fraction.iter();
    for _ in 0..scale.max(0) {
        let digit = places.next().map_or(0, |digit| i64::from(digit - b'0'));
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    Some(if negative { -value } else { value })
}

/// `1.6749827e18`, as spreadsheets and data frames write large numbers. It has lost digits already.
fn exponential(text: &[u8], scale: i32) -> Option<i64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let micros = value * 10_f64.powi(scale);
    #[expect(clippy::cast_possible_truncation, reason = "within the range that is checked")]
    (micros.abs() < 9e18).then_some(micros as i64)
}

/// The unit of a time since 1970 by its size, as an exponent: within the years 1973 to 5138 no two units overlap.
pub fn unit_of_epoch(text: &[u8]) -> i32 {
    let digits = text
        .trim_ascii()
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match digits {
        0..=11 => SECONDS,
        12..=14 => MILLIS,
        15..=17 => MICROS,
        _ => NANOS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_microseconds_in_every_unit() {
        for (text, scale, micros) in [
            ("1674982765161788671", NANOS, 1_674_982_765_161_788),
            ("1674982765.161788", SECONDS, 1_674_982_765_161_788),
            ("1674982765161.5", MILLIS, 1_674_982_765_161_500),
            ("250", NANOS, 0),
            ("-3", MILLIS, -3_000),
            ("1.5e3", MILLIS, 1_500_000),
        ] {
            assert_eq!(scaled(text.as_bytes(), scale), Some(micros), "{text}");
        }
        for text in ["", "-", ".", "12x", "1e", "99999999999999999999"] {
            assert_eq!(scaled(text.as_bytes(), SECONDS), None, "{text}");
        }
    }

    #[test]
    fn the_size_of_a_time_tells_its_unit() {
        for (text, unit) in [
            ("1674982765", SECONDS),
            ("1674982765.25", SECONDS),
            ("1674982765161", MILLIS),
            ("1674982765161788", MICROS),
            ("1674982765161788671", NANOS),
        ] {
            assert_eq!(unit_of_epoch(text.as_bytes()), unit, "{text}");
        }
    }
}
