//! Recognition: what a stream is, by its first bytes first and by its name second, with the reason in words.
//!
//! It decides by form alone, in a fixed order from forms that leave no doubt to forms that do. It parses nothing to its end: a
//! stream that was taken for something it is not is refused later by its reader.

mod document;
mod json;
mod table;
mod telemetry;
#[cfg(test)]
mod tests;
mod text;

use std::{borrow::Cow, cell::OnceCell};

use serde::Serialize;

use crate::source::{Encoding, plain, refusal};
use table::Table;

/// What kind of evidence a stream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Messages.
    Logs,
    /// Numbers over time.
    Metrics,
    /// Spans.
    Traces,
    /// Settings.
    Configuration,
    /// A difference of two versions, or events of deployments.
    Changes,
    /// What depends on what.
    Topology,
    /// Nothing that is read.
    Junk,
}

/// What a stream was taken for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recognised {
    /// Of what kind it is.
    pub kind: Kind,
    /// In which form, in words for a person.
    pub format: &'static str,
    /// What in it says so.
    pub reason: String,
    /// How sure it is, by one of the levels [`MARKED`], [`FORMED`], [`LIKELY`] and [`LEFT_OVER`].
    pub certainty: f64,
}

/// A mark that nothing else has: a magic number, or names that a format prescribes.
pub const MARKED: f64 = 0.99;
/// A form that something else has by accident only.
pub const FORMED: f64 = 0.9;
/// A form that other things have too; a name, or the absence of other marks, decides.
pub const LIKELY: f64 = 0.7;
/// Nothing speaks for it but that nothing speaks for anything else.
pub const LEFT_OVER: f64 = 0.4;

impl Recognised {
    fn new(kind: Kind, format: &'static str, certainty: f64, reason: impl Into<String>) -> Self {
        Self {
            kind,
            format,
            reason: reason.into(),
            certainty,
        }
    }
}

/// What is looked at: the name and the first bytes as text.
struct Head<'h> {
    /// In lower case, without folders.
    name: String,
    /// Without colours, a byte order mark and spaces in front.
    text: &'h str,
    /// Whether more follows, so that the last line may be cut.
    more: bool,
    /// The same as a table, once somebody has asked for it.
    table: OnceCell<Option<Table>>,
}

impl Head<'_> {
    fn table(&self) -> Option<&Table> {
        self.table.get_or_init(|| Table::of(self)).as_ref()
    }

    fn ends_with(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.name.ends_with(ending))
    }

    /// Lines that are whole, without empty ones.
    fn lines(&self) -> impl Iterator<Item = &str> + Clone {
        let whole = match self.text.rfind('\n') {
            Some(end) if self.more => &self.text[..end],
            _ => self.text,
        };
        whole.lines().filter(|line| !line.trim().is_empty())
    }
}

/// What a stream of this name that begins with these bytes is. With 64 KB the rules see enough; with fewer they may see less.
pub fn recognise(name: &str, prefix: &[u8]) -> Recognised {
    if prefix.is_empty() {
        return Recognised::new(Kind::Junk, "empty", MARKED, "it is empty");
    }
    let (encoding, mark) = Encoding::of_mark(prefix);
    if let Some(refusal) = refusal(prefix, encoding.is_wide()) {
        return Recognised::new(Kind::Junk, "binary", MARKED, refusal.to_string());
    }
    let mut scratch = Vec::new();
    let decoded = encoding.decode(&prefix[mark..]).0;
    let text = match plain(decoded.as_bytes(), &mut scratch) {
        same if same.len() == decoded.len() => Cow::Borrowed(decoded.as_ref()),
        other => String::from_utf8_lossy(other),
    };
    let head = Head {
        name: name.to_ascii_lowercase(),
        text: text.trim_start(),
        more: prefix.len() >= super::content::PREFIX,
        table: OnceCell::new(),
    };
    if head.text.is_empty() {
        return Recognised::new(Kind::Junk, "empty", MARKED, "there is nothing but spaces in it");
    }
    document::marked(&head)
        .or_else(|| telemetry::traces(&head))
        .or_else(|| telemetry::logs(&head))
        .or_else(|| telemetry::metrics(&head))
        .or_else(|| json::recognise(&head))
        .or_else(|| table::recognise(&head))
        .or_else(|| document::formed(&head))
        .unwrap_or_else(|| text::recognise(&head))
}
