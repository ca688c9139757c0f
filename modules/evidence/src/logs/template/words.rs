//! Words: which of them are names by their shape, and which announce a name.

use super::{
    class::{DIGIT, LOWER, MARK, SLASH, STOP, UPPER, class},
    kind::ParameterKind,
    literal::is_number,
};

/// Nouns that a name follows at once, as in `user ann`.
const NOUNS: [&str; 26] = [
    "user",
    "username",
    "login",
    "host",
    "hostname",
    "device",
    "driver",
    "interface",
    "file",
    "directory",
    "domain",
    "database",
    "table",
    "column",
    "queue",
    "topic",
    "role",
    "volume",
    "bucket",
    "namespace",
    "class",
    "package",
    "account",
    "named",
    "called",
    "pod",
];
/// Words that say what happened to something, or only hold a sentence together: never a name.
const NO_NAMES: [&str; 42] = [
    "is", "was", "are", "were", "has", "have", "had", "not", "no", "and", "or", "but", "as", "if", "be", "been", "can",
    "cannot", "will", "may", "does", "did", "up", "down", "ok", "ready", "online", "offline", "unknown", "lost",
    "gone", "found", "sent", "set", "the", "a", "an", "it", "this", "that", "all", "any",
];
/// Prepositions before a name.
const PREPOSITIONS: [&str; 11] = ["for", "from", "to", "by", "on", "at", "of", "in", "into", "via", "with"];
/// Last labels of names of machines, besides the countries' two letters.
const TOP_LEVEL: [&str; 17] = [
    "com",
    "net",
    "org",
    "edu",
    "gov",
    "mil",
    "int",
    "info",
    "biz",
    "io",
    "dev",
    "local",
    "internal",
    "localdomain",
    "lan",
    "arpa",
    "cloud",
];
/// Ends of two letters that are more often a word, or the ending of a file, than a country.
const NO_COUNTRIES: [&str; 22] = [
    "id", "is", "in", "my", "me", "no", "so", "to", "at", "be", "py", "rs", "sh", "pl", "md", "gz", "cc", "ml", "ps",
    "ai", "js", "ts",
];
/// First labels of names of packages, which are written the other way round.
const PACKAGES: [&str; 9] = ["com", "org", "net", "io", "java", "javax", "edu", "gov", "de"];

fn one_of(list: &[&str], word: &[u8]) -> bool {
    word.len() <= 12 && list.iter().any(|entry| entry.as_bytes().eq_ignore_ascii_case(word))
}

/// Whether a name follows this noun.
pub fn is_noun(word: &[u8]) -> bool {
    one_of(&NOUNS, word)
}

/// Whether a word tells of a state or of something done, or holds a sentence together.
pub fn is_no_name(word: &[u8]) -> bool {
    let ends = |end: &[u8]| word.len() > end.len() + 2 && word[word.len() - end.len()..].eq_ignore_ascii_case(end);
    ends(b"ed") || ends(b"ing") || one_of(&NO_NAMES, word) || is_noun(word) || is_preposition(word)
}

/// Whether a name may follow this preposition.
pub fn is_preposition(word: &[u8]) -> bool {
    one_of(&PREPOSITIONS, word)
}

