//! Syslog: RFC 5424 and what is called RFC 3164, with or without the number in front.

use super::record::Head;
use crate::logs::{
    correlate::IdentifierKind,
    severity::Severity,
    time::{self, TimeContext},
};

/// Reads a line as syslog: time, host, program, message. `found` is the first timestamp in it. Gives the place of the message, or none when it is no syslog.
pub fn decode(
    text: &[u8],
    head: &mut Head,
    context: &TimeContext,
    found: Option<(usize, usize, time::Stamp)>,
) -> Option<usize> {
    let (number, from) = number_in_front(text).map_or((None, 0), |(number, end)| (Some(number), end));
    let numbered = number.and_then(|number| Severity::of_syslog(number & 7));
    if number.is_some() && text.get(from..from + 2) == Some(b"1 ") {
        let at = modern(text, from + 2, head, context)?;
        head.severity = numbered;
        return Some(at);
    }
    let (start, end, stamp) = if from == 0 {
        found?
    } else {
        time::find(&text[from..], context)?
    };
    let end = from + end;
    if start != 0 || text.get(end) != Some(&b' ') {
        return None;
    }
    let (host, at) = word(text, end + 1)?;
    let (program, after, pid) = tag(text, at)?;
    // Other logs write a timestamp, a word and a colon, too. A host is no severity, and is followed by a program with a
    // process unless the month is written out as in RFC 3164.
    let is_host = host[0].is_ascii_alphanumeric() && Severity::of_word(host).is_none();
    if number.is_none() && !(is_host && (pid || text[0].is_ascii_alphabetic())) {
        return None;
    }
    head.stamp = Some(stamp);
    head.severity = numbered;
    head.identifiers.push(IdentifierKind::Host, host);
    head.service.extend_from_slice(program);
    Some(after)
}

fn number_in_front(text: &[u8]) -> Option<(u64, usize)> {
    let close = memchr::memchr(b'>', &text[..text.len().min(6)])?;
    if text.first() != Some(&b'<') {
        return None;
    }
    let number = std::str::from_utf8(&text[1..close])
        .ok()?
        .parse()
        .ok()
        .filter(|number| *number < 192)?;
    Some((number, close + 1))
}

fn word(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = text.get(at..)?;
    let end = memchr::memchr(b' ', rest)?;
    (end > 0).then(|| (&rest[..end], at + end + 1))
}

/// `program[12]:` or `program:` (RFC 3164, 4.1.3): the program, the place of the message, and whether a process is named.
fn tag(text: &[u8], at: usize) -> Option<(&[u8], usize, bool)> {
    let rest = text.get(at..)?;
    let head = &rest[..rest.len().min(96)];
    let length = head.iter().position(|byte| matches!(byte, b':' | b'[' | b' ' | b'('))?;
    let mut end = length;
    if head[end] == b'(' {
        end += memchr::memchr(b')', &head[end..])? + 1;
    }
    let pid = head.get(end) == Some(&b'[');
    if pid {
        end += memchr::memchr(b']', &head[end..])? + 1;
    }
    if length == 0 || head.get(end) != Some(&b':') || rest.get(end + 1).is_some_and(|byte| *byte != b' ') {
        return None;
    }
    Some((&rest[..length], at + (end + 2).min(rest.len()), pid))
}

/// RFC 5424, 6: `TIMESTAMP HOST APP PROCID MSGID STRUCTURED-DATA MESSAGE`.
fn modern(text: &[u8], at: usize, head: &mut Head, context: &TimeContext) -> Option<usize> {
    let (stamp, at) = word(text, at)?;
    let (host, at) = word(text, at)?;
    let (program, at) = word(text, at)?;
    let (_, at) = word(text, at)?;
    let (_, mut at) = word(text, at)?;
    if text.get(at) == Some(&b'-') {
        at += 1;
    } else {
        while text.get(at) == Some(&b'[') {
            at += structured_end(&text[at..])?;
        }
    }
    let from_structure = text.get(at) == Some(&b' ');
    let at = at + usize::from(from_structure);
    let mark = usize::from(text[at..].starts_with(b"\xef\xbb\xbf")) * 3;
    head.stamp = time::whole(stamp, context);
    if host != b"-" {
        head.identifiers.push(IdentifierKind::Host, host);
    }
    if program != b"-" {
        head.service.extend_from_slice(program);
    }
    Some(at + mark)
}

fn structured_end(text: &[u8]) -> Option<usize> {
    let (mut at, mut quoted) = (1, false);
    loop {
        match *text.get(at)? {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
}
