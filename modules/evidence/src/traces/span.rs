//! Spans as readers give them out: borrowed from the source, with the place of their bytes. Knows no format.

use serde::Serialize;

use super::id::{SpanId, TraceId};

/// Which side of a call a span is (OpenTelemetry trace API, `SpanKind`).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// Nothing is said.
    #[default]
    Unspecified,
    /// Within one service.
    Internal,
    /// Handles a call.
    Server,
    /// Calls and waits.
    Client,
    /// Sends a message.
    Producer,
    /// Handles a message.
    Consumer,
}

impl SpanKind {
    /// By its number in OTLP (`opentelemetry/proto/trace/v1/trace.proto`).
    pub fn of_number(number: u64) -> Self {
        match number {
            1 => Self::Internal,
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            _ => Self::Unspecified,
        }
    }

    /// By its name, with or without OTLP's prefix; or by its number.
    pub fn of_name(name: &[u8]) -> Self {
        let bare = name.strip_prefix(b"SPAN_KIND_").unwrap_or(name);
        for (word, kind) in [
            (&b"internal"[..], Self::Internal),
            (b"server", Self::Server),
            (b"client", Self::Client),
            (b"producer", Self::Producer),
            (b"consumer", Self::Consumer),
        ] {
            if bare.eq_ignore_ascii_case(word) {
                return kind;
            }
        }
        match bare {
            [digit @ b'1'..=b'5'] => Self::of_number(u64::from(digit - b'0')),
            _ => Self::Unspecified,
        }
    }

    /// Whether it is the side that calls.
    pub fn calls(self) -> bool {
        matches!(self, Self::Client | Self::Producer)
    }
}

/// How a span says that it ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Well, or nothing is said.
    #[default]
    Well,
    /// Whoever answered says that the request was wrong.
    Refused,
    /// It failed.
    Failed,
    /// Whoever called went away before it had an answer.
    Abandoned,
}

/// Where the bytes of a span are in its source.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// First byte.
    pub start: u64,
    /// Number of bytes.
    pub length: u32,
}

/// One span.
#[derive(Debug, Clone, Copy)]
pub struct Span<'r> {
    /// The trace it belongs to.
    pub trace: TraceId,
    /// Itself.
    pub id: SpanId,
    /// The span above it.
    pub parent: Option<SpanId>,
    /// Service or instance that recorded it; empty where nothing says so.
    pub instance: &'r [u8],
    /// What it does.
    pub operation: &'r [u8],
    /// Whom it calls, by its own word; empty where it says nothing.
    pub peer: &'r [u8],
    /// Which side of a call it is.
    pub kind: SpanKind,
    /// Microseconds since 1970.
    pub start: i64,
    /// Microseconds, not negative.
    pub duration: i64,
    /// How it says that it ended.
    pub outcome: Outcome,
    /// Its bytes.
    pub place: Place,
}
