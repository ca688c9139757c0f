//! Passages that unfold: the place first, then the words exactly as they stand, with what cannot be seen made visible.

use std::cell::Cell;

use mainstay_evidence::{quote::Quote, source::Encoding};
use maud::{Markup, html};

use crate::report::words;

/// Passages shown of one fact; the rest is counted.
const OF_ONE_FACT: usize = 6;
/// Bytes of all passages of a page together, as they are drawn.
const OF_ALL: usize = 300_000;

/// What of the page's size is left for passages.
pub struct Quotes {
    left: Cell<usize>,
}

impl Quotes {
    /// Room for all.
    pub fn new() -> Self {
        Self {
            left: Cell::new(OF_ALL),
        }
    }

    /// Passages under a line that unfolds them. Nothing when there are none.
    pub fn unfold(&self, quotes: &[Quote]) -> Markup {
        let Some(first) = quotes.first() else {
            return html! {};
        };
        html! {
            details.quotes {
                summary {
                    span.place { (words::place(first)) }
                    @if quotes.len() > 1 { span.more { "and " (words::plural(quotes.len() - 1, "more", "more")) } }
                }
                (self.all(quotes))
            }
        }
    }

    /// Passages in full view.
    pub fn all(&self, quotes: &[Quote]) -> Markup {
        let mut shown = 0;
        let mut figures = Vec::new();
        for quote in quotes.iter().take(OF_ONE_FACT) {
            let figure = figure(quote);
            let Some(left) = self.left.get().checked_sub(figure.0.len()) else {
                break;
            };
            self.left.set(left);
            shown += 1;
            figures.push(figure);
        }
        html! {
            @for figure in &figures { (figure) }
            @if quotes.len() > shown {
                p.left-out { (words::plural(quotes.len() - shown, "more passage is", "more passages are")) " in the JSON form." }
            }
        }
    }
}

fn figure(quote: &Quote) -> Markup {
    html! {
        figure.quote {
            figcaption {
                span.place { (words::place(quote)) }
                span.range {
                    "bytes " (quote.bytes.start) "–" (quote.bytes.end)
                    @if quote.member.is_some() { " of the member" }
                    ", " (encoding(quote.encoding))
                }
            }
            pre tabindex="0" { (verbatim(&quote.text)) }
        }
    }
}

fn encoding(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "UTF-8",
        Encoding::Utf8Lossy => "UTF-8 with faulty bytes shown as \u{fffd}",
        Encoding::Utf16Le => "UTF-16, low byte first",
        Encoding::Utf16Be => "UTF-16, high byte first",
    }
}

/// The words of a source; what is hidden in them is shown and set apart, so that it is not taken for their text.
fn verbatim(text: &str) -> Markup {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    let mut pieces: Vec<(bool, String)> = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let sequence = escape(rest);
        let (hidden, length) = match character {
            '\n' | '\t' => (false, 1),
            _ if sequence > 0 => (true, sequence),
            _ => (words::is_hidden(character), character.len_utf8()),
        };
        let (piece, after) = rest.split_at(length);
        let visible = |one: char| {
            if words::is_hidden(one) {
                words::picture(one)
            } else {
                one.to_string()
            }
        };
        let piece = if hidden {
            piece.chars().map(visible).collect()
        } else {
            piece.to_owned()
        };
        match pieces.last_mut() {
            Some((same, last)) if *same == hidden => last.push_str(&piece),
            _ => pieces.push((hidden, piece)),
        }
        rest = after;
    }
    html! {
        @for (hidden, piece) in &pieces {
            @if *hidden { span.hidden { (piece) } } @else { (piece) }
        }
    }
}

/// Bytes of the control sequence at the beginning (ECMA-48, 5.4); nought when there is none.
fn escape(text: &str) -> usize {
    let Some(body) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let end = body
        .find(|character: char| !(' '..='?').contains(&character))
        .unwrap_or(body.len());
    let last = body[end..]
        .chars()
        .next()
        .filter(char::is_ascii_graphic)
        .map_or(0, char::len_utf8);
    2 + end + last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_control_characters_are_shown_apart_and_markup_is_text() {
        let markup = verbatim("\u{1b}[31mERROR\u{1b}[0m <b>\u{7}\r\n").into_string();
        assert_eq!(
            markup,
            "<span class=\"hidden\">^[[31m</span>ERROR<span class=\"hidden\">^[[0m</span> &lt;b&gt;<span class=\"hidden\">^G</span>"
        );
    }

    #[test]
    fn an_escape_at_the_end_is_shown() {
        assert_eq!(verbatim("a\u{1b}[").into_string(), "a<span class=\"hidden\">^[[</span>");
    }
}
