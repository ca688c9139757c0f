//! Keyset paging: a page of items and an opaque cursor to the next one.

use serde::{Deserialize, Serialize};

/// One page of a list, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Pass this back as `cursor` to get the next page; absent on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that fits on one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }

    /// Builds a page from up to `limit + 1` rows: the extra row only proves that there is more.
    pub fn from_overfetch(mut items: Vec<T>, limit: usize, key: impl Fn(&T) -> Cursor) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more {
            items.last().map(|item| key(item).encode())
        } else {
            None
        };
        Self { items, next_cursor }
    }

    /// The same page with every item converted.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(convert).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

/// The sort key of the last item seen: parts joined when encoded, so that a multi-column key fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub Vec<String>);

/// The cursor was not made by this list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one this list gave out; start again without `cursor`")]
pub struct InvalidCursor;

impl Cursor {
    /// A cursor of one part.
    pub fn of(part: &impl ToString) -> Self {
        Self(vec![part.to_string()])
    }

    /// The opaque text handed to clients.
    pub fn encode(&self) -> String {
        let joined = self.0.join("\u{1f}");
        joined
            .bytes()
            .fold(String::with_capacity(joined.len() * 2), |mut text, byte| {
                text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
                text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
                text
            })
    }

    /// Reads back what [`Cursor::encode`] wrote.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn decode(text: &str) -> Result<Self, InvalidCursor> {
        if !text.is_ascii() || !text.len().is_multiple_of(2) {
            return Err(InvalidCursor);
        }
        let bytes = (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| InvalidCursor))
            .collect::<Result<Vec<u8>, _>>()?;
        let joined = String::from_utf8(bytes).map_err(|_| InvalidCursor)?;
        Ok(Self(joined.split('\u{1f}').map(str::to_owned).collect()))
    }

    /// Parses part `index` as `T`.
    ///
    /// # Errors
    /// When the part is missing or does not parse.
    pub fn part<T: std::str::FromStr>(&self, index: usize) -> Result<T, InvalidCursor> {
        self.0
            .get(index)
            .and_then(|part| part.parse().ok())
            .ok_or(InvalidCursor)
    }
}

/// Which page of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many items.
    pub limit: usize,
    /// Where to go on; `None` is the beginning.
    pub cursor: Option<Cursor>,
}

impl PageRequest {
    /// The first page of up to `limit` items.
    pub fn first(limit: usize) -> Self {
        Self { limit, cursor: None }
    }

    /// `limit + 1`, for the query behind [`Page::from_overfetch`].
    pub fn overfetch(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX - 1) + 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_survives_the_wire(parts in prop::collection::vec("[^\u{1f}]{0,12}", 1..4)) {
            let cursor = Cursor(parts);
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
        }

        #[test]
        fn any_other_text_is_refused_or_decodes_without_panicking(text in ".{0,40}") {
            let _ = Cursor::decode(&text);
        }
    }

    #[test]
    fn the_extra_row_only_says_that_there_is_more() {
        let page = Page::from_overfetch(vec![1, 2, 3], 2, Cursor::of);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(
            Cursor::decode(&page.next_cursor.unwrap()).unwrap().part::<i32>(0),
            Ok(2)
        );
        assert_eq!(Page::from_overfetch(vec![1, 2], 2, Cursor::of).next_cursor, None);
    }
}
