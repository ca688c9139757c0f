//! Fields of one row of CSV, in place (RFC 4180, and what is written in its name). Knows no header.

use std::ops::Range;

/// Characters that separate fields, most usual first.
const SEPARATORS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// The separator of a header: the one that is there most often.
pub fn separator(header: &[u8]) -> u8 {
    let count = |separator: u8| memchr::memchr_iter(separator, header).count();
    let mut best = SEPARATORS[0];
    for separator in SEPARATORS {
        if count(separator) > count(best) {
            best = separator;
        }
    }
    best
}

/// Finds the fields of a row, without their quotes. False when a quoted field does not end in it.
///
/// A quote that is not at the beginning of a field is a character like any other.
pub fn split(row: &[u8], separator: u8, fields: &mut Vec<Range<usize>>) -> bool {
    fields.clear();
    if memchr::memchr(b'"', row).is_none() {
        let mut from = 0;
        for at in memchr::memchr_iter(separator, row) {
            fields.push(from..at);
            from = at + 1;
        }
        fields.push(from..row.len());
        return true;
    }
    let mut at = 0;
    loop {
        let quoted = row.get(at) == Some(&b'"');
        let end = if quoted {
            match closing(row, at + 1, separator) {
                Some(end) => end,
                None => return false,
            }
        } else {
            memchr::memchr(separator, &row[at..]).map_or(row.len(), |found| at + found)
        };
        fields.push(if quoted { at + 1..end } else { at..end });
        at = if quoted { end + 1 } else { end };
        if at >= row.len() {
            return true;
        }
        at += 1;
        if at == row.len() {
            fields.push(at..at);
            return true;
        }
    }
}

/// The quote that ends a field: the next thing is a separator or the end.
fn closing(row: &[u8], from: usize, separator: u8) -> Option<usize> {
    let mut at = from;
    loop {
        let found = at + memchr::memchr(b'"', row.get(at..)?)?;
        match row.get(found + 1) {
            None => return Some(found),
            Some(&next) if next == separator => return Some(found),
            Some(b'"') => at = found + 2,
            Some(_) => at = found + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(row: &str) -> Option<Vec<&str>> {
        let mut fields = Vec::new();
        split(row.as_bytes(), b',', &mut fields).then(|| fields.into_iter().map(|field| &row[field]).collect())
    }

    #[test]
    fn fields_are_found_with_and_without_quotes() {
        assert_eq!(of("a,,c"), Some(vec!["a", "", "c"]));
        assert_eq!(of(r#""a,b",c,"#), Some(vec!["a,b", "c", ""]));
        assert_eq!(of(r#"a "b",c"#), Some(vec![r#"a "b""#, "c"]));
        assert_eq!(of(r#""say ""hi""",2"#), Some(vec![r#"say ""hi"""#, "2"]));
        assert_eq!(of(r#"1,"goes on"#), None);
    }

    #[test]
    fn the_separator_is_the_one_that_is_there_most_often() {
        assert_eq!(separator(b"a;b;c,d"), b';');
        assert_eq!(separator(b"alone"), b',');
    }
}
