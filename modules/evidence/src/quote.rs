//! Quotes: the words of a source, with the place where they stand, so that anyone can look.

use std::ops::Range;

use serde::{Serialize, Serializer, ser::SerializeTuple};

use crate::source::{Encoding, Origin};

/// Bytes of one quote. A longer passage is cut, and its range says where.
pub const LONGEST: usize = 4_096;

/// A passage of a source, exactly as it is there.
///
/// **Invariant:** decoding `bytes` of the file (of the member, where there is one) as `encoding` gives `text`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// Name of the file.
    pub file: String,
    /// Name inside the file, when the file is an archive. `bytes` then counts in the member after decompression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Line it begins on, from 1.
    pub line: u64,
    /// From the first byte to the one after the last.
    #[serde(serialize_with = "pair")]
    pub bytes: Range<u64>,
    /// How the bytes became the text.
    pub encoding: Encoding,
    /// The passage, colours and line ends included.
    pub text: String,
}

fn pair<S: Serializer>(range: &Range<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut tuple = serializer.serialize_tuple(2)?;
    tuple.serialize_element(&range.start)?;
    tuple.serialize_element(&range.end)?;
    tuple.end()
}

impl Quote {
    /// Quotes at most so many bytes of `raw`.
    pub fn brief(origin: &Origin, line: u64, start: u64, raw: &[u8], encoding: Encoding, most: usize) -> Self {
        Self::new(origin, line, start, encoding.cut(raw, most), encoding)
    }

    /// Quotes `raw`, which stands at `start` of its source in this encoding. Cut at `LONGEST` bytes, between characters.
    pub fn new(origin: &Origin, line: u64, start: u64, raw: &[u8], encoding: Encoding) -> Self {
        let cut = encoding.cut(raw, LONGEST);
        let (text, encoding) = encoding.decode(cut);
        Self {
            file: origin.file.clone(),
            member: origin.member.clone(),
            line,
            bytes: start..start + cut.len() as u64,
            encoding,
            text: text.into_owned(),
        }
    }

    /// Whether the passage stands where it says, in the content of its source.
    pub fn holds(&self, content: &[u8]) -> bool {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        content
            .get(place(self.bytes.start)..place(self.bytes.end))
            .is_some_and(|raw| self.encoding.decode(raw) == (self.text.as_str().into(), self.encoding))
    }
}
