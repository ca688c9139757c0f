//! A pattern: tokens with the text of their words, free of the message they came from.

use super::{
    hash::Sequence,
    kind::ParameterKind,
    token::{Token, TokenKind, push_joined},
};

/// What stands for a value in the text of a template.
pub const WILDCARD: &str = "<*>";

/// Constant words and wildcards in their order.
#[derive(Debug, Clone)]
pub struct Pattern {
    tokens: Box<[Token]>,
    words: Box<[u8]>,
    hash: u64,
}

/// Hash of a sequence of tokens.
#[inline]
pub fn hash_of(tokens: &[Token]) -> u64 {
    let mut sequence = Sequence::EMPTY;
    for token in tokens {
        sequence.push(token.hash);
    }
    sequence.finish()
}

impl Pattern {
    /// Copies the words out of a text.
    pub(super) fn new(tokens: &[Token], text: &[u8]) -> Self {
        let size = tokens
            .iter()
            .filter(|token| token.is_word())
            .map(|token| token.of(text).len())
            .sum();
        let mut words = Vec::with_capacity(size);
        let tokens: Box<[Token]> = tokens
            .iter()
            .map(|token| {
                let start = place(words.len());
                if token.is_word() {
                    words.extend_from_slice(token.of(text));
                }
                Token {
                    start,
                    end: place(words.len()),
                    ..*token
                }
            })
            .collect();
        Self {
            hash: hash_of(&tokens),
            tokens,
            words: words.into(),
        }
    }

    /// The same with wildcards of this kind where `is_value` says so, neighbours joined.
    pub(super) fn generalized(&self, kind: ParameterKind, is_value: impl Fn(usize) -> bool) -> Self {
        let mut tokens = Vec::with_capacity(self.tokens.len());
        for (index, token) in self.tokens.iter().enumerate() {
            let token = if is_value(index) {
                Token::wild(kind, token.start, token.end)
            } else {
                *token
            };
            push_joined(&mut tokens, token);
        }
        Self::new(&tokens, &self.words)
    }

    /// The same with every run of wildcards between blanks as one.
    pub(super) fn without_runs(&self) -> Self {
        let mut tokens: Vec<Token> = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            tokens.push(*token);
            if let [.., first, blank, last] = tokens.as_slice()
                && first.is_wild()
                && blank.kind == TokenKind::Space
                && last.is_wild()
            {
                let (start, end) = (first.start, last.end);
                tokens.truncate(tokens.len() - 3);
                tokens.push(Token::wild(ParameterKind::List, start, end));
            }
        }
        Self::new(&tokens, &self.words)
    }

    /// Its tokens.
    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The text its tokens point into.
    pub(super) fn words(&self) -> &[u8] {
        &self.words
    }

    /// The bytes of one of its words.
    pub(super) fn word(&self, index: usize) -> &[u8] {
        self.tokens[index].of(&self.words)
    }

    /// Equal for equal patterns.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// How many wildcards it has.
    pub fn wildcards(&self) -> usize {
        self.tokens.iter().filter(|token| token.is_wild()).count()
    }

    /// The words that are constant, in their order.
    pub fn constants(&self) -> impl Iterator<Item = &[u8]> {
        self.tokens
            .iter()
            .filter(|token| token.is_word())
            .map(|token| token.of(&self.words))
    }

    /// Bytes it holds on the heap.
    pub(super) fn heap_size(&self) -> usize {
        self.words.len() + self.tokens.len() * size_of::<Token>()
    }

    /// The text, with `<*>` for each wildcard and one blank for any.
    pub fn text(&self) -> String {
        let mut text = Vec::with_capacity(self.words.len() + self.tokens.len());
        for token in &self.tokens {
            match token.kind {
                TokenKind::Wild(_) => text.extend_from_slice(WILDCARD.as_bytes()),
                TokenKind::Space => text.push(b' '),
                TokenKind::Delimiter(byte) => text.push(byte),
                TokenKind::Word | TokenKind::Soft => text.extend_from_slice(token.of(&self.words)),
            }
        }
        String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the words of a message are no longer than the message"
)]
fn place(at: usize) -> u32 {
    at as u32
}
