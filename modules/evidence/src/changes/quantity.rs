//! Quantities: numbers with the units that settings use.

/// A number in a base unit: seconds, bytes, cores or a plain count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantity {
    pub number: f64,
    /// Whether its unit was written.
    pub unit: bool,
}

/// Units of time in seconds.
const TIME: [(&str, f64); 16] = [
    ("ms", 1e-3),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ns", 1e-9),
    ("s", 1.0),
    ("sec", 1.0),
    ("secs", 1.0),
    ("seconds", 1.0),
    ("second", 1.0),
    ("m", 60.0),
    ("min", 60.0),
    ("minutes", 60.0),
    ("h", 3_600.0),
    ("hours", 3_600.0),
    ("d", 86_400.0),
    ("millis", 1e-3),
];
/// Units of size in bytes, as Kubernetes and others write them.
const SIZE: [(&str, f64); 16] = [
    ("ki", 1_024.0),
    ("mi", 1_048_576.0),
    ("gi", 1_073_741_824.0),
    ("ti", 1_099_511_627_776.0),
    ("k", 1e3),
    ("m", 1e6),
    ("g", 1e9),
    ("kb", 1e3),
    ("mb", 1e6),
    ("gb", 1e9),
    ("kib", 1_024.0),
    ("mib", 1_048_576.0),
    ("gib", 1_073_741_824.0),
    ("b", 1.0),
    ("t", 1e12),
    ("tb", 1e12),
];

fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text
        .find(|character: char| !(character.is_ascii_digit() || matches!(character, '.' | '-' | '_')))
        .unwrap_or(text.len());
    let number = text[..end].replace('_', "").parse().ok()?;
    Some((number, text[end..].trim()))
}

fn of(text: &str, units: &[(&str, f64)], bare: f64) -> Option<Quantity> {
    let (number, unit) = split(text)?;
    if unit.is_empty() {
        return Some(Quantity {
            number: number * bare,
            unit: false,
        });
    }
    let lower = unit.to_ascii_lowercase();
    let (_, factor) = units.iter().find(|(name, _)| *name == lower)?;
    Some(Quantity {
        number: number * factor,
        unit: true,
    })
}

/// A duration in seconds. A number without a unit is taken in the unit that the name ends with, or in seconds.
pub(super) fn duration(name: &str, text: &str) -> Option<Quantity> {
    let name = name.to_ascii_lowercase();
    let bare = if name.ends_with("ms") || name.ends_with("millis") || name.ends_with("milliseconds") {
        1e-3
    } else if name.ends_with("minutes") || name.ends_with("_min") {
        60.0
    } else {
        1.0
    };
    of(text, &TIME, bare)
}

/// A size in bytes.
pub(super) fn size(text: &str) -> Option<Quantity> {
    of(text, &SIZE, 1.0)
}

/// Processor time in cores: `500m` is half a core.
pub(super) fn cores(text: &str) -> Option<Quantity> {
    of(text, &[("m", 1e-3)], 1.0)
}

/// A plain number.
pub(super) fn count(text: &str) -> Option<f64> {
    split(text)
        .filter(|(_, unit)| unit.is_empty())
        .map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_as_written_or_by_the_name() {
        let near = |found: Option<Quantity>, wanted: f64| {
            found.is_some_and(|found| (found.number - wanted).abs() < 1e-9 * wanted.max(1.0))
        };
        assert!(near(duration("timeout", "250ms"), 0.25) && near(duration("timeout_ms", "250"), 0.25));
        assert!(near(duration("timeout", "2m"), 120.0) && near(duration("t", "30"), 30.0));
        assert!(near(size("512Mi"), 536_870_912.0) && near(cores("500m"), 0.5) && near(cores("2"), 2.0));
        assert_eq!((count("1_000"), count("x"), count("5s")), (Some(1_000.0), None, None));
    }
}
