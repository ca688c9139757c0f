//! A walk over JSON of any size that stops at the objects which matter: spans or log records, and what names their services. Only
//! the object at hand is in memory. Documents may follow one another, as in JSON lines. Knows the place of an object, not its fields.
//!
//! The walk is lenient: it follows brackets and keys and leaves the grammar of what it stops at to whoever parses it. After a
//! fault it goes on at the next line, so that a torn line of JSON lines costs that line.

use std::{io::Read, ops::Range};

use super::keys::{Frame, Key, Layout, Piece};
use crate::source::{Encoding, ReadError, Refusal, refuse};

/// Bytes that are asked of the stream at once.
const BLOCK: usize = 1 << 17;
/// Containers whose keys are known; spans stand at most seven deep. What is deeper is only counted.
const DEEPEST: usize = 32;
/// Bytes of the longest key that matters.
const KEY: usize = 16;

#[derive(Debug)]
pub struct Walker<R> {
    stream: R,
    layout: Layout,
    longest: usize,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    /// Of the byte at `at`.
    offset: u64,
    /// Line ends that were passed, and whether anything stands behind the last.
    ends: u64,
    open: bool,
    ended: bool,
    frames: Vec<Frame>,
    /// Containers below the deepest frame.
    deeper: u64,
    key: Key,
    captured: Range<usize>,
    /// Objects that did not end, or were torn.
    pub faults: u64,
    /// Objects that were too long.
    pub oversized: u64,
}

impl<R: Read> Walker<R> {
    pub fn new(stream: R, layout: Layout, longest: usize) -> Result<Self, ReadError> {
        let mut walker = Self {
            stream,
            layout,
            longest,
            buffer: vec![0; BLOCK],
            at: 0,
            filled: 0,
            offset: 0,
            ends: 0,
            open: false,
            ended: false,
            frames: Vec::new(),
            deeper: 0,
            key: Key::Other,
            captured: 0..0,
            faults: 0,
            oversized: 0,
        };
        walker.fill()?;
        let head = &walker.buffer[..walker.filled];
        let (encoding, mark) = Encoding::of_mark(head);
        if encoding.is_wide() {
            return Err(Refusal::Known("JSON in UTF-16: convert it to UTF-8 (RFC 8259, 8.1)").into());
        }
        if let Some(refusal) = refuse(head, false) {
            return Err(refusal.into());
        }
        walker.pass(mark);
        Ok(walker)
    }

    /// Bytes that were passed.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The object that the walk has stopped at, until it goes on.
    pub fn raw(&self) -> &[u8] {
        &self.buffer[self.captured.clone()]
    }

    /// The place of that object's first byte.
    pub fn start(&self) -> u64 {
        self.offset - self.captured.len() as u64
    }

    /// The line of that object's first byte, from 1.
    pub fn line(&self) -> u64 {
        1 + self.ends - ends(self.raw())
    }

    /// Lines that were passed.
    pub fn lines(&self) -> u64 {
        self.ends + u64::from(self.open)
    }

    /// That object could not be parsed. If it has swallowed the line after a torn one, the walk goes back there.
    pub fn reject(&mut self) {
        if let Some(at) = next_document(self.raw()) {
            let back = self.captured.len() - at;
            self.at -= back;
            self.ends -= ends(&self.buffer[self.at..self.at + back]);
            self.offset -= back as u64;
            self.frames.clear();
            self.deeper = 0;
        }
    }

