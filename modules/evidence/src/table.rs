//! Tables of text: cells of one line of CSV (RFC 4180), also where quotes are not closed as they should be.

/// What stands between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Separator(pub u8);

impl Separator {
    /// The one that a header uses most, outside quotes.
    pub fn of(header: &[u8]) -> Option<Self> {
        [b',', b'\t', b';']
            .into_iter()
            .map(|byte| (cells(header, Self(byte)).count(), Self(byte)))
            .filter(|(count, _)| *count > 1)
            .max_by_key(|(count, _)| *count)
            .map(|(_, separator)| separator)
    }
}

/// Cells of a line as they stand, quotes included. A quote counts at the beginning of a cell only, and one that is not closed
/// goes to the end of the line.
pub(crate) fn cells(line: &[u8], separator: Separator) -> Cells<'_> {
    Cells {
        rest: Some(line),
        separator: separator.0,
    }
}

/// Iterates over the cells of a line.
pub(crate) struct Cells<'l> {
    rest: Option<&'l [u8]>,
    separator: u8,
}

impl<'l> Cells<'l> {
    /// All that was not given out yet.
    pub fn rest(&mut self) -> Option<&'l [u8]> {
        self.rest.take()
    }
}

impl<'l> Iterator for Cells<'l> {
    type Item = &'l [u8];

    fn next(&mut self) -> Option<&'l [u8]> {
        let rest = self.rest?;
        let from = if rest.first() == Some(&b'"') {
            closed(rest).unwrap_or(rest.len())
        } else {
            0
        };
        let end = memchr::memchr(self.separator, &rest[from..]).map(|at| from + at);
        self.rest = end.map(|end| &rest[end + 1..]);
        Some(&rest[..end.unwrap_or(rest.len())])
    }
}

/// Where the quote that begins this cell is closed: after the mark that is not doubled.
fn closed(cell: &[u8]) -> Option<usize> {
    let mut at = 1;
    while let Some(found) = memchr::memchr(b'"', &cell[at..]) {
        at += found + 1;
        if cell.get(at) != Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Whether a cell begins with a quote that is not closed, so that it goes on in the next line.
pub(crate) fn unclosed(cell: &[u8]) -> bool {
    cell.first() == Some(&b'"') && closed(cell).is_none()
}

/// The value of a cell: without the quotes around it, and doubled ones once. What stands behind the closing quote is left out
/// if it begins another cell, and kept if the quote was none that closes.
pub(crate) fn unquoted(cell: &[u8], into: &mut Vec<u8>) {
    into.clear();
    let Some(mut rest) = cell.strip_prefix(b"\"") else {
        into.extend_from_slice(cell);
        return;
    };
    while let Some(at) = memchr::memchr(b'"', rest) {
        into.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.first() {
            None => return,
            Some(b'"') => {
                rest = &rest[1..];
                into.push(b'"');
            }
            Some(b',' | b';' | b'\t') if memchr::memchr(b'"', rest).is_none() => return,
            Some(_) => into.push(b'"'),
        }
    }
    into.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(line: &str) -> Vec<String> {
        cells(line.as_bytes(), Separator(b','))
            .map(|cell| String::from_utf8_lossy(cell).into_owned())
            .collect()
    }

    #[test]
    fn a_separator_inside_quotes_is_none() {
        assert_eq!(split("a,\"b,\"\"c\"\"\",d"), ["a", "\"b,\"\"c\"\"\"", "d"]);
        assert_eq!(split("a,\"b, c"), ["a", "\"b, c"]);
        assert_eq!(split("a,,"), ["a", "", ""]);
        assert_eq!(Separator::of(b"time;level;message"), Some(Separator(b';')));
        assert_eq!(Separator::of(b"one word"), None);
    }

    #[test]
    fn a_value_has_its_quotes_resolved_and_irregular_ones_kept() {
        for (cell, value) in [
            ("a", "a"),
            ("\"a, \"\"b\"\"\"", "a, \"b\""),
            ("\"a \"b\" c\"", "a \"b\" c"),
            ("\"open", "open"),
            ("\"end\",other", "end"),
        ] {
            let mut into = Vec::new();
            unquoted(cell.as_bytes(), &mut into);
            assert_eq!(String::from_utf8_lossy(&into), value, "{cell}");
        }
        assert!(unclosed(b"\"a\"\"") && !unclosed(b"\"a\"") && !unclosed(b"a\""));
    }

    proptest! {
        #[test]
        fn cells_and_separators_make_up_the_line(line in "[a\",\\n ]{0,40}") {
            prop_assert_eq!(split(&line).join(","), line);
        }
    }
}
