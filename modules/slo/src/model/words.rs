//! Numbers and durations as people say them.

use std::fmt::Write as _;

use super::SECOND;

const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];

/// A duration in its two largest units: `2 d 1 h`, `5 min`, `0.83 s`.
pub fn duration_in_words(micros: i64) -> String {
    let micros = micros.max(0);
    if micros < 10 * SECOND && micros % SECOND != 0 {
        #[expect(clippy::cast_precision_loss, reason = "below ten seconds")]
        let seconds = micros as f64 / 1_000_000.0;
        return format!("{} s", number_in_words(seconds));
    }
    let seconds = micros / SECOND;
    let largest = UNITS.iter().position(|(size, _)| seconds >= *size).unwrap_or(3);
    let (size, unit) = UNITS[largest];
    let mut text = format!("{} {unit}", seconds / size);
    if let Some((next_size, next_unit)) = UNITS.get(largest + 1) {
        let rest = seconds % size / next_size;
        if rest > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, " {rest} {next_unit}");
        }
    }
    text
}

/// A short time in whole milliseconds, or in seconds from ten of them on: `12 ms`, `0.4 ms`, `12 s`.
pub(crate) fn milliseconds_in_words(micros: i64) -> String {
    if micros >= 10 * SECOND {
        return duration_in_words(micros);
    }
    #[expect(clippy::cast_precision_loss, reason = "below ten seconds")]
    let milliseconds = micros.max(0) as f64 / 1_000.0;
    let whole = if milliseconds >= 1.0 {
        milliseconds.round()
    } else {
        milliseconds
    };
    format!("{} ms", number_in_words(whole))
}

/// A number with as many decimals as help: `1200`, `14.6`, `0.83`, `0.0042`.
pub fn number_in_words(number: f64) -> String {
    let size = number.abs();
    let decimals = match size {
        _ if size >= 100.0 || size == 0.0 => 0,
        _ if size >= 1.0 => 1,
        _ if size >= 0.01 => 2,
        _ => 4,
    };
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A ratio as a percentage: `0.25` is `25 %`.
pub fn percent_in_words(ratio: f64) -> String {
    format!("{} %", number_in_words(ratio * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_their_two_largest_units() {
        for (micros, words) in [
            (0, "0 s"),
            (833_333, "0.83 s"),
            (5 * 60 * SECOND, "5 min"),
            (49 * 3_600 * SECOND, "2 d 1 h"),
            (90 * SECOND, "1 min 30 s"),
            (30 * 86_400 * SECOND, "30 d"),
            (-5, "0 s"),
        ] {
            assert_eq!(duration_in_words(micros), words);
        }
    }

    #[test]
    fn numbers_have_as_many_decimals_as_help() {
        for (number, words) in [
            (14.4, "14.4"),
            (6.0, "6"),
            (1000.4, "1000"),
            (0.834, "0.83"),
            (0.0, "0"),
            (0.004_2, "0.0042"),
        ] {
            assert_eq!(number_in_words(number), words);
        }
        assert_eq!(percent_in_words(0.25), "25 %");
    }
}
