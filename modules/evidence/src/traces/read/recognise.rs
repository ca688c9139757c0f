//! What a file of spans is, by its beginning, and why it is taken for that.

use serde::Serialize;

use super::{columns::Columns, fields};
use crate::source::Encoding;

/// How spans are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// OTLP in JSON: one document or one a line (opentelemetry-proto, `TracesData`), also within Tempo's answers.
    Otlp,
    /// Jaeger's query answers: `data` with `spans` and `processes`.
    Jaeger,
    /// Zipkin v2: an array of spans, or of arrays of them, or one span a line.
    Zipkin,
    /// One span a row, with a header.
    Csv,
}

/// Recognises a file of spans by its first bytes; a few thousand are enough. The second value says what it was told by.
pub fn recognise(prefix: &[u8]) -> Option<(Format, &'static str)> {
    let (encoding, mark) = Encoding::of_mark(prefix);
    let decoded;
    let text = if encoding.is_wide() {
        decoded = encoding.decode(&prefix[mark..]).0;
        decoded.as_bytes()
    } else {
        &prefix[mark..]
    };
    let text = text.trim_ascii_start();
    match text.first()? {
        b'{' | b'[' if encoding.is_wide() => None,
        b'{' | b'[' => json(text),
        _ => csv(text),
    }
}

fn json(text: &[u8]) -> Option<(Format, &'static str)> {
    let has = |key: &str| memchr::memmem::find(text, key.as_bytes()).is_some();
    if has("\"resourceSpans\"") || has("\"resource_spans\"") || has("\"scopeSpans\"") || has("\"scope_spans\"") {
        return Some((Format::Otlp, "JSON with `resourceSpans` or `scopeSpans`"));
    }
    if has("\"traceID\"") && has("\"spans\"") {
        return Some((Format::Jaeger, "JSON with `traceID` and `spans`"));
    }
    let endpoint = has("\"localEndpoint\"") || has("\"remoteEndpoint\"");
    if has("\"traceId\"") && has("\"id\"") && (endpoint || (has("\"timestamp\"") && has("\"duration\""))) {
        return Some((
            Format::Zipkin,
            "JSON with `traceId`, `id` and an endpoint or a duration",
        ));
    }
    None
}

fn csv(text: &[u8]) -> Option<(Format, &'static str)> {
    let header = text.split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    let mut found = Vec::new();
    if !fields::split(header, fields::separator(header), &mut found) {
        return None;
    }
    let names: Vec<&[u8]> = found.into_iter().map(|field| &header[field]).collect();
    Columns::of(&names).map(|_| (Format::Csv, "a header that names a trace, a span and its times"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_beginning() {
        for (text, format) in [
            (r#"{"resourceSpans":[{"resource":{}}]}"#, Some(Format::Otlp)),
            (r#"{"data":[{"traceID":"a1","spans":[]}]}"#, Some(Format::Jaeger)),
            (r#"[{"traceId":"a","id":"b","localEndpoint":{}}]"#, Some(Format::Zipkin)),
            ("\u{feff}trace_id,span_id,service,start,end\n", Some(Format::Csv)),
            ("Timestamp,TraceID,SpanID,Log\n", None),
            (r#"{"level":"info","traceId":"a","msg":"x"}"#, None),
            (r#"{"resourceLogs":[]}"#, None),
            ("", None),
        ] {
            assert_eq!(recognise(text.as_bytes()).map(|(format, _)| format), format, "{text}");
        }
    }
}
