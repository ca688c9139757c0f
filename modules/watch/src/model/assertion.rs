//! What must hold of an answer, and how the difference is put in words.

use std::cell::OnceCell;

use http::{HeaderMap, HeaderName};
use regex::bytes::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{check::CheckRole, health::HealthReport, json_path::JsonPath};

/// A compiled pattern larger than this is refused, so that a check cannot take Mainstay's memory.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// At most this many characters of an answer are quoted in a failure.
const QUOTE_MAX: usize = 60;

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

/// An answer to be judged.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body as far as it was read, which is all of it.
    pub body: &'a [u8],
    /// Microseconds from the start of the probe to the last byte.
    pub duration_us: u64,
    /// Days until the certificate expires.
    pub tls_days_left: Option<i64>,
    document: OnceCell<Option<Value>>,
}

impl<'a> Answer<'a> {
    /// An answer as it was received.
    pub fn new(
        status: u16,
        headers: &'a HeaderMap,
        body: &'a [u8],
        duration_us: u64,
        tls_days_left: Option<i64>,
    ) -> Self {
        Self {
            status,
            headers,
            body,
            duration_us,
            tls_days_left,
            document: OnceCell::new(),
        }
    }

    /// The body as JSON, parsed at most once.
    fn document(&self) -> Option<&Value> {
        self.document
            .get_or_init(|| serde_json::from_slice(self.body).ok())
            .as_ref()
    }

    /// What the body says about health, if it is JSON that does.
    pub fn health(&self) -> Option<HealthReport> {
        // Not every 200 deserves a JSON parse: a health body is an object.
        let first = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        (first == Some(&b'{'))
            .then(|| self.document().and_then(HealthReport::read))
            .flatten()
    }
}

/// Judges an answer: `Err` holds the failure's words.
///
/// Every expectation is tried in the order written and the first that does not hold is the failure. When none of them is
/// about the status, 200 to 299 is expected first; and when none reads the JSON body, what a health body says about itself
/// counts as the role demands.
///
/// # Errors
/// When an expectation does not hold.
pub fn judge(
    expectations: &[Expectation],
    role: CheckRole,
    answer: &Answer<'_>,
    health: Option<&HealthReport>,
) -> Result<(), String> {
    if !expectations.iter().any(|one| matches!(one, Expectation::Status(_))) && !(200..300).contains(&answer.status) {
        return Err(unexpected_status(answer, "200-299", health));
    }
    for expectation in expectations {
        holds(expectation, answer, health)?;
    }
    if let Some(report) = health
        && !expectations.iter().any(|one| matches!(one, Expectation::Json(..)))
        && report.fails(role)
    {
        return Err(format!(
            "answered {}, but its body says {}",
            answer.status,
            report.in_words()
        ));
    }
    Ok(())
}

fn holds(expectation: &Expectation, answer: &Answer<'_>, health: Option<&HealthReport>) -> Result<(), String> {
    let status = answer.status;
    match expectation {
        Expectation::Status(set) => unless(set.holds(status), || unexpected_status(answer, &set.text, health)),
        Expectation::BodyContains(text) => unless(contains(answer.body, text), || {
            format!("answered {status} without \"{}\" in its body", quote(text))
        }),
        Expectation::BodyLacks(text) => unless(!contains(answer.body, text), || {
            format!("answered {status} with \"{}\" in its body", quote(text))
        }),
        Expectation::BodyMatches(pattern) => unless(pattern.is_match(answer.body), || {
            format!(
                "answered {status} with a body that does not match `{}`",
                quote(pattern.as_str())
            )
        }),
        Expectation::Json(path, wanted) => json_holds(path, wanted, answer),
        Expectation::HeaderEquals(name, wanted) => {
            header_holds(name, answer, &format!("\"{}\"", quote(wanted)), |value| value == wanted)
        }
        Expectation::HeaderContains(name, wanted) => {
            header_holds(name, answer, &format!("a value with \"{}\"", quote(wanted)), |value| {
                value.contains(wanted.as_str())
            })
        }
        Expectation::LatencyBelow(millis) => unless(answer.duration_us < u64::from(*millis) * 1000, || {
            format!(
                "took {} ms where less than {millis} ms was expected",
                answer.duration_us.div_ceil(1000)
            )
        }),
        Expectation::TlsDaysLeft(wanted) => match answer.tls_days_left {
            Some(days) => unless(days >= *wanted, || {
                format!("has a certificate that expires in {days} days where at least {wanted} were expected")
            }),
            None => Err("has no certificate: the connection is not TLS".to_owned()),
        },
    }
}

fn unless(good: bool, words: impl FnOnce() -> String) -> Result<(), String> {
    if good { Ok(()) } else { Err(words()) }
}

fn json_holds(path: &JsonPath, wanted: &[Value], answer: &Answer<'_>) -> Result<(), String> {
    let Some(document) = answer.document() else {
        return Err(format!(
            "answered {} with a body that is not JSON, so there is no {path}",
            answer.status
        ));
    };
    match path.find(document) {
        Some(value) if wanted.iter().any(|wanted| same(value, wanted)) => Ok(()),
        Some(value) => Err(format!(
            "answered with {path} = {} where {} was expected",
            quote(&value.to_string()),
            one_of(wanted)
        )),
        None => Err(format!(
            "answered without {path}, where {} was expected",
            one_of(wanted)
        )),
    }
}

/// Numbers are equal by value, so that `1` in YAML equals `1.0` in an answer.
fn same(a: &Value, b: &Value) -> bool {
    a == b || matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if (a - b).abs() < f64::EPSILON)
}

fn one_of(wanted: &[Value]) -> String {
    let texts: Vec<String> = wanted.iter().take(5).map(|value| quote(&value.to_string())).collect();
    texts.join(" or ")
}

fn header_holds(
    name: &HeaderName,
    answer: &Answer<'_>,
    wanted: &str,
    good: impl Fn(&str) -> bool,
) -> Result<(), String> {
    let mut values = answer
        .headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .peekable();
    match values.peek().copied() {
        None => Err(format!(
            "answered without the header {name}, where {wanted} was expected"
        )),
        Some(first) => {
            if values.any(good) {
                Ok(())
            } else {
                Err(format!(
                    "answered with {name}: {} where {wanted} was expected",
                    quote(first)
                ))
            }
        }
    }
}

fn unexpected_status(answer: &Answer<'_>, wanted: &str, health: Option<&HealthReport>) -> String {
    let plain = format!("answered {} where {wanted} was expected", answer.status);
    match health {
        Some(report) => format!("{plain}; body says {}", report.in_words()),
        None => plain,
    }
}

fn contains(body: &[u8], text: &str) -> bool {
    memchr::memmem::find(body, text.as_bytes()).is_some()
}

fn quote(text: &str) -> String {
    match text.char_indices().nth(QUOTE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
