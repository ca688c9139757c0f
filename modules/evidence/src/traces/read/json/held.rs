//! Spans that wait for the name of their service, in two buffers that are used again.

use std::ops::Range;

use super::{super::reading::Sink, Owners, Parsed};
use crate::traces::span::{Place, Span};

#[derive(Default)]
pub struct Held {
    spans: Vec<Waiting>,
    text: Vec<u8>,
}

/// All of a span but its texts, which stand in the buffer.
struct Waiting {
    span: Span<'static>,
    operation: Range<usize>,
    peer: Range<usize>,
    owner: Range<usize>,
}

impl Held {
    /// Bytes that are held.
    pub fn size(&self) -> usize {
        self.text.len() + self.spans.len() * size_of::<Waiting>()
    }

    pub fn push(&mut self, parsed: &Parsed<'_>, place: Place) {
        let mut keep = |text: &str| {
            let from = self.text.len();
            self.text.extend_from_slice(text.as_bytes());
            from..self.text.len()
        };
        let (operation, peer, owner) = (keep(&parsed.operation), keep(&parsed.peer), keep(&parsed.owner));
        let span = Span {
            trace: parsed.trace,
            id: parsed.id,
            parent: parsed.parent,
            instance: b"",
            operation: b"",
            peer: b"",
            kind: parsed.kind,
            start: parsed.start,
            duration: parsed.duration,
            outcome: parsed.outcome,
            place,
        };
        self.spans.push(Waiting {
            span,
            operation,
            peer,
            owner,
        });
    }

    /// Gives out all, with their services where these are known.
    pub fn give<F: FnMut(&Span<'_>)>(&mut self, owners: Option<&Owners>, sink: &mut Sink<'_, F>) {
        for waiting in self.spans.drain(..) {
            let owner = std::str::from_utf8(&self.text[waiting.owner]).unwrap_or_default();
            let instance = owners.and_then(|owners| owners.get(owner)).map_or("", String::as_str);
            sink.give(&Span {
                instance: instance.as_bytes(),
                operation: &self.text[waiting.operation],
                peer: &self.text[waiting.peer],
                ..waiting.span
            });
        }
        self.text.clear();
    }
}
