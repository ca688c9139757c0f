//! Whether what must hold does hold, and how the difference is put in words.

use std::cell::OnceCell;

use http::{HeaderMap, HeaderName};
use serde_json::Value;

use super::Expectation;
use crate::model::{check::CheckRole, health::HealthReport, json_path::JsonPath};

/// At most this many characters of an answer are quoted in a failure.
const QUOTE_MAX: usize = 60;

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
