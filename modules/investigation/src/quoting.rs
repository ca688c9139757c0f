//! Quoting: passages whose place was remembered while reading are read again, so that only what is shown is held in memory.

use std::{collections::BTreeMap, io::Read, path::PathBuf};

use mainstay_evidence::{
    input::{InputLimits, Inputs},
    quote::{LONGEST, Quote},
    source::{Encoding, Origin},
};

use crate::reading::Pastes;

/// A passage that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where.
    pub origin: Origin,
    /// Place of its first byte.
    pub start: u64,
    /// Bytes.
    pub length: u64,
    /// How they are encoded.
    pub encoding: Encoding,
    /// Its line, where it is known.
    pub line: Option<u64>,
}

/// Number of a passage that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(usize);

/// Passages that are asked for first and read together.
#[derive(Debug, Default)]
pub struct Quotes {
    wanted: Vec<Wanted>,
    found: Vec<Option<Quote>>,
}

impl Quotes {
    /// Asks for a passage.
    pub fn want(&mut self, wanted: Wanted) -> Ticket {
        if let Some(place) = self.wanted.iter().position(|known| *known == wanted) {
            return Ticket(place);
        }
        self.wanted.push(wanted);
        Ticket(self.wanted.len() - 1)
    }

    /// Reads all that was asked for, from files again and from what is kept of pastes. A file that is gone or shorter by now has no
    /// quote.
    pub fn read(&mut self, paths: &[PathBuf], pastes: &Pastes) {
        self.found = vec![None; self.wanted.len()];
        let mut by_origin: BTreeMap<Origin, Vec<usize>> = BTreeMap::new();
        for (place, wanted) in self.wanted.iter().enumerate() {
            by_origin.entry(wanted.origin.clone()).or_default().push(place);
        }
        for (origin, mut bytes) in pastes.iter() {
            if let Some(places) = by_origin.get(origin) {
                self.fill(&mut bytes, places);
            }
        }
        let inputs = Inputs::gather(paths, InputLimits::default());
        let mut last = None;
        for file in inputs.files() {
            if file.path.is_none() || !by_origin.keys().any(|origin| origin.file == file.name) {
                continue;
            }
            let name = &file.name;
            if last.as_ref() == Some(name) {
                continue;
            }
            last = Some(name.clone());
            inputs.visit(file, &|_| (), &mut |mut stream| {
                let origin = stream.origin.clone();
                if let Some(places) = by_origin.get(&origin) {
                    self.fill(&mut stream, places);
                }
            });
        }
    }

    /// A passage, when it was found.
    pub fn get(&self, ticket: Ticket) -> Option<&Quote> {
        self.found.get(ticket.0)?.as_ref()
    }

    /// Those that were found.
    pub fn all(&self, tickets: &[Ticket]) -> Vec<Quote> {
        tickets.iter().filter_map(|ticket| self.get(*ticket).cloned()).collect()
    }

    /// Reads a stream once from its beginning, counts its lines, and cuts out what is wanted.
    fn fill(&mut self, stream: &mut impl Read, places: &[usize]) {
        let mut order = places.to_vec();
        order.sort_by_key(|place| self.wanted[*place].start);
        let mut cutter = Cutter::new(stream);
        for place in order {
            let wanted = &self.wanted[place];
            let length = usize::try_from(wanted.length).unwrap_or(usize::MAX).min(LONGEST + 8);
            let Some((line, raw)) = cutter.cut(wanted.start, length) else {
                continue;
            };
            self.found[place] = Some(Quote::new(
                &wanted.origin,
                wanted.line.unwrap_or(line),
                wanted.start,
                &raw,
                wanted.encoding,
            ));
        }
    }
}

/// Reads forward and keeps what overlaps with the last passage.
struct Cutter<R> {
    stream: R,
    /// Bytes from `at` on that were read already.
    kept: Vec<u8>,
    at: u64,
    line: u64,
}

impl<R: Read> Cutter<R> {
    fn new(stream: R) -> Self {
        Self {
            stream,
            kept: Vec::new(),
            at: 0,
            line: 1,
        }
    }

    /// The line at this place and the bytes from there on. Places must not descend.
    fn cut(&mut self, start: u64, length: usize) -> Option<(u64, Vec<u8>)> {
        while self.at < start {
            if self.kept.is_empty() && !self.more() {
                return None;
            }
            let skipped = usize::try_from(start - self.at)
                .unwrap_or(usize::MAX)
                .min(self.kept.len());
            self.line += memchr::memchr_iter(b'\n', &self.kept[..skipped]).count() as u64;
            self.kept.drain(..skipped);
            self.at += skipped as u64;
        }
        while self.kept.len() < length && self.more() {}
        let raw = self.kept[..length.min(self.kept.len())].to_vec();
        (raw.len() == length).then_some((self.line, raw))
    }

    fn more(&mut self) -> bool {
        let before = self.kept.len();
        self.kept.resize(before + (1 << 16), 0);
        let count = self.stream.read(&mut self.kept[before..]).unwrap_or(0);
        self.kept.truncate(before + count);
        count > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &str, part: &str) -> Wanted {
        Wanted {
            origin: Origin::file("x.log"),
            start: text.find(part).unwrap() as u64,
            length: part.len() as u64,
            encoding: Encoding::Utf8,
            line: None,
        }
    }

    #[test]
    fn passages_are_cut_out_in_one_pass_whatever_their_order_and_overlap() {
        let lines: Vec<String> = (0..20_000).map(|line| format!("line {line} of many\n")).collect();
        let text = lines.concat();
        let parts = [
            "line 19999 of",
            "line 3 of many",
            "3 of",
            "line 7000 of many\nline 7001",
        ];
        let mut quotes = Quotes::default();
        let tickets: Vec<Ticket> = parts.iter().map(|part| quotes.want(wanted(&text, part))).collect();
        quotes.found = vec![None; quotes.wanted.len()];
        quotes.fill(&mut text.as_bytes(), &[0, 1, 2, 3]);
        for (ticket, part) in tickets.into_iter().zip(parts) {
            let quote = quotes.get(ticket).unwrap();
            assert_eq!(quote.text, part);
            assert!(quote.holds(text.as_bytes()));
        }
        assert_eq!(quotes.get(Ticket(0)).unwrap().line, 20_000);
        assert_eq!(quotes.get(Ticket(1)).unwrap().line, 4);
    }

    #[test]
    fn what_is_no_longer_there_is_not_quoted() {
        let mut quotes = Quotes::default();
        let ticket = quotes.want(wanted("short and sweet", "sweet"));
        quotes.found = vec![None];
        quotes.fill(&mut &b"short"[..], &[0]);
        assert_eq!(quotes.get(ticket), None);
    }
}
