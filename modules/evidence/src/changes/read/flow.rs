//! Paths while a document is read: where one is, without recursion.

use super::Sink;
use crate::changes::settings::LONGEST_PATH;

/// Open maps and lists at once.
const DEEPEST: usize = 64;
/// Names by which an element of a list is told from others, first of these.
const IDENTITIES: [&str; 5] = ["name", "key", "id", "host", "containerPort"];

/// A map or list that is open.
#[derive(Debug)]
struct Frame {
    /// Bytes of the path up to here.
    path: usize,
    /// Values that were found before it.
    first: usize,
    /// In a list, the number of the next element.
    number: Option<usize>,
    anchor: usize,
}

/// Follows a document.
#[derive(Debug, Default)]
pub(super) struct Flow {
    path: String,
    frames: Vec<Frame>,
    /// Maps and lists that are skipped, because they are too deep.
    skipped: usize,
    /// Whether the next scalar in the open map is a key.
    at_key: bool,
}

impl Flow {
    /// Whether the next scalar is a key.
    pub fn at_key(&self) -> bool {
        self.at_key
    }

    /// Takes a key.
    pub fn key(&mut self, key: &str) {
        self.at_key = false;
        if self.path.len() <= LONGEST_PATH {
            if !self.path.is_empty() {
                self.path.push('.');
            }
            self.path.push_str(key);
        }
    }

    /// Begins a value, and gives its path.
    fn element(&mut self) {
        if let Some(Frame {
            number: Some(number), ..
        }) = self.frames.last_mut()
        {
            let place = *number;
            *number += 1;
            if self.path.len() <= LONGEST_PATH {
                self.path.extend(["[", &place.to_string(), "]"]);
            }
        }
    }

    fn value_done(&mut self) {
        if let Some(frame) = self.frames.last() {
            self.path.truncate(frame.path);
            self.at_key = frame.number.is_none();
        } else {
            self.path.clear();
        }
    }

    /// Takes a scalar value.
    pub fn scalar(&mut self, text: String, bytes: std::ops::Range<usize>, sink: &mut Sink) {
        if self.skipped > 0 {
            return;
        }
        self.element();
        sink.push(self.path.clone(), text, bytes);
        self.value_done();
    }

    /// Where one is, for what is copied here.
    pub fn here(&mut self) -> String {
        self.element();
        let path = self.path.clone();
        self.value_done();
        path
    }

    /// Begins a map or list.
    pub fn open(&mut self, is_list: bool, anchor: usize, sink: &mut Sink) {
        if self.skipped > 0 || self.frames.len() >= DEEPEST {
            self.skipped += 1;
            sink.dropped += 1;
            return;
        }
        self.element();
        self.frames.push(Frame {
            path: self.path.len(),
            first: sink.found.len(),
            number: is_list.then_some(0),
            anchor,
        });
        self.at_key = !is_list;
    }

    /// Ends it. Gives its anchor, its path and the first of its values.
    pub fn close(&mut self, sink: &mut Sink) -> Option<(usize, String, usize)> {
        if self.skipped > 0 {
            self.skipped -= 1;
            if self.skipped == 0 {
                self.at_key = self.frames.last().is_some_and(|frame| frame.number.is_none());
                self.value_done();
            }
            return None;
        }
        let frame = self.frames.pop()?;
        self.path.truncate(frame.path);
        let mut path = self.path.clone();
        let in_list = self.frames.last().is_some_and(|frame| frame.number.is_some());
        if in_list && frame.number.is_none() {
            path = named(&path, frame.first, sink);
        }
        self.value_done();
        Some((frame.anchor, path, frame.first))
    }
}

/// Names an element of a list by what is in it, so that its place in the list does not matter.
fn named(path: &str, first: usize, sink: &mut Sink) -> String {
    let of = |wanted: &str| {
        let found = sink.found[first.min(sink.found.len())..].iter();
        let mut own = found.filter_map(|found| Some((found.path.strip_prefix(path)?.strip_prefix('.')?, &found.text)));
        own.find(|(key, _)| *key == wanted).map(|(_, text)| text.clone())
    };
    let identity = match (of("kind"), of("metadata.name")) {
        (Some(kind), Some(name)) => Some(format!(
            "{kind}/{}/{name}",
            of("metadata.namespace").unwrap_or_default()
        )),
        _ => IDENTITIES.iter().find_map(|name| of(name)),
    };
    let Some((stem, identity)) = path
        .rfind('[')
        .zip(identity.filter(|name| !name.is_empty() && name.len() <= 100))
    else {
        return path.to_owned();
    };
    let renamed = format!("{}[{identity}]", &path[..stem]);
    // Two elements of one name stay apart by their numbers.
    let taken = sink.found[..first.min(sink.found.len())]
        .iter()
        .rev()
        .take(2_000)
        .any(|found| {
            found
                .path
                .strip_prefix(&renamed)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
    if taken {
        return path.to_owned();
    }
    for found in sink.found.iter_mut().skip(first) {
        if let Some(rest) = found.path.strip_prefix(path) {
            found.path = format!("{renamed}{rest}");
        }
    }
    renamed
}
