//! Spans in JSON: the walk's stops are parsed one by one. Spans whose service is named behind them are held until it is.

mod held;
mod jaeger;
mod otlp;
mod value;
mod zipkin;

use std::{borrow::Cow, collections::HashMap, io::Read};

use held::Held;

use super::{
    reading::{Sink, SpanReadLimits},
    recognise::Format,
};
use crate::{
    source::ReadError,
    traces::{
        id::{SpanId, TraceId},
        span::{Outcome, Place, Span, SpanKind},
    },
    walk::{Layout, Piece, Walker},
};

/// A span as it was parsed. `owner` is the service's name where it is `direct`, else the key that names it elsewhere.
struct Parsed<'t> {
    trace: TraceId,
    id: SpanId,
    parent: Option<SpanId>,
    operation: Cow<'t, str>,
    peer: Cow<'t, str>,
    owner: Cow<'t, str>,
    direct: bool,
    kind: SpanKind,
    start: i64,
    duration: i64,
    outcome: Outcome,
}

impl Parsed<'_> {
    fn span<'s>(&'s self, instance: &'s str, place: Place) -> Span<'s> {
        Span {
            trace: self.trace,
            id: self.id,
            parent: self.parent,
            instance: instance.as_bytes(),
            operation: self.operation.as_bytes(),
            peer: self.peer.as_bytes(),
            kind: self.kind,
            start: self.start,
            duration: self.duration,
            outcome: self.outcome,
            place,
        }
    }
}

/// Services by the key that spans have for them.
type Owners = HashMap<String, String>;

pub fn read<F: FnMut(&Span<'_>)>(
    stream: impl Read,
    format: Format,
    limits: SpanReadLimits,
    sink: &mut Sink<'_, F>,
) -> Result<(), ReadError> {
    let mut walker = Walker::new(stream, layout(format), limits.span)?;
    let mut owners: Option<Owners> = None;
    let mut held = Held::default();
    let outcome = loop {
        let piece = match walker.next() {
            Ok(Some(piece)) => piece,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        let understood = match piece {
            Piece::Item => span(&walker, format, owners.as_ref(), &mut held, sink),
            Piece::Owner => match lenient(walker.raw(), |raw| owners_of(raw, format)) {
                Some(found) => {
                    held.give(Some(&found), sink);
                    owners = Some(found);
                    true
                }
                None => false,
            },
            Piece::End => {
                held.give(owners.as_ref(), sink);
                owners = None;
                true
            }
        };
        if !understood {
            sink.summary.faulty += 1;
            walker.reject();
        }
        if held.size() > limits.held {
            held.give(None, sink);
        }
    };
    held.give(owners.as_ref(), sink);
    sink.summary.faulty += walker.faults;
    sink.summary.oversized += walker.oversized;
    sink.summary.bytes = walker.offset();
    outcome
}

fn layout(format: Format) -> Layout {
    match format {
        Format::Jaeger => Layout::Jaeger,
        Format::Zipkin => Layout::Zipkin,
        Format::Otlp | Format::Csv => Layout::OtlpSpans,
    }
}

/// Parses a span and gives it out, or holds it. False when it cannot be parsed.
fn span<R: Read, F: FnMut(&Span<'_>)>(
    walker: &Walker<R>,
    format: Format,
    owners: Option<&Owners>,
    held: &mut Held,
    sink: &mut Sink<'_, F>,
) -> bool {
    let place = Place {
        start: walker.start(),
        length: u32::try_from(walker.raw().len()).unwrap_or(u32::MAX),
    };
    lenient(walker.raw(), |raw| {
        let parsed = match format {
            Format::Otlp => otlp::span(raw),
            Format::Jaeger => jaeger::span(raw),
            Format::Zipkin => zipkin::span(raw),
            Format::Csv => None,
        }?;
        if parsed.direct {
            sink.give(&parsed.span(&parsed.owner, place));
        } else if let Some(owners) = owners {
            sink.give(&parsed.span(owners.get(&*parsed.owner).map_or("", String::as_str), place));
        } else {
            held.push(&parsed, place);
        }
        Some(())
    })
    .is_some()
}

fn owners_of(raw: &[u8], format: Format) -> Option<Owners> {
    match format {
        Format::Otlp => otlp::resource(raw),
        Format::Jaeger => jaeger::processes(raw),
        Format::Zipkin | Format::Csv => None,
    }
}

/// Parses; where that fails because of faulty UTF-8, once more with U+FFFD in its places.
fn lenient<T>(raw: &[u8], mut parse: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
    parse(raw).or_else(|| match String::from_utf8_lossy(raw) {
        Cow::Owned(text) => parse(text.as_bytes()),
        Cow::Borrowed(_) => None,
    })
}
