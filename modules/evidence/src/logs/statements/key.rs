//! The key of a statement: its place in the code where a message names it, else its words without values.

/// Bytes in which a place in the code is looked for: loggers put it in front.
const HEAD: usize = 120;
/// Bytes of words that are looked at, and bytes of a key.
const WORDS: usize = 512;
pub(super) const LONGEST: usize = 160;
pub(super) const VALUE: &[u8] = b"<*>";

/// Writes the key of the statement that wrote this message into `key`, which is cleared. Tells whether it is a place in the code.
///
/// `OrderService#204` and `cart/store.go:31` are places. Without one, what is quoted or bracketed and every word with a digit
/// becomes `<*>`.
pub fn statement(message: &[u8], key: &mut Vec<u8>) -> bool {
    key.clear();
    let place = place(&message[..message.len().min(HEAD)]);
    if let Some(place) = &place {
        key.extend_from_slice(place.name);
        key.push(b'#');
        key.extend_from_slice(place.line);
    } else {
        words(&message[..message.len().min(WORDS)], true, key);
    }
    key.truncate(LONGEST);
    place.is_some()
}

/// What a message says to a reader: with its place in the code and what stands in brackets, without words that have a digit.
pub fn said(message: &[u8]) -> String {
    let (named, rest) = match place(&message[..message.len().min(HEAD)]) {
        Some(place) => {
            let end = place.start + place.name.len() + 1 + place.line.len();
            (&message[place.start..end], &message[end..])
        }
        None => (&b""[..], message),
    };
    let mut key = named.to_vec();
    if !key.is_empty() {
        key.push(b' ');
    }
    words(&rest[..rest.len().min(WORDS)], false, &mut key);
    key.truncate(LONGEST);
    String::from_utf8_lossy(&key).into_owned()
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'/' | b'-')
}

/// A place in the code, as a message names it.
struct Place<'m> {
    /// Of the first byte of the name.
    start: usize,
    name: &'m [u8],
    line: &'m [u8],
}

/// The first name of a file or class that is followed by a line number.
fn place(head: &[u8]) -> Option<Place<'_>> {
    let mut from = 0;
    while let Some(found) = memchr::memchr2(b'#', b':', &head[from..]) {
        let at = from + found;
        from = at + 1;
        let digits = head[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let after = head.get(from + digits);
        if digits == 0
            || digits > 6
            || after.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_' || *byte == b'.')
        {
            continue;
        }
        let length = head[..at].iter().rev().take_while(|byte| in_name(**byte)).count();
        let name = &head[at - length..at];
        let names = if head[at] == b'#' {
            is_class(name)
        } else {
            is_file(name)
        };
        if names {
            return Some(Place {
                start: at - length,
                name,
                line: &head[from..from + digits],
            });
        }
    }
    None
}

/// `Name`, `package.Name`, `a.b.Name$Inner`.
fn is_class(name: &[u8]) -> bool {
    name.first()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && name.len() > 2
}

/// A name with an ending of one to five letters, as source files have; a host's last part is followed by a port, which is why
/// the usual ones of networks are no endings.
fn is_file(name: &[u8]) -> bool {
    let Some(dot) = memchr::memrchr(b'.', name) else {
        return false;
    };
    let (stem, ending) = (&name[..dot], &name[dot + 1..]);
    let is_host = [
        &b"com"[..],
        b"net",
        b"org",
        b"io",
        b"local",
        b"svc",
        b"lan",
        b"dev",
        b"app",
        b"cloud",
    ]
    .contains(&ending);
    stem.iter().any(u8::is_ascii_alphabetic)
        && (1..=5).contains(&ending.len())
        && ending.iter().all(u8::is_ascii_lowercase)
        && !is_host
}

/// The words without their values. What is quoted or bracketed is a value, unless it is to be read.
fn words(message: &[u8], enclosed: bool, key: &mut Vec<u8>) {
    let mut at = 0;
    while at < message.len() && key.len() < LONGEST {
        let byte = message[at];
        let end = match byte {
            _ if !enclosed => None,
            b'"' => closed(message, at, b'"'),
            // In the middle of a word it is an apostrophe.
            b'\'' if at == 0 || !message[at - 1].is_ascii_alphanumeric() => closed(message, at, b'\''),
            b'[' => closed(message, at, b']'),
            b'{' => memchr::memrchr(b'}', &message[at..]).map(|length| at + length + 1),
            _ => None,
        };
        if let Some(end) = end {
            push_value(key);
            at = end;
            continue;
        }
        if byte.is_ascii_whitespace() {
            if key.last().is_some_and(|last| *last != b' ') {
                key.push(b' ');
            }
            at += 1;
            continue;
        }
        let length = message[at..]
            .iter()
            .skip(1)
            .take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'[' | b'{' | b'('))
            .count()
            + 1;
        let word = &message[at..at + length];
        if word.iter().any(u8::is_ascii_digit) {
            push_value(key);
        } else {
            key.extend_from_slice(word);
        }
        at += length;
    }
    while key.last() == Some(&b' ') {
        key.pop();
    }
}

fn closed(message: &[u8], open: usize, close: u8) -> Option<usize> {
    memchr::memchr(close, &message[open + 1..]).map(|length| open + length + 2)
}

/// Values in a row are one.
fn push_value(key: &mut Vec<u8>) {
    if !key.ends_with(VALUE) {
        key.extend_from_slice(VALUE);
    }
}
