//! Base32 (RFC 4648, section 6) without padding: what authenticator apps and people can type.

use data_encoding::BASE32_NOPAD;

/// The text of some bytes.
pub(crate) fn base32(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes)
}

/// The bytes of a text as a person typed it: in either case, with spaces and hyphens wherever they helped.
pub(crate) fn unbase32(text: &str) -> Option<Vec<u8>> {
    let bare: String = text
        .chars()
        .filter(|each| !matches!(each, ' ' | '-'))
        .map(|each| each.to_ascii_uppercase())
        .collect();
    BASE32_NOPAD.decode(bare.as_bytes()).ok()
}
