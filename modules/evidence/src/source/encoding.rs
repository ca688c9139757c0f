//! Encodings: how the bytes of a source become text.

use std::borrow::Cow;

use serde::Serialize;

/// How bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Encoding {
    /// UTF-8 without a fault.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-8 with U+FFFD for each faulty sequence.
    #[serde(rename = "utf-8-lossy")]
    Utf8Lossy,
    /// UTF-16, low byte first, with U+FFFD for each lone surrogate.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, high byte first, with U+FFFD for each lone surrogate.
    #[serde(rename = "utf-16be")]
    Utf16Be,
}

impl Encoding {
    /// What a byte order mark at the beginning says, and its length.
    pub fn of_mark(head: &[u8]) -> (Self, usize) {
        match head {
            [0xef, 0xbb, 0xbf, ..] => (Self::Utf8, 3),
            [0xff, 0xfe, ..] => (Self::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Self::Utf16Be, 2),
            _ => (Self::Utf8, 0),
        }
    }

    /// Whether a character takes two bytes or four.
    pub fn is_wide(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be)
    }

    /// The text, and the encoding that it turned out to be.
    pub fn decode(self, raw: &[u8]) -> (Cow<'_, str>, Self) {
        if self.is_wide() {
            let units = raw.chunks(2).map(|pair| match *pair {
                [first, second] if self == Self::Utf16Le => u16::from_le_bytes([first, second]),
                [first, second] => u16::from_be_bytes([first, second]),
                _ => 0xfffd,
            });
            let text = char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect();
            return (Cow::Owned(text), self);
        }
        // Nearly all text is whole, which this sees several bytes at a time; replacing looks at each.
        match std::str::from_utf8(raw) {
            Ok(text) => (Cow::Borrowed(text), Self::Utf8),
            Err(_) => (String::from_utf8_lossy(raw), Self::Utf8Lossy),
        }
    }

    /// The longest head of `raw` with at most so many bytes that does not end inside a character.
    pub fn cut(self, raw: &[u8], most: usize) -> &[u8] {
        if raw.len() <= most {
            return raw;
        }
        let mut end = most;
        if self.is_wide() {
            end &= !1;
            let high = |at: usize| {
                let byte = if self == Self::Utf16Le { raw[at + 1] } else { raw[at] };
                byte & 0xfc == 0xd8
            };
            if end >= 2 && high(end - 2) {
                end -= 2;
            }
        } else {
            let mut back = 0;
            while back < 3 && end > 0 && raw[end] & 0xc0 == 0x80 {
                end -= 1;
                back += 1;
            }
            if raw[end] & 0xc0 == 0x80 {
                end = most;
            }
        }
        &raw[..end]
    }
}
