//! A check as a person or a file describes it: everything optional that has a good default, refused with the field named
//! when it makes no sense.

use std::time::Duration;

use http::{HeaderName, Method, header};
use mainstay_kernel::FieldError;
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use super::{
    assertion::Assertion,
    check::{CheckKind, CheckRole, CheckSpec, Header, HeaderValue},
};

/// Longest text of a target, header or body that is accepted.
const TEXT_MAX: usize = 8 * 1024;
const MINUTE_MS: u32 = 60_000;

/// What fills the gaps of a draft; from the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defaults {
    /// From one probe to the next.
    pub interval: Duration,
    /// For one probe; never more than its interval.
    pub timeout: Duration,
    /// To the next attempt while undecided.
    pub retry: Duration,
    /// Failures in a row before a check is down.
    pub failures_before_down: u32,
    /// Successes in a row before it is up again.
    pub successes_before_up: u32,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            timeout: Duration::from_secs(2),
            retry: Duration::from_secs(1),
            failures_before_down: 3,
            successes_before_up: 2,
        }
    }
}

/// A check as it is written by hand. Where it belongs is only needed when it is kept.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckDraft {
    /// The check's name, unique among its service's.
    #[serde(default)]
    #[schema(example = "checkout")]
    pub name: Option<String>,
    /// The service it speaks for.
    #[serde(default)]
    #[schema(example = "payments-api")]
    pub service: Option<String>,
    /// Whether it is paused; no when absent.
    #[serde(default)]
    pub paused: Option<bool>,
    /// `http` or `tcp`; when absent, what the target looks like.
    #[serde(default)]
    pub kind: Option<CheckKind>,
    /// What passing says about the service; `custom` when absent.
    #[serde(default)]
    pub role: Option<CheckRole>,
    /// `http://…`, `https://…`, `tcp://host:port` or `host:port`.
    #[schema(example = "http://127.0.0.1:8001/health")]
    pub target: String,
    /// The HTTP method; `GET` when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// Headers sent with every probe.
    #[serde(default)]
    pub headers: Vec<HeaderDraft>,
    /// The request's body.
    #[serde(default)]
    pub body: Option<String>,
    /// What must hold of the answer; without one about the status, 200 to 299 is expected.
    #[serde(default)]
    pub assertions: Vec<Assertion>,
    /// Milliseconds from one probe to the next, 1,000 to 3,600,000; the configured default when absent.
    #[serde(default)]
    pub interval_ms: Option<u32>,
    /// Milliseconds for the whole probe, 10 to 60,000, at most the interval.
    #[serde(default)]
    pub timeout_ms: Option<u32>,
    /// Failures in a row before the check is down, 1 to 100; 3 when absent.
    #[serde(default)]
    pub failures_before_down: Option<u32>,
    /// Successes in a row before it is up again, 1 to 100; 2 when absent.
    #[serde(default)]
    pub successes_before_up: Option<u32>,
    /// Milliseconds to the next attempt while undecided, 100 to 60,000; 1,000 when absent.
    #[serde(default)]
    pub retry_ms: Option<u32>,
    /// Whether redirects are followed; yes when absent.
    #[serde(default)]
    pub follow_redirects: Option<bool>,
    /// Whether any certificate is accepted; no when absent.
    #[serde(default)]
    pub insecure: Option<bool>,
}

/// A header as it is written by hand: with a value, or with the name of a file that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderDraft {
    /// The header's name.
    pub name: String,
    /// The value; `null` on a secret header keeps the value it has.
    #[serde(default)]
    pub value: Option<String>,
    /// The name of a file in the configured secrets folder.
    #[serde(default)]
    pub value_file: Option<String>,
    /// Whether the value is never shown.
    #[serde(default)]
    pub secret: bool,
}

