//! Severity: how bad a message is, by its own word, number or letter.

use serde::Serialize;

/// How bad a message says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Finer than debugging.
    Trace,
    /// For who wrote it.
    Debug,
    /// Ordinary.
    Info,
    /// Ordinary, but worth a look.
    Notice,
    /// May go wrong.
    Warning,
    /// Went wrong.
    Error,
    /// Cannot go on.
    Critical,
}

impl Severity {
    /// How many there are.
    pub const COUNT: usize = 7;
    /// All, least first.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
    ];

    /// Its name, in small letters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// By the word that programs use for it.
    pub fn of_word(word: &[u8]) -> Option<Self> {
        let mut lower = [0_u8; 13];
        let lower = lower.get_mut(..word.len())?;
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"trace" | b"trc" | b"verbose" | b"finest" | b"finer" | b"silly" => Self::Trace,
            b"debug" | b"dbg" | b"debu" | b"fine" | b"config" => Self::Debug,
            b"info" | b"information" | b"informational" | b"inf" | b"log" => Self::Info,
            b"notice" => Self::Notice,
            b"warn" | b"warning" | b"wrn" => Self::Warning,
            b"error" | b"err" | b"eror" | b"severe" | b"failure" => Self::Error,
            b"fatal" | b"critical" | b"crit" | b"alert" | b"emerg" | b"emergency" | b"panic" | b"dpanic" | b"ftl" => {
                Self::Critical
            }
            _ => return None,
        })
    }

    /// By the number of syslog (RFC 5424, 6.2.1): 0 emergency to 7 debug.
    pub fn of_syslog(number: u64) -> Option<Self> {
        Some(match number {
            0..=2 => Self::Critical,
            3 => Self::Error,
            4 => Self::Warning,
            5 => Self::Notice,
            6 => Self::Info,
            7 => Self::Debug,
            _ => return None,
        })
    }

    /// By the number of bunyan and pino: 10 trace to 60 fatal.
    pub fn of_ten(number: u64) -> Option<Self> {
        Some(match number {
            10..=19 => Self::Trace,
            20..=29 => Self::Debug,
            30..=39 => Self::Info,
            40..=49 => Self::Warning,
            50..=59 => Self::Error,
            60..=69 => Self::Critical,
            _ => return None,
        })
    }

    /// By the number of OpenTelemetry (Logs Data Model, `SeverityNumber`): 1 trace to 24 fatal.
    pub fn of_opentelemetry(number: u64) -> Option<Self> {
        Some(match number {
            1..=4 => Self::Trace,
            5..=8 => Self::Debug,
            9..=12 => Self::Info,
            13..=16 => Self::Warning,
            17..=20 => Self::Error,
            21..=24 => Self::Critical,
            _ => return None,
        })
    }

    /// By the letter of glog and of Android.
    pub fn of_letter(letter: u8) -> Option<Self> {
        Some(match letter {
            b'V' | b'T' => Self::Trace,
            b'D' => Self::Debug,
            b'I' => Self::Info,
            b'W' => Self::Warning,
            b'E' => Self::Error,
            b'F' | b'C' => Self::Critical,
            _ => return None,
        })
    }
}

/// Bytes after the timestamp in which the word for the severity stands.
const REACH: usize = 120;
/// Words after the timestamp among which it is.
const WORDS: usize = 8;

/// The severity that a line names after its timestamp (which ended at `from`).
///
/// In capitals or in brackets a word counts anywhere near the beginning; in small letters only with a colon behind it or
/// right after the timestamp. A single letter counts between blanks, right after numbers.
pub fn of_line(text: &[u8], from: usize) -> Option<Severity> {
    let head = &text[from.min(text.len())..text.len().min(from + REACH)];
    let (mut at, mut words, mut numbers) = (0, 0, 0);
    while at < head.len() && words < WORDS {
        if !head[at].is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let start = at;
        while at < head.len() && (head[at].is_ascii_alphanumeric() || matches!(head[at], b'_' | b'.' | b'-')) {
            at += 1;
        }
        let word = &head[start..at];
        if word.iter().all(u8::is_ascii_digit) {
            numbers += 1;
            words += 1;
            continue;
        }
        let next = head.get(at).copied();
        let boxed = start > 0
            && matches!(head[start - 1], b'[' | b'<' | b'(' | b'|')
            && matches!(next, Some(b']' | b'>' | b')' | b'|' | b':'));
        let capital = word.len() > 1 && word.iter().all(u8::is_ascii_uppercase);
        let first = words == 0 && matches!(next, Some(b' ' | b'\t' | b':' | b'|')) && from > 0;
        if word.len() == 1 && numbers > 0 && (boxed || start > 0 && head[start - 1] == b' ' && next == Some(b' ')) {
            return Severity::of_letter(word[0]);
        }
        if (boxed || capital || first || next == Some(b':') && words < 4)
            && let Some(severity) = Severity::of_word(word)
            && !(word.eq_ignore_ascii_case(b"log") || word.eq_ignore_ascii_case(b"config") && !boxed)
        {
            return Some(severity);
        }
        words += 1;
    }
    None
}

/// What a message without a word for it shows by its content: a crash.
pub fn of_crash(text: &[u8]) -> Option<Severity> {
    let starts = |head: &[u8]| text.starts_with(head);
    if starts(b"panic:")
        || starts(b"fatal error:")
        || starts(b"thread '") && memchr::memmem::find(text, b"panicked at").is_some()
    {
        return Some(Severity::Critical);
    }
    let thrown = starts(b"Traceback (most recent call last)")
        || starts(b"Exception in thread")
        || starts(b"Unhandled")
        || starts(b"Uncaught");
    thrown.then_some(Severity::Error)
}
