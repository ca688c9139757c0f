//! Foreign text made harmless: in one line, of bounded length, with what cannot be seen shown as something that can.

use std::borrow::Cow;

/// Characters of a sentence; a longer one is cut, its whole is in the JSON form.
pub const SENTENCE: usize = 400;
/// Characters of a name.
pub const NAME: usize = 160;

/// Text of a source in one line: control characters made visible, at most so many characters.
pub fn shown(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most * 4));
    for (place, character) in text.chars().enumerate() {
        if place >= most {
            line.push('…');
            break;
        }
        match character {
            '\n' | '\t' => line.push(' '),
            _ if is_hidden(character) => line.push_str(&picture(character)),
            _ => line.push(character),
        }
    }
    line
}

/// A sentence that was composed elsewhere: in one line, and no number parted from its unit.
pub fn sentence(text: &str) -> String {
    const UNITS: [&str; 12] = ["%", "s", "ms", "µs", "min", "h", "d", "B", "KiB", "MiB", "GiB", "times"];
    let text = shown(text, SENTENCE);
    let mut line = String::with_capacity(text.len());
    for (place, word) in text.split(' ').enumerate() {
        if place > 0 {
            let unit = word.trim_end_matches(['.', ',', ';', ':', ')']);
            let close = UNITS.contains(&unit) && line.ends_with(|last: char| last.is_ascii_digit());
            line.push(if close { '\u{a0}' } else { ' ' });
        }
        line.push_str(word);
    }
    line
}

/// Cuts in the middle, where names differ least.
pub fn cut(name: &str, most: usize) -> Cow<'_, str> {
    let length = name.chars().count();
    if length <= most {
        return Cow::Borrowed(name);
    }
    let tail = most / 3;
    let head: String = name.chars().take(most.saturating_sub(tail + 1)).collect();
    let tail: String = name.chars().skip(length - tail).collect();
    Cow::Owned(format!("{head}…{tail}"))
}

/// Whether a character is not seen as itself, or would change how its neighbours are seen: control characters, and the marks
/// that turn the direction of writing or have no width (Unicode Standard Annex 9, section 2).
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(character, '\u{61c}' | '\u{fff9}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}')
}

/// What is shown for a hidden character: `^[` for a control character of ASCII, as `cat -v` does, and for others its number.
pub fn picture(character: char) -> String {
    match u8::try_from(character) {
        // The caret stands for a bit that is turned: 0x1b is ^[, 0x7f is ^?.
        Ok(byte) if byte.is_ascii() => format!("^{}", char::from(byte ^ 0x40)),
        _ => format!("<U+{:04X}>", u32::from(character)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_become_visible() {
        assert_eq!(shown("a\u{1b}[31mb\u{202e}c\0", 40), "a^[[31mb<U+202E>c^@");
        assert_eq!(shown("abcdef", 3), "abc…");
        assert_eq!(cut("a-very-long-service-name", 12), "a-very-…name");
    }
}
