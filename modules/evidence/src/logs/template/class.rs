//! Byte classes: what a byte can be part of, in one table look-up.

/// Blank between words.
pub const SPACE: u8 = 1;
/// Ends a word and stands for itself.
pub const DELIMITER: u8 = 2;
/// `0` to `9`.
pub const DIGIT: u8 = 4;
/// Lower-case letter, underscore, or any byte above ASCII.
pub const LOWER: u8 = 8;
/// Upper-case ASCII letter.
pub const UPPER: u8 = 16;
/// `.` and `?`, which end a sentence when they end a word.
pub const STOP: u8 = 32;
/// `/` and `\`.
pub const SLASH: u8 = 64;
/// Anything else that can stand inside a word.
pub const MARK: u8 = 128;
/// Ends a word.
pub const BREAK: u8 = SPACE | DELIMITER;
/// What a word needs to have for more than a plain look.
pub const COMPLEX: u8 = DIGIT | STOP | SLASH | MARK;

/// Class of each byte.
pub static CLASS: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [MARK; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => SPACE,
            b',' | b';' | b':' | b'=' | b'|' | b'"' | b'\'' | b'[' | b']' | b'(' | b')' | b'{' | b'}' | b'!' => {
                DELIMITER
            }
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'_' | 0x80..=0xff => LOWER,
            b'A'..=b'Z' => UPPER,
            b'.' | b'?' => STOP,
            b'/' | b'\\' => SLASH,
            _ => MARK,
        };
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

/// Class of one byte.
#[inline]
pub fn class(byte: u8) -> u8 {
    CLASS[usize::from(byte)]
}

/// Whether a byte is a letter, a digit or an underscore.
#[inline]
pub fn is_word_byte(byte: u8) -> bool {
    class(byte) & (DIGIT | LOWER | UPPER) != 0
}
