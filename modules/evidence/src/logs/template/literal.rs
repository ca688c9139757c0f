//! Recognisers of values by their form. Each takes the text and a place, and says where the value ends.

use super::{
    class::{BREAK, DIGIT, SPACE, class, is_word_byte},
    kind::ParameterKind,
};

const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];
const DAYS: [&[u8; 3]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];
const ZONES: [&[u8]; 20] = [
    b"UTC", b"GMT", b"EST", b"EDT", b"CST", b"CDT", b"MST", b"MDT", b"PST", b"PDT", b"CET", b"CEST", b"EET", b"EEST",
    b"BST", b"IST", b"JST", b"HKT", b"MSK", b"AEST",
];
const TIME_UNITS: [&[u8]; 18] = [
    b"ms", b"us", b"ns", b"s", b"sec", b"secs", b"second", b"seconds", b"min", b"mins", b"minute", b"minutes", b"h",
    b"hour", b"hours", b"msec", b"millis", b"usec",
];

fn lower3(text: &[u8]) -> Option<[u8; 3]> {
    text.first_chunk::<3>()
        .map(|head| head.map(|byte| byte.to_ascii_lowercase()))
}

fn month(text: &[u8]) -> bool {
    lower3(text).is_some_and(|head| MONTHS.contains(&&head))
}

/// Whether a word may begin a written date.
#[inline]
pub fn may_begin_date(word: &[u8]) -> bool {
    if !(3..=9).contains(&word.len()) {
        return false;
    }
    let Some(head) = lower3(word) else { return false };
    matches!(
        head[0],
        b'j' | b'f' | b'm' | b'a' | b's' | b'o' | b'n' | b'd' | b't' | b'w'
    ) && (MONTHS.contains(&&head) || DAYS.contains(&&head))
}

fn letters(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_alphabetic) {
        at += 1;
    }
    at
}

