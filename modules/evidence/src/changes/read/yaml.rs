//! YAML 1.2 of any number of documents, and JSON, which is a part of it.

use std::{collections::HashMap, ops::Range};

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::{ReadFailure, Sink, flow::Flow, manifest, nested};
use crate::changes::settings::{Found, Lines, MOST};

/// Reads all documents.
pub(super) fn read(content: &str) -> Result<Sink, ReadFailure> {
    parse(content, true)
}

/// The same without looking into values that are files themselves.
pub(super) fn read_plain(content: &str) -> Result<Sink, ReadFailure> {
    parse(content, false)
}

fn parse(content: &str, looks_inside: bool) -> Result<Sink, ReadFailure> {
    let mut reading = Reading {
        content,
        lines: Lines::of(content),
        flow: Flow::default(),
        sink: Sink::default(),
        anchors: HashMap::new(),
        document: 0,
        begins: 0,
        looks_inside,
    };
    // The parser counts from behind a byte order mark, which stands on the first line only.
    for event in Parser::new_from_str(content.strip_prefix('\u{feff}').unwrap_or(content)) {
        let (event, span) = event.map_err(|error| ReadFailure::Invalid {
            line: error.marker().line(),
            said: format!("this is not valid YAML: {}", error.info()),
        })?;
        reading.take(event, span);
    }
    Ok(reading.sink)
}

struct Reading<'c> {
    content: &'c str,
    lines: Lines,
    flow: Flow,
    sink: Sink,
    /// Where the value of an anchor was found, and which values are in it.
    anchors: HashMap<usize, (String, Range<usize>)>,
    document: usize,
    /// Values before this document.
    begins: usize,
    looks_inside: bool,
}

impl Reading<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
            Event::DocumentStart(_) => {
                self.anchors.clear();
                self.flow = Flow::default();
                self.begins = self.sink.found.len();
            }
            Event::DocumentEnd => {
                manifest::keyed(&mut self.sink.found, self.begins, self.document);
                self.document += 1;
            }
            Event::Scalar(text, style, anchor, _) => {
                if self.flow.at_key() {
                    self.flow.key(&text);
                    return;
                }
                let first = self.sink.found.len();
                let bytes = self.bytes(&span);
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                if is_block && self.looks_inside && self.inside(&text, &bytes) {
                    return;
                }
                self.flow.scalar(text.into_owned(), bytes, &mut self.sink);
                if let Some(found) = self.sink.found.get(first).filter(|_| anchor != 0) {
                    self.anchors.insert(anchor, (found.path.clone(), first..first + 1));
                }
            }
            Event::SequenceStart(anchor, _) => self.flow.open(true, anchor, &mut self.sink),
            Event::MappingStart(anchor, _) => self.flow.open(false, anchor, &mut self.sink),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((anchor, path, first)) = self.flow.close(&mut self.sink)
                    && anchor != 0
                {
                    self.anchors.insert(anchor, (path, first..self.sink.found.len()));
                }
            }
            Event::Alias(id) => self.copy(id),
        }
    }

    /// Copies what an anchor has. Copies of copies end at the bound of values.
    fn copy(&mut self, anchor: usize) {
        if self.flow.at_key() {
            self.flow.key("*");
            return;
        }
        let here = self.flow.here();
        let merges = here == "<<" || here.ends_with(".<<");
        let target = if merges {
            here[..here.len() - 2].trim_end_matches('.').to_owned()
        } else {
            here
        };
        let Some((path, values)) = self.anchors.get(&anchor).cloned() else {
            return;
        };
        for place in values {
            if self.sink.found.len() >= MOST {
                self.sink.dropped += 1;
                return;
            }
            let Some(rest) = self
                .sink
                .found
                .get(place)
                .and_then(|found| found.path.strip_prefix(&path))
            else {
                continue;
            };
            let full = if target.is_empty() {
                rest.trim_start_matches('.').to_owned()
            } else {
                format!("{target}{rest}")
            };
            // What stands beside a merge key counts more than what it merges.
            if merges && self.sink.found.iter().rev().take(200).any(|found| found.path == full) {
                continue;
            }
            let copied = Found {
                path: full,
                ..self.sink.found[place].clone()
            };
            self.sink.found.push(copied);
        }
    }

    /// A file inside a value, as in a `ConfigMap`: its values stand on the lines below.
    fn inside(&mut self, text: &str, bytes: &Range<usize>) -> bool {
        let found = nested(text);
        if found.is_empty() {
            return false;
        }
        let inner = Lines::of(text);
        let first_line = self.lines.of_byte(bytes.start);
        let body = self.content.get(bytes.start..).unwrap_or_default();
        // The text may begin on the line of the mark, or below it.
        let offset = usize::from(body.starts_with(['|', '>']));
        let path = self.flow.here();
        for value in found {
            let line = first_line + offset + inner.of_byte(value.bytes.start) - 1;
            let start = self.lines.start(line);
            let end = self.lines.start(line + 1).max(start);
            let whole = self.content.get(start..end).unwrap_or_default();
            let from = whole.find(value.text.as_str()).unwrap_or(0);
            let place = start + from..start + (from + value.text.len()).min(whole.trim_end().len());
            self.sink.push(format!("{path}.{}", value.path), value.text, place);
        }
        true
    }

    fn bytes(&self, span: &Span) -> Range<usize> {
        let mark = if self.content.starts_with('\u{feff}') { 3 } else { 0 };
        let byte = |line: usize, column: usize| {
            let start = self.lines.start(line) + if line <= 1 { mark } else { 0 };
            let rest = self.content.get(start..).unwrap_or_default();
            let within = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
            start + within
        };
        let start = byte(span.start.line(), span.start.col());
        let end = byte(span.end.line(), span.end.col()).max(start);
        let trimmed = self
            .content
            .get(start..end)
            .map_or(end, |text| start + text.trim_end().len());
        start..trimmed
    }
}
