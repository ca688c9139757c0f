//! The fields of one object of JSON in one pass, without building it.

/// A value as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'t> {
    /// Between the quotes, escapes included.
    Text(&'t [u8]),
    /// A number, `true`, `false` or `null`.
    Bare(&'t [u8]),
    /// An object, braces included.
    Object(&'t [u8]),
    /// An array, brackets included.
    Array(&'t [u8]),
}

/// Calls with each key and value of an object. False when the text is not one whole object.
pub fn fields<'t>(text: &'t [u8], mut each: impl FnMut(&'t [u8], Value<'t>)) -> bool {
    let text = text.trim_ascii();
    let mut at = match text.first() {
        Some(b'{') => blanks(text, 1),
        _ => return false,
    };
    if text.get(at) == Some(&b'}') {
        return at + 1 == text.len();
    }
    loop {
        let Some(key_end) = string(text, at) else { return false };
        let key = &text[at + 1..key_end - 1];
        at = blanks(text, key_end);
        if text.get(at) != Some(&b':') {
            return false;
        }
        at = blanks(text, at + 1);
        let Some((value, end)) = value(text, at) else {
            return false;
        };
        each(key, value);
        at = blanks(text, end);
        match text.get(at) {
            Some(b',') => at = blanks(text, at + 1),
            Some(b'}') => return at + 1 == text.len(),
            _ => return false,
        }
    }
}

/// Calls with each element of an array, as far as it is whole.
pub fn elements<'t>(text: &'t [u8], mut each: impl FnMut(Value<'t>)) {
    let text = text.trim_ascii();
    if text.first() != Some(&b'[') {
        return;
    }
    let mut at = blanks(text, 1);
    while let Some((element, end)) = value(text, at) {
        each(element);
        at = blanks(text, end);
        if text.get(at) != Some(&b',') {
            return;
        }
        at = blanks(text, at + 1);
    }
}

fn blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// The place after the closing quote of the string that opens here.
fn string(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let mut place = at + 1;
    loop {
        let found = place + memchr::memchr2(b'"', b'\\', text.get(place..)?)?;
        if text[found] == b'"' {
            return Some(found + 1);
        }
        place = found + 2;
    }
}

fn value(text: &[u8], at: usize) -> Option<(Value<'_>, usize)> {
    match *text.get(at)? {
        b'"' => string(text, at).map(|end| (Value::Text(&text[at + 1..end - 1]), end)),
        open @ (b'{' | b'[') => {
            let end = nested(text, at)?;
            let whole = &text[at..end];
            Some((
                if open == b'{' {
                    Value::Object(whole)
                } else {
                    Value::Array(whole)
                },
                end,
            ))
        }
        _ => {
            let length = text[at..]
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'))?;
            (length > 0).then(|| (Value::Bare(&text[at..at + length]), at + length))
        }
    }
}

fn nested(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_u32;
    loop {
        match *text.get(at)? {
            b'"' => {
                at = string(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Appends a string with its escapes resolved (RFC 8259, 7); a faulty one stays as it is.
pub fn unescape(text: &[u8], into: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &text[at..]) {
        into.extend_from_slice(&text[at..at + found]);
        at += found;
        let (byte, length) = match text.get(at + 1) {
            Some(b'n') => (b'\n', 2),
            Some(b't') => (b'\t', 2),
            Some(b'r') => (b'\r', 2),
            Some(b'b') => (0x08, 2),
            Some(b'f') => (0x0c, 2),
            Some(&byte @ (b'"' | b'\\' | b'/')) => (byte, 2),
            Some(b'u') => {
                at += unicode(text, at, into);
                continue;
            }
            _ => (b'\\', 1),
        };
        into.push(byte);
        at += length;
    }
    into.extend_from_slice(&text[at..]);
}

fn unicode(text: &[u8], at: usize, into: &mut Vec<u8>) -> usize {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6).filter(|escape| escape.starts_with(b"\\u"))?;
        u16::from_str_radix(std::str::from_utf8(&digits[2..]).ok()?, 16).ok()
    };
    let Some(first) = unit(at) else {
        into.push(b'\\');
        return 1;
    };
    let pair = [first, unit(at + 6).unwrap_or(0)];
    let (letter, length) = match char::decode_utf16(pair).next() {
        Some(Ok(letter)) => (letter, if letter.len_utf16() == 2 { 12 } else { 6 }),
        _ => (char::REPLACEMENT_CHARACTER, 6),
    };
    into.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    length
}
