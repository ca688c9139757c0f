//! Declarations in YAML or JSON: Mainstay's own services, registries and Docker compose (`services`), and a file for one
//! service. Only names and needs are read; everything else is passed over, known or not. Checks nothing: the catalog does.

use std::io::Read;

use saphyr_parser::{Event, Parser};

use super::map::{EdgeKind, Topology};
use crate::{
    quote::Quote,
    source::{Encoding, Origin, ReadError},
};

/// Bytes of a file that are read, as the catalog has it: declarations are written by people.
const LONGEST: u64 = 4 << 20;
/// Maps and lists inside one another. What is deeper ends the reading.
const DEEPEST: usize = 64;
/// Keys under which a service says what it needs.
const NEEDS: &[&str] = &["dependencies", "depends_on", "dependsOn", "needs", "requires", "uses"];
/// Words for all services together.
const EVERYBODY: &[&str] = &["all", "*"];
/// Keys under which it says its name.
const NAMES: &[&str] = &["name", "service", "service_name"];

/// Whether a file may declare services, by its first bytes, and what it was told by. `read_declared` has the last word.
pub fn recognise_declared(prefix: &[u8]) -> Option<&'static str> {
    let has = |word: &str| memchr::memmem::find(prefix, word.as_bytes()).is_some();
    if has("apiVersion: mainstay/") || has("\"apiVersion\": \"mainstay/") || has("\"apiVersion\":\"mainstay/") {
        return Some("an `apiVersion` of Mainstay");
    }
    let needs = NEEDS
        .iter()
        .any(|key| has(&format!("{key}:")) || has(&format!("\"{key}\":")));
    let services = has("services:") || has("\"services\":");
    (needs && services).then_some("`services` that say what they need")
}

/// Reads declarations. None when no service is declared; what comes before a fault of the file counts.
pub fn read_declared(stream: impl Read, origin: &Origin) -> Result<Option<Topology>, ReadError> {
    let mut content = Vec::new();
    let read = stream.take(LONGEST).read_to_end(&mut content);
    read.map_err(|source| ReadError::Stream {
        at: content.len() as u64,
        source,
    })?;
    let text = String::from_utf8_lossy(&content);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reading = Reading {
        lines: Lines::of(&content),
        origin,
        path: Vec::new(),
        subject: Subject::default(),
        item: Subject::default(),
        topology: Topology::new(),
    };
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { break };
        if !reading.take(&event, span.start.line()) {
            break;
        }
    }
    reading.document();
    let topology = reading.topology;
    Ok((!topology.components().is_empty()).then_some(topology))
}

/// A step into a map, with the key at hand, or into a list.
enum Step {
    Map { key: Option<String> },
    List,
}

/// A service while it is read.
#[derive(Default)]
struct Subject {
    name: Option<String>,
    needs: Vec<(String, usize)>,
}

struct Reading<'r> {
    lines: Lines<'r>,
    origin: &'r Origin,
    path: Vec<Step>,
    /// The document, where it is one service.
    subject: Subject,
    /// An entry of `services`.
    item: Subject,
    topology: Topology,
}

