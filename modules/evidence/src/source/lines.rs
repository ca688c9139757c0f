//! Lines of a stream with their numbers and byte ranges, whatever their length and encoding.

use std::io::{Cursor, Read};

use super::{
    Encoding, ReadError,
    junk::{LOOKED_AT, refuse},
};

/// Bytes that are asked of the stream at once.
const BLOCK: usize = 1 << 17;

/// Bounds of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineLimits {
    /// Bytes of a line that are kept; the rest is skipped and counted.
    pub line: usize,
}

impl Default for LineLimits {
    fn default() -> Self {
        Self { line: 1 << 20 }
    }
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct RawLine<'r> {
    /// From 1.
    pub number: u64,
    /// Place of its first byte in the stream.
    pub start: u64,
    /// Its bytes as they are in the stream, without the line end.
    pub raw: &'r [u8],
    /// The same in UTF-8, faults included; the very bytes of `raw` unless that is UTF-16.
    pub text: &'r [u8],
    /// How `raw` is to be decoded.
    pub encoding: Encoding,
    /// Bytes after `raw` that were skipped because the line is too long.
    pub skipped: u64,
    /// Whether the line ended with a carriage return and a line feed.
    pub carriage_return: bool,
}

/// Reads lines from any stream.
#[derive(Debug)]
pub struct LineReader<R> {
    stream: R,
    limits: LineLimits,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    offset: u64,
    number: u64,
    encoding: Option<Encoding>,
    ended: bool,
    decoded: String,
}

impl<R: Read> LineReader<R> {
    /// Nothing is read yet.
    pub fn new(stream: R, limits: LineLimits) -> Self {
        Self {
            stream,
            limits,
            buffer: vec![0; BLOCK],
            at: 0,
            filled: 0,
            offset: 0,
            number: 0,
            encoding: None,
            ended: false,
            decoded: String::new(),
        }
    }

    /// Bytes that were given out or skipped so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The first bytes of the stream, before any line was asked for.
    pub fn beginning(&mut self) -> Result<&[u8], ReadError> {
        if self.encoding.is_none() {
            self.begin()?;
        }
        Ok(&self.buffer[self.at..self.filled])
    }

    /// The stream from its first byte on, for who finds by its beginning that lines are not what it is made of.
    pub fn into_stream(mut self) -> impl Read {
        self.buffer.truncate(self.filled);
        Cursor::new(self.buffer).chain(self.stream)
    }

    /// The next line. The last one may lack a line end; an empty rest is no line.
    pub fn next_line(&mut self) -> Result<Option<RawLine<'_>>, ReadError> {
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => self.begin()?,
        };
        let start = self.offset;
        let most = self.limits.line;
        let mut searched = 0;
        let (length, taken, mut skipped) = loop {
            if let Some(end) = line_end(&self.buffer[self.at..self.filled], searched, encoding) {
                let width = if encoding.is_wide() { 2 } else { 1 };
                break (end.min(most), end + width, end.saturating_sub(most) as u64);
            }
            let pending = self.filled - self.at;
            if pending > most {
                break (most, most, 0);
            }
            if self.ended {
                if pending == 0 {
                    return Ok(None);
                }
                break (pending, pending, 0);
            }
            searched = pending.saturating_sub(1);
            self.fill()?;
        };
        let first = self.at;
        self.at += taken;
        self.offset += taken as u64;
        self.number += 1;
        let cut = length == most && taken == most;
        let mut kept = first..first + length;
        if cut {
            // Skipping may move the buffer: what is kept goes to its front first.
            self.buffer.copy_within(kept.clone(), 0);
            self.filled -= first;
            self.buffer.copy_within(first + length..first + self.filled, length);
            self.at = length;
            kept = 0..length;
            skipped = self.skip(length, encoding)?;
        }
        let mut raw = &self.buffer[kept];
        let mut carriage_return = false;
        if skipped == 0 {
            let end: &[u8] = match encoding {
                Encoding::Utf16Le => b"\r\0",
                Encoding::Utf16Be => b"\0\r",
                Encoding::Utf8 | Encoding::Utf8Lossy => b"\r",
            };
            if let Some(shorter) = raw.strip_suffix(end) {
                (raw, carriage_return) = (shorter, true);
            }
        }
        let text = if encoding.is_wide() {
            self.decoded.clear();
            self.decoded.push_str(&encoding.decode(raw).0);
            self.decoded.as_bytes()
        } else {
            raw
        };
        Ok(Some(RawLine {
            number: self.number,
            start,
            raw,
            text,
            encoding,
            skipped,
            carriage_return,
        }))
    }

    fn begin(&mut self) -> Result<Encoding, ReadError> {
        while self.filled < LOOKED_AT && !self.ended {
            self.fill()?;
        }
        let head = &self.buffer[..self.filled.min(LOOKED_AT)];
        let (encoding, mark) = Encoding::of_mark(head);
        if let Some(refusal) = refuse(head, encoding.is_wide()) {
            return Err(refusal.into());
        }
        self.at = mark;
        self.offset = mark as u64;
        self.encoding = Some(encoding);
        Ok(encoding)
    }

    /// Reads more, making room at the front first.
    fn fill(&mut self) -> Result<(), ReadError> {
        if self.at > 0 {
            self.buffer.copy_within(self.at..self.filled, 0);
            self.filled -= self.at;
            self.at = 0;
        }
        self.read_behind()
    }

    fn read_behind(&mut self) -> Result<(), ReadError> {
        if self.buffer.len() - self.filled < BLOCK / 2 {
            self.buffer.resize(self.filled + BLOCK, 0);
        }
        loop {
            match self.stream.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    return Err(ReadError::Stream {
                        at: self.offset + (self.filled - self.at) as u64,
                        source,
                    });
                }
            }
            return Ok(());
        }
    }

    /// Passes over the rest of a line, and keeps the first `kept` bytes of the buffer as they are. Gives its length.
    fn skip(&mut self, kept: usize, encoding: Encoding) -> Result<u64, ReadError> {
        let width = if encoding.is_wide() { 2 } else { 1 };
        let mut skipped = 0_u64;
        loop {
            let rest = &self.buffer[self.at..self.filled];
            if let Some(end) = line_end(rest, 0, encoding) {
                self.at += end + width;
                self.offset += (end + width) as u64;
                return Ok(skipped + end as u64);
            }
            // Of UTF-16 half a unit may be here already.
            let whole = rest.len()
                - if encoding.is_wide() && !self.ended {
                    rest.len() % 2
                } else {
                    0
                };
            skipped += whole as u64;
            self.offset += whole as u64;
            self.buffer.copy_within(self.at + whole..self.filled, kept);
            self.filled = kept + (self.filled - self.at - whole);
            self.at = kept;
            if self.ended {
                return Ok(skipped);
            }
            self.read_behind()?;
        }
    }
}

fn line_end(bytes: &[u8], from: usize, encoding: Encoding) -> Option<usize> {
    let feed: [u8; 2] = match encoding {
        Encoding::Utf8 | Encoding::Utf8Lossy => return memchr::memchr(b'\n', &bytes[from..]).map(|at| from + at),
        Encoding::Utf16Le => [b'\n', 0],
        Encoding::Utf16Be => [0, b'\n'],
    };
    let from = from & !1;
    bytes[from..]
        .chunks_exact(2)
        .position(|unit| unit == feed)
        .map(|unit| from + unit * 2)
}
