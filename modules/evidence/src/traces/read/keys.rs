//! Keys and containers that tell where spans stand in JSON. Knows no bytes.

/// Where the walk has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// At a span.
    Span,
    /// At a `resource`, or at `processes`.
    Owner,
    /// At the end of what an owner stands for: the spans before it belong to the owner before it.
    End,
}

/// A key that matters.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    #[default]
    Other,
    /// `resourceSpans`, or `batches` of Tempo, or `data` of Jaeger.
    Groups,
    Spans,
    Resource,
    Processes,
}

impl Key {
    pub fn of(name: &[u8]) -> Self {
        match name {
            b"resourceSpans" | b"resource_spans" | b"batches" | b"data" => Self::Groups,
            b"spans" => Self::Spans,
            b"resource" => Self::Resource,
            b"processes" => Self::Processes,
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
