//! Witnesses: spans that show a fact, and their words. Texts of spans are not kept while reading; they are fetched by a second
//! pass over the source, of the few that are needed.

use std::io::Read;

use serde::Serialize;

use crate::{
    quote::{LONGEST, Quote},
    source::{Encoding, Origin, ReadError},
    traces::{span::Place, store::Row},
};

/// A span that shows a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// When it began, in microseconds since 1970.
    pub at: i64,
    /// Number of its source.
    pub source: usize,
    /// Its bytes there.
    #[serde(skip)]
    pub place: Place,
    /// Its words, once its source was read again.
    pub quote: Option<Quote>,
}

impl From<&Row> for Witness {
    fn from(row: &Row) -> Self {
        Self {
            at: row.start,
            source: row.source(),
            place: row.place(),
            quote: None,
        }
    }
}

/// Bytes that are asked of a source at once.
const BLOCK: usize = 1 << 16;

/// Reads a source once more and fills in the words of these witnesses, all of that source. Gives how many are quoted; the rest
/// lies behind the end, in a source that has become shorter.
pub fn fill(origin: &Origin, mut stream: impl Read, mut witnesses: Vec<&mut Witness>) -> Result<usize, ReadError> {
    witnesses.sort_by_key(|witness| witness.place);
    let mut window = Passing::default();
    window.reach(4, &mut stream)?;
    let encoding = Encoding::of_mark(&window.bytes).0;
    let mut filled = 0;
    for witness in witnesses {
        let Place { start, length } = witness.place;
        window.pass_to(start, encoding, &mut stream)?;
        // One character more than a quote takes, so that a cut falls between characters.
        let wanted = usize::try_from(length).unwrap_or(usize::MAX).min(LONGEST + 8);
        window.reach(wanted, &mut stream)?;
        if let Some(raw) = window.bytes.get(..wanted).filter(|raw| !raw.is_empty()) {
            witness.quote = Some(Quote::new(origin, window.line, start, raw, encoding));
            filled += 1;
        }
    }
    Ok(filled)
}

/// The part of a stream that is at hand.
struct Passing {
    bytes: Vec<u8>,
    /// Place of the first of them.
    start: u64,
    /// Line of the first of them.
    line: u64,
}

impl Default for Passing {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
            line: 1,
        }
    }
}

impl Passing {
    /// Has so many bytes at hand, unless the stream ends.
    fn reach(&mut self, wanted: usize, stream: &mut impl Read) -> Result<(), ReadError> {
        while self.bytes.len() < wanted {
            let from = self.bytes.len();
            self.bytes.resize(from + BLOCK, 0);
            let outcome = stream.read(&mut self.bytes[from..]);
            self.bytes.truncate(from + *outcome.as_ref().unwrap_or(&0));
            match outcome {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(ReadError::Stream {
                        at: self.start + from as u64,
                        source,
                    });
                }
            }
        }
        Ok(())
    }

    /// Goes on to a place, counting lines.
    fn pass_to(&mut self, place: u64, encoding: Encoding, stream: &mut impl Read) -> Result<(), ReadError> {
        while self.start < place {
            self.reach(2, stream)?;
            let ahead = usize::try_from(place - self.start).unwrap_or(usize::MAX);
            // Of UTF-16 only whole units are passed.
            let whole = if encoding.is_wide() {
                self.bytes.len() & !1
            } else {
                self.bytes.len()
            };
            let passed = ahead.min(whole);
            if passed == 0 {
                break;
            }
            self.line += line_ends(&self.bytes[..passed], encoding);
            self.bytes.drain(..passed);
            self.start += passed as u64;
        }
        Ok(())
    }
}

fn line_ends(bytes: &[u8], encoding: Encoding) -> u64 {
    let feed = match encoding {
        Encoding::Utf8 | Encoding::Utf8Lossy => return memchr::memchr_iter(b'\n', bytes).count() as u64,
        Encoding::Utf16Le => [b'\n', 0],
        Encoding::Utf16Be => [0, b'\n'],
    };
    bytes.chunks_exact(2).filter(|unit| *unit == feed).count() as u64
}
