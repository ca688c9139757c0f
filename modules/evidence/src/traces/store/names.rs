//! Names as small numbers, each kept once and no more than so many. Knows not what they name.

use crate::logs::template::{HashedMap, hash_bytes};

/// The number of the empty name: nothing says who or what.
pub const UNNAMED: u32 = 0;
/// The number of what came after the last name that there was room for.
const FURTHER: u32 = 1;
/// Bytes of a name that are kept.
const LONGEST: usize = 256;

/// Names by number.
#[derive(Debug)]
pub struct Names {
    numbers: HashedMap<u32>,
    texts: Vec<Box<str>>,
    most: usize,
    /// Names seen for which there was no room, counted by occurrence.
    folded: u64,
}

impl Names {
    /// Room for so many, beside the empty one and the one for all that come later.
    pub fn new(most: usize) -> Self {
        Self {
            numbers: HashedMap::default(),
            texts: vec!["".into(), "(further names)".into()],
            most,
            folded: 0,
        }
    }

    /// The number of a name. `normal` says what is kept of one that is new; two that are the same then have one number.
    pub fn number(&mut self, name: &[u8], normal: impl Fn(&str) -> Option<String>) -> u32 {
        if name.is_empty() {
            return UNNAMED;
        }
        let key = hash_bytes(name);
        if let Some(&number) = self.numbers.get(&key) {
            return number;
        }
        let text = String::from_utf8_lossy(&name[..name.len().min(LONGEST)]);
        let changed = normal(&text);
        let text = changed.as_deref().unwrap_or(&text);
        let own = hash_bytes(text.as_bytes());
        if let Some(&number) = self.numbers.get(&own) {
            // Spellings are remembered only while they are few; a million paths with ids in them are not.
            if self.numbers.len() < self.most * 2 {
                self.numbers.insert(key, number);
            }
            return number;
        }
        let Some(number) = u32::try_from(self.texts.len())
            .ok()
            .filter(|_| self.texts.len() < self.most + 2)
        else {
            self.folded += 1;
            return FURTHER;
        };
        self.texts.push(text.into());
        self.numbers.insert(own, number);
        if own != key && self.numbers.len() < self.most * 2 {
            self.numbers.insert(key, number);
        }
        number
    }

    /// The number of a name that is known.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(&hash_bytes(name.as_bytes())).copied()
    }

    /// The name of a number; empty where there is none.
    pub fn name(&self, number: u32) -> &str {
        usize::try_from(number)
            .ok()
            .and_then(|number| self.texts.get(number))
            .map_or("", |name| name)
    }

    /// Names with their numbers, the two special ones left out.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        (0..).zip(self.texts.iter().map(|name| &**name)).skip(2)
    }

    /// One more than the greatest number.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is no name but the special ones.
    pub fn is_empty(&self) -> bool {
        self.texts.len() <= 2
    }

    /// Occurrences of names for which there was no room.
    pub fn folded(&self) -> u64 {
        self.folded
    }
}

/// An operation without the identifiers in its path: a segment of digits alone, or of sixteen hexadecimal digits and more
/// (hyphens allowed), is a value. None where there is none.
pub fn without_ids(operation: &str) -> Option<String> {
    let is_id = |segment: &str| {
        let digits = segment.bytes().filter(u8::is_ascii_digit).count();
        let hexadecimal = segment.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        digits > 0 && (digits == segment.len() || (hexadecimal && segment.len() >= 16))
    };
    let path = operation
        .split(['?', ' '])
        .any(|part| part.split('/').skip(1).any(is_id));
    if !path {
        return None;
    }
    let mut text = String::with_capacity(operation.len());
    for (place, segment) in operation.split('/').enumerate() {
        if place > 0 {
            text.push('/');
        }
        let end = segment.find(['?', ' ']).unwrap_or(segment.len());
        let (head, tail) = segment.split_at(end);
        text.push_str(if place > 0 && is_id(head) { "<*>" } else { head });
        text.push_str(tail);
    }
    Some(text)
}