impl CheckDraft {
    /// A draft that names only its target.
    pub fn of(target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            ..Self::default()
        }
    }

    /// Fills the gaps and checks everything. `before` is the check being edited: its secrets stay when the draft, which
    /// never saw them, leaves them out.
    ///
    /// # Errors
    /// Every wrong field, with a sentence each.
    pub fn build(self, defaults: &Defaults, before: Option<&CheckSpec>) -> Result<CheckSpec, Vec<FieldError>> {
        let mut wrong = Wrong(Vec::new());
        let (kind, target) = self.target(&mut wrong);
        let interval_ms = wrong.range(
            "interval_ms",
            self.interval_ms,
            millis(defaults.interval),
            1000,
            60 * MINUTE_MS,
        );
        let timeout_default = millis(defaults.timeout).min(interval_ms);
        let timeout_ms = wrong.range("timeout_ms", self.timeout_ms, timeout_default, 10, MINUTE_MS);
        if timeout_ms > interval_ms {
            wrong.push(
                "timeout_ms",
                format!("a probe may take {timeout_ms} ms but the next one starts after {interval_ms} ms; make it at most that"),
            );
        }
        let spec = CheckSpec {
            kind,
            role: self.role.unwrap_or(CheckRole::Custom),
            target,
            method: method(self.method.as_deref(), &mut wrong),
            headers: headers(&self.headers, before, &mut wrong),
            body: self.body,
            interval_ms,
            timeout_ms,
            failures_before_down: wrong.range(
                "failures_before_down",
                self.failures_before_down,
                defaults.failures_before_down,
                1,
                100,
            ),
            successes_before_up: wrong.range(
                "successes_before_up",
                self.successes_before_up,
                defaults.successes_before_up,
                1,
                100,
            ),
            retry_ms: wrong.range("retry_ms", self.retry_ms, millis(defaults.retry), 100, MINUTE_MS),
            follow_redirects: self.follow_redirects.unwrap_or(true),
            insecure: self.insecure.unwrap_or(false),
            assertions: self.assertions,
        };
        if spec.body.as_ref().is_some_and(|body| body.len() > TEXT_MAX) {
            wrong.push("body", format!("it is longer than {TEXT_MAX} bytes"));
        }
        check_assertions(&spec, &mut wrong);
        if wrong.0.is_empty() { Ok(spec) } else { Err(wrong.0) }
    }

    /// The kind and the canonical target: a URL, or `host:port`.
    fn target(&self, wrong: &mut Wrong) -> (CheckKind, String) {
        let text = self.target.trim();
        let looks_like_http = text.starts_with("http://") || text.starts_with("https://");
        let kind = self.kind.unwrap_or(if looks_like_http {
            CheckKind::Http
        } else {
            CheckKind::Tcp
        });
        let checked = match kind {
            _ if text.len() > TEXT_MAX => Err("it is too long".to_owned()),
            CheckKind::Http => http_target(text),
            CheckKind::Tcp => tcp_target(text),
        };
        match checked {
            Ok(target) => (kind, target),
            Err(why) => {
                wrong.push("target", why);
                (kind, String::new())
            }
        }
    }
}

struct Wrong(Vec<FieldError>);

impl Wrong {
    fn push(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
    }

    fn range(&mut self, field: &str, value: Option<u32>, default: u32, low: u32, high: u32) -> u32 {
        match value {
            Some(value) if !(low..=high).contains(&value) => {
                self.push(field, format!("{value} is outside {low} to {high}"));
                default
            }
            Some(value) => value,
            None => default,
        }
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

fn http_target(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}` is not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unknown_scheme(url.scheme()));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(format!("`{text}` names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "a URL is shown to everyone: put credentials in a header with `value_file`, not in the URL".to_owned(),
        );
    }
    Ok(url.to_string())
}

fn unknown_scheme(scheme: &str) -> String {
    format!("`{scheme}:` is no scheme of a check; write `http://…`, `https://…`, or `host:port` for a TCP check")
}

fn tcp_target(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        Some(("http" | "https", _)) => {
            return Err("a TCP check needs `host:port`, not a URL; leave `kind` out to check it over HTTP".to_owned());
        }
        Some((scheme, _)) if scheme != "tcp" => return Err(unknown_scheme(scheme)),
        _ => {}
    }
    let address = text.strip_prefix("tcp://").unwrap_or(text).trim_end_matches('/');
    let wrong = || {
        format!(
            "`{text}` is no target of a check; write a URL such as `https://api.example/health`, or for a TCP check \
             `host:port`, such as `db.internal:5432` or `[::1]:5432`"
        )
    };
    let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    let bare_v6 = host.contains(':') && !host.starts_with('[');
    if host.is_empty() || port == 0 || bare_v6 || host.contains(['/', '@', ' ']) {
        return Err(wrong());
    }
    // The URL parser knows what a host is; the scheme only has to be a special one.
    let url = Url::parse(&format!("http://{host}:{port}/")).map_err(|_| wrong())?;
    Ok(format!("{}:{port}", url.host_str().unwrap_or(host)))
}