fn digits(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

fn blanks(text: &[u8], mut at: usize) -> Option<usize> {
    let from = at;
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    (at > from).then_some(at)
}

/// `hh:mm`, with seconds and a fraction where they follow.
pub fn clock(text: &[u8], at: usize) -> Option<usize> {
    let hours = digits(text, at);
    if !(1..=2).contains(&(hours - at)) || text.get(hours) != Some(&b':') {
        return None;
    }
    let minutes = digits(text, hours + 1);
    if minutes - hours != 3 {
        return None;
    }
    let mut end = minutes;
    if text.get(minutes) == Some(&b':') && digits(text, minutes + 1) == minutes + 3 {
        end = minutes + 3;
        if matches!(text.get(end), Some(b'.' | b',')) && digits(text, end + 1) > end + 1 {
            end = digits(text, end + 1);
        }
    }
    Some(end)
}

fn year(text: &[u8], at: usize) -> Option<usize> {
    let end = digits(text, at);
    (end - at == 4 && !text.get(end).copied().is_some_and(is_word_byte)).then_some(end)
}

fn zone(text: &[u8], at: usize) -> Option<usize> {
    let end = letters(text, at);
    if ZONES.contains(&&text[at..end]) {
        return Some(end);
    }
    (matches!(text.get(at), Some(b'+' | b'-')) && digits(text, at + 1) == at + 5).then_some(at + 5)
}

/// A written date with a time of day: `Wed Jul 27 14:41:57 2005`, `Jul 27, 2005 14:41:57 CEST`.
pub fn written_date(text: &[u8], at: usize) -> Option<usize> {
    let mut place = at;
    if !month(&text[place..]) {
        place = letters(text, place);
        if text.get(place) == Some(&b',') {
            place += 1;
        }
        place = blanks(text, place)?;
        if !month(&text[place..]) {
            return None;
        }
    }
    place = blanks(text, letters(text, place))?;
    let day = digits(text, place);
    if !(1..=2).contains(&(day - place)) {
        return None;
    }
    place = if text.get(day) == Some(&b',') { day + 1 } else { day };
    place = blanks(text, place)?;
    let mut dated = false;
    if let Some(end) = year(text, place) {
        dated = true;
        place = blanks(text, end)?;
    }
    let mut end = clock(text, place)?;
    if let Some(after) = blanks(text, end).and_then(|next| zone(text, next)) {
        end = after;
    }
    if !dated && let Some(after) = blanks(text, end).and_then(|next| year(text, next)) {
        end = after;
    }
    Some(end)
}

/// `yyyy-mm-dd`, or with slashes, and a time of day after a blank or a `T`.
pub fn numeric_date(text: &[u8], at: usize) -> Option<usize> {
    let year = digits(text, at);
    let by = *text.get(year)?;
    if year - at != 4 || !matches!(by, b'-' | b'/') {
        return None;
    }
    let month = digits(text, year + 1);
    let day = digits(text, month + 1);
    if month != year + 3 || text.get(month) != Some(&by) || day != month + 3 {
        return None;
    }
    let start = match text.get(day) {
        Some(b' ' | b'T') => day + 1,
        _ => return (!text.get(day).copied().is_some_and(is_word_byte)).then_some(day),
    };
    let Some(mut end) = clock(text, start) else {
        return (text[day] == b' ').then_some(day);
    };
    if text.get(end) == Some(&b'Z') {
        end += 1;
    } else if matches!(text.get(end), Some(b'+' | b'-')) {
        let hours = digits(text, end + 1);
        if hours == end + 5 {
            end = hours;
        } else if hours == end + 3 && text.get(hours) == Some(&b':') && digits(text, hours + 1) == hours + 3 {
            end = hours + 3;
        }
    }
    Some(end)
}

/// What follows `scheme` at its colon: `://…`.
pub fn url_tail(text: &[u8], colon: usize) -> Option<usize> {
    if text.get(colon + 1..colon + 3) != Some(b"//") {
        return None;
    }
    let mut end = colon + 3;
    while let Some(&byte) = text.get(end) {
        if class(byte) & SPACE != 0
            || matches!(
                byte,
                b',' | b';' | b'"' | b'\'' | b'<' | b'>' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'|'
            )
        {
            break;
        }
        end += 1;
    }
    while end > colon + 3 && matches!(text[end - 1], b'.' | b':' | b'!' | b'?') {
        end -= 1;
    }
    (end > colon + 3).then_some(end)
}

/// A unit of bytes after a number, with or without a blank: ` KB`, `MiB`, ` B`.
pub fn byte_unit(text: &[u8], at: usize) -> Option<usize> {
    let start = at + usize::from(text.get(at) == Some(&b' '));
    let mut place = start;
    if matches!(text.get(place), Some(b'K' | b'k' | b'M' | b'G' | b'T' | b'P')) {
        place += 1;
        if text.get(place) == Some(&b'i') {
            place += 1;
        }
    }
    if text.get(place) != Some(&b'B') {
        return None;
    }
    let ends = |byte: u8| !is_word_byte(byte) && byte != b'/';
    text.get(place + 1).copied().is_none_or(ends).then_some(place + 1)
}

/// A unit of time after a number that had a bound in front: `<1 sec`.
pub fn bounded_duration(text: &[u8], at: usize) -> Option<usize> {
    if !matches!(text.get(at), Some(b'<' | b'>')) {
        return None;
    }
    let number = at + 1 + usize::from(text.get(at + 1) == Some(&b'='));
    let mut end = digits(text, number);
    if end == number {
        return None;
    }
    if text.get(end) == Some(&b'.') {
        end = digits(text, end + 1);
    }
    let unit = end + usize::from(text.get(end) == Some(&b' '));
    let after = letters(text, unit);
    (TIME_UNITS.contains(&&text[unit..after])).then_some(after)
}

/// The end of what stands between single quotes, when it is one word: the place of the closing quote.
pub fn quoted_word(text: &[u8], quote: usize) -> Option<usize> {
    const LONGEST: usize = 256;
    if quote > 0 && is_word_byte(text[quote - 1]) {
        return None;
    }
    let inside = &text[quote + 1..text.len().min(quote + 1 + LONGEST)];
    let length = inside
        .iter()
        .position(|&byte| byte == b'\'' || class(byte) & SPACE != 0)?;
    let close = quote + 1 + length;
    let ends = text.get(close + 1).copied().is_none_or(|byte| !is_word_byte(byte));
    (length > 0 && text[close] == b'\'' && ends).then_some(close)
}

/// The end of what stands between double quotes: the place of the closing quote.
pub fn quoted_text(text: &[u8], quote: usize) -> Option<usize> {
    const LONGEST: usize = 256;
    let inside = &text[quote + 1..text.len().min(quote + 1 + LONGEST)];
    let length = memchr::memchr2(b'"', b'\\', inside)?;
    (length > 0 && inside[length] == b'"').then_some(quote + 1 + length)
}

/// Groups of hexadecimal digits between colons: a hardware address or an address of IPv6.
pub fn colon_groups(text: &[u8], at: usize) -> Option<(usize, ParameterKind)> {
    let (mut place, mut groups, mut pairs, mut seen_digit, mut empty) = (at, 0, 0, false, 0);
    loop {
        let start = place;
        while let Some(byte) = text.get(place).filter(|byte| byte.is_ascii_hexdigit()) {
            seen_digit |= byte.is_ascii_digit();
            place += 1;
        }
        let width = place - start;
        if width > 4 {
            return None;
        }
        empty += i32::from(width == 0);
        groups += 1;
        pairs += i32::from(width == 2);
        if text.get(place) != Some(&b':') || empty > 2 {
            break;
        }
        place += 1;
    }
    if !seen_digit || text.get(place).copied().is_some_and(is_word_byte) || text.get(place - 1) == Some(&b':') {
        return None;
    }
    if groups == 6 && pairs == 6 {
        return Some((place, ParameterKind::Mac));
    }
    (groups == 8 && empty == 0 || (3..8).contains(&groups) && empty > 0).then_some((place, ParameterKind::Ip))
}

/// A path of Windows at its drive letter: `C:\…`.
pub fn drive_path(text: &[u8], letter: usize) -> Option<usize> {
    if text.get(letter + 1..letter + 3) != Some(b":\\") {
        return None;
    }
    let mut end = letter + 3;
    while text.get(end).is_some_and(|&byte| class(byte) & BREAK == 0) {
        end += 1;
    }
    Some(end)
}

/// Whether all of it is digits with at most sign, separators and a percent sign.
pub fn is_number(word: &[u8]) -> bool {
    let body = match word {
        [b'+' | b'-' | b'<' | b'>' | b'~' | b'$', rest @ ..] => rest,
        _ => word,
    };
    let body = body.strip_suffix(b"%").unwrap_or(body);
    let mut stops = 0;
    !body.is_empty()
        && class(body[0]) & DIGIT != 0
        && body.iter().all(|&byte| {
            stops += i32::from(byte == b'.');
            byte == b'.' || byte.is_ascii_digit()
        })
        && stops <= 1
}
