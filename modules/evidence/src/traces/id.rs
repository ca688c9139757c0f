//! Identifiers of traces and spans as keys of 64 bits, whatever way they are written. Knows no span.
//!
//! An identifier is read by its value: hexadecimal with or without leading zeros, a UUID and base64 (protobuf's JSON form of
//! bytes) of the same value are one key, so that a log line finds its span. Anything else is hashed as it stands.
//! Among a million traces the chance that any two share a key is below one in ten million (birthday bound on 63 bits).

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::logs::template::hash_bytes;

/// Key of a trace. Evenly spread, so that its highest bits draw a sample of whole traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub(super) u64);

/// Key of a span within its trace; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub(super) u64);

impl TraceId {
    /// Of the written form. None where nothing is identified: empty, zeros, or a word for nothing.
    pub fn of(text: &[u8]) -> Option<Self> {
        key(text).map(Self)
    }
}

impl SpanId {
    /// Of the written form. None where nothing is identified, as for the parent of a first span.
    pub fn of(text: &[u8]) -> Option<Self> {
        key(text).map(Self)
    }

    /// The calling half of a call whose two halves share one identifier, as Zipkin has it.
    #[must_use]
    pub fn calling_half(self) -> Self {
        Self(hash_bytes(&(!self.0).to_le_bytes()))
    }
}

/// Words that stand where there is no identifier.
const NOTHING: [&[u8]; 8] = [b"root", b"null", b"none", b"nil", b"nan", b"undefined", b"-1", b"n/a"];
/// Digits of the longest identifier that is a number: 128 bits (W3C Trace Context, 3.2.2.3).
const DIGITS: usize = 32;

fn key(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    if text.iter().all(|byte| matches!(byte, b'0' | b'-')) || NOTHING.iter().any(|word| text.eq_ignore_ascii_case(word))
    {
        return None;
    }
    let value = hexadecimal(text).or_else(|| base64(text));
    match value {
        Some(0) => None,
        Some(value) => Some(hash_bytes(&value.to_le_bytes())),
        None => Some(hash_bytes(text)),
    }
}

fn hexadecimal(text: &[u8]) -> Option<u128> {
    let is_uuid = text.len() == 36 && [8, 13, 18, 23].iter().all(|&at| text[at] == b'-');
    if text.len() > DIGITS && !is_uuid {
        return None;
    }
    let mut value = 0_u128;
    for &byte in text {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'-' if is_uuid => continue,
            _ => return None,
        };
        value = value << 4 | u128::from(digit);
    }
    Some(value)
}

/// Sixteen bytes or eight, told from hexadecimal by their padding.
fn base64(text: &[u8]) -> Option<u128> {
    if !matches!((text.len(), text.last()), (24 | 12, Some(b'='))) {
        return None;
    }
    let mut bytes = [0; 18];
    let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
    let value = bytes.get(..length)?.iter();
    matches!(length, 8 | 16).then(|| value.fold(0, |value, &byte| value << 8 | u128::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_identifier_is_one_key_however_it_is_written() {
        let key = TraceId::of(b"4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(key.is_some());
        for other in [
            &b"4BF92F3577B34DA6A3CE929D0E0E4736"[..],
            b"4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
            b"S/kvNXezTaajzpKdDg5HNg==",
            b" 4bf92f3577b34da6a3ce929d0e0e4736 ",
        ] {
            assert_eq!(TraceId::of(other), key, "{}", String::from_utf8_lossy(other));
        }
        assert_eq!(SpanId::of(b"00f067aa0ba902b7"), SpanId::of(b"f067aa0ba902b7"));
        assert_eq!(SpanId::of(b"APBnqgupArc="), SpanId::of(b"f067aa0ba902b7"));
        assert_ne!(SpanId::of(b"request-7"), SpanId::of(b"request-8"));
    }

    #[test]
    fn words_for_nothing_identify_nothing() {
        for nothing in [&b""[..], b"  ", b"0000000000000000", b"root", b"NULL", b"-1", b"NaN"] {
            assert_eq!(SpanId::of(nothing), None, "{}", String::from_utf8_lossy(nothing));
        }
    }
}