fn method(text: Option<&str>, wrong: &mut Wrong) -> String {
    let text = text.unwrap_or("GET").to_ascii_uppercase();
    if matches!(Method::from_bytes(text.as_bytes()), Ok(method) if method != Method::CONNECT) {
        return text;
    }
    wrong.push("method", format!("`{text}` is not an HTTP method a check can use"));
    "GET".to_owned()
}

fn headers(drafts: &[HeaderDraft], before: Option<&CheckSpec>, wrong: &mut Wrong) -> Vec<Header> {
    drafts
        .iter()
        .enumerate()
        .filter_map(|(index, draft)| match self::header(draft, before) {
            Ok(header) => Some(header),
            Err((field, why)) => {
                wrong.push(format!("headers[{index}].{field}"), why);
                None
            }
        })
        .collect()
}

fn header(draft: &HeaderDraft, before: Option<&CheckSpec>) -> Result<Header, (&'static str, String)> {
    let name = HeaderName::from_bytes(draft.name.trim().as_bytes())
        .map_err(|_| ("name", format!("`{}` is not the name of a header", draft.name)))?;
    if [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(&name) {
        return Err((
            "name",
            format!("`{name}` is decided by how a check works and cannot be set"),
        ));
    }
    let value = match (&draft.value, &draft.value_file) {
        (Some(value), None) => {
            if http::HeaderValue::from_str(value).is_err() || value.len() > TEXT_MAX {
                return Err((
                    "value",
                    "it cannot be sent as a header: use one line of visible characters".to_owned(),
                ));
            }
            if draft.secret {
                HeaderValue::Secret(value.clone())
            } else {
                HeaderValue::Plain(value.clone())
            }
        }
        (None, Some(file)) => HeaderValue::File(secret_file(file).ok_or_else(|| {
            let why = format!("`{file}` must be the plain name of a file in the secrets folder, without `/`");
            ("value_file", why)
        })?),
        (None, None) => kept(name.as_str(), before).ok_or_else(|| {
            (
                "value",
                "give `value`, or `value_file` with the name of a file in the secrets folder".to_owned(),
            )
        })?,
        (Some(_), Some(_)) => return Err(("value_file", "give `value` or `value_file`, not both".to_owned())),
    };
    Ok(Header {
        name: name.as_str().to_owned(),
        value,
    })
}

/// The secret value a header of this name has in the check being edited.
fn kept(name: &str, before: Option<&CheckSpec>) -> Option<HeaderValue> {
    before?
        .headers
        .iter()
        .find(|header| header.name == name && header.value.is_secret())
        .map(|header| header.value.clone())
}

fn secret_file(name: &str) -> Option<String> {
    let plain = !name.is_empty() && name.len() <= 255 && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    plain.then(|| name.to_owned())
}

fn check_assertions(spec: &CheckSpec, wrong: &mut Wrong) {
    for (index, assertion) in spec.assertions.iter().enumerate() {
        if let Err((field, why)) = assertion.compile() {
            wrong.push(format!("assertions[{index}].{field}"), why);
        }
        let needs_http = !matches!(assertion, Assertion::Latency { .. });
        if spec.kind == CheckKind::Tcp && needs_http {
            wrong.push(
                format!("assertions[{index}].on"),
                "a TCP check receives no answer: only `latency` can be asserted",
            );
        }
        if matches!(assertion, Assertion::Tls { .. }) && !spec.target.starts_with("https://") {
            wrong.push(
                format!("assertions[{index}].on"),
                "only an https target has a certificate",
            );
        }
    }
}

#[cfg(test)]
mod tests;
