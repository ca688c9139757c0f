//! Drafts: findings whose passages are asked for, and read once all are known.

use mainstay_evidence::quote::Quote;

use crate::{
    quoting::{Quotes, Ticket},
    report::{Finding, InputKind},
};

/// A finding whose passages are still to be read.
#[derive(Debug)]
pub struct Draft {
    /// Which kind of evidence shows it.
    pub kind: InputKind,
    /// The fact, in one sentence with its numbers.
    pub text: String,
    /// How sure it is.
    pub certainty: f64,
    /// When it was first seen.
    pub at: Option<i64>,
    /// Passages that are there.
    pub quotes: Vec<Quote>,
    /// Those that were asked for.
    pub tickets: Vec<Ticket>,
}

impl Draft {
    /// The finding with its passages.
    pub fn finish(self, quotes: &Quotes) -> Finding {
        let mut all = self.quotes;
        all.extend(quotes.all(&self.tickets));
        Finding {
            kind: self.kind,
            text: self.text,
            certainty: self.certainty,
            at: self.at,
            quotes: all,
        }
    }

    /// A finding without a time and passages.
    pub fn said(kind: InputKind, text: String, certainty: f64) -> Self {
        Self {
            kind,
            text,
            certainty,
            at: None,
            quotes: Vec::new(),
            tickets: Vec::new(),
        }
    }
}