/// Whether a word is written like a name in a program: with dots, underscores, digits or inner capitals, and not as a
/// constant in capitals.
pub fn is_identifier(word: &[u8]) -> bool {
    if word.iter().all(|&byte| byte.is_ascii_uppercase() || byte == b'_') {
        return false;
    }
    word.iter()
        .any(|&byte| matches!(byte, b'.' | b'_' | b'$' | b'@' | b'/' | b'\\') || byte.is_ascii_digit())
        || word
            .windows(2)
            .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

/// Whether it is in small letters only.
pub fn is_lower(word: &[u8]) -> bool {
    word.iter().all(|byte| !byte.is_ascii_uppercase()) && word.iter().any(u8::is_ascii_lowercase)
}

/// How a word with one or two digits among letters and underscores is to be taken.
pub enum Numbered {
    /// A long name in mixed case, such as `Log4jLogger`: a word.
    Name,
    /// A short one, such as `eth0`: a word as long as it does not change.
    Soft,
    /// Anything else with a digit.
    Value,
}

/// Keys whose quoted text says what happened, and is no value.
const TELLING: [&str; 9] = [
    "msg", "message", "err", "error", "reason", "cause", "log", "text", "detail",
];

/// Whether the text of this key says what happened.
pub fn is_telling(key: &[u8]) -> bool {
    one_of(&TELLING, key)
}

/// Judges a word with a digit in it.
pub fn numbered(word: &[u8]) -> Numbered {
    if class(word[0]) & (LOWER | UPPER) == 0 || word[0] == b'_' || word.len() > 64 {
        return Numbered::Value;
    }
    let (mut count, mut runs, mut before, mut capitals, mut small, mut dollars) =
        (0_u32, 0_u32, false, 0_u32, 0_u32, false);
    for &byte in word {
        let kind = class(byte);
        let digit = kind & DIGIT != 0;
        if digit {
            count += 1;
            runs += u32::from(!before);
            if count > 2 {
                return Numbered::Value;
            }
        } else if kind & UPPER != 0 {
            capitals += 1;
        } else if kind & LOWER != 0 {
            small += u32::from(byte != b'_');
        } else if byte == b'$' {
            dollars = true;
        } else {
            return Numbered::Value;
        }
        before = digit;
    }
    let inner = word.windows(2).any(|pair| {
        (pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
            || (pair[0].is_ascii_digit() && pair[1].is_ascii_lowercase() && pair[1] != b'_')
    });
    if capitals > 0 && small > 0 && capitals + small >= 6 && (inner || capitals >= 2) {
        return Numbered::Name;
    }
    if dollars || runs > 1 || word.len() > 12 {
        Numbered::Value
    } else {
        Numbered::Soft
    }
}

/// Whether a word without a digit names a machine: three labels or more and a known end.
pub fn is_host(word: &[u8]) -> bool {
    let (Some(first), Some(last)) = (memchr::memchr(b'.', word), memchr::memrchr(b'.', word)) else {
        return false;
    };
    let end = &word[last + 1..];
    let known = match end.len() {
        2 => end.iter().all(u8::is_ascii_lowercase) && !one_of(&NO_COUNTRIES, end) || end == b"io",
        3..=11 => TOP_LEVEL.iter().any(|name| name.as_bytes() == end),
        _ => false,
    };
    known
        && first < last
        && !one_of(&PACKAGES, &word[..first])
        && word.split(|&byte| byte == b'.').all(|label| {
            !label.is_empty()
                && label
                    .iter()
                    .all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

/// Whether a word before `:` and a port names a machine: two labels or more, the last a short one in small letters.
pub fn is_host_before_port(word: &[u8]) -> bool {
    word.iter()
        .all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && word.rsplit(|&byte| byte == b'.').next().is_some_and(|last| {
            (2..=6).contains(&last.len()) && last.len() < word.len() && last.iter().all(u8::is_ascii_lowercase)
        })
        && class(word[0]) & (LOWER | UPPER | DIGIT) != 0
}

/// Whether it is `name@machine`.
pub fn is_email(word: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'@', word) else {
        return false;
    };
    let (name, machine) = (&word[..at], &word[at + 1..]);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+');
    !name.is_empty() && !machine.is_empty() && name.iter().all(plain) && machine.iter().all(plain)
}

/// Where the `@` of an object's identity stands: `org.example.Thing@1f2e3d`.
pub fn object_identity(word: &[u8]) -> Option<usize> {
    let at = memchr::memchr(b'@', word)?;
    let (name, hex) = (&word[..at], &word[at + 1..]);
    let hex = hex.strip_prefix(b"0x").unwrap_or(hex);
    ((4..=16).contains(&hex.len())
        && hex.iter().all(u8::is_ascii_hexdigit)
        && hex.iter().any(u8::is_ascii_digit)
        && name
            .last()
            .is_some_and(|&byte| class(byte) & (LOWER | UPPER) != 0 || byte == b'$')
        && (name.iter().any(|byte| matches!(byte, b'.' | b'$'))
            || name
                .windows(2)
                .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())))
    .then_some(at)
}

/// What a word with a digit is, when it is a value.
pub fn value_kind(word: &[u8], bits: u8) -> ParameterKind {
    if is_number(word) {
        return ParameterKind::Number;
    }
    if word[0] == b'/' {
        return slashed(&word[1..]);
    }
    let hex = |run: &[u8]| run.len() >= 6 && run.iter().all(u8::is_ascii_hexdigit);
    if word.starts_with(b"0x") || word.starts_with(b"0X") || hex(word) {
        return ParameterKind::Hex;
    }
    if bits & STOP != 0 && is_dotted_quad(word) {
        return ParameterKind::Ip;
    }
    if word.len() == 36 && [8, 13, 18, 23].iter().all(|&place| word[place] == b'-') {
        return ParameterKind::Uuid;
    }
    let digits = word
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
        .count();
    if digits > 0 {
        match &word[digits..] {
            b"ms" | b"us" | b"ns" | b"s" | b"sec" | b"m" | b"min" | b"h" => return ParameterKind::Duration,
            b"k" | b"K" | b"KB" | b"kB" | b"kb" | b"M" | b"MB" | b"G" | b"GB" | b"MiB" | b"GiB" | b"KiB" | b"B" => {
                return ParameterKind::Size;
            }
            _ => {}
        }
    }
    if bits & SLASH != 0 && word.iter().filter(|&&byte| matches!(byte, b'/' | b'\\')).count() >= 2 {
        return ParameterKind::Path;
    }
    if bits & STOP != 0 && is_host(word) {
        ParameterKind::Host
    } else if bits & MARK != 0 && is_email(word) {
        ParameterKind::Email
    } else {
        ParameterKind::Identifier
    }
}

fn slashed(rest: &[u8]) -> ParameterKind {
    if is_dotted_quad(rest) {
        ParameterKind::Ip
    } else {
        ParameterKind::Path
    }
}

fn is_dotted_quad(word: &[u8]) -> bool {
    let mut parts = 0;
    word.split(|&byte| byte == b'.').all(|part| {
        parts += 1;
        (1..=3).contains(&part.len()) && part.iter().all(u8::is_ascii_digit)
    }) && parts == 4
}
