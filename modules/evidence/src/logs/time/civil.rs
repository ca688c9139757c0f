//! Days of the proleptic Gregorian calendar as numbers.

/// Days from 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`).
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year of a day.
pub fn year_of(days: i64) -> i64 {
    // A year begins within a day of its mean place, so one correction is enough.
    let guess = 1970 + (days * 400).div_euclid(146_097);
    if self::days(guess + 1, 1, 1) <= days {
        guess + 1
    } else if self::days(guess, 1, 1) > days {
        guess - 1
    } else {
        guess
    }
}
