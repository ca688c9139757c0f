//! Exports of logs as CSV: a header that names a column of times and one of messages, then a message in each row.
//!
//! Quotes are followed where they are as RFC 4180 wants them. Where they are not, two rules hold: the last column takes the rest
//! of the line, and a line whose column of times holds a time is a row, whatever quote is open.

use super::{
    fields::{self, Field},
    format,
    record::Head,
};
use crate::{
    component::of_instance,
    logs::{
        correlate::IdentifierKind,
        time::{self, TimeContext},
    },
    table::{Separator, cells, unclosed, unquoted},
};

/// Bytes of a header.
const LONGEST: usize = 4_096;
/// Columns of an export; a wider table is one of numbers.
const MOST: usize = 64;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Message,
    /// A message if no other column is one; else its number.
    Line,
    /// A pod or another instance, whose name tells the component.
    Instance,
    /// A part of an instance, when nothing better names the component.
    Container,
    Of(Field),
}

impl Column {
    fn of(name: &[u8]) -> Option<Self> {
        let plain: Vec<u8> = name
            .iter()
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(u8::to_ascii_lowercase)
            .collect();
        Some(match plain.as_slice() {
            b"log" | b"message" | b"msg" | b"body" | b"content" | b"text" | b"logmessage" | b"rawlog" => Self::Message,
            b"line" => Self::Line,
            b"pod" | b"podname" | b"k8spodname" | b"kubernetespodname" | b"instance" => Self::Instance,
            b"container" | b"containername" | b"k8scontainername" | b"kubernetescontainername" => Self::Container,
            b"servicename" => Self::Of(Field::Service),
            b"unixtimestamp" | b"unixtime" | b"epoch" => Self::Of(Field::Time),
            b"node" | b"nodename" => Self::Of(Field::Identifier(IdentifierKind::Host)),
            other => match fields::of_name(other)? {
                Field::Message => Self::Message,
                Field::Group | Field::Stack => return None,
                field => Self::Of(field),
            },
        })
    }
}

/// The columns of an export, from its header.
#[derive(Debug)]
pub struct Columns {
    header: Vec<u8>,
    separator: Separator,
    kinds: Vec<Option<Column>>,
    message: usize,
    /// Whether the last row's message is in a quote that is still open.
    open: bool,
    /// Whether a row was seen.
    begun: bool,
    unquoted: Vec<u8>,
}

/// What a line of an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The header, perhaps once more.
    Header,
    /// A row, whose head was filled.
    Row,
    /// More of the message of the row before.
    More,
    /// The first line after the header has no time: this is no export.
    Other,
}

impl Columns {
    /// What a file whose first line this is has for columns. None if it is no such header.
    pub fn of_header(line: &[u8]) -> Option<Self> {
        if line.len() > LONGEST
            || !line
                .first()
                .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'"')
        {
            return None;
        }
        let separator = Separator::of(line)?;
        let mut name = Vec::new();
        let mut columns = Vec::new();
        for cell in cells(line, separator) {
            unquoted(cell.trim_ascii(), &mut name);
            columns.push(Column::of(&name));
        }
        let of = |wanted| columns.iter().position(|column| *column == Some(wanted));
        let message = of(Column::Message).or_else(|| of(Column::Line))?;
        of(Column::Of(Field::Time))?;
        (columns.len() <= MOST).then(|| Self {
            header: line.to_vec(),
            separator,
            kinds: columns,
            message,
            open: false,
            begun: false,
            unquoted: Vec::new(),
        })
    }

    /// Reads a line without colours, and fills `head` if it is a row.
    pub fn line(&mut self, text: &[u8], head: &mut Head, context: &TimeContext, scratch: &mut Vec<u8>) -> Line {
        if text == self.header {
            self.open = false;
            return Line::Header;
        }
        let mut stamp = None;
        let mut message = None;
        let mut parts: [&[u8]; 2] = [b"", b""];
        for (place, cell) in self.cells(text) {
            match self.kinds[place] {
                _ if place == self.message => message = Some(cell),
                Some(Column::Of(Field::Time)) if stamp.is_none() => {
                    let cell = inside(cell);
                    stamp = time::whole(cell, context).or_else(|| fields::decimal_epoch(cell));
                    parts = [parts[1], cell];
                }
                _ => {}
            }
        }
        if stamp.is_none() && parts.iter().all(|part| !part.is_empty()) {
            // The day in one column, the time of day in the next.
            stamp = time::whole(&parts.join(&b' '), context);
        }
        if !self.begun && (stamp.is_none() || message.is_none()) {
            return Line::Other;
        }
        self.begun = true;
        let Some(message) = message.filter(|_| stamp.is_some() || !self.open) else {
            return Line::More;
        };
        self.open = unclosed(message);
        unquoted(message, &mut self.unquoted);
        format::decode(&self.unquoted, head, context, scratch);
        self.describe(text, head, context, scratch);
        if stamp.is_some() {
            head.stamp = stamp;
        }
        (head.wrapped, head.stamped, head.structured, head.partial) = (true, true, true, false);
        Line::Row
    }

    /// More of a message: without its last quote, doubled ones once.
    pub fn more<'c>(&'c mut self, text: &[u8]) -> &'c [u8] {
        self.unquoted.clear();
        if self.open {
            // As if the quote began here: what stands behind its end belongs to other columns.
            let mut cell = Vec::with_capacity(text.len() + 1);
            cell.push(b'"');
            cell.extend_from_slice(text);
            self.open = unclosed(&cell);
            unquoted(&cell, &mut self.unquoted);
        } else {
            self.unquoted.extend_from_slice(text);
        }
        &self.unquoted
    }

    /// Cells with their columns; the last column has the rest of the line.
    fn cells<'t>(&self, text: &'t [u8]) -> impl Iterator<Item = (usize, &'t [u8])> {
        let last = self.kinds.len() - 1;
        let mut cells = cells(text, self.separator);
        let mut place = 0;
        std::iter::from_fn(move || {
            let cell = if place < last { cells.next() } else { cells.rest() }?;
            place += 1;
            Some((place - 1, cell))
        })
        .take(last + 1)
    }

    /// What the other columns say, which counts more than what the message says of itself.
    fn describe(&self, text: &[u8], head: &mut Head, context: &TimeContext, scratch: &mut Vec<u8>) {
        let mut rank = 0;
        for (place, cell) in self.cells(text) {
            let Some(column) = self.kinds[place].filter(|_| place != self.message) else {
                continue;
            };
            unquoted(cell.trim_ascii(), scratch);
            if scratch.is_empty() {
                continue;
            }
            let (named, value): (u8, &[u8]) = match column {
                Column::Of(Field::Service) => (3, scratch),
                Column::Instance => {
                    head.identifiers.push(IdentifierKind::Host, scratch);
                    (2, component(scratch))
                }
                Column::Container => (1, scratch),
                Column::Message | Column::Line | Column::Of(Field::Time) => continue,
                Column::Of(field) => {
                    fields::take(head, field, scratch, context);
                    continue;
                }
            };
            if named > rank {
                rank = named;
                head.service.clear();
                head.service.extend_from_slice(value);
            }
        }
    }
}

fn component(instance: &[u8]) -> &[u8] {
    std::str::from_utf8(instance).map_or(instance, |name| of_instance(name).as_bytes())
}

/// A cell without the quotes around it.
fn inside(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    cell.strip_prefix(b"\"")
        .and_then(|cell| cell.strip_suffix(b"\""))
        .unwrap_or(cell)
}