    /// Goes on to the next stop.
    pub fn next(&mut self) -> Result<Option<Piece>, ReadError> {
        while let Some(byte) = self.peek()? {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => self.pass(1),
                b'"' => self.string()?,
                b'{' => match self.role() {
                    Some(piece) => {
                        self.key = Key::Other;
                        if self.capture()? {
                            return Ok(Some(piece));
                        }
                    }
                    None => self.open(false),
                },
                b'[' => self.open(true),
                b'}' | b']' => {
                    if self.close(byte == b']')? {
                        return Ok(Some(Piece::End));
                    }
                }
                _ => self.scalar(),
            }
        }
        Ok(None)
    }

    /// What an object that opens here is.
    fn role(&self) -> Option<Piece> {
        if self.deeper > 0 {
            return None;
        }
        if self.layout == Layout::Zipkin {
            return self.frames.iter().all(|frame| frame.array).then_some(Piece::Item);
        }
        let within = self.frames.last()?;
        match (within.array, within.key, self.key) {
            (true, Key::Items, _) => Some(Piece::Item),
            (false, _, Key::Resource) if self.layout != Layout::Jaeger => Some(Piece::Owner),
            (false, _, Key::Processes) if self.layout == Layout::Jaeger => Some(Piece::Owner),
            _ => None,
        }
    }

    fn open(&mut self, array: bool) {
        self.pass(1);
        let key = std::mem::take(&mut self.key);
        if self.frames.len() < DEEPEST && self.deeper == 0 {
            self.frames.push(Frame { array, key });
        } else {
            self.deeper += 1;
        }
    }

    /// Whether what ends is what an owner stands for.
    fn close(&mut self, array: bool) -> Result<bool, ReadError> {
        self.pass(1);
        self.key = Key::Other;
        if self.deeper > 0 {
            self.deeper -= 1;
            return Ok(false);
        }
        match self.frames.pop() {
            Some(frame) if frame.array == array => {
                let within = self.frames.last().map(|frame| frame.key);
                Ok(!array && matches!(within, None | Some(Key::Groups)))
            }
            _ => {
                self.fault()?;
                Ok(false)
            }
        }
    }

    fn scalar(&mut self) {
        let rest = &self.buffer[self.at..self.filled];
        let end = rest.iter().position(|byte| {
            matches!(
                byte,
                b',' | b'}' | b']' | b'{' | b'[' | b'"' | b' ' | b'\n' | b'\r' | b'\t'
            )
        });
        self.pass(end.unwrap_or(rest.len()));
        self.key = Key::Other;
    }

    /// A key or a text, of any length.
    fn string(&mut self) -> Result<(), ReadError> {
        self.pass(1);
        let (mut name, mut length) = ([0; KEY], 0_usize);
        while self.peek()?.is_some() {
            let rest = &self.buffer[self.at..self.filled];
            let stop = memchr::memchr3(b'"', b'\\', b'\n', rest);
            let text = &rest[..stop.unwrap_or(rest.len())];
            for (place, byte) in name.iter_mut().skip(length).zip(text) {
                *place = *byte;
            }
            length = length.saturating_add(text.len());
            let byte = stop.map(|stop| rest[stop]);
            self.pass(text.len() + usize::from(byte.is_some()));
            match byte {
                Some(b'"') => {
                    while matches!(self.peek()?, Some(b' ' | b'\t' | b'\r' | b'\n')) {
                        self.pass(1);
                    }
                    let is_key = self.peek()? == Some(b':');
                    let name = name.get(..length).filter(|_| is_key);
                    self.key = name.map_or(Key::Other, |name| Key::of(name, self.layout));
                    return Ok(());
                }
                Some(b'\\') => {
                    length = KEY + 1;
                    if self.peek()?.is_some() {
                        self.pass(1);
                    }
                }
                Some(_) => {
                    // A text does not go over a line's end (RFC 8259, 7).
                    self.forget();
                    return Ok(());
                }
                None => {}
            }
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.faults += 1;
        self.frames.clear();
        (self.deeper, self.key) = (0, Key::Other);
    }

    /// Forgets where it is and goes to the next line.
    fn fault(&mut self) -> Result<(), ReadError> {
        self.forget();
        while self.peek()?.is_some() {
            let rest = &self.buffer[self.at..self.filled];
            let end = memchr::memchr(b'\n', rest);
            self.pass(end.map_or(rest.len(), |end| end + 1));
            if end.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Takes the object that opens here. False when it is too long or does not end.
    fn capture(&mut self) -> Result<bool, ReadError> {
        let (mut length, mut depth, mut quoted) = (0, 0_u64, false);
        let mut dropping = false;
        loop {
            if dropping {
                let passed = length.min(self.filled - self.at);
                self.pass(passed);
                length -= passed;
            } else if length > self.longest {
                if self.torn(length) {
                    return Ok(false);
                }
                self.oversized += 1;
                dropping = true;
                continue;
            }
            if self.at + length >= self.filled && !self.fill()? {
                let rest = self.filled - self.at;
                if dropping || !self.torn(rest) {
                    self.pass(rest);
                    self.forget();
                }
                return Ok(false);
            }
            let Some(rest) = self.buffer.get(self.at + length..self.filled) else {
                continue;
            };
            let stop = if quoted {
                memchr::memchr2(b'"', b'\\', rest)
            } else {
                memchr::memchr3(b'"', b'{', b'}', rest)
            };
            let Some(stop) = stop else {
                length += rest.len();
                continue;
            };
            length += stop + 1;
            match rest[stop] {
                b'"' => quoted = !quoted,
                b'\\' => length += 1,
                b'{' => depth += 1,
                _ => depth -= 1,
            }
            if depth == 0 && !quoted {
                self.captured = self.at..self.at + length;
                self.pass(length);
                return Ok(!dropping);
            }
        }
    }

    /// Whether a line in the bytes at hand begins a document. Then the walk goes on there.
    fn torn(&mut self, length: usize) -> bool {
        let at = next_document(&self.buffer[self.at..self.at + length]);
        if let Some(at) = at {
            self.pass(at);
            self.forget();
        }
        at.is_some()
    }

    fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        if self.at == self.filled && !self.fill()? {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.at]))
    }

    fn pass(&mut self, bytes: usize) {
        let passed = &self.buffer[self.at..self.at + bytes];
        self.ends += ends(passed);
        self.open = passed.last().map_or(self.open, |byte| *byte != b'\n');
        self.at += bytes;
        self.offset += bytes as u64;
    }

    /// Reads more behind what is there. False at the end.
    fn fill(&mut self) -> Result<bool, ReadError> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.copy_within(self.at..self.filled, 0);
        self.filled -= self.at;
        self.at = 0;
        if self.buffer.len() - self.filled < BLOCK / 2 {
            self.buffer.resize(self.filled + BLOCK, 0);
        }
        loop {
            match self.stream.read(&mut self.buffer[self.filled..]) {
                Ok(count) => {
                    self.filled += count;
                    self.ended = count == 0;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(ReadError::Stream {
                        at: self.offset + self.filled as u64,
                        source,
                    });
                }
            }
        }
    }
}

fn ends(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// The place after the first line end that a `{` follows at once. Inside an object that is a torn line of JSON lines:
/// whoever breaks lines between an object's parts indents them.
fn next_document(text: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, b"\n{").map(|at| at + 1)
}
