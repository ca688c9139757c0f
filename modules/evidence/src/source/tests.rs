//! Lines of any stream, and quotes of them.

use proptest::prelude::*;

use super::{Encoding, LineLimits, LineReader, Origin, ReadError, Refusal, plain};
use crate::quote::Quote;

fn lines(content: &[u8], limit: usize) -> Vec<(u64, u64, Vec<u8>, u64)> {
    let mut reader = LineReader::new(content, LineLimits { line: limit });
    let mut lines = Vec::new();
    while let Some(line) = reader.next_line().expect("text") {
        lines.push((line.number, line.start, line.text.to_vec(), line.skipped));
    }
    lines
}

fn wide(text: &str, little: bool) -> Vec<u8> {
    let mark = [0xfeff_u16];
    mark.into_iter()
        .chain(text.encode_utf16())
        .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
        .collect()
}

#[test]
fn lines_have_numbers_and_places() {
    let found = lines(b"one\r\ntwo\n\nfour", 100);
    assert_eq!(
        found,
        [
            (1, 0, b"one".to_vec(), 0),
            (2, 5, b"two".to_vec(), 0),
            (3, 9, vec![], 0),
            (4, 10, b"four".to_vec(), 0)
        ]
    );
}

#[test]
fn a_line_that_is_too_long_is_cut_and_the_rest_is_counted() {
    let mut content = vec![b'x'; 1 << 20];
    content.extend_from_slice(b"\nnext\n");
    let found = lines(&content, 1_000);
    assert_eq!((found[0].2.len(), found[0].3), (1_000, (1 << 20) - 1_000));
    assert_eq!(found[1], (2, (1 << 20) + 1, b"next".to_vec(), 0));
}

#[test]
fn utf_16_is_read_by_its_mark_and_quoted_from_its_bytes() {
    for little in [true, false] {
        let content = wide("début\r\nGrüße 🙂\n", little);
        let mut reader = LineReader::new(content.as_slice(), LineLimits::default());
        let first = reader.next_line().expect("text").expect("a line");
        assert_eq!((first.text, first.start), ("début".as_bytes(), 2));
        let second = reader.next_line().expect("text").expect("a line");
        assert_eq!(second.text, "Grüße 🙂".as_bytes());
        let quote = Quote::new(
            &Origin::file("a.log"),
            second.number,
            second.start,
            second.raw,
            second.encoding,
        );
        assert!(quote.holds(&content) && quote.text == "Grüße 🙂" && quote.encoding.is_wide());
    }
}

#[test]
fn faulty_utf_8_is_quoted_with_replacements_and_says_so() {
    let content = b"caf\xe9 \x1b[31mred\x1b[0m\n";
    let mut reader = LineReader::new(content.as_slice(), LineLimits::default());
    let line = reader.next_line().expect("text").expect("a line");
    let quote = Quote::new(
        &Origin::member("logs.zip", "a.log"),
        line.number,
        line.start,
        line.raw,
        line.encoding,
    );
    assert_eq!(
        (quote.text.as_str(), quote.encoding),
        ("caf\u{fffd} \u{1b}[31mred\u{1b}[0m", Encoding::Utf8Lossy)
    );
    assert!(quote.holds(content));
    let json = serde_json::to_value(&quote).expect("JSON");
    assert_eq!(
        (&json["bytes"], &json["encoding"], &json["member"]),
        (&serde_json::json!([0, 17]), &"utf-8-lossy".into(), &"a.log".into())
    );
}

#[test]
fn what_is_no_text_is_refused_with_a_reason() {
    let refusal = |content: &[u8]| match LineReader::new(content, LineLimits::default()).next_line() {
        Err(ReadError::Refused(refusal)) => refusal.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(b"\x7fELF\x02\x01"), "this is a program (ELF)");
    assert_eq!(
        refusal(&[0, 1, 2, 3, b'a', b'b', b'c', b'd']),
        "50 % of the first 8 bytes are control characters: this is not text"
    );
    assert!(matches!(
        LineReader::new(&b"\x1f\x8b\x08"[..], LineLimits::default()).next_line(),
        Err(ReadError::Refused(Refusal::Known(_)))
    ));
}

#[test]
fn colours_are_taken_out() {
    let mut scratch = Vec::new();
    assert_eq!(
        plain(b"\x1b[1;31mERROR\x1b[0m \x1b]0;title\x07done", &mut scratch),
        b"ERROR done"
    );
    assert_eq!(plain(b"no colours", &mut scratch), b"no colours");
    assert_eq!(plain(b"cut \x1b[3", &mut scratch), b"cut ");
}

/// Gives out its bytes in pieces of odd sizes.
struct Pieces<'c>(&'c [u8], usize);

impl std::io::Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.1 = self.1 % 7 + 1;
        let count = self.1.min(self.0.len()).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

proptest! {
    #[test]
    fn every_line_slices_back_and_nothing_is_lost(content in proptest::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(b'\n')], 0..400), limit in 1_usize..64, mark in 0_usize..3) {
        let marks: [&[u8]; 3] = [b"", b"\xff\xfe", b"\xfe\xff"];
        let content: Vec<u8> = marks[mark].iter().chain(&content).copied().collect();
        let mut reader = LineReader::new(Pieces(&content, 0), LineLimits { line: limit & !1 | 2 });
        let origin = Origin::file("x");
        let mut end = if mark == 0 { Encoding::of_mark(&content).1 as u64 } else { 2 };
        loop {
            match reader.next_line() {
                Ok(Some(line)) => {
                    prop_assert_eq!(line.start, end);
                    let width = if line.encoding.is_wide() { 2 } else { 1 };
                    end = line.start + line.raw.len() as u64 + line.skipped + if line.carriage_return { width * 2 } else { width };
                    prop_assert!(line.raw.len() <= limit + 2);
                    prop_assert!(Quote::new(&origin, line.number, line.start, line.raw, line.encoding).holds(&content));
                }
                Ok(None) => {
                    prop_assert!(end >= content.len() as u64);
                    break;
                }
                Err(ReadError::Refused(_)) => break,
                Err(error) => prop_assert!(false, "{}", error),
            }
        }
    }

    #[test]
    fn a_cut_falls_between_characters(text in "\\PC{0,40}", most in 0_usize..60) {
        let cut = Encoding::Utf8.cut(text.as_bytes(), most);
        prop_assert!(std::str::from_utf8(cut).is_ok() && cut.len() <= most.max(text.len().min(most)));
        let content = wide(&text, true);
        let cut = Encoding::Utf16Le.cut(&content, most);
        let fault = char::REPLACEMENT_CHARACTER;
        prop_assert!(!Encoding::Utf16Le.decode(cut).0.contains(fault) || text.contains(fault));
    }
}
