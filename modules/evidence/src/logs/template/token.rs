//! Tokens: what a message is cut into.

use super::{hash, kind::ParameterKind};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A value: the wildcard of a template.
    Wild(ParameterKind),
    /// Blank of any length.
    Space,
    /// One byte that ends words.
    Delimiter(u8),
    /// A constant word.
    Word,
    /// A word with a short number in it, such as `eth0`: a constant only when it never changes.
    Soft,
}

/// One token of a message, by its place in it.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// Equal for tokens that a template cannot tell apart.
    pub hash: u64,
    /// First byte in the text.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// What it is.
    pub kind: TokenKind,
}

/// Hash of every wildcard.
pub const WILD: u64 = 0xA5A5_0000_0000_0001;
/// Hash of every blank.
pub const BLANK: u64 = 0xA5A5_0000_0000_0003;

impl Token {
    /// A wildcard.
    #[inline]
    pub fn wild(kind: ParameterKind, start: u32, end: u32) -> Self {
        Self {
            hash: WILD,
            start,
            end,
            kind: TokenKind::Wild(kind),
        }
    }

    /// A blank.
    #[inline]
    pub fn space(start: u32, end: u32) -> Self {
        Self {
            hash: BLANK,
            start,
            end,
            kind: TokenKind::Space,
        }
    }

    /// A delimiter.
    #[inline]
    pub fn delimiter(byte: u8, start: u32) -> Self {
        Self {
            hash: (u64::from(byte) << 8 | 0xA5A5_0000_0000_0005).wrapping_mul(0x9E37_79B9_7F4A_7C15),
            start,
            end: start + 1,
            kind: TokenKind::Delimiter(byte),
        }
    }

    /// A word of the text.
    #[inline]
    pub fn word(text: &[u8], start: u32, end: u32, soft: bool) -> Self {
        Self {
            hash: hash::bytes(&text[start as usize..end as usize]),
            start,
            end,
            kind: if soft { TokenKind::Soft } else { TokenKind::Word },
        }
    }

    /// Whether it is a value.
    #[inline]
    pub fn is_wild(&self) -> bool {
        matches!(self.kind, TokenKind::Wild(_))
    }

    /// Whether it is a word, soft or not.
    #[inline]
    pub fn is_word(&self) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Soft)
    }

    /// Whether it is this delimiter.
    #[inline]
    pub fn is(&self, byte: u8) -> bool {
        self.kind == TokenKind::Delimiter(byte)
    }

    /// Its bytes.
    #[inline]
    pub fn of<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        &text[self.start as usize..self.end as usize]
    }
}

/// Adds a token; values that are joined by `:`, `,`, `.` or `@` without a blank become one.
#[inline]
pub fn push_joined(tokens: &mut Vec<Token>, token: Token) {
    if let TokenKind::Wild(kind) = token.kind {
        match tokens.as_mut_slice() {
            [.., last] if last.is_wild() => {
                last.end = token.end;
                return;
            }
            [.., before, last] if before.is_wild() && joins(last) => {
                before.kind = TokenKind::Wild(joined(before.kind, kind, last));
                before.end = token.end;
                tokens.pop();
                return;
            }
            _ => {}
        }
    }
    tokens.push(token);
}

fn joins(token: &Token) -> bool {
    matches!(token.kind, TokenKind::Delimiter(b':' | b',' | b'.' | b'@'))
}

fn joined(first: TokenKind, second: ParameterKind, by: &Token) -> ParameterKind {
    let TokenKind::Wild(first) = first else { return second };
    match (first, second) {
        (ParameterKind::Ip | ParameterKind::Host, ParameterKind::Number) if by.is(b':') => first,
        (ParameterKind::Number | ParameterKind::Time, ParameterKind::Number) if by.is(b':') => ParameterKind::Time,
        (ParameterKind::Number, ParameterKind::Number) if by.is(b',') => ParameterKind::List,
        (ParameterKind::Time, ParameterKind::Number) => ParameterKind::Time,
        (ParameterKind::Path, _) => ParameterKind::Path,
        (same, other) if same == other && by.is(b',') => ParameterKind::List,
        _ => ParameterKind::Identifier,
    }
}
