//! Numbers in words: sensible digits, thousands apart, and the multiple of a unit that leaves few of them.

use super::shown;

/// "87 %". What is not certain is never said to be.
pub fn percent(share: f64) -> String {
    let hundredth = share.clamp(0.0, 1.0) * 100.0;
    match hundredth {
        _ if share.is_nan() => "unknown".to_owned(),
        0.0 => "0 %".to_owned(),
        100.0 => "100 %".to_owned(),
        ..1.0 => "< 1 %".to_owned(),
        99.0.. => "> 99 %".to_owned(),
        _ => format!("{hundredth:.0} %"),
    }
}

/// So many digits, whole numbers in full with their thousands apart.
pub fn significant(value: f64, digits: i32) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "not a number" } else { "infinite" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the decimal exponent of a float is below 400"
    )]
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..15).contains(&magnitude) {
        return format!("{value:.1e}");
    }
    let places = usize::try_from(digits - 1 - magnitude).unwrap_or(0);
    let text = format!("{value:.places$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    apart(text)
}

/// A count: "12,034".
pub fn count(number: u64) -> String {
    apart(&number.to_string())
}

/// "1 file", "3 files".
pub fn plural(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number as u64), if number == 1 { one } else { many })
}

fn apart(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut text = String::with_capacity(number.len() + 6);
    text.push_str(if sign.is_empty() { "" } else { "−" });
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(rest);
    text
}

/// A measurement with its unit, in the multiple that leaves few digits: `0.0042` of "s" is "4.2 ms".
pub fn measured(value: f64, unit: Option<&str>) -> String {
    let (factor, unit) = multiple(value, unit);
    format!("{}{}", significant(value / factor, 3), suffix(&unit))
}

/// The multiple of a unit in which a value of this size is said, and its name. Base units alone have multiples.
pub fn multiple(size: f64, unit: Option<&str>) -> (f64, String) {
    let size = size.abs();
    let (factor, name) = match unit {
        Some("s") => match size {
            0.0 | 1.0.. => (1.0, "s"),
            0.001.. => (1e-3, "ms"),
            _ => (1e-6, "µs"),
        },
        Some("B") => binary(size),
        Some(other) => return (1.0, shown(other, 24)),
        None => (1.0, ""),
    };
    (factor, name.to_owned())
}

/// The space before a unit; "/s" stands close.
fn suffix(unit: &str) -> String {
    match unit {
        "" => String::new(),
        _ if unit.starts_with('/') => unit.to_owned(),
        _ => format!(" {unit}"),
    }
}

fn binary(size: f64) -> (f64, &'static str) {
    const KIB: f64 = 1_024.0;
    const MIB: f64 = KIB * KIB;
    const GIB: f64 = MIB * KIB;
    match size {
        GIB.. => (GIB, "GiB"),
        MIB.. => (MIB, "MiB"),
        KIB.. => (KIB, "KiB"),
        _ => (1.0, "B"),
    }
}

/// "3.2 MiB".
pub fn bytes(number: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    measured(number as f64, Some("B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_sensible_digits_and_units() {
        assert_eq!(measured(0.004_213, Some("s")), "4.21 ms");
        assert_eq!(measured(12_345.678, None), "12,346");
        assert_eq!(measured(3_355_443.2, Some("B")), "3.2 MiB");
        assert_eq!(measured(-0.5, Some("%")), "−0.5 %");
        assert_eq!(measured(120.0, Some("/s")), "120/s");
        assert_eq!(significant(1e20, 3), "1.0e20");
        assert_eq!(significant(f64::NAN, 3), "not a number");
    }

    #[test]
    fn what_is_almost_certain_is_not_said_to_be_certain() {
        assert_eq!(percent(0.997), "> 99 %");
        assert_eq!(percent(0.002), "< 1 %");
        assert_eq!(percent(0.868), "87 %");
        assert_eq!(percent(f64::NAN), "unknown");
    }
}
