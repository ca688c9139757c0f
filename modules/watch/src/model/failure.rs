//! Why a probe failed, in words that continue a sentence whose subject is the target ("refused the connection").

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The class of a failure: where on the way from name to answer it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The host name has no address.
    Resolve,
    /// The host answered that nobody listens on the port.
    ConnectRefused,
    /// Nobody answered the attempt to connect within the timeout.
    ConnectTimeout,
    /// The network said no in another way.
    Connect,
    /// The TLS handshake failed or the certificate is not acceptable.
    Tls,
    /// A connection stood, but the answer did not come in time.
    Timeout,
    /// What came was not HTTP, or ended too early.
    Protocol,
    /// The answer's body is larger than a check reads.
    TooLarge,
    /// An answer came and is not the expected one.
    Assertion,
    /// Mainstay refused to send it: a forbidden address, or a secret that cannot be read.
    Blocked,
}

/// Every kind with its stored code and its stable name; code 0 is reserved for "no failure".
const KINDS: [(FailureKind, i64, &str); 10] = [
    (FailureKind::Resolve, 1, "resolve"),
    (FailureKind::ConnectRefused, 2, "connect-refused"),
    (FailureKind::ConnectTimeout, 3, "connect-timeout"),
    (FailureKind::Connect, 4, "connect"),
    (FailureKind::Tls, 5, "tls"),
    (FailureKind::Timeout, 6, "timeout"),
    (FailureKind::Protocol, 7, "protocol"),
    (FailureKind::TooLarge, 8, "too-large"),
    (FailureKind::Assertion, 9, "assertion"),
    (FailureKind::Blocked, 10, "blocked"),
];

impl FailureKind {
    /// The number a raw row stores.
    pub fn code(self) -> i64 {
        KINDS
            .iter()
            .find(|(kind, ..)| *kind == self)
            .map_or(0, |(_, code, _)| *code)
    }

    /// The kind a raw row stores as `code`; `None` for 0 and for codes of a newer version.
    pub fn from_code(code: i64) -> Option<Self> {
        KINDS
            .iter()
            .find(|(_, known, _)| *known == code)
            .map(|(kind, ..)| *kind)
    }

    /// The stable kebab-case name.
    pub fn as_str(self) -> &'static str {
        KINDS
            .iter()
            .find(|(kind, ..)| *kind == self)
            .map_or("unknown", |(.., name)| *name)
    }
}

/// Why a probe failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// The class of the failure.
    pub kind: FailureKind,
    /// A predicate about the target, such as `did not answer within 2 s`.
    pub message: String,
}

impl Failure {
    /// A failure with its words.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A duration as a person writes it: `800 ms`, `2 s`, `1.5 s`.
pub fn seconds_in_words(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis < 1000 {
        format!("{millis} ms")
    } else if millis.is_multiple_of(1000) {
        format!("{} s", millis / 1000)
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

/// A number of bytes as a person writes it: `512 bytes`, `1 MiB`.
pub fn bytes_in_words(bytes: u64) -> String {
    const KIB: u64 = 1024;
    match bytes {
        1 => "1 byte".to_owned(),
        0..KIB => format!("{bytes} bytes"),
        _ if bytes < KIB * KIB => format!("{} KiB", bytes / KIB),
        _ => format!("{} MiB", bytes / (KIB * KIB)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_keeps_its_code_and_name() {
        for (kind, code, name) in KINDS {
            assert_eq!(FailureKind::from_code(code), Some(kind));
            assert_eq!(kind.code(), code);
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
            assert_eq!(kind.as_str(), name);
        }
        assert_eq!(FailureKind::from_code(0), None);
    }

    #[test]
    fn durations_and_sizes_read_like_prose() {
        assert_eq!(seconds_in_words(Duration::from_millis(800)), "800 ms");
        assert_eq!(seconds_in_words(Duration::from_secs(2)), "2 s");
        assert_eq!(seconds_in_words(Duration::from_millis(1500)), "1.5 s");
        assert_eq!(bytes_in_words(1), "1 byte");
        assert_eq!(bytes_in_words(15), "15 bytes");
        assert_eq!(bytes_in_words(1024 * 1024), "1 MiB");
    }
}
