//! The fields of a line of `key=value key="two words"`.

/// Calls with each key and value; escapes in quotes are left as they are. Gives the number of pairs, or none when more
/// than a word or two of the line is no pair.
pub fn fields<'t>(text: &'t [u8], mut each: impl FnMut(&'t [u8], &'t [u8])) -> Option<usize> {
    let (mut at, mut pairs, mut others) = (0, 0, 0);
    while at < text.len() {
        if text[at] == b' ' {
            at += 1;
            continue;
        }
        let start = at;
        while text
            .get(at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@' | b'/'))
        {
            at += 1;
        }
        if at == start || text.get(at) != Some(&b'=') {
            others += 1;
            if others > 2 {
                return None;
            }
            while text.get(at).is_some_and(|byte| *byte != b' ') {
                at += 1;
            }
            continue;
        }
        let key = &text[start..at];
        at += 1;
        let value = if text.get(at) == Some(&b'"') {
            let from = at + 1;
            at = from;
            loop {
                let found = at + memchr::memchr2(b'"', b'\\', &text[at.min(text.len())..])?;
                if text[found] == b'"' {
                    at = found + 1;
                    break &text[from..found];
                }
                at = found + 2;
            }
        } else {
            let from = at;
            while text.get(at).is_some_and(|byte| *byte != b' ') {
                at += 1;
            }
            &text[from..at]
        };
        pairs += 1;
        each(key, value);
    }
    (pairs > others * 2).then_some(pairs)
}
