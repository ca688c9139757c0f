//! What must hold of an answer: as a person writes it, and compiled once.

use http::HeaderName;
use regex::bytes::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::json_path::JsonPath;

mod judge;

pub use judge::{Answer, judge};

/// A compiled pattern larger than this is refused, so that a check cannot take Mainstay's memory.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// One expectation, as a person writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "on", rename_all = "lowercase", deny_unknown_fields)]
pub enum Assertion {
    /// The status code is one of these.
    Status {
        /// Codes and ranges: `200-299,304`.
        is: String,
    },
    /// The body's text; exactly one of the three is given.
    Body {
        /// A text that must occur.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contains: Option<String>,
        /// A text that must not occur.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lacks: Option<String>,
        /// A regular expression that must match somewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        matches: Option<String>,
    },
    /// A value in a JSON body; exactly one of `equals` and `in` is given.
    Json {
        /// Where the value is, such as `$.items[0].status`.
        path: String,
        /// The value it must have.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
        #[schema(value_type = Option<Value>)]
        equals: Option<Value>,
        /// The values it may have.
        #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Vec<Value>>)]
        within: Option<Vec<Value>>,
    },
    /// A header of the answer; exactly one of `equals` and `contains` is given.
    Header {
        /// Its name, in any case.
        name: String,
        /// The value it must have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        equals: Option<String>,
        /// A text it must contain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contains: Option<String>,
    },
    /// The whole probe, from name resolution to the last byte, is faster than this.
    Latency {
        /// Milliseconds.
        below_ms: u32,
    },
    /// The certificate stays valid for at least this long.
    Tls {
        /// Whole days.
        days_left_at_least: i64,
    },
}

/// Reads `null` as the value null and not as absence: `equals: null` is an expectation.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// An [`Assertion`] ready to be applied ten thousand times.
#[derive(Debug, Clone)]
pub enum Expectation {
    /// See [`Assertion::Status`].
    Status(StatusSet),
    /// See [`Assertion::Body`].
    BodyContains(String),
    /// See [`Assertion::Body`].
    BodyLacks(String),
    /// See [`Assertion::Body`].
    BodyMatches(Regex),
    /// See [`Assertion::Json`].
    Json(JsonPath, Vec<Value>),
    /// See [`Assertion::Header`].
    HeaderEquals(HeaderName, String),
    /// See [`Assertion::Header`].
    HeaderContains(HeaderName, String),
    /// See [`Assertion::Latency`]; milliseconds.
    LatencyBelow(u32),
    /// See [`Assertion::Tls`]; days.
    TlsDaysLeft(i64),
}

/// A set of status codes, with the text it was written as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet {
    text: String,
    ranges: Vec<(u16, u16)>,
}

impl StatusSet {
    /// 200 to 299.
    pub fn success() -> Self {
        Self {
            text: "200-299".to_owned(),
            ranges: vec![(200, 299)],
        }
    }

    /// Reads codes and ranges between commas.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a set of status codes; write it like `200-299,304`");
        let code = |text: &str| -> Result<u16, String> {
            let code = text.trim().parse().map_err(|_| wrong())?;
            if (100..=599).contains(&code) {
                Ok(code)
            } else {
                Err(wrong())
            }
        };
        let ranges = text
            .split(',')
            .map(|part| {
                let (low, high) = part.split_once('-').unwrap_or((part, part));
                let (low, high) = (code(low)?, code(high)?);
                if low <= high { Ok((low, high)) } else { Err(wrong()) }
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.trim().to_owned(),
            ranges,
        })
    }

    /// Whether the set holds `code`.
    pub fn holds(&self, code: u16) -> bool {
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&code))
    }
}

impl Assertion {
    /// Checks the assertion and prepares it.
    ///
    /// # Errors
    /// The wrong field of the assertion and a sentence about it.
    pub fn compile(&self) -> Result<Expectation, (&'static str, String)> {
        match self {
            Self::Status { is } => StatusSet::parse(is).map(Expectation::Status).map_err(|why| ("is", why)),
            Self::Body {
                contains: Some(text),
                lacks: None,
                matches: None,
            } => Ok(Expectation::BodyContains(text.clone())),
            Self::Body {
                contains: None,
                lacks: Some(text),
                matches: None,
            } => Ok(Expectation::BodyLacks(text.clone())),
            Self::Body {
                contains: None,
                lacks: None,
                matches: Some(pattern),
            } => regex::bytes::RegexBuilder::new(pattern)
                .size_limit(PATTERN_BYTES_MAX)
                .build()
                .map(Expectation::BodyMatches)
                .map_err(|error| {
                    (
                        "matches",
                        format!("`{pattern}` is not a regular expression I can use: {error}"),
                    )
                }),
            Self::Body { .. } => Err((
                "contains",
                "give exactly one of `contains`, `lacks` and `matches`".to_owned(),
            )),
            Self::Json { path, equals, within } => {
                let path = JsonPath::parse(path).map_err(|error| ("path", error.to_string()))?;
                match (equals, within) {
                    (Some(value), None) => Ok(Expectation::Json(path, vec![value.clone()])),
                    (None, Some(values)) if !values.is_empty() => Ok(Expectation::Json(path, values.clone())),
                    _ => Err(("equals", "give exactly one of `equals` and a non-empty `in`".to_owned())),
                }
            }
            Self::Header { name, equals, contains } => {
                let header = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| ("name", format!("`{name}` is not the name of a header")))?;
                match (equals, contains) {
                    (Some(text), None) => Ok(Expectation::HeaderEquals(header, text.clone())),
                    (None, Some(text)) => Ok(Expectation::HeaderContains(header, text.clone())),
                    _ => Err(("equals", "give exactly one of `equals` and `contains`".to_owned())),
                }
            }
            Self::Latency { below_ms: 0 } => Err(("below_ms", "nothing is faster than 0 ms".to_owned())),
            Self::Latency { below_ms } => Ok(Expectation::LatencyBelow(*below_ms)),
            Self::Tls { days_left_at_least } => Ok(Expectation::TlsDaysLeft(*days_left_at_least)),
        }
    }
}

#[cfg(test)]
mod tests;
