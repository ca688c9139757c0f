//! Rows: where points are written, with their words, so that any point can be quoted after its source is gone.

use crate::{
    quote::Quote,
    source::{Encoding, Origin},
};

/// Bytes of a row that are kept as its quote; of longer ones only the field is.
pub const QUOTED: usize = 512;

/// A source of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceId(u32);

/// Where a point is written.
#[derive(Debug, Clone, Copy)]
pub struct Place<'r> {
    source: SourceId,
    line: u64,
    start: u64,
    raw: &'r [u8],
    encoding: Encoding,
    row: Option<u32>,
}

impl<'r> Place<'r> {
    /// `raw` stands at `start` of the source, on this line, in this encoding.
    pub fn new(source: SourceId, line: u64, start: u64, raw: &'r [u8], encoding: Encoding) -> Self {
        Self {
            source,
            line,
            start,
            raw,
            encoding,
            row: None,
        }
    }

    /// Rows were moved: the next point of this place needs a new one.
    pub(super) fn forget(&mut self) {
        self.row = None;
    }
}

#[derive(Debug, Clone, Copy)]
struct Row {
    start: u64,
    line: u32,
    source: u32,
    text: u32,
    length: u16,
    encoding: Encoding,
}

/// All rows of a set, with their words one after another.
#[derive(Debug, Default)]
pub(super) struct Rows {
    sources: Vec<Origin>,
    list: Vec<Row>,
    words: Vec<u8>,
}

impl Rows {
    /// Finds or adds a source.
    pub fn source(&mut self, origin: &Origin) -> SourceId {
        let known = self.sources.iter().position(|known| known == origin);
        let place = known.unwrap_or_else(|| {
            self.sources.push(origin.clone());
            self.sources.len() - 1
        });
        SourceId(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// The row of a place, which is added with its first point.
    pub fn add(&mut self, place: &mut Place<'_>) -> u32 {
        *place.row.get_or_insert_with(|| {
            let raw = place.encoding.cut(place.raw, QUOTED);
            self.list.push(Row {
                start: place.start,
                line: u32::try_from(place.line).unwrap_or(u32::MAX),
                source: place.source.0,
                text: u32::try_from(self.words.len()).unwrap_or(u32::MAX),
                length: u16::try_from(raw.len()).unwrap_or(0),
                encoding: place.encoding,
            });
            self.words.extend_from_slice(raw);
            u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Bytes of rows and words.
    pub fn heap_size(&self) -> usize {
        self.list.len() * size_of::<Row>() + self.words.len()
    }

    /// The words of a row.
    pub fn quote(&self, row: u32) -> Option<Quote> {
        let row = self.list.get(row as usize)?;
        let from = row.text as usize;
        let raw = self.words.get(from..from + usize::from(row.length))?;
        let origin = self.sources.get(row.source as usize)?;
        Some(Quote::new(origin, u64::from(row.line), row.start, raw, row.encoding))
    }

    /// The source of a row.
    pub fn origin(&self, row: u32) -> Option<&Origin> {
        self.sources.get(self.list.get(row as usize)?.source as usize)
    }

    /// Adds all rows of others behind these. Gives the place of the first of them.
    pub fn append(&mut self, others: Self) -> u32 {
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let sources: Vec<u32> = (others.sources.iter()).map(|origin| self.source(origin).0).collect();
        let (first, words) = (number(self.list.len()), number(self.words.len()));
        self.words.extend_from_slice(&others.words);
        self.list.extend(others.list.into_iter().map(|mut row| {
            row.source = sources[row.source as usize];
            row.text += words;
            row
        }));
        first
    }

    /// Keeps those that are needed. Gives the new place of each.
    pub fn retain(&mut self, needed: &[bool]) -> Vec<u32> {
        let mut moved = vec![0; self.list.len()];
        let (mut list, mut words) = (Vec::new(), Vec::new());
        for (place, row) in self.list.iter().enumerate().filter(|(place, _)| needed[*place]) {
            moved[place] = u32::try_from(list.len()).unwrap_or(u32::MAX);
            let from = row.text as usize;
            list.push(Row {
                text: u32::try_from(words.len()).unwrap_or(u32::MAX),
                ..*row
            });
            words.extend_from_slice(&self.words[from..from + usize::from(row.length)]);
        }
        (self.list, self.words) = (list, words);
        moved
    }
}
