//! What a value looks like.

use serde::Serialize;

/// The form of a value that stands where a template has a wildcard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ParameterKind {
    /// Digits, with sign, fraction, exponent or percent sign.
    Number,
    /// `0x` and digits, or a long run of hexadecimal digits.
    Hex,
    /// Address of IPv4 or IPv6, with or without a port.
    Ip,
    /// Hardware address.
    Mac,
    /// UUID.
    Uuid,
    /// Path in a file system, of a URL or of a registry.
    Path,
    /// Scheme, `://` and the rest.
    Url,
    /// Date, time of day, or both.
    Time,
    /// Number with a unit of time.
    Duration,
    /// Number with a unit of bytes.
    Size,
    /// Dotted name of a machine, with or without a port.
    Host,
    /// Address of mail, or `user@host`.
    Email,
    /// `true` or `false`.
    Boolean,
    /// `null`, `nil`, `n/a`.
    Null,
    /// Letters and digits mixed: names with a number, keys, versions.
    Identifier,
    /// Between quotes.
    Quoted,
    /// A plain word in a column of many.
    Word,
    /// Several values in a row.
    List,
}

impl ParameterKind {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Number,
        Self::Hex,
        Self::Ip,
        Self::Mac,
        Self::Uuid,
        Self::Path,
        Self::Url,
        Self::Time,
        Self::Duration,
        Self::Size,
        Self::Host,
        Self::Email,
        Self::Boolean,
        Self::Null,
        Self::Identifier,
        Self::Quoted,
        Self::Word,
        Self::List,
    ];
}
