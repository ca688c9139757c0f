//! Identifiers that tie messages together: traces, requests, sessions, hosts.

use serde::Serialize;

/// What an identifier identifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    /// A distributed trace.
    Trace,
    /// A span of one.
    Span,
    /// A request, or whatever was given that name.
    Request,
    /// A session or connection.
    Session,
    /// A machine, a pod or a node.
    Host,
}

impl IdentifierKind {
    /// By the name of the field, in small letters.
    pub fn of_key(key: &[u8]) -> Option<Self> {
        Some(match key {
            b"trace_id" | b"traceid" | b"trace-id" | b"trace.id" | b"dd.trace_id" | b"otel.trace_id"
            | b"x-b3-traceid" => Self::Trace,
            b"span_id" | b"spanid" | b"span-id" | b"span.id" | b"dd.span_id" => Self::Span,
            b"request_id" | b"requestid" | b"request-id" | b"req_id" | b"reqid" | b"x-request-id"
            | b"correlation_id" | b"correlationid" | b"correlation-id" | b"x-correlation-id" | b"rid"
            | b"http.request.id" => Self::Request,
            b"session_id" | b"sessionid" | b"session-id" | b"session" | b"conn_id" | b"connection_id" => Self::Session,
            b"host" | b"hostname" | b"host.name" | b"pod" | b"pod_name" | b"k8s.pod.name" | b"node" | b"instance" => {
                Self::Host
            }
            _ => return None,
        })
    }
}

/// Identifiers of one record, in a buffer that is used again.
#[derive(Debug, Default, Clone)]
pub struct Identifiers {
    bytes: Vec<u8>,
    entries: Vec<(IdentifierKind, usize, usize)>,
}

/// Identifiers of one record that are kept.
const MOST: usize = 16;
/// Bytes of an identifier.
const LONGEST: usize = 128;

impl Identifiers {
    /// Forgets all.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// Adds one, unless it is empty, too long to be one, or there already.
    pub fn push(&mut self, kind: IdentifierKind, value: &[u8]) {
        let nothing = value.is_empty() || value.iter().all(|byte| matches!(byte, b'0' | b'-')) || value == b"null";
        if nothing
            || value.len() > LONGEST
            || self.entries.len() >= MOST
            || self.iter().any(|known| known == (kind, value))
        {
            return;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.entries.push((kind, start, self.bytes.len()));
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (IdentifierKind, &[u8])> {
        self.entries
            .iter()
            .map(|&(kind, start, end)| (kind, &self.bytes[start..end]))
    }

    /// Finds `key=value`, `key: value` and `"key":"value"` with a known key in free text.
    pub fn scan(&mut self, text: &[u8]) {
        let mut from = 0;
        while let Some(found) = memchr::memchr2(b'=', b':', &text[from..]) {
            let at = from + found;
            from = at + 1;
            let key_end = if at > 0 && text[at - 1] == b'"' { at - 1 } else { at };
            // Every key that is looked for in free text ends with `id`.
            if key_end.checked_sub(1).is_none_or(|last| text[last] | 32 != b'd') {
                continue;
            }
            let key_byte = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
            let length = text[..key_end]
                .iter()
                .rev()
                .take(24)
                .take_while(|byte| key_byte(byte))
                .count();
            if length < 3 {
                continue;
            }
            let mut lower = [0_u8; 24];
            let Some(lower) = lower.get_mut(..length) else { continue };
            lower.copy_from_slice(&text[key_end - length..key_end]);
            lower.make_ascii_lowercase();
            let Some(kind) = Self::scannable(lower) else { continue };
            let mut start = at + 1;
            while matches!(text.get(start), Some(b' ' | b'"' | b'\'' | b'[')) && start < at + 4 {
                start += 1;
            }
            let value = &text[start.min(text.len())..];
            let end = value
                .iter()
                .position(|byte| !(key_byte(byte) || matches!(byte, b'/' | b'+')))
                .unwrap_or(value.len());
            self.push(kind, &value[..end]);
            from = (start + end).max(from);
        }
    }

    /// In free text a short key such as `host` or `session` is mostly prose; only what cannot be is taken.
    fn scannable(key: &[u8]) -> Option<IdentifierKind> {
        IdentifierKind::of_key(key).filter(|kind| {
            matches!(
                kind,
                IdentifierKind::Trace | IdentifierKind::Span | IdentifierKind::Request
            ) || key.len() > 8
        })
    }
}
