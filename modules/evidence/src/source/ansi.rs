//! Terminal colours and other escape sequences (ECMA-48): taken out before a message is read, left in when it is quoted.

const ESCAPE: u8 = 0x1b;

/// The text without escape sequences. `scratch` is used when there are any.
pub fn plain<'t>(text: &'t [u8], scratch: &'t mut Vec<u8>) -> &'t [u8] {
    let Some(first) = memchr::memchr(ESCAPE, text) else {
        return text;
    };
    scratch.clear();
    scratch.extend_from_slice(&text[..first]);
    let mut at = first;
    while at < text.len() {
        if text[at] == ESCAPE {
            at = after_sequence(text, at);
        } else {
            let next = memchr::memchr(ESCAPE, &text[at..]).map_or(text.len(), |found| at + found);
            scratch.extend_from_slice(&text[at..next]);
            at = next;
        }
    }
    scratch
}

fn after_sequence(text: &[u8], escape: usize) -> usize {
    match text.get(escape + 1) {
        // Control sequence: parameters, intermediates, one final byte (ECMA-48, 5.4).
        Some(b'[') => text[escape + 2..]
            .iter()
            .position(|byte| !(0x20..=0x3f).contains(byte))
            .map_or(text.len(), |last| escape + 3 + last),
        // Control string, up to BEL or ESC \ (ECMA-48, 5.6).
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let body = &text[escape + 2..];
            match memchr::memchr2(0x07, ESCAPE, body) {
                Some(end) if body[end] == 0x07 => escape + 3 + end,
                Some(end) if body.get(end + 1) == Some(&b'\\') => escape + 4 + end,
                Some(end) => escape + 2 + end,
                None => text.len(),
            }
        }
        Some(_) => escape + 2,
        None => text.len(),
    }
}
