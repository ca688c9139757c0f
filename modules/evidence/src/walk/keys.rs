//! Keys and containers that tell where spans and log records stand in JSON. Knows no bytes.

/// How documents are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Spans in OTLP (opentelemetry-proto, `TracesData`), also within Tempo's answers.
    OtlpSpans,
    /// Log records in OTLP (opentelemetry-proto, `LogsData`).
    OtlpLogs,
    /// Jaeger's query answers.
    Jaeger,
    /// Zipkin v2.
    Zipkin,
}

/// Where the walk has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// At a span or a log record.
    Item,
    /// At a `resource`, or at `processes`.
    Owner,
    /// At the end of what an owner stands for: the items before it belong to the owner before it.
    End,
}

/// A key that matters.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    #[default]
    Other,
    /// `resourceSpans`, or `batches` of Tempo, or `data` of Jaeger; `resourceLogs`.
    Groups,
    /// `spans`, or `logRecords`.
    Items,
    Resource,
    Processes,
}

impl Key {
    pub fn of(name: &[u8], layout: Layout) -> Self {
        match (name, layout) {
            (b"resource", _) => Self::Resource,
            (b"resourceLogs" | b"resource_logs", Layout::OtlpLogs) => Self::Groups,
            (b"logRecords" | b"log_records", Layout::OtlpLogs) => Self::Items,
            // A file may hold documents of other signals, too.
            (_, Layout::OtlpLogs) => Self::Other,
            (b"resourceSpans" | b"resource_spans" | b"batches" | b"data", _) => Self::Groups,
            (b"spans", _) => Self::Items,
            (b"processes", _) => Self::Processes,
            _ => Self::Other,
        }
    }
}

/// A container that is open, and the key it stands under.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub array: bool,
    pub key: Key,
}