impl Reading<'_> {
    /// False when the file is too deep to go on.
    fn take(&mut self, event: &Event<'_>, line: usize) -> bool {
        match event {
            Event::DocumentStart(_) => self.document(),
            Event::MappingStart(..) => {
                self.path.push(Step::Map { key: None });
            }
            Event::SequenceStart(..) => self.path.push(Step::List),
            Event::MappingEnd | Event::SequenceEnd => {
                self.path.pop();
                if self.depth_of_item() == Some(self.path.len()) {
                    self.close_item();
                }
                self.value_taken();
            }
            Event::Scalar(text, ..) => {
                if let Some(Step::Map { key: key @ None }) = self.path.last_mut() {
                    *key = Some(text.to_string());
                    self.key(line);
                } else {
                    self.scalar(text, line);
                    self.value_taken();
                }
            }
            Event::Alias(_) => self.value_taken(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        self.path.len() <= DEEPEST
    }

    /// After a value a map expects a key.
    fn value_taken(&mut self) {
        if let Some(Step::Map { key }) = self.path.last_mut() {
            *key = None;
        }
    }

    /// Keys down to here, `None` for a list.
    fn keys(&self) -> Vec<Option<&str>> {
        let steps = self.path.iter();
        steps
            .map(|step| match step {
                Step::Map { key } => key.as_deref(),
                Step::List => None,
            })
            .collect()
    }

    /// Inside `services`: the depth at which one of its entries is closed.
    fn depth_of_item(&self) -> Option<usize> {
        (self.keys().first() == Some(&Some("services"))).then_some(2)
    }

    /// A key was read: the name of a service in a map of them, or of a need in a map of needs.
    fn key(&mut self, line: usize) {
        match self.keys().as_slice() {
            [Some("services"), Some(name)] => {
                let name = (*name).to_owned();
                self.item.name = Some(name);
            }
            [Some("services"), _, Some(needs), Some(name)] if NEEDS.contains(needs) => {
                let need = ((*name).to_owned(), line);
                self.item.needs.push(need);
            }
            _ => {}
        }
    }

    fn scalar(&mut self, text: &str, line: usize) {
        let need = (text.to_owned(), line);
        match self.keys().as_slice() {
            [Some("metadata"), Some("name")] => self.subject.name = Some(need.0),
            [Some(key)] if NAMES.contains(key) => {
                self.subject.name.get_or_insert(need.0);
            }
            [Some("spec"), Some(needs), None] | [Some(needs), None] if NEEDS.contains(needs) => {
                self.subject.needs.push(need);
            }
            [Some("spec"), Some(needs), None, Some(key)] | [Some(needs), None, Some(key)]
                if NEEDS.contains(needs) && NAMES.contains(key) =>
            {
                self.subject.needs.push(need);
            }
            [Some("services"), None, Some(key)] if NAMES.contains(key) => {
                self.item.name.get_or_insert(need.0);
            }
            [Some("services"), _, Some(needs), None] if NEEDS.contains(needs) => self.item.needs.push(need),
            [Some("services"), _, Some(needs), None, Some(key)] if NEEDS.contains(needs) && NAMES.contains(key) => {
                self.item.needs.push(need);
            }
            // `services: [one, two]` and `needs: one`.
            [Some("services"), None] => {
                self.topology.add(text);
            }
            [Some("services"), _, Some(needs)] if NEEDS.contains(needs) && !text.is_empty() && text != "~" => {
                self.item.needs.push(need);
            }
            _ => {}
        }
    }

    fn close_item(&mut self) {
        let item = std::mem::take(&mut self.item);
        self.declare(item);
    }

    /// A document ends: it may have been one service.
    fn document(&mut self) {
        self.path.clear();
        self.close_item();
        let subject = std::mem::take(&mut self.subject);
        // A name alone is that of anything.
        if !subject.needs.is_empty() || self.topology.components().is_empty() && subject.name.is_some() {
            self.declare(subject);
        }
    }

    fn declare(&mut self, subject: Subject) {
        let Some(name) = subject.name else { return };
        self.topology.add(&name);
        for (need, line) in subject.needs {
            // Who watches all others needs none of them.
            if EVERYBODY.contains(&need.as_str()) {
                continue;
            }
            let (lines, origin) = (&self.lines, self.origin);
            let quote = || lines.quote(origin, line);
            self.topology.connect(&name, &need, EdgeKind::Declared, 0, quote);
        }
    }
}

/// Lines of the content, for quotes.
struct Lines<'c> {
    content: &'c [u8],
    starts: Vec<usize>,
}

impl<'c> Lines<'c> {
    fn of(content: &'c [u8]) -> Self {
        let ends = memchr::memchr_iter(b'\n', content).map(|end| end + 1);
        Self {
            content,
            starts: std::iter::once(0).chain(ends).collect(),
        }
    }

    /// A line by its number, from 1.
    fn quote(&self, origin: &Origin, line: usize) -> Option<Quote> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let end = self.starts.get(line).map_or(self.content.len(), |next| next - 1);
        let raw = self.content.get(start..end)?;
        Some(Quote::new(origin, line as u64, start as u64, raw, Encoding::Utf8))
    }
}
