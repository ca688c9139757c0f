//! A key as it is compared: words, signs and values, and a name that is equal for those that say the same.

use super::Keyed;
use crate::logs::{
    statements::key::{LONGEST, VALUE},
    template::{BREAK, Sequence, class, hash_bytes, is_no_name},
};

/// Bytes that count of a key whose end was cut off: names of different lengths in it move the cut.
const BEFORE_CUT: usize = 120;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the key has no word for.
    Value,
    /// A word that was found to be a value.
    Found,
    /// A blank, or what has no letter.
    Sign,
    /// A word that is never a value.
    Fixed,
    /// Any other word.
    Word,
}

/// One token of a key.
#[derive(Debug, Clone, Copy)]
pub struct Token<'k> {
    /// Its bytes.
    pub text: &'k [u8],
    /// Equal for equal bytes.
    pub hash: u64,
    /// What it is.
    pub kind: Kind,
}

impl<'k> Token<'k> {
    /// Judges a token by its bytes.
    pub fn new(text: &'k [u8]) -> Self {
        let letter = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
        let bare = text.iter().rposition(letter).map(|last| &text[..=last]);
        let kind = match bare {
            _ if text == VALUE => Kind::Value,
            None => Kind::Sign,
            Some(word) if is_no_name(word) => Kind::Fixed,
            Some(_) => Kind::Word,
        };
        let hash = hash_bytes(text);
        Self { text, hash, kind }
    }

    /// In the place of a word that was found to be a value.
    pub fn found() -> Self {
        Self {
            kind: Kind::Found,
            ..Self::new(VALUE)
        }
    }

    /// Whether it is a word, of any kind.
    pub fn is_constant(&self) -> bool {
        matches!(self.kind, Kind::Fixed | Kind::Word)
    }
}

/// Cuts a key into values, words, and signs of one byte.
fn tokens(key: &[u8]) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = key;
    while let Some(first) = rest.first() {
        let length = if rest.starts_with(VALUE) {
            VALUE.len()
        } else if class(*first) & BREAK != 0 {
            1
        } else {
            let ends = |at: &usize| class(rest[*at]) & BREAK != 0 || rest[*at..].starts_with(VALUE);
            (1..rest.len()).find(ends).unwrap_or(rest.len())
        };
        let (token, others) = rest.split_at(length);
        tokens.push(Token::new(token));
        rest = others;
    }
    tokens
}

/// Keys that are taken for one.
#[derive(Debug)]
pub struct Pattern<'k> {
    /// Stands for the component, the severity and whether the key was cut off.
    pub whose: u64,
    /// Whether its end was cut off.
    pub is_cut: bool,
    /// What it says.
    pub tokens: Vec<Token<'k>>,
    /// Numbers of the statements.
    pub members: Vec<u32>,
}

impl<'k> Pattern<'k> {
    /// A key that was not compared with others yet.
    pub fn of(key: &Keyed<'k>) -> Self {
        let is_cut = key.key.len() >= LONGEST;
        let severity = key.severity.map_or(0, |severity| severity as u64 + 1);
        let mut tokens = tokens(key.key);
        if is_cut {
            tokens.pop();
        }
        Self {
            whose: u64::from(key.component) << 16 | severity << 1 | u64::from(is_cut),
            is_cut,
            tokens,
            members: vec![key.number],
        }
    }

    /// Its tokens with values in some places, as far as they count.
    pub fn with_values(&self, is_value: impl Fn(usize) -> bool) -> Vec<Token<'k>> {
        let mut room = if self.is_cut { BEFORE_CUT } else { usize::MAX };
        let tokens = self
            .tokens
            .iter()
            .enumerate()
            .map(|(at, token)| if is_value(at) { Token::found() } else { *token });
        tokens
            .take_while(|token| {
                let fits = token.text.len() <= room;
                room = room.saturating_sub(token.text.len());
                fits
            })
            .collect()
    }

    /// Equal for those that say the same.
    pub fn name_of(&self, tokens: &[Token<'k>]) -> u64 {
        name_of(self.whose, tokens.iter().map(|token| token.hash))
    }

    /// Calls with each place of a word, and with the name with a value there.
    pub fn each_masked(&self, mut each: impl FnMut(usize, u64)) {
        if self.is_cut {
            for place in self.places() {
                let without = self.with_values(|at| at == place);
                if place < without.len() {
                    each(place, self.name_of(&without));
                }
            }
            return;
        }
        let mut whole = Sequence::EMPTY;
        whole.push(self.whose);
        let factors: Vec<u64> = self.tokens.iter().map(|token| whole.push(token.hash)).collect();
        let value = Token::found().hash;
        for place in self.places() {
            each(place, whole.exchanged(factors[place], self.tokens[place].hash, value));
        }
    }

    /// Places of words.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        let words = self.tokens.iter().enumerate();
        words.filter(|(_, token)| token.is_constant()).map(|(place, _)| place)
    }

    /// Whether nothing but signs stands before this place.
    pub fn begins_at(&self, place: usize) -> bool {
        self.tokens[..place].iter().all(|token| token.kind == Kind::Sign)
    }
}

/// Stands for any word in a shape.
pub const ANY_WORD: u64 = 0xA5A5_0000_0000_0009;

/// One hash of several, in their order.
pub fn name_of(whose: u64, hashes: impl Iterator<Item = u64>) -> u64 {
    let mut sequence = Sequence::EMPTY;
    sequence.push(whose);
    for hash in hashes {
        sequence.push(hash);
    }
    sequence.finish()
}

/// How many words stay.
pub fn constants(tokens: &[Token<'_>]) -> usize {
    tokens.iter().filter(|token| token.is_constant()).count()
}

/// How many words were found to be values.
pub fn found(tokens: &[Token<'_>]) -> usize {
    tokens.iter().filter(|token| token.kind == Kind::Found).count()
}
