//! Times as they are stored: whole microseconds since the Unix epoch, UTC, in a `BIGINT`.

use jiff::Timestamp;

/// Microseconds since 1970-01-01T00:00:00Z.
pub type Micros = i64;

/// The stored form of a time; what is finer than a microsecond is cut off.
pub fn to_micros(at: Timestamp) -> Micros {
    at.as_microsecond()
}

/// A stored time; values outside the years -9999 to 9999 are clamped, because a damaged row must not stop a list.
pub fn from_micros(micros: Micros) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
