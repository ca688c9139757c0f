//! The scanner: one pass over a message, from bytes to tokens with every recognisable value as a wildcard.

use super::{
    class::{BREAK, COMPLEX, DELIMITER, DIGIT, MARK, SPACE, STOP, UPPER, class},
    kind::ParameterKind,
    literal,
    token::{Token, push_joined},
    words::{self, Numbered},
};

/// Tokens of one message; the rest of a longer one is one wildcard.
pub const LONGEST: usize = 256;
/// Words longer than this are values, whatever they are made of.
const LONGEST_WORD: usize = 100;
/// Bytes of one message that are looked at.
pub const LONGEST_TEXT: usize = 1 << 16;

/// Cuts a message into tokens.
pub fn scan(text: &[u8], tokens: &mut Vec<Token>) {
    tokens.clear();
    let text = &text[..text.len().min(LONGEST_TEXT)];
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        let kind = class(byte);
        if tokens.len() >= LONGEST {
            push_joined(tokens, wild(ParameterKind::List, at, text.len()));
            break;
        }
        at = if kind & SPACE != 0 {
            blank(text, at, tokens)
        } else if kind & DELIMITER != 0 {
            delimiter(text, at, tokens)
        } else {
            word(text, at, tokens)
        };
    }
    while tokens
        .last()
        .is_some_and(|last| last.kind == super::token::TokenKind::Space)
    {
        tokens.pop();
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a message is cut at LONGEST_TEXT bytes")]
fn place(at: usize) -> u32 {
    at as u32
}

#[inline]
fn wild(kind: ParameterKind, start: usize, end: usize) -> Token {
    Token::wild(kind, place(start), place(end))
}

#[inline]
fn blank(text: &[u8], start: usize, tokens: &mut Vec<Token>) -> usize {
    let mut at = start + 1;
    while at < text.len() && class(text[at]) & SPACE != 0 {
        at += 1;
    }
    if !tokens.is_empty() {
        tokens.push(Token::space(place(start), place(at)));
    }
    at
}

#[inline]
fn delimiter(text: &[u8], at: usize, tokens: &mut Vec<Token>) -> usize {
    let byte = text[at];
    if byte == b'\''
        && let Some(close) = literal::quoted_word(text, at)
    {
        tokens.push(Token::delimiter(byte, place(at)));
        tokens.push(wild(ParameterKind::Quoted, at + 1, close));
        tokens.push(Token::delimiter(byte, place(close)));
        return close + 1;
    }
    if byte == b'"'
        && let [.., key, equals] = tokens.as_slice()
        && equals.is(b'=')
        && !words::is_telling(key.of(text))
        && let Some(close) = literal::quoted_text(text, at)
    {
        tokens.push(Token::delimiter(byte, place(at)));
        tokens.push(wild(ParameterKind::Quoted, at + 1, close));
        tokens.push(Token::delimiter(byte, place(close)));
        return close + 1;
    }
    if byte == b':'
        && text.get(at + 1) == Some(&b':')
        && let Some((end, kind)) = literal::colon_groups(text, at)
    {
        push_joined(tokens, wild(kind, at, end));
        return end;
    }
    tokens.push(Token::delimiter(byte, place(at)));
    at + 1
}

fn word(text: &[u8], start: usize, tokens: &mut Vec<Token>) -> usize {
    let (mut end, mut bits) = (start, 0);
    while end < text.len() {
        let kind = class(text[end]);
        if kind & BREAK != 0 {
            break;
        }
        bits |= kind;
        end += 1;
    }
    if let Some(after) = spanning(text, start, end, bits, tokens) {
        return after;
    }
    if bits & COMPLEX == 0 {
        let token = if is_literal(&text[start..end]) {
            wild(
                if end - start < 4 || text[start] | 32 == b'n' {
                    ParameterKind::Null
                } else {
                    ParameterKind::Boolean
                },
                start,
                end,
            )
        } else if end - start > LONGEST_WORD {
            wild(ParameterKind::Identifier, start, end)
        } else {
            Token::word(text, place(start), place(end), false)
        };
        push_joined(tokens, token);
        return end;
    }
    let mut stop = end;
    // A path in the middle of a message may end with a stop; anything else is the end of a sentence.
    if bits & STOP != 0 && !(text[start] == b'/' && end < text.len()) {
        while stop > start && class(text[stop - 1]) & STOP != 0 {
            stop -= 1;
        }
    }
    if stop > start {
        complex(text, start, stop, bits, tokens);
    }
    for (tail, &byte) in (stop..).zip(&text[stop..end]) {
        tokens.push(Token::delimiter(byte, place(tail)));
    }
    end
}

/// Values that go on past the end of the word: dates, URLs, addresses, paths and sizes.
#[inline]
fn spanning(text: &[u8], start: usize, end: usize, bits: u8, tokens: &mut Vec<Token>) -> Option<usize> {
    let next = text.get(end).copied();
    let mut found = None;
    if bits & COMPLEX == 0 {
        if next == Some(b':') {
            found = if end - start == 1 {
                literal::drive_path(text, start).map(|after| (after, ParameterKind::Path))
            } else {
                None
            };
        } else if matches!(next, Some(b' ' | b',')) && literal::may_begin_date(&text[start..end]) {
            found = literal::written_date(text, start).map(|after| (after, ParameterKind::Time));
        }
    } else if bits & DIGIT != 0 && class(text[start]) & DIGIT != 0 {
        if bits & UPPER == 0 && end - start == 10 || end - start == 13 {
            found = literal::numeric_date(text, start).map(|after| (after, ParameterKind::Time));
        }
        if found.is_none() && next == Some(b' ') && literal::is_number(&text[start..end]) {
            found = literal::byte_unit(text, end).map(|after| (after, ParameterKind::Size));
        }
    } else if matches!(text[start], b'<' | b'>') {
        found = literal::bounded_duration(text, start).map(|after| (after, ParameterKind::Duration));
    }
    if found.is_none() && next == Some(b':') {
        found = literal::url_tail(text, end).map(|after| (after, ParameterKind::Url));
        if found.is_none() && end - start <= 4 {
            found = literal::colon_groups(text, start);
        }
    }
    let (after, kind) = found?;
    push_joined(tokens, wild(kind, start, after));
    Some(after)
}

fn is_literal(word: &[u8]) -> bool {
    (3..=5).contains(&word.len())
        && matches!(word[0] | 32, b't' | b'f' | b'n')
        && [&b"true"[..], b"false", b"null", b"nil"]
            .iter()
            .any(|literal| literal.eq_ignore_ascii_case(word))
}

/// A word with a digit, a mark or a slash in it, without the stops at its end.
fn complex(text: &[u8], start: usize, stop: usize, bits: u8, tokens: &mut Vec<Token>) {
    let word = &text[start..stop];
    let next = text.get(stop).copied();
    let kind = if bits & MARK != 0
        && let Some(at) = words::object_identity(word)
    {
        tokens.push(Token::word(text, place(start), place(start + at), false));
        tokens.push(Token::delimiter(b'@', place(start + at)));
        tokens.push(wild(ParameterKind::Hex, start + at + 1, stop));
        return;
    } else if bits & MARK != 0 && word[0] == b'#' && word.len() > 1 && word[1..].iter().all(u8::is_ascii_digit) {
        tokens.push(Token::delimiter(b'#', place(start)));
        tokens.push(wild(ParameterKind::Number, start + 1, stop));
        return;
    } else if bits & DIGIT != 0 {
        match words::numbered(word) {
            _ if next == Some(b'(') && word[0].is_ascii_alphabetic() => None,
            Numbered::Name => None,
            Numbered::Soft => {
                push_joined(tokens, Token::word(text, place(start), place(stop), true));
                return;
            }
            Numbered::Value => Some(words::value_kind(word, bits)),
        }
    } else {
        digitless(word, next, text.get(stop + 1).copied(), tokens)
    };
    let token = match kind {
        Some(kind) => wild(kind, start, stop),
        None if word.len() > LONGEST_WORD => wild(ParameterKind::Identifier, start, stop),
        None => Token::word(text, place(start), place(stop), false),
    };
    push_joined(tokens, token);
}

/// What a word with marks but no digit is, when it is a value.
fn digitless(word: &[u8], next: Option<u8>, after: Option<u8>, tokens: &[Token]) -> Option<ParameterKind> {
    if word[0] == b'/' {
        let alone = word.len() == 1 && !tokens.last().is_some_and(|last| last.is(b'='));
        return (!alone).then_some(ParameterKind::Path);
    }
    if word.len() == 3 && word.eq_ignore_ascii_case(b"n/a") {
        return Some(ParameterKind::Null);
    }
    if memchr::memchr(b'\\', &word[1..]).is_some_and(|at| at + 2 < word.len()) {
        return Some(ParameterKind::Path);
    }
    let port = next == Some(b':') && after.is_some_and(|byte| byte.is_ascii_digit());
    if words::is_host(word) || port && words::is_host_before_port(word) {
        return Some(ParameterKind::Host);
    }
    words::is_email(word).then_some(ParameterKind::Email)
}
