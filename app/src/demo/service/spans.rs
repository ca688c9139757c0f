//! Spans of one service: what it handled and what it called, as OTLP JSON lines (OTLP 1.x, one
//! `ExportTraceServiceRequest` a line), and the `traceparent` header that joins them (W3C Trace Context, level 1).
//!
//! The span that a request is handled under travels with its task, so that no handler has to pass it on.

use std::{
    fs::{File, OpenOptions},
    future::Future,
    io::{self, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::HeaderName;
use mainstay_kernel::{World, to_micros};
use serde_json::{Value, json};

/// The header that names the caller's span.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// Spans that are written in one line at most.
const BATCH: usize = 64;

tokio::task_local! {
    static CURRENT: Context;
}

/// A span's place: its trace and itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
}

/// The role of a span, by its number in OTLP.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Work within the service.
    Internal = 1,
    /// A request that was received.
    Server = 2,
    /// A request that was sent.
    Client = 3,
}

/// A span that has begun.
#[derive(Debug)]
pub struct Span {
    /// Its place.
    pub context: Context,
    parent: Option<String>,
    kind: Kind,
    name: String,
    began_micros: i64,
}

/// Writes the spans of one service, if it is to.
#[derive(Debug)]
pub struct Spans {
    service: String,
    version: String,
    world: World,
    pending: Mutex<Vec<Value>>,
    out: Option<Mutex<File>>,
}

impl Context {
    /// Reads a `traceparent`; `None` when it is none.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace_id, span_id, _flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hexadecimal = |text: &str, length| {
            text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.bytes().any(|b| b != b'0')
        };
        (version.len() == 2 && hexadecimal(trace_id, 32) && hexadecimal(span_id, 16)).then(|| Self {
            trace_id: trace_id.to_owned(),
            span_id: span_id.to_owned(),
        })
    }

    /// The header's value.
    pub fn to_header(&self) -> String {
        format!("00-{}-{}-01", self.trace_id, self.span_id)
    }

    /// What the task at hand works for.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Does `work` as part of this span.
    pub async fn during<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }
}

impl Spans {
    /// Spans of `service` that go to `file`, or nowhere.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(service: &str, version: &str, world: World, file: Option<&Path>) -> io::Result<Self> {
        let open = |path: &Path| OpenOptions::new().create(true).append(true).open(path);
        Ok(Self {
            service: service.to_owned(),
            version: version.to_owned(),
            world,
            pending: Mutex::default(),
            out: file.map(open).transpose()?.map(Mutex::new),
        })
    }

    /// Begins a span under `parent`, or under what the task works for, or a trace of its own.
    pub fn begin(&self, kind: Kind, name: impl Into<String>, parent: Option<Context>) -> Span {
        let parent = parent.or_else(Context::current);
        let span_id = format!("{:016x}", self.world.random() | 1);
        let (trace_id, parent) = match parent {
            Some(parent) => (parent.trace_id, Some(parent.span_id)),
            None => (
                format!("{:016x}{:016x}", self.world.random() | 1, self.world.random()),
                None,
            ),
        };
        Span {
            context: Context { trace_id, span_id },
            parent,
            kind,
            name: name.into(),
            began_micros: self.world.now_micros(),
        }
    }

    /// Ends a span; `attributes` must be a JSON object of texts and whole numbers, `error` says what went wrong.
    pub fn end(&self, span: Span, attributes: &Value, error: Option<&str>) {
        if self.out.is_none() {
            return;
        }
        let ended_micros = to_micros(self.world.now()).max(span.began_micros);
        let mut written = json!({
            "traceId": span.context.trace_id,
            "spanId": span.context.span_id,
            "name": span.name,
            "kind": span.kind as u8,
            "startTimeUnixNano": nanoseconds(span.began_micros),
            "endTimeUnixNano": nanoseconds(ended_micros),
            "attributes": attributes.as_object().map(|fields| fields.iter().map(attribute).collect::<Vec<_>>()),
        });
        if let Some(parent) = span.parent {
            written["parentSpanId"] = parent.into();
        }
        if let Some(message) = error {
            written["status"] = json!({ "code": 2, "message": message });
        }
        let full = {
            let mut pending = self.pending();
            pending.push(written);
            pending.len() >= BATCH
        };
        if full {
            self.flush();
        }
    }

    /// Writes what has ended.
    pub fn flush(&self) {
        let Some(out) = &self.out else { return };
        let spans = std::mem::take(&mut *self.pending());
        if spans.is_empty() {
            return;
        }
        let resource = json!({ "service.name": self.service, "service.version": self.version });
        let resource: Vec<_> = resource.as_object().into_iter().flatten().map(attribute).collect();
        let line = json!({ "resourceSpans": [{
            "resource": { "attributes": resource },
            "scopeSpans": [{ "scope": { "name": "http" }, "spans": spans }],
        }] });
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        // Spans that cannot be written must not stop the service they describe.
        let _lost_when_full = out.write_all(format!("{line}\n").as_bytes());
    }

    fn pending(&self) -> MutexGuard<'_, Vec<Value>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// OTLP's JSON writes 64-bit numbers as texts.
fn nanoseconds(micros: i64) -> String {
    format!("{micros}000")
}

fn attribute((key, value): (&String, &Value)) -> Value {
    let value = match value {
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        Value::String(text) => json!({ "stringValue": text }),
        other => json!({ "stringValue": other.to_string() }),
    };
    json!({ "key": key, "value": value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_back_and_nonsense_is_none() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(Context::parse(header).unwrap().to_header(), header);
        let zeros = format!("00-{}-{}-01", "0".repeat(32), "0".repeat(16));
        for nonsense in ["", "00", "00-4bf9-00f0-01", &zeros, &header.replace('4', "g")] {
            assert_eq!(Context::parse(nonsense), None, "{nonsense}");
        }
    }

    #[tokio::test]
    async fn a_span_within_a_request_has_its_trace_and_parent() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("spans.jsonl");
        let spans = Spans::open("data", "1.0.0", World::system(), Some(&file)).unwrap();
        let outer = spans.begin(Kind::Server, "GET /a", None);
        let place = outer.context.clone();
        let inner = place
            .clone()
            .during(async { spans.begin(Kind::Client, "GET", None) })
            .await;
        assert_eq!(inner.context.trace_id, place.trace_id);
        spans.end(inner, &json!({ "peer.service": "auth" }), Some("refused"));
        spans.end(outer, &json!({ "http.response.status_code": 502 }), None);
        spans.flush();
        let line: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let written = &line["resourceSpans"][0]["scopeSpans"][0]["spans"];
        assert_eq!(written[0]["parentSpanId"], place.span_id);
        assert_eq!(written[0]["status"]["code"], 2);
        assert_eq!(written[1]["attributes"][0]["value"]["intValue"], "502");
    }
}
